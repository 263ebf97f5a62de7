/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trouble, seen by workers and told by main. The word of an SSRC is written by the worker alone and
 * is the truth; the mail is only a hint, so nothing is lost when many words change at once.
 */
#include "notice.h"

#include <string.h>

#define WORD_CHANGE 0x100u /* one change of state */

static enum rs_trouble trouble_of(uint16_t word)
{
    return (enum rs_trouble)(word & 0xff);
}

void rs_notice_init(struct rs_notice *notice, unsigned int words, unsigned int worker,
                    void *subject, uint64_t second_tsc)
{
    memset(notice, 0, rs_notice_bytes(words));
    notice->word_count = (uint8_t)words;
    notice->tells = RS_TROUBLE_TELLS;
    notice->second_tsc = second_tsc;
    notice->mail = (struct rs_mail){.kind = RS_MAIL_NOTICE, .worker = worker, .subject = subject};
}

/* ---- worker ------------------------------------------------------------------------------- */

static enum rs_trouble trouble_from(enum rs_outcome outcome)
{
    switch (outcome) {
    case RS_SECRET_MISMATCH:
        return RS_TROUBLE_UNKNOWN_TAG;
    case RS_AUTH_FAILED:
        return RS_TROUBLE_WRONG_TAG;
    case RS_NOT_SEALED:
        return RS_TROUBLE_NOT_SEALED;
    case RS_BAD_VERSION:
        return RS_TROUBLE_BAD_VERSION;
    case RS_SUITE_MISMATCH:
        return RS_TROUBLE_SUITE_MISMATCH;
    default:
        return RS_TROUBLE_NONE; /* says nothing about the secret */
    }
}

static void hint(struct rs_notice *notice, struct rs_mailbox *to_main)
{
    if (!atomic_exchange_explicit(&notice->posted, true, memory_order_acq_rel))
        rs_mail_post(to_main, &notice->mail);
}

static bool in_use(const struct rs_trouble_word *word)
{
    return word->running != RS_TROUBLE_NONE;
}

/* Not counting, and main has told all that the word ever said. */
static bool reusable(const struct rs_notice *notice, unsigned int i)
{
    const struct rs_trouble_word *word = &notice->words[i];

    return !in_use(word) && atomic_load_explicit(&notice->seen[i], memory_order_acquire) ==
                                atomic_load_explicit(&word->word, memory_order_relaxed);
}

static struct rs_trouble_word *find_word(struct rs_notice *notice, uint32_t ssrc)
{
    for (unsigned int i = 0; i < notice->word_count; i++) {
        struct rs_trouble_word *word = &notice->words[i];

        if (in_use(word) && atomic_load_explicit(&word->ssrc, memory_order_relaxed) == ssrc)
            return word;
    }
    return NULL;
}

/* Counting, but not in a row that main was told of. */
static bool only_counting(const struct rs_trouble_word *word)
{
    return in_use(word) && word->in_row < RS_TROUBLE_RUN &&
           trouble_of(atomic_load_explicit(&word->word, memory_order_relaxed)) == RS_TROUBLE_NONE;
}

/* A word that can be had: a free one, else that with the shortest row and of these the one taken
 * longest ago, so that stray SSRCs take from each other and cannot keep a real one out. */
static struct rs_trouble_word *pick_word(struct rs_notice *notice)
{
    struct rs_trouble_word *shortest = NULL;

    for (unsigned int i = 0; i < notice->word_count; i++) {
        const unsigned int n = (notice->hand + i) % notice->word_count;
        struct rs_trouble_word *word = &notice->words[n];

        if (reusable(notice, n)) {
            notice->troubled++;
            return word;
        }
        if (only_counting(word) && (shortest == NULL || word->in_row < shortest->in_row))
            shortest = word;
    }
    return shortest;
}

static struct rs_trouble_word *take_word(struct rs_notice *notice, uint32_t ssrc)
{
    struct rs_trouble_word *word = pick_word(notice);

