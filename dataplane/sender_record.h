/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a sender leaves that was ended to make room: its KID and how far its counts had come, so
 * that no packet opens a second time when it comes back. Ordinary memory; a record holds no key.
 */
#pragma once

#include <stdint.h>
#include <sys/queue.h>

struct rs_key;
struct rs_sender_records;
struct rs_stream_slot;

struct rs_sender_record {
    uint64_t kid;
    uint64_t next_count; /* one more than the highest count opened */
    struct rs_key *key;
    struct rs_stream_slot *slot;
    LIST_ENTRY(rs_sender_record) key_entry;
    LIST_ENTRY(rs_sender_record) slot_entry;
};

LIST_HEAD(rs_record_list, rs_sender_record);

/* Room for `max` records, paged in when first used; NULL with errno. Cold. */
struct rs_sender_records *rs_sender_records_create(uint32_t max);
void rs_sender_records_destroy(struct rs_sender_records *records);

/* How many there are. Worker. */
uint32_t rs_sender_records_count(const struct rs_sender_records *records);

/* A record with nothing in it, in no list, or NULL where all are taken. Worker. */
struct rs_sender_record *rs_sender_record_take(struct rs_sender_records *records);

/* Takes it out of its lists and gives it back. Worker. */
void rs_sender_record_free(struct rs_sender_records *records, struct rs_sender_record *record);
