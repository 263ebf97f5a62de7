# SPDX-License-Identifier: BSD-3-Clause
"""A network of one's own: a private namespace with veth pairs and bridges, gone with its process."""

import ctypes
import os
import pathlib
import socket
import subprocess
import sys
import threading

CLONE_NEWNET = 0x40000000
INSIDE = "RTPSEAL_IN_NAMESPACE"


def first_line(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return None


def explain(message):
    """Says why no namespace can be had, and what would mend it."""
    advice = []
    if os.geteuid() == 0:
        advice.append("root without CAP_SYS_ADMIN, as in a container: start that container with"
                      " --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add NET_RAW")
    if first_line("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        advice.append("sysctl -w kernel.unprivileged_userns_clone=1   (as root)")
    if first_line("/proc/sys/user/max_user_namespaces") == "0":
        advice.append("sysctl -w user.max_user_namespaces=10000   (as root)")
    if first_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        advice.append("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (as root)")
    if os.geteuid() != 0:
        advice.append("or run it as root")
    return "\n".join([f"cannot make a private network namespace: {message}"] +
                     [f"  {line}" for line in advice])


def enter():
    """Starts this script again inside a namespace of its own; returns there."""
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    probe = subprocess.run(unshare + ["true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        sys.exit(explain(probe.stderr.strip()))
    os.environ[INSIDE] = "1"
    os.execvp(unshare[0], unshare + ["--", "/usr/bin/python3", *sys.argv])


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def set_up(name, mtu, prefix=()):
    """Up, and silent: no ARP, no IPv6 of the kernel's own; nothing but what is sent into it."""
    silence = f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"
    subprocess.run([*prefix, "sh", "-c", f"[ ! -e {silence} ] || echo 1 > {silence}"], check=True)
    subprocess.run([*prefix, "ip", "link", "set", name, "mtu", str(mtu), "promisc", "on", "arp", "off", "up"],
                   check=True)


def keep_new_ones_silent():
    """No IPv6 of the kernel's own on interfaces to come in this namespace: for those that a driver makes and sets up
    itself, which ask for routers and tell of groups before set_up() can keep them from it."""
    default = pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6")
    if default.exists():
        default.write_text("1")


def add_veth(one, other, mtu=1500, queues=1):
    """Two ends of a wire."""
    many = ("numrxqueues", str(queues), "numtxqueues", str(queues)) if queues > 1 else ()
    ip("link", "add", "dev", one, *many, "type", "veth", "peer", "name", other, *many)
    set_up(one, mtu)
    set_up(other, mtu)


def add_bridge(name, *ports):
    """A switch with these ports, which forwards from the first packet on."""
    ip("link", "add", "dev", name, "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
    set_up(name, 1500)
    for port in ports:
        ip("link", "set", port, "master", name)


def is_bound(process, protocol, port):
    """Whether a port ("udp" or "tcp") is taken in a process's namespace."""
    return f":{port:04X} " in pathlib.Path(f"/proc/{process.pid}/net/{protocol}").read_text()


class Host:
    """A namespace within this one, as another host: for a daemon beside another daemon.

    Two processes that open packet sockets in one namespace can meet in one fanout group, which
    DPDK names after process and interface, and the kernel then refuses the second.
    """

    def __init__(self):
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo; exec sleep 100000"],
            stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.prefix = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]

    def take(self, name, mtu=1500):
        """Moves an interface of this process's namespace there."""
        ip("link", "set", name, "netns", str(self.holder.pid))
        set_up(name, mtu, self.prefix)

    def socket(self, *kind):
        """A socket of that host's: it belongs to the namespace in which it was made, and a thread to one of its own."""
        made = []

        def make():
            with open(f"/proc/{self.holder.pid}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket(*kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
