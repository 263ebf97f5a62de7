# SPDX-License-Identifier: BSD-3-Clause
"""Clients of other users and groups, as the kernel sees them, and groups that only a daemon started here
knows of: the host's own are left alone."""

import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
from typing import NamedTuple

import cases
import control_lab
import edge
import netns
import rpc

# Numbers that the host need not know.
OPERATORS, VIEWERS, OTHERS = 61001, 61002, 61003
GROUPS = {"rtpseal-test-operators": OPERATORS, "rtpseal-test-viewers": VIEWERS,
          "rtpseal-test-others": OTHERS}
HIGHEST = 65534


class User(NamedTuple):
    uid: int
    gid: int
    groups: tuple = ()


OPERATOR = User(60001, 60001, (OPERATORS,))
VIEWER = User(60002, 60002, (VIEWERS,))
NOBODY = User(65534, 65534)


def check_possible():
    """Ends the test that calls it where there is but one user to be."""
    try:
        count = sum(int(line.split()[2]) for line in pathlib.Path("/proc/self/uid_map").read_text().splitlines())
    except OSError:
        count = 1
    if os.geteuid() != 0 or count <= HIGHEST:
        raise cases.Skip("other users can be had by root alone: run as root")


def make_open(directory, user=None):
    """So that others reach the socket in it; and makes it this user's."""
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    if user is not None:
        os.chown(directory, user.uid, user.gid)


def daemon_in(directory):
    """A copy of the daemon where others reach it: the checkout may lie where root alone can look."""
    return pathlib.Path(shutil.copy(edge.DAEMON, directory))


def quiet_links():
    """For daemons that no media goes through: as many as are wanted, of whatever user."""
    return [edge.link("edge0", {"vdev": "net_ring0"}, {"vdev": "net_ring1"}, control_lab.RANGES)]


def groups_prefix(directory):
    """What to start a daemon with so that it knows GROUPS: a mount namespace with an /etc/group of its own."""
    path = pathlib.Path(directory) / "group"
    path.write_text(pathlib.Path("/etc/group").read_text()
                    + "".join(f"{name}:x:{gid}:\n" for name, gid in GROUPS.items()))
    path.chmod(0o644)
    return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/group && exec "$@"', str(path)]


def knowing_groups(directory, **control):
    """A daemon, not yet started, whose operators and viewers are those of GROUPS; anyone reaches it."""
    directory = pathlib.Path(directory)
    make_open(directory)
    names = list(GROUPS)
    control = {"socket": str(directory / "control.sock"), "operators": names[0], "viewers": names[1]} | control
    return edge.Edge(directory, quiet_links(), prefix=groups_prefix(directory), control=control,
                     capture={"directory": str(directory)})


@contextlib.contextmanager
def laboratory():
    """Such a daemon, running, in a directory that has room for others' beside it."""
    netns.enter()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        make_open(pathlib.Path(directory))
        with knowing_groups(pathlib.Path(directory) / "daemon") as daemon:
            yield daemon


class Client(rpc.Client):
    """A connection that another user has made; `pid` is of the process that did, and is gone."""

    def __init__(self, path, user, timeout=10):
        self.user = user
        super().__init__(path, timeout)

    def connect(self, path, timeout):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.pid = os.fork()
            if self.pid == 0:
                self.connect_and_end(path, theirs)
            theirs.close()
            _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            os.waitpid(self.pid, 0)
        if not descriptors:
            raise ConnectionError(f"{self.user} cannot connect to {path}")
        made = socket.socket(fileno=descriptors[0])
        made.settimeout(timeout)
        return made

    def connect_and_end(self, path, channel):
        try:
            os.setgroups(self.user.groups)
            os.setresgid(*[self.user.gid] * 3)
            os.setresuid(*[self.user.uid] * 3)
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.connect(path)
            socket.send_fds(channel, [b"."], [made.fileno()])
        finally:
            os._exit(0)
