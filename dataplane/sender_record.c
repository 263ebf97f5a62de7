/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of records, one worker's: an array and a list of its free places. Who is recorded, and
 * where a record is found, is in sender.c.
 */
#include "sender_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cache_line.h"

struct rs_sender_records {
    uint32_t max, count;
    uint32_t touched; /* places that were ever in use: those beyond are not paged in */
    struct rs_record_list free;
    struct rs_sender_record *places;
};

struct rs_sender_records *rs_sender_records_create(uint32_t max)
{
    struct rs_sender_records *records = rs_lines_alloc(sizeof(*records));

    if (records == NULL)
        return NULL;
    records->max = max;
    LIST_INIT(&records->free);
    records->places = mmap(NULL, max * sizeof(*records->places), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (records->places == MAP_FAILED) {
        free(records);
        errno = ENOMEM;
        return NULL;
    }
    return records;
}

void rs_sender_records_destroy(struct rs_sender_records *records)
{
    if (records == NULL)
        return;
    munmap(records->places, records->max * sizeof(*records->places));
    free(records);
}

uint32_t rs_sender_records_count(const struct rs_sender_records *records)
{
    return records->count;
}

struct rs_sender_record *rs_sender_record_take(struct rs_sender_records *records)
{
    struct rs_sender_record *record = LIST_FIRST(&records->free);

    if (record != NULL)
        LIST_REMOVE(record, slot_entry);
    else if (records->touched < records->max)
        record = &records->places[records->touched++];
    else
        return NULL;
    records->count++;
    return record;
}

void rs_sender_record_free(struct rs_sender_records *records, struct rs_sender_record *record)
{
    LIST_REMOVE(record, key_entry);
    LIST_REMOVE(record, slot_entry);
    memset(record, 0, sizeof(*record));
    LIST_INSERT_HEAD(&records->free, record, slot_entry);
    records->count--;
}
