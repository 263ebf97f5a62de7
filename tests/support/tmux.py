# SPDX-License-Identifier: BSD-3-Clause
"""A terminal that programs are shown in, by a tmux server of its own: what is on its screen, keys
typed into it, its size."""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time

import cases


class Terminal:
    """Runs one shell command. Ends it and the server with it: use it as a context."""

    def __init__(self, command, columns=100, rows=40, **environment):
        if shutil.which("tmux") is None:
            raise cases.Skip("tmux is not installed: scripts/setup test")
        self.directory = tempfile.TemporaryDirectory(prefix="rtpseal-tmux-")
        self.socket = str(pathlib.Path(self.directory.name) / "socket")
        self.code_file = pathlib.Path(self.directory.name) / "code"
        self.environment = {"LC_ALL": "C.UTF-8"} | environment
        self.command = command
        self.size = (columns, rows)

    def tmux(self, *words, check=True):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], text=True,
                              capture_output=True, check=check, timeout=30,
                              env={k: v for k, v in os.environ.items() if k != "TMUX"})
        return done.stdout

    def __enter__(self):
        columns, rows = self.size
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environment.items())
        # tmux does not always learn how a command ended; the shell does, and outlives Ctrl-C.
        script = f"trap : INT; {settings} {self.command}; echo $? >{self.code_file}; exec sleep 100000"
        # tmux's own status line would take a row.
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), script, ";",
                  "set", "-g", "status", "off", ";", "resize-window", "-x", str(columns), "-y", str(rows))
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)
        self.directory.cleanup()

    def screen(self):
        """The rows, without what is blank at their ends."""
        return [row.rstrip() for row in self.tmux("capture-pane", "-p").split("\n")]

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def exit_code(self):
        """Of the command, or None while it runs."""
        text = self.code_file.read_text() if self.code_file.exists() else ""
        return int(text) if text.endswith("\n") else None

    def wait(self, condition, seconds=15):
        """Until condition(screen) is true; returns what it gave, or what it gives when it takes too long."""
        end = time.monotonic() + seconds
        while True:
            got = condition(self.screen())
            if got or time.monotonic() > end:
                return got
            time.sleep(0.05)

    def wait_exit(self, seconds=15):
        self.wait(lambda _: self.exit_code() is not None, seconds)
        return self.exit_code()
