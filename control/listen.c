/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an address to a socket that listens. Who may say what on it is not here.
 */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/dataplane.h"

enum { PATH_BYTES = sizeof(((struct sockaddr_un *)NULL)->sun_path) };

static const char unix_scheme[] = "unix:";

static int parse_port(const char *text, in_port_t *port_be)
{
    const size_t length = strlen(text);
    const unsigned long port = strtoul(text, NULL, 10);

    if (length == 0 || length > 5 || strspn(text, "0123456789") != length || text[0] == '0' ||
        port > UINT16_MAX)
        return -EINVAL;
    *port_be = htons((uint16_t)port);
    return 0;
}

static int parse_ipv4(const char *text, struct rs_listen_address *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&address->tcp;

    if (inet_pton(AF_INET, text, &in->sin_addr) != 1 || ntohl(in->sin_addr.s_addr) >> 24 != 127)
        return -EINVAL;
    in->sin_family = AF_INET;
    address->tcp_bytes = sizeof(*in);
    return 0;
}

static int parse_ipv6(const char *text, struct rs_listen_address *address)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address->tcp;

    if (inet_pton(AF_INET6, text, &in->sin6_addr) != 1 || !IN6_IS_ADDR_LOOPBACK(&in->sin6_addr))
        return -EINVAL;
    in->sin6_family = AF_INET6;
    address->tcp_bytes = sizeof(*in);
    return 0;
}

static int parse_tcp(const char *text, struct rs_listen_address *address)
{
    const bool bracketed = text[0] == '[';
    const char *end = bracketed ? strstr(text, "]:") : strchr(text, ':');
    char host[INET6_ADDRSTRLEN];
    in_port_t port_be;
    size_t length;

    if (end == NULL)
        return -EINVAL;
    text += bracketed;
    length = (size_t)(end - text);
    if (length >= sizeof(host) || parse_port(end + 1 + bracketed, &port_be) != 0)
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';
    if ((bracketed ? parse_ipv6(host, address) : parse_ipv4(host, address)) != 0)
        return -EINVAL;
    if (bracketed)
        ((struct sockaddr_in6 *)&address->tcp)->sin6_port = port_be;
    else
        ((struct sockaddr_in *)&address->tcp)->sin_port = port_be;
    return 0;
}

int rs_listen_parse(const char *text, struct rs_listen_address *address)
{
    memset(address, 0, sizeof(*address));
    if (strncmp(text, unix_scheme, strlen(unix_scheme)) != 0)
        return parse_tcp(text, address);
    address->path = text + strlen(unix_scheme);
    return address->path[0] == '/' && strlen(address->path) < PATH_BYTES ? 0 : -EINVAL;
}

/* Each directory above the socket that is missing. */
static int make_parents(const char *path)
{
    char partial[PATH_BYTES];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(partial, sizeof(partial), "%.*s", (int)(slash - path), path);
        if (mkdir(partial, 0755) != 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

/* Whether somebody listens there: 0 for nobody, and the path is then free, else -errno. */
static int clear_stale(const struct sockaddr_un *address)
{
    struct stat status;
    int fd, result;

    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
    close(fd);
    if (result != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) == 0 ? 0 : -errno;
}

/* The mode last: until then only this user can connect, by the umask. */
static int open_to(const char *path, mode_t mode, gid_t group)
{
    if (group != (gid_t)RS_LISTEN_NO_GROUP && chown(path, (uid_t)-1, group) != 0)
        return -errno;
    return chmod(path, mode) == 0 ? 0 : -errno;
}

void rs_listen_unlink(const char *path, const struct stat *bound)
{
    struct stat now;

    if (lstat(path, &now) == 0 && now.st_dev == bound->st_dev && now.st_ino == bound->st_ino)
        unlink(path);
}

static int bind_at(const struct sockaddr_un *address, mode_t mode, gid_t group, struct stat *bound)
{
    const char *path = address->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        error = -errno;
        goto close_fd;
    }
    error = lstat(path, bound) == 0 ? open_to(path, mode, group) : -errno;
    if (error == 0 && listen(fd, SOMAXCONN) != 0)
        error = -errno;
    if (error == 0)
        return fd;
    unlink(path);
close_fd:
    close(fd);
    return error;
}

/* Of two that start at once, each could find the socket stale and take the other's place. Returns a
 * descriptor whose closing ends the lock, or -errno. */
static int lock_directory(const char *path)
{
    char directory[PATH_BYTES];
    int fd;

    snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path + 1), path);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX) != 0) {
        const int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}

int rs_listen_unix(const char *path, mode_t mode, gid_t group, struct stat *bound)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int lock, result;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    result = make_parents(path);
    if (result != 0)
        return result;
    lock = lock_directory(path);
    if (lock < 0)
        return lock;
    result = clear_stale(&address);
    if (result == 0)
        result = bind_at(&address, mode, group, bound);
    close(lock);
    return result;
}

int rs_listen_tcp(const struct rs_listen_address *address)
{
    static const int on = 1;
    int fd = socket(address->tcp.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return -errno;
    /* Connections that the daemon before this one closed do not keep the port; and those of this
     * one inherit not to wait for an acknowledgement in the middle of a reply. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
        bind(fd, (const struct sockaddr *)&address->tcp, address->tcp_bytes) == 0 &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

void rs_listen_log_failure(const char *what, const char *where, int error)
{
    rs_log(RS_LOG_ERROR, "%s %s: %s", what, where,
           error == -EADDRINUSE ? "another process listens there" : strerror(-error));
}
