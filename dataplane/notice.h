/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trouble on a stream, per SSRC: the worker counts packets in a row that cannot be opened and
 * writes a state word when that begins and when it ends; main reads the words and tells the
 * observer. The mail between them is only a hint to look.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "cache_line.h"
#include "dataplane.h"
#include "mailbox.h"

enum {
    RS_TROUBLE_RUN = 8,   /* packets in a row */
    RS_TROUBLE_SSRCS = 8, /* SSRCs of one stream and worker that can be in trouble at once */
    RS_TROUBLE_TELLS = 16 /* troubles that may begin at once; then one a second */
};

/* One SSRC's trouble. worker: w, main: r */
struct rs_trouble_word {
    _Atomic uint32_t ssrc;
    _Atomic uint32_t packets;    /* dropped; stays at its most */
    _Atomic uint16_t word;       /* change count << 8 | enum rs_trouble; written with release */
    _Atomic uint16_t key_tag;    /* the last one dropped */
    _Atomic uint16_t opened_tag; /* of the packet that ended the trouble */
    _Atomic uint8_t last;        /* the trouble that `word` ended */
    uint8_t running;             /* worker only: the trouble being counted */
    uint8_t in_row;              /* worker only; stays at its most */
};

/* Owner: main, which makes it with as many words as rs_notice_bytes has room for. */
struct rs_notice {
    /* main: w */
    _Atomic uint16_t seen[RS_TROUBLE_SSRCS]; /* the last word told of. worker: r */
    TAILQ_ENTRY(rs_notice) queue_entry;      /* of what is queued */
    struct rs_mail mail;
    bool queued; /* to be told of */
    bool first_told;
    /* worker: sets */
    atomic_bool posted;        /* the mail is on its way. main: clears */
    atomic_bool tag_was_wrong; /* main: reads, and clears once none come any more */

    /* worker: w */
    uint8_t troubled RS_OWN_LINE; /* worker only: words in use */
    uint8_t hand;                 /* worker only: where the search for a word to take begins */
    uint8_t tells;                /* worker only: troubles that may begin now */
    uint8_t word_count;           /* const */
    _Atomic uint8_t first;        /* 1 once a packet was opened. main: r, as the following */
    _Atomic uint16_t first_tag;
    _Atomic uint32_t first_ssrc;
    uint64_t tells_tsc;  /* worker only: when one was last added */
    uint64_t second_tsc; /* const */
    struct rs_trouble_word words[];
};

/* Words for a stream that names so many SSRCs; 0: packets of any SSRC are its own. Pure. */
static inline unsigned int rs_notice_words(size_t ssrcs)
{
    return ssrcs == 0 || ssrcs > RS_TROUBLE_SSRCS ? RS_TROUBLE_SSRCS : (unsigned int)ssrcs;
}

/* What a notice with so many words takes, up to the next one's line. Pure. */
static inline size_t rs_notice_bytes(unsigned int words)
{
    return rs_lines_bytes(offsetof(struct rs_notice, words) +
                          words * sizeof(struct rs_trouble_word));
}

/* `notice` has rs_notice_bytes(words); `second_tsc` is how far the clock of rs_notice_dropped moves
 * in a second. */
void rs_notice_init(struct rs_notice *notice, unsigned int words, unsigned int worker,
                    void *subject, uint64_t second_tsc);

/* A packet of `ssrc` was dropped as `outcome`, in the burst of `now_tsc`; `key_tag` where it was
 * read. Worker. */
void rs_notice_dropped(struct rs_notice *notice, struct rs_mailbox *to_main, uint64_t now_tsc,
                       uint32_t ssrc, enum rs_outcome outcome, uint16_t key_tag);

/* As rs_notice_opened, where there is something to say. */
void rs_notice_opened_again(struct rs_notice *notice, struct rs_mailbox *to_main, uint32_t ssrc,
                            uint16_t key_tag);

/* A packet of `ssrc` with this key tag was opened. Worker. */
static inline void rs_notice_opened(struct rs_notice *notice, struct rs_mailbox *to_main,
                                    uint32_t ssrc, uint16_t key_tag)
{
    if (notice->troubled > 0 || atomic_load_explicit(&notice->first, memory_order_relaxed) == 0)
        rs_notice_opened_again(notice, to_main, ssrc, key_tag);
}

/* Whether a packet had a wrong tag since the last rs_notice_rearm. Main. */
bool rs_notice_tag_was_wrong(const struct rs_notice *notice);
void rs_notice_rearm(struct rs_notice *notice);

/*
 * Tells the observer what has changed since it was last told; *owner may become NULL on the way,
 * where the observer destroys the stream, and no more is told then. Main.
 */
void rs_notice_tell(struct rs_notice *notice, const struct rs_observer *observer,
                    void *const *owner);
