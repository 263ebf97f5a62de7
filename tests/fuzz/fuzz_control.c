/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of an admin to the control socket, over a real socket, against a dataplane without packets.
 * Each reply is one JSON document with a result or an error as control/README.md has it, and what
 * was given as a secret comes back in none.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/evp.h>

#include "control/conn.h"
#include "control/reload.h"
#include "tests/control/lab.h"

enum { INPUT_MAX = 16384, OUTPUT_MAX = 1 << 21, ROUNDS = 3000, SECRET_MIN = 12 };

static const char last_line[] =
    "\n{\"jsonrpc\":\"2.0\",\"id\":\"the last one\",\"method\":\"get_version\"}\n";
static bool closed;

/* In place of libcrypto's: a third of a second for each secret is too long here. */
int PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt, int saltlen,
                      int iter, const EVP_MD *digest, int keylen, unsigned char *out)
{
    (void)iter, (void)digest;
    for (int i = 0; i < keylen; i++)
        out[i] = (unsigned char)((passlen > 0 ? pass[i % passlen] : 0) ^
                                 (saltlen > 0 ? salt[i % saltlen] : 0) ^ i * 7);
    return 1;
}

static void on_closed(void *owner)
{
    (void)owner;
    closed = true;
}

/* ---- what comes back ---------------------------------------------------------------------- */

static void check_error(const json_t *error)
{
    const json_t *data = json_object_get(error, "data");

    MUST(json_is_integer(json_object_get(error, "code")));
    MUST(json_is_string(json_object_get(error, "message")));
    MUST(json_is_string(json_object_get(data, "reason")));
    MUST(json_is_boolean(json_object_get(data, "retryable")));
}

static void check_reply(const char *line, size_t bytes)
{
    json_t *reply = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
    const json_t *method = json_object_get(reply, "method");

    MUST(json_is_object(reply));
    MUST(strcmp(json_string_value(json_object_get(reply, "jsonrpc")), "2.0") == 0);
    if (method != NULL) {
        MUST(strcmp(json_string_value(method), "event") == 0);
        MUST(json_is_string(json_object_get(json_object_get(reply, "params"), "type")));
    } else {
        const json_t *error = json_object_get(reply, "error");

        MUST(json_object_get(reply, "id") != NULL);
        MUST((json_object_get(reply, "result") != NULL) != (error != NULL));
        if (error != NULL)
            check_error(error);
    }
    json_decref(reply);
}

static void check_replies(const char *output, size_t bytes)
{
    while (bytes > 0) {
        const char *end = memchr(output, '\n', bytes);

        if (end == NULL)
            return; /* closed in the middle of a reply that nobody had room for */
        check_reply(output, (size_t)(end - output));
        bytes -= (size_t)(end + 1 - output);
        output = end + 1;
    }
}

/* Whether the line has these words once, so that nothing but the secret can bring them back. */
static bool is_there_once(const char *line, size_t bytes, const char *words)
{
    const size_t count = strlen(words);
    const char *first = memmem(line, bytes, words, count);

    return first != NULL &&
           memmem(first + 1, bytes - (size_t)(first + 1 - line), words, count) == NULL;
}

static void check_secret(const char *input, size_t input_bytes, const json_t *secret,
                         const char *output, size_t bytes)
{
    const char *words = json_string_value(secret);

    if (words != NULL && strlen(words) >= SECRET_MIN && is_there_once(input, input_bytes, words))
        MUST(memmem(output, bytes, words, strlen(words)) == NULL);
}

static void check_secrets(const char *input, size_t input_bytes, const char *output, size_t bytes)
{
    const char *line = input, *end;

    for (; (end = memchr(line, '\n', input_bytes - (size_t)(line - input))) != NULL;
         line = end + 1) {
        json_t *request = json_loadb(line, (size_t)(end - line), 0, NULL);
        const json_t *params = json_object_get(request, "params");

        check_secret(input, input_bytes, json_object_get(params, "encryption_secret"), output,
                     bytes);
        check_secret(input, input_bytes, json_object_get(params, "base_key"), output, bytes);
        json_decref(request);
    }
}

/* ---- the exchange ------------------------------------------------------------------------- */

/* Sends all, and reads until the last line is answered or the connection closed. */
static size_t exchange(struct rs_control *control, int fd, const char *input, size_t input_bytes,
                       char *output)
{
    size_t sent = 0, came = 0;

    for (unsigned int round = 0; round < ROUNDS && !closed; round++) {
        ssize_t n = 1;

        if (sent < input_bytes) {
            n = send(fd, input + sent, input_bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
        event_base_loop(control->base, EVLOOP_NONBLOCK);
        while (came < OUTPUT_MAX &&
               (n = recv(fd, output + came, OUTPUT_MAX - came, MSG_DONTWAIT)) > 0)
            came += (size_t)n;
        if (memmem(output, came, "\"the last one\"", 14) != NULL)
            return came;
        if (sent == input_bytes && round > 100)
            usleep(100); /* a derivation is under way */
    }
    return came;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char input[INPUT_MAX + sizeof(last_line)], output[OUTPUT_MAX];
    const struct rs_peer admin = {.role = RS_ROLE_ADMIN};
    struct rs_control *control;
    struct rs_conn *conn;
    size_t bytes;
    int ends[2];

    if (size > INPUT_MAX)
        return 0;
    memcpy(input, data, size);
    memcpy(input + size, last_line, sizeof(last_line) - 1);
    size += sizeof(last_line) - 1;
    control = lab_open();
    control->reload =
        rs_reload_create(control, (struct rs_config *)(uintptr_t)control->config, "/nowhere", NULL);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    closed = false;
    conn = rs_conn_open(control, ends[0], &admin, on_closed, NULL);
    MUST(conn != NULL);
    bytes = exchange(control, ends[1], input, size, output);
    check_replies(output, bytes);
    check_secrets(input, size, output, bytes);
    if (!closed)
        rs_conn_close(conn);
    close(ends[1]);
    rs_reload_destroy(control->reload);
    lab_close();
    return 0;
}
