/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a line says as name=value becomes a field of its own; the line stays whole. The only user of
 * sd-journal.
 */
#include "journal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "dataplane/dataplane.h"

enum { FIELDS_MAX = 24, FIELD_BYTES = 256, TEXT_BYTES = 1100 };

/* Fields under way: text and vectors into it. */
struct entry {
    struct iovec fields[FIELDS_MAX + 3];
    char text[FIELDS_MAX][FIELD_BYTES];
    int count;
};

/* "name=value" to "RTPSEAL_NAME=value"; names are those of the journal: letters, digits, _. */
static void add_field(struct entry *entry, int n, const char *word, size_t bytes)
{
    const size_t name = strcspn(word, "=");
    char *out = entry->text[n];
    int used;

    if (name == 0 || name >= bytes || !isalpha((unsigned char)word[0]) ||
        strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") < name)
        return;
    used = snprintf(out, FIELD_BYTES, "RTPSEAL_%.*s", (int)bytes, word);
    for (size_t i = 0; i < name; i++)
        out[8 + i] = (char)toupper((unsigned char)out[8 + i]);
    if (used < FIELD_BYTES)
        entry->fields[entry->count++] = (struct iovec){out, (size_t)used};
}

static void write_entry(enum rs_log_level level, const char *text)
{
    static const int priorities[] = {[RS_LOG_ERROR] = LOG_ERR,
                                     [RS_LOG_WARNING] = LOG_WARNING,
                                     [RS_LOG_INFO] = LOG_INFO,
                                     [RS_LOG_DEBUG] = LOG_DEBUG};
    static const char identifier[] = "SYSLOG_IDENTIFIER=rtpseald";
    char message[TEXT_BYTES], priority[16];
    struct entry entry = {.count = 3};

    entry.fields[0] = (struct iovec){
        message, (size_t)snprintf(message, sizeof(message), "MESSAGE=%.1024s", text)};
    entry.fields[1] = (struct iovec){
        priority, (size_t)snprintf(priority, sizeof(priority), "PRIORITY=%d", priorities[level])};
    entry.fields[2] = (struct iovec){(void *)(uintptr_t)identifier, sizeof(identifier) - 1};
    for (int n = 0; n < FIELDS_MAX && *text != '\0'; n++) {
        const size_t bytes = strcspn(text, " ");

        add_field(&entry, n, text, bytes);
        text += bytes;
        text += strspn(text, " ");
    }
    sd_journal_sendv(entry.fields, entry.count);
}

void rs_journal_use(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;

    if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2 ||
        fstat(STDERR_FILENO, &status) != 0 || status.st_dev != device || status.st_ino != inode)
        return;
    rs_log_set_sink(write_entry);
}
