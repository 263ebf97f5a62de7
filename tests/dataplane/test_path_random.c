/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames with random damage through sealing and opening: none crashes a worker, each is counted
 * once, no media of a named stream leaves with its plaintext on the sealed side, and nothing but
 * what was sealed comes out on the plain side. RS_SEED in the environment repeats a run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/legs.h"
#include "tests/support/runner.h"

enum {
    FRAMES = 200000, /* in both directions together */
    BATCH = 512,
    MARK_BYTES = 16,
    FRAME_MAX = 1024,
    MAY_BE_CLEAR = 24, /* more than any descriptor and clear bytes that are not skipped below */
    PLAIN_TO_OPEN = 1 << 30,
};

/* Where the fields of a frame from rs_test_frame_write are, for family 4. */
enum { IP = 14, UDP4 = 34, UDP6 = 54 };

struct frame {
    uint8_t bytes[FRAME_MAX];
    size_t count;
};

struct batch {
    struct frame frames[BATCH];
    unsigned int count;
};

static struct rs_host *host;
static uint64_t state;
static struct batch damaged, sealed; /* as sent into link 0; as sent into link 1 */

static uint32_t draw(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

/* ---- frames ------------------------------------------------------------------------------- */

static const uint8_t magic[8] = {0x9d, 0x4d, 0x41, 0x52, 0x4b, 0x9d, 0x55, 0xaa};

/* A payload type, and the byte that says "a slice" to its codec. */
struct kind {
    uint8_t payload_type, at, first;
};

static void write_body(const struct kind *kind, uint32_t index, uint8_t *body, size_t bytes)
{
    const uint32_t check[2] = {index, ~index};

    for (size_t i = 0; i < bytes; i++)
        body[i] = (uint8_t)draw(256);
    body[kind->at] = kind->first;
    memcpy(body + bytes - MARK_BYTES, magic, sizeof(magic));
    memcpy(body + bytes - sizeof(check), check, sizeof(check));
}

static void write_frame(uint32_t index, struct frame *frame)
{
    static const struct kind kinds[] = {
        {96, 0, 0x10},  {98, 0, 0x88},  {102, 0, 0x65}, {45, 0, 0x10},  {0, 0, 0xff},
        {111, 0, 0x78}, {104, 0, 0x26}, {97, 0, 0x10},  {120, 2, 0xff}, {122, 2, 0x10}};
    static const uint32_t csrcs[] = {1, 2, 3};
    const struct kind *kind = &kinds[draw(sizeof(kinds) / sizeof(kinds[0]))];
    uint8_t body[400];
    const struct rs_test_rtp rtp = {.payload_type = kind->payload_type,
                                    .ssrc = draw(3),
                                    .csrcs = csrcs,
                                    .csrc_count = draw(4),
                                    .extension = draw(2) ? body : NULL,
                                    .extension_bytes = 4 * draw(5),
                                    .padding_bytes = draw(4) ? 0 : 4,
                                    .body = body,
                                    .body_bytes = 64 + draw(sizeof(body) - 64)};
    const struct rs_test_frame fields = {.family = draw(2) ? 4 : 6,
                                         .without_checksum = draw(4) != 0};

    write_body(kind, index, body, rtp.body_bytes);
    frame->count = rs_test_media_write(&fields, &rtp, frame->bytes, sizeof(frame->bytes));
}

/* IPv4's without a checksum, or damage behind it would be dropped at once; IPv6's mostly right. */
static void damage(struct frame *frame)
{
    static const uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0x90, 0xa0, 0xb0, 0xff, 17, 44, 60};

    for (uint32_t n = draw(3); n > 0; n--) {
        const uint32_t at = draw(3) ? 12 + draw(80) : draw((uint32_t)frame->count);

        if (at >= frame->count)
            continue;
        if (draw(2))
            frame->bytes[at] ^= (uint8_t)(1u << draw(8));
        else
            frame->bytes[at] = interesting[draw(sizeof(interesting))];
    }
    if (draw(50) == 0)
        frame->count = 1 + draw((uint32_t)frame->count);
}

static void send_frame(unsigned int link, enum rs_direction direction, const struct frame *frame)
{
    struct rs_wire_port *port = host->ports[link][direction];
    int rc;

    if (draw(16) == 0)
        rc = rs_wire_port_inject_segmented(port, 0, frame->bytes, frame->count, 32 + draw(200));
    else if (draw(16) == 0)
        rc = rs_wire_port_inject_tight(port, 0, frame->bytes, frame->count, draw(40));
    else
        rc = rs_wire_port_inject(port, 0, frame->bytes, frame->count);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    rs_host_injected(host, link, direction, 1);
}

/* ---- what must hold ----------------------------------------------------------------------- */

