# SPDX-License-Identifier: BSD-3-Clause
"""A program on a terminal of its own: what it shows, and what it is answered."""

import fcntl
import os
import pty
import subprocess
import termios
import threading
import time

import cases


def take(slave):
    """Makes the terminal the new session's own, so that /dev/tty is it."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def run(command, answers=(), stdin=None, stdout=None, seconds=30, **settings):
    """Runs a command on a terminal, answering each prompt, a ':' at the end. Returns (exit code, all
    that the terminal showed, whether it echoes at the end). `stdin` and `stdout` can be others."""
    try:
        master, slave = pty.openpty()
    except OSError as error:
        raise cases.Skip(f"no terminal can be made: {error}") from None
    shown = bytearray()

    def answer():
        waiting = list(answers)
        try:
            while data := os.read(master, 1024):
                shown.extend(data)
                if waiting and shown.rstrip().endswith(b":"):
                    time.sleep(0.1)  # the prompt comes just before the echo goes
                    os.write(master, waiting.pop(0).encode() + b"\n")
        except OSError:
            pass

    reader = threading.Thread(target=answer, daemon=True)
    reader.start()
    done = subprocess.run(command, stdin=slave if stdin is None else stdin, check=False, timeout=seconds,
                          stdout=slave if stdout is None else stdout, stderr=slave, start_new_session=True,
                          preexec_fn=lambda: take(slave), **settings)
    time.sleep(0.1)
    echoes = bool(termios.tcgetattr(slave)[3] & termios.ECHO)
    os.close(slave)
    reader.join(1)
    os.close(master)
    return done.returncode, shown.decode(), echoes
