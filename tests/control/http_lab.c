/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Raw requests to a listener that runs in this thread.
 */
#include "tests/control/http_lab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "control/http.h"

enum { PATIENCE_MS = 5000, ANSWERS_MAX = 1 << 20 };

static const char secret[] = "0123456789abcdef0123456789abcdef01234567";
static struct rs_control *control;
static char directory[64], path[96], secret_path[96];
static char answers[ANSWERS_MAX], answer[ANSWERS_MAX];
static size_t used;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void write_secret(void)
{
    FILE *file;

    must(mkdir(directory, 0700) == 0 || errno == EEXIST);
    file = fopen(secret_path, "w");
    must(file != NULL);
    fputs(secret, file);
    fclose(file);
}

struct rs_control *http_lab_open(const char *more)
{
    char text[1024];

    snprintf(directory, sizeof(directory), "/tmp/rtpseal-lab-%d", (int)getpid());
    snprintf(path, sizeof(path), "%s/http.sock", directory);
    snprintf(secret_path, sizeof(secret_path), "%s/secret", directory);
    write_secret();
    snprintf(text, sizeof(text),
             "http: {listen: \"unix:%s\", projects: [{key: 100, secret_file: %s}, "
             "{key: all, secret_file: %s, e2ee: always}]}\n%s",
             path, secret_path, secret_path, more);
    control = lab_open_with(text);
    control->http = rs_http_create(control);
    must(control->http != NULL);
    return control;
}

void http_lab_close(void)
{
    rs_http_destroy(control->http);
    control->http = NULL;
    unlink(secret_path);
    lab_close();
}

const char *http_lab_path(void)
{
    return path;
}

int http_lab_dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    used = 0;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    must(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

/* How long the first answer in `answers` is, or 0 while it is not whole. */
static size_t answer_bytes(void)
{
    const char *body = strstr(answers, "\r\n\r\n"),
               *length = strcasestr(answers, "Content-Length:");
    size_t bytes;

    if (body == NULL)
        return 0;
    bytes = (size_t)(body + 4 - answers);
    if (length != NULL && length < body)
        bytes += strtoul(length + strlen("Content-Length:"), NULL, 10);
    return bytes <= used ? bytes : 0;
}

/* Returns whether more may come. */
static bool receive(int fd)
{
    const ssize_t got = recv(fd, answers + used, sizeof(answers) - 1 - used, 0);

    used += got > 0 ? (size_t)got : 0;
    answers[used] = '\0';
    return got > 0 || (got < 0 && errno == EAGAIN);
}

const char *http_lab_ask(int fd, const char *bytes, size_t count)
{
    size_t length;
    bool open = true;

    answers[used] = '\0';
    for (int waited = 0; waited < PATIENCE_MS && open && (count > 0 || answer_bytes() == 0);
         waited++) {
        const ssize_t sent = count > 0 ? send(fd, bytes, count, MSG_NOSIGNAL) : 0;

        if (sent < 0 && errno != EAGAIN)
            count = 0;
        bytes += sent > 0 ? sent : 0;
        count -= sent > 0 ? (size_t)sent : 0;
        lab_run_ms(1);
        open = receive(fd);
    }
    length = answer_bytes();
    if (length == 0)
        length = used;
    memcpy(answer, answers, length);
    answer[length] = '\0';
    memmove(answers, answers + length, used - length + 1);
    used -= length;
    return answer;
}

int http_lab_status(const char *text)
{
    int status = 0;

    return sscanf(text, "HTTP/1.%*d %d ", &status) == 1 ? status : 0;
}

json_t *http_lab_json(const char *text)
{
    const char *body = strstr(text, "\r\n\r\n");

    return body != NULL ? json_loads(body + 4, 0, NULL) : NULL;
}

static void append_base64url(char *out, const void *bytes, int count)
{
    char text[2048], *c = text;

    EVP_EncodeBlock((unsigned char *)text, bytes, count);
    for (; *c != '\0' && *c != '='; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    *c = '\0';
    strcat(out, text);
}

const char *http_lab_token(const char *project, int issued, int lifetime)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    static char token[4096];
    const long long iat = (long long)time(NULL) + issued;
    unsigned char mac[32];
    char claims[256];
    const int bytes = snprintf(claims, sizeof(claims),
                               "{\"iss\":\"%s\",\"ist\":\"project\",\"iat\":%lld,\"exp\":%lld}",
                               project, iat, iat + lifetime);

    token[0] = '\0';
    append_base64url(token, header, (int)strlen(header));
    strcat(token, ".");
    append_base64url(token, claims, bytes);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)token, strlen(token),
         mac, NULL);
    strcat(token, ".");
    append_base64url(token, mac, sizeof(mac));
    return token;
}

const char *http_lab_send(const char *method, const char *resource, const char *project,
                          const char *type, const char *body)
{
    static char request[1 << 15];
    const int fd = http_lab_dial();
    int bytes = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nX-OPENTOK-AUTH: %s\r\n",
                         method, resource, http_lab_token(project, 0, 180));

    if (type != NULL)
        bytes += snprintf(request + bytes, sizeof(request) - (size_t)bytes, "Content-Type: %s\r\n",
                          type);
    bytes +=
        snprintf(request + bytes, sizeof(request) - (size_t)bytes, "Content-Length: %zu\r\n\r\n%s",
                 body != NULL ? strlen(body) : 0, body != NULL ? body : "");
    http_lab_ask(fd, request, (size_t)bytes);
    close(fd);
    return answer;
}