    if (word == NULL)
        return NULL;
    notice->hand = (uint8_t)(word - notice->words + 1);
    atomic_store_explicit(&word->ssrc, ssrc, memory_order_relaxed);
    atomic_store_explicit(&word->packets, 0, memory_order_relaxed);
    word->running = RS_TROUBLE_NONE;
    return word;
}

/* Writes a new state; release: pairs with rs_notice_tell. */
static void change(struct rs_trouble_word *word, enum rs_trouble trouble)
{
    const uint16_t old = atomic_load_explicit(&word->word, memory_order_relaxed);

    atomic_store_explicit(&word->last, (uint8_t)trouble_of(old), memory_order_relaxed);
    atomic_store_explicit(&word->word,
                          (uint16_t)(((old & ~0xffu) + WORD_CHANGE) | (unsigned int)trouble),
                          memory_order_release);
}

static void add_packet(struct rs_trouble_word *word)
{
    const uint32_t packets = atomic_load_explicit(&word->packets, memory_order_relaxed);

    word->in_row += word->in_row < UINT8_MAX;
    if (packets < UINT32_MAX)
        atomic_store_explicit(&word->packets, packets + 1, memory_order_relaxed);
}

/* Once until main rearms it, however many follow. */
static void flag_wrong_tag(struct rs_notice *notice, struct rs_mailbox *to_main)
{
    if (atomic_load_explicit(&notice->tag_was_wrong, memory_order_relaxed))
        return;
    atomic_store_explicit(&notice->tag_was_wrong, true, memory_order_relaxed);
    hint(notice, to_main);
}

/* Someone who mixes plain packets into a good stream makes trouble begin and end all the time: what
 * goes on is told all the same, if up to a second later. */
static bool may_tell(struct rs_notice *notice, uint64_t now_tsc)
{
    const uint64_t earned = (now_tsc - notice->tells_tsc) / notice->second_tsc;

    if (earned + notice->tells >= RS_TROUBLE_TELLS) {
        notice->tells = RS_TROUBLE_TELLS;
        notice->tells_tsc = now_tsc;
    } else {
        notice->tells = (uint8_t)(notice->tells + earned);
        notice->tells_tsc += earned * notice->second_tsc;
    }
    if (notice->tells == 0)
        return false;
    notice->tells--;
    return true;
}

void rs_notice_dropped(struct rs_notice *notice, struct rs_mailbox *to_main, uint64_t now_tsc,
                       uint32_t ssrc, enum rs_outcome outcome, uint16_t key_tag)
{
    const enum rs_trouble trouble = trouble_from(outcome);
    struct rs_trouble_word *word;

    if (trouble == RS_TROUBLE_NONE)
        return;
    if (trouble == RS_TROUBLE_WRONG_TAG)
        flag_wrong_tag(notice, to_main);
    word = find_word(notice, ssrc);
    if (word == NULL)
        word = take_word(notice, ssrc);
    if (word == NULL)
        return; /* others of this stream are in trouble and are told; the counters have it all */
    if (word->running != trouble) {
        word->running = (uint8_t)trouble;
        word->in_row = 0;
    }
    add_packet(word);
    atomic_store_explicit(&word->key_tag, key_tag, memory_order_relaxed);
    if (word->in_row >= RS_TROUBLE_RUN &&
        trouble_of(atomic_load_explicit(&word->word, memory_order_relaxed)) != trouble &&
        may_tell(notice, now_tsc)) {
        change(word, trouble);
        hint(notice, to_main);
    }
}

static void end_trouble(struct rs_notice *notice, struct rs_mailbox *to_main, uint32_t ssrc,
                        uint16_t key_tag)
{
    struct rs_trouble_word *word = find_word(notice, ssrc);

    if (word == NULL)
        return;
    word->running = RS_TROUBLE_NONE;
    notice->troubled--;
    if (trouble_of(atomic_load_explicit(&word->word, memory_order_relaxed)) != RS_TROUBLE_NONE) {
        atomic_store_explicit(&word->opened_tag, key_tag, memory_order_relaxed);
        change(word, RS_TROUBLE_NONE);
        hint(notice, to_main);
    }
}

