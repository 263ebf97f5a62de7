/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage: what may pass a link untouched, what may not pass it at all, and what is RTP. Outside the
 * media ranges a link is a wire; inside them nothing passes that is not known to be harmless.
 */
#include "stages.h"

#include "demux.h"
#include "link_rules.h"
#include "range.h"
#include "worker.h"

static __attribute__((noinline)) bool in_ranges(const struct rs_link_rules *rules,
                                                const struct rs_datagram *datagram)
{
    return rs_range_holds(rules->media, rules->media_count, datagram->family, datagram->dst.bytes,
                          datagram->dst_port) ||
           rs_range_holds(rules->media, rules->media_count, datagram->family, datagram->src.bytes,
                          datagram->src_port);
}

static inline bool in_media(const struct rs_link_rules *rules, const struct rs_datagram *datagram)
{
    const struct rs_range *first = rules->media;

    /* Most often it is to a port of the first range. */
    if (likely(rules->media_count > 0 && first->family == 0 &&
               datagram->dst_port >= first->port_first && datagram->dst_port <= first->port_last))
        return true;
    return in_ranges(rules, datagram);
}

/* For what does not say its ports: could it be media? */
static bool may_be_media(const struct rs_link_rules *rules, const struct rs_datagram *datagram)
{
    if (datagram->ports_known)
        return in_media(rules, datagram);
    return rs_range_holds_address(rules->media, rules->media_count, datagram->family,
                                  datagram->src.bytes) ||
           rs_range_holds_address(rules->media, rules->media_count, datagram->family,
                                  datagram->dst.bytes);
}

static enum rs_outcome judge_kind(enum rs_kind kind)
{
    static const enum rs_outcome outcomes[] = {
        [RS_KIND_RTP] = RS_UNDECIDED,       [RS_KIND_RTCP] = RS_RTCP,     [RS_KIND_STUN] = RS_STUN,
        [RS_KIND_DTLS] = RS_DTLS,           [RS_KIND_ZRTP] = RS_ZRTP,     [RS_KIND_QUIC] = RS_QUIC,
        [RS_KIND_TUNNELLED] = RS_TUNNELLED, [RS_KIND_OPAQUE] = RS_OPAQUE,
    };

    return outcomes[kind];
}

static enum rs_outcome classify_udp(const struct rs_link_rules *rules, struct rte_mbuf *mbuf,
                                    struct rs_packet *packet)
{
    const struct rs_datagram *datagram = &packet->datagram;
    const uint8_t *payload;
    enum rs_outcome outcome;

    if (!in_media(rules, datagram))
        return RS_BRIDGED;
    if (!datagram->length_ok)
        return RS_OPAQUE;
    if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0)
        return RS_SEGMENTED;
    payload = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, datagram->payload_offset);
    outcome = judge_kind(rs_demux(payload, datagram->payload_bytes));
    if (outcome == RS_UNDECIDED && !rs_rtp_parse(payload, datagram->payload_bytes, &packet->rtp))
        return RS_OPAQUE;
    return outcome;
}

/*
 * An ICMP error going out on the sealed side would quote what a plain host was sent: opened media.
 * The other way it quotes sealed media, and path MTU discovery needs it.
 */
static enum rs_outcome classify_quoted(const struct rs_burst *burst,
                                       const struct rs_datagram *quoted)
{
    if (burst->path->direction == RS_SEAL && may_be_media(burst->rules, quoted))
        return RS_QUOTED_MEDIA;
    return RS_BRIDGED;
}

static enum rs_outcome classify(const struct rs_burst *burst, struct rte_mbuf *mbuf,
                                struct rs_packet *packet)
{
    switch (rs_packet_parse(mbuf, &packet->datagram)) {
    case RS_FRAME_UDP:
        return classify_udp(burst->rules, mbuf, packet);
    case RS_FRAME_FRAGMENT:
        return may_be_media(burst->rules, &packet->datagram) ? RS_FRAGMENT : RS_BRIDGED;
    case RS_FRAME_QUOTED:
        return classify_quoted(burst, &packet->datagram);
    case RS_FRAME_OTHER:
        return RS_BRIDGED;
    case RS_FRAME_TRUNCATED:
        break;
    }
    return RS_TRUNCATED;
}

void rs_classify(struct rs_worker *worker, struct rs_burst *burst)
{
    unsigned int kept = 0;

    (void)worker;
    for (unsigned int i = 0; i < burst->live_count; i++) {
        const uint8_t place = burst->live[i];

        burst->outcomes[place] = classify(burst, burst->mbufs[place], &burst->packets[place]);
        burst->live[kept] = place;
        kept += burst->outcomes[place] == RS_UNDECIDED;
    }
    burst->live_count = kept;
}
