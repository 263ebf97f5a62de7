/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mail between main and one worker, one mailbox each way. The nodes lie in what the mail is about,
 * so a mailbox is never full, never allocates and never waits. One thread posts, one takes.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

enum rs_mail_kind {
    RS_MAIL_OBSERVE_KEY,    /* main -> worker -> main: the worker has seen the new keyring */
    RS_MAIL_WIPE_KEY,       /* main -> worker -> main: all that came of a key is wiped */
    RS_MAIL_RELEASE_STREAM, /* main -> worker -> main: a stream's senders are gone */
    RS_MAIL_RESEED,         /* main -> worker -> main: fresh seed for the generator */
    RS_MAIL_NOTICE,         /* worker -> main: a stream's state words have changed */
};

struct rs_mail {
    struct rs_mail *next; /* owner: whoever holds the mail */
    enum rs_mail_kind kind;
    unsigned int worker;
    void *subject;
};

struct rs_mailbox {
    _Atomic(struct rs_mail *) newest;
};

/* Posts a mail that is in no mailbox. Release: what was written before is seen by the taker. */
static inline void rs_mail_post(struct rs_mailbox *box, struct rs_mail *mail)
{
    struct rs_mail *newest = atomic_load_explicit(&box->newest, memory_order_relaxed);

    do {
        mail->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &newest, mail,
                                                    memory_order_release, memory_order_relaxed));
}

/* Takes all mail, oldest first, or NULL. Acquire: pairs with rs_mail_post. */
static inline struct rs_mail *rs_mail_take_all(struct rs_mailbox *box)
{
    struct rs_mail *oldest = NULL, *mail;

    if (atomic_load_explicit(&box->newest, memory_order_relaxed) == NULL)
        return NULL;
    mail = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    while (mail != NULL) {
        struct rs_mail *next = mail->next;

        mail->next = oldest;
        oldest = mail;
        mail = next;
    }
    return oldest;
}