static uint32_t word_at(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* An undamaged mark, or NULL. */
static const uint8_t *mark_in(const struct frame *frame)
{
    const uint8_t *mark = memmem(frame->bytes, frame->count, magic, sizeof(magic));

    if (mark == NULL || mark + MARK_BYTES > frame->bytes + frame->count)
        return NULL;
    return word_at(mark + 8) == ~word_at(mark + 12) ? mark : NULL;
}

static unsigned int be16(const uint8_t *bytes)
{
    return (unsigned int)bytes[0] << 8 | bytes[1];
}

/* Where the UDP header of a datagram to the named flow is; 0: this is none, or not surely. */
static size_t named_udp(const struct frame *frame)
{
    static const uint8_t dst4[] = {198, 51, 100, 20};
    static const uint8_t dst6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x20};
    const uint8_t *b = frame->bytes;
    size_t udp, end;

    if (frame->count > UDP6 && be16(b + 12) == 0x86dd && b[IP] >> 4 == 6 && b[IP + 6] == 17 &&
        memcmp(b + IP + 24, dst6, 16) == 0) {
        udp = UDP6;
        end = UDP6 + be16(b + IP + 4);
    } else if (frame->count > UDP4 && be16(b + 12) == 0x0800 && b[IP] == 0x45 && b[IP + 9] == 17 &&
               (be16(b + IP + 6) & 0x3fff) == 0 && memcmp(b + IP + 16, dst4, 4) == 0) {
        udp = UDP4;
        end = IP + be16(b + IP + 2);
    } else {
        return 0;
    }
    if (end > frame->count || end < udp + 8 || be16(b + udp + 4) != end - udp ||
        be16(b + udp + 2) != 5004)
        return 0;
    return udp;
}

/* What of a frame is media of a named stream that no router may read or change. */
struct part {
    const uint8_t *from, *to; /* the same: nothing, or not surely */
};

/* RFC 3550 section 5.1, between extension and padding. */
static struct part payload_of(const uint8_t *rtp, const uint8_t *end)
{
    const uint8_t *payload = rtp + 12 + 4 * (rtp[0] & 15);

    if (rtp[0] & 0x10) {
        if (payload + 4 > end)
            return (struct part){end, end};
        payload += 4 + 4 * be16(payload + 2);
    }
    if (rtp[0] & 0x20)
        end -= end[-1];
    return payload < end ? (struct part){payload, end} : (struct part){end, end};
}

/* Scalability structures, parameter sets and aggregates may lawfully be clear for long. */
static bool may_show_more(unsigned int payload_type, const uint8_t *payload)
{
    static const uint8_t retransmitted[] = {0, 45, 96, 98, 102, 104, 111}; /* on 120 to 126 */
    unsigned int type;

    if (payload_type >= 120 && payload_type < 127) {
        payload_type = retransmitted[payload_type - 120];
        payload += 2;
    }
    type = payload_type == 104 ? payload[0] >> 1 & 0x3f : payload[0] & 0x1f;
    return (payload_type == 98 && (payload[0] & 2)) ||
           (payload_type == 102 && (type == 7 || type == 8 || type == 24)) ||
           (payload_type == 104 && ((type >= 32 && type <= 34) || type == 48));
}

static struct part hidden_part(const struct frame *frame)
{
    const size_t udp = named_udp(frame);
    const uint8_t *rtp = frame->bytes + udp + 8;
    const struct part none = {rtp, rtp};
    struct part part;

    if (udp == 0 || be16(frame->bytes + udp + 4) < 8 + 12 || rtp[0] >> 6 != 2 ||
        (rtp[1] >= 192 && rtp[1] < 224))
        return none;
    part = payload_of(rtp, frame->bytes + udp + be16(frame->bytes + udp + 4));
    if (part.to - part.from <= MAY_BE_CLEAR)
        return none;
    if (may_show_more(rtp[1] & 0x7f, part.from))
        return none;
    return (struct part){part.from + MAY_BE_CLEAR, part.to};
}

static bool must_be_sealed(const struct frame *frame, const uint8_t *mark)
{
    const struct part part = hidden_part(frame);

    return mark >= part.from && mark + MARK_BYTES <= part.to;
}

/* Takes what link 0 let through. Returns how many frames showed their mark, lawfully. */
static unsigned int check_sealing(uint32_t first)
{
    unsigned int shown = 0;
    struct frame out;

    sealed.count = 0;
    while ((out.count = rs_host_take(host, 0, RS_SEAL, out.bytes, sizeof(out.bytes))) > 0) {
        const uint8_t *mark = mark_in(&out);

        if (mark != NULL && word_at(mark + 8) - first < damaged.count) {
            const struct frame *sent = &damaged.frames[word_at(mark + 8) - first];
            const uint8_t *sent_mark = mark_in(sent);

            CU_ASSERT(sent_mark == NULL || !must_be_sealed(sent, sent_mark));
            shown++;
        }
        sealed.frames[sealed.count++] = out;
    }
    return shown;
}