void rs_notice_opened_again(struct rs_notice *notice, struct rs_mailbox *to_main, uint32_t ssrc,
                            uint16_t key_tag)
{
    if (notice->troubled > 0)
        end_trouble(notice, to_main, ssrc, key_tag);
    if (atomic_load_explicit(&notice->first, memory_order_relaxed) == 0) {
        atomic_store_explicit(&notice->first_ssrc, ssrc, memory_order_relaxed);
        atomic_store_explicit(&notice->first_tag, key_tag, memory_order_relaxed);
        atomic_store_explicit(&notice->first, 1, memory_order_release);
        hint(notice, to_main);
    }
}

/* ---- main --------------------------------------------------------------------------------- */

/* Relaxed: the mail that brings main here was posted after the flag was set. */
bool rs_notice_tag_was_wrong(const struct rs_notice *notice)
{
    return atomic_load_explicit(&notice->tag_was_wrong, memory_order_relaxed);
}

void rs_notice_rearm(struct rs_notice *notice)
{
    atomic_store_explicit(&notice->tag_was_wrong, false, memory_order_relaxed);
}

static void tell(const struct rs_notice *notice, const struct rs_observer *observer,
                 void *const *owner, struct rs_trouble_report *report)
{
    report->worker = notice->mail.worker;
    if (*owner != NULL && observer->stream_trouble != NULL)
        observer->stream_trouble(*owner, report);
}

/* What is told of a state names the key tag that led to it. */
static uint16_t tag_of(const struct rs_trouble_word *word, enum rs_trouble trouble)
{
    return trouble == RS_TROUBLE_NONE
               ? atomic_load_explicit(&word->opened_tag, memory_order_relaxed)
               : atomic_load_explicit(&word->key_tag, memory_order_relaxed);
}

static void tell_word(struct rs_notice *notice, unsigned int i, const struct rs_observer *observer,
                      void *const *owner)
{
    const struct rs_trouble_word *word = &notice->words[i];
    const uint16_t now = atomic_load_explicit(&word->word, memory_order_acquire);
    const uint16_t seen = atomic_load_explicit(&notice->seen[i], memory_order_relaxed);
    const enum rs_trouble last =
        (enum rs_trouble)atomic_load_explicit(&word->last, memory_order_relaxed);
    struct rs_trouble_report report = {
        .ssrc = atomic_load_explicit(&word->ssrc, memory_order_relaxed),
        .packets = atomic_load_explicit(&word->packets, memory_order_relaxed),
    };

    if (now == seen)
        return;
    /* A state that came and went between two looks is told too: what was left, before what is. */
    if (trouble_of(seen) != last) {
        report.trouble = last;
        report.previous = trouble_of(seen);
        report.key_tag = tag_of(word, report.trouble);
        tell(notice, observer, owner, &report);
    }
    report.trouble = trouble_of(now);
    report.previous = last;
    report.key_tag = tag_of(word, report.trouble);
    tell(notice, observer, owner, &report);
    atomic_store_explicit(&notice->seen[i], now, memory_order_release);
}

void rs_notice_tell(struct rs_notice *notice, const struct rs_observer *observer,
                    void *const *owner)
{
    /* Before the words are read: a change after that posts anew. */
    atomic_store_explicit(&notice->posted, false, memory_order_seq_cst);
    for (unsigned int i = 0; i < notice->word_count; i++)
        tell_word(notice, i, observer, owner);
    if (!notice->first_told && atomic_load_explicit(&notice->first, memory_order_acquire) != 0) {
        struct rs_trouble_report report = {
            .ssrc = atomic_load_explicit(&notice->first_ssrc, memory_order_relaxed),
            .key_tag = atomic_load_explicit(&notice->first_tag, memory_order_relaxed),
        };

        notice->first_told = true;
        tell(notice, observer, owner, &report);
    }
}
