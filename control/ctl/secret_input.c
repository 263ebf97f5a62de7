/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads a secret with plain read(2) into memory that is wiped: no stdio buffer ever holds it. The
 * terminal's echo comes back on every way out, signals too. No JSON, no socket.
 */
#include "secret_input.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "say.h"
#include "wipe.h"

/* 256 characters of at most 4 bytes are 1024: one longer is for the daemon to refuse. */
enum { SECRET_MAX_BYTES = 4096 };

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { FATAL_SIGNALS = sizeof(fatal_signals) / sizeof(fatal_signals[0]) };

/* For the signal handler: the terminal as it was found. */
static struct termios terminal_before;
static int terminal_fd;

static void restore_and_die(int number)
{
    (void)tcsetattr(terminal_fd, TCSANOW, &terminal_before);
    /* SA_RESETHAND has put the default action back. */
    (void)raise(number);
}

static void echo_off(void)
{
    const struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND};
    struct termios silent = terminal_before;

    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        (void)sigaction(fatal_signals[i], &action, NULL);
    (void)signal(SIGTSTP, SIG_IGN); /* stopped, it would leave the terminal silent */
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL;
    (void)tcsetattr(terminal_fd, TCSAFLUSH, &silent);
}

static void echo_on(void)
{
    (void)tcsetattr(terminal_fd, TCSAFLUSH, &terminal_before);
    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        (void)signal(fatal_signals[i], SIG_DFL);
    (void)signal(SIGTSTP, SIG_DFL);
}

/* Reads up to a newline or the end. Returns 0, or -errno; the line is then not to be used. */
static int read_line(int fd, char *line, size_t bytes)
{
    size_t filled = 0;

    while (filled < bytes) {
        const ssize_t got = read(fd, line + filled, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0 || line[filled] == '\n') {
            line[filled] = '\0';
            return memchr(line, '\0', filled) == NULL ? 0 : -EILSEQ;
        }
        filled++;
    }
    return -EFBIG;
}

static char *read_secret_from(int fd, const char *what)
{
    char *line = rs_wipe_alloc(SECRET_MAX_BYTES);
    int error;

    if (line == NULL)
        return NULL;
    error = read_line(fd, line, SECRET_MAX_BYTES);
    if (error == 0 && line[0] != '\0')
        return line;
    rs_say(RS_EXIT_USAGE, "no secret read from %s: %s", what,
           error == 0 ? "its first line is empty" : strerror(-error));
    rs_wipe_free(line);
    return NULL;
}

static char *ask(const char *prompt)
{
    char *line;

    (void)!write(terminal_fd, prompt, strlen(prompt));
    echo_off();
    line = read_secret_from(terminal_fd, "the terminal");
    echo_on();
    return line;
}

static char *ask_twice(void)
{
    char *first = ask("Secret: ");
    char *second = first != NULL ? ask("The same again: ") : NULL;

    if (second != NULL && strcmp(first, second) == 0) {
        rs_wipe_free(second);
        return first;
    }
    if (second != NULL)
        rs_say(RS_EXIT_USAGE, "the two are not the same; nothing was sent");
    rs_wipe_free(first);
    rs_wipe_free(second);
    return NULL;
}

static char *read_from_terminal(void)
{
    char *secret;

    terminal_fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal_fd < 0 || tcgetattr(terminal_fd, &terminal_before) != 0) {
        rs_say(RS_EXIT_USAGE, "no terminal to ask for the secret: use --secret-file, "
                              "--secret-stdin or --base-key-file");
        return NULL;
    }
    secret = ask_twice();
    close(terminal_fd);
    return secret;
}

static char *read_from_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    char *secret;

    if (fd < 0 || fstat(fd, &status) != 0) {
        rs_say(RS_EXIT_USAGE, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        rs_say_warning("others can read %s: chmod 600 %s", path, path);
    secret = read_secret_from(fd, path);
    close(fd);
    return secret;
}

char *rs_secret_read(enum rs_secret_source source, const char *path)
{
    switch (source) {
    case RS_SECRET_PROMPT:
        return read_from_terminal();
    case RS_SECRET_STDIN:
        return read_secret_from(STDIN_FILENO, "standard input");
    case RS_SECRET_FILE:
    case RS_SECRET_BASE_KEY:
        return read_from_file(path);
    }
    return NULL;
}