static bool same(const struct frame *a, const struct frame *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

/* Whether what an opened frame hides is what a frame held that went in to be sealed. */
static bool was_sealed(const struct frame *out)
{
    const struct part part = hidden_part(out);

    if (part.from == part.to)
        return true;
    for (unsigned int i = 0; i < damaged.count; i++) {
        if (memmem(damaged.frames[i].bytes, damaged.frames[i].count, part.from,
                   (size_t)(part.to - part.from)) != NULL)
            return true;
    }
    return false;
}

/* Returns how many were opened. */
static unsigned int check_opening(void)
{
    unsigned int at = 0, opened = 0;
    struct frame out;

    while ((out.count = rs_host_take(host, 1, RS_OPEN, out.bytes, sizeof(out.bytes))) > 0) {
        const uint8_t *mark = mark_in(&out);
        unsigned int i = at;

        while (i < sealed.count && !same(&sealed.frames[i], &out))
            i++;
        if (i < sealed.count) {
            /* Passed as it came; plain media of a named stream may not. */
            CU_ASSERT(mark == NULL || !must_be_sealed(&out, mark));
            at = i + 1;
            continue;
        }
        CU_ASSERT(was_sealed(&out));
        opened++;
    }
    return opened;
}

/* ---- the run ------------------------------------------------------------------------------ */

static void send_plain(uint32_t first)
{
    damaged.count = BATCH;
    for (uint32_t i = 0; i < BATCH; i++) {
        write_frame(first + i, &damaged.frames[i]);
        damage(&damaged.frames[i]);
        send_frame(0, RS_SEAL, &damaged.frames[i]);
    }
    rs_host_settle(host);
}

/* What was sealed, damaged again, and now and then a plain frame that never was sealed. */
static void send_sealed(void)
{
    for (unsigned int i = 0; i < sealed.count; i++) {
        if (draw(16) == 0)
            write_frame(PLAIN_TO_OPEN, &sealed.frames[i]);
        damage(&sealed.frames[i]);
        send_frame(1, RS_OPEN, &sealed.frames[i]);
    }
    rs_host_settle(host);
}

static void add_streams(struct rs_session *session, struct rs_stream *streams[4])
{
    static const uint8_t dst6[16] = {0x20, 1, 0x0d, 0xb8, 0, 1, [15] = 0x20};

    for (unsigned int i = 0; i < 4; i++) {
        struct rs_stream_config config =
            rs_host_stream_config(i % 2 == 0 ? RS_SEAL : RS_OPEN, i % 2);

        config.replay_window = 4096;
        if (i >= 2) {
            config.flow.family = 6;
            memcpy(config.flow.dst, dst6, sizeof(dst6));
        }
        streams[i] = rs_host_stream(session, &config);
    }
}

static void damaged_frames_are_counted_once_and_never_leave_in_clear(void)
{
    struct rs_session *session = rs_host_session(host, &host, 1);
    unsigned int shown = 0, opened = 0;
    struct rs_stream *streams[4];
    uint32_t first = 0, sent = 0;

    add_streams(session, streams);
    for (; sent < FRAMES && CU_get_number_of_failures() == 0; first += BATCH) {
        send_plain(first);
        shown += check_sealing(first);
        send_sealed();
        opened += check_opening();
        sent += BATCH + sealed.count;
        rs_host_check_sums(host);
    }
    /* The run was about something: packets went all the way, others were seen to pass in clear. */
    CU_ASSERT(opened > FRAMES / 10);
    CU_ASSERT(shown > FRAMES / 1000);
    CU_ASSERT(rs_host_path_count(host, 0, RS_SEAL, RS_SEALED) > FRAMES / 5);
    for (unsigned int i = 0; i < 4; i++) {
        struct rs_counters counters;

        rs_stream_get_counters(streams[i], &counters);
        rs_host_check_counters(&counters);
        CU_ASSERT(counters.packets_in > 0);
        rs_stream_destroy(streams[i]);
    }
    rs_session_destroy(session);
}

int main(void)
{
    static const struct rs_test tests[] = {
        {"damaged_frames_are_counted_once_and_never_leave_in_clear",
         damaged_frames_are_counted_once_and_never_leave_in_clear},
    };
    const struct rs_host_config config = {.worker_count = 1};
    const char *given = getenv("RS_SEED");
    const uint64_t seed =
        given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003 + 1;
    int rc;

    state = seed | 1;
    host = rs_host_start(&config);
    rc = rs_test_main("path_random", tests, sizeof(tests) / sizeof(tests[0]));
    if (rc != 0)
        printf("RS_SEED=%" PRIu64 " repeats it\n", seed);
    rs_host_stop(host);
    return rc;
}
