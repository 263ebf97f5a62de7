# SPDX-License-Identifier: BSD-3-Clause
"""All else that goes through a link beside media: ARP, ND, DHCP and ssh, which have to work, and plain media in
other clothes, which must not get across. Each part returns None, or what is wrong."""

import collections
import hashlib
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

import cases
import datagrams
import frames
import live_lab
import netns

MARK = b"plain media, in the clear. "
OUTSIDE_PORT = 30000
UNNAMED_PORT = 20500
PORTS = UNNAMED_PORT, 20000  # the latter is a stream's, of another SSRC
LEASES = [f"198.51.100.{number}" for number in range(100, 111)]
SSH_PORT, SSH_BYTES = 2222, 1 << 20
SECONDS = 10


def missing():
    """What this needs and is not here, or None."""
    return next((tool for tool in ("busybox", "dropbear", "dbclient", "ethtool") if not shutil.which(tool)), None)


def run(prefix, *words, **settings):
    return subprocess.run([*prefix, *words], capture_output=True, timeout=SECONDS, check=False, **settings)


def neighbour(prefix, own, other):
    """None where `other` is found anew and answers, else what is wrong."""
    device = run(prefix, "ip", "-o", "route", "get", other, text=True).stdout.split(" dev ")[-1].split()[0]
    run(prefix, "ip", "neigh", "flush", "dev", device)
    version = "-6" if ":" in other else "-4"
    answered = run(prefix, "busybox", "ping", version, "-c", "1", "-W", "3", "-I", own, other, text=True)
    entry = run(prefix, "ip", "neigh", "show", other, "dev", device, text=True).stdout
    if answered.returncode != 0 or "lladdr" not in entry:
        return f"{other} from {own}: {entry.strip()} {answered.stdout.strip()[-100:]}"
    return None


def arp(lab):
    return neighbour(lab.publisher.prefix, live_lab.PUBLISHER, live_lab.ROUTER_A) or \
        neighbour(lab.subscriber.prefix, live_lab.SUBSCRIBER, live_lab.ROUTER_B)


def nd(lab):
    return neighbour(lab.publisher.prefix, live_lab.PUBLISHER6, live_lab.ROUTER_A6) or \
        neighbour(lab.subscriber.prefix, live_lab.SUBSCRIBER6, live_lab.ROUTER_B6)


def through_both(lab):
    """IPv4 and IPv6 from end to end."""
    for version, target in (("-4", live_lab.SUBSCRIBER), ("-6", live_lab.SUBSCRIBER6)):
        done = run(lab.publisher.prefix, "busybox", "ping", version, "-c", "1", "-W", "3", target, text=True)
        if done.returncode != 0:
            return f"{target}: {done.stdout.strip()[-100:]}"
    return None


def dhcp(lab):
    """The subscriber asks, the router behind the edge gives; the lease is written down and not taken."""
    directory = lab.directory / "dhcp"
    directory.mkdir()
    leases, script, told = directory / "leases", directory / "script", directory / "told"
    leases.touch()
    script.write_text(f'#!/bin/sh\n[ "$1" != bound ] || echo "$ip $serverid" > {told}\n')
    script.chmod(0o755)
    config = directory / "udhcpd.conf"
    config.write_text(f"interface r-b\nstart {LEASES[0]}\nend {LEASES[-1]}\nlease_file {leases}\n"
                      f"pidfile {directory}/pid\noption subnet 255.255.255.0\n")
    server = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "busybox", "udhcpd", "-f", "-I", live_lab.ROUTER_B,
                               str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.2)
        asked = run(lab.subscriber.prefix, "busybox", "udhcpc", "-i", "sub0", "-f", "-n", "-q", "-t", "5", "-T", "1",
                    "-s", str(script), text=True)
    finally:
        server.kill()
        server.wait()
    words = told.read_text().split() if told.exists() else []
    if len(words) != 2 or words[0] not in LEASES or words[1] != live_lab.ROUTER_B:
        return f"no lease: {words} {asked.stderr.strip()[-200:]}"
    return None


def ssh(lab):
    """A file through ssh with keys made for this, to a server that has a home directory of its own."""
    if pathlib.Path("/proc/self/setgroups").read_text().strip() != "allow":
        raise cases.Skip("in an ordinary user's namespace nobody can log in")
    directory = lab.directory / "ssh"
    directory.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(directory / name)], check=True, capture_output=True)
    public = run((), "dropbearkey", "-y", "-f", str(directory / "user"), text=True).stdout.split("\n")[1]
    home = directory / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (home / ".ssh" / "authorized_keys").write_text(public + "\n")
    # In a mount namespace of its own, root's home directory is another.
    server = subprocess.Popen(
        [*lab.subscriber.prefix, "setpriv", "--pdeathsig", "KILL", "unshare", "-m", "sh", "-c",
         f"mount --bind {home} ~root && chown -R root ~root && chmod 700 ~root && exec dropbear -F -E -s -p {SSH_PORT}"
         f" -r {directory}/host -P {directory}/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sent = random.Random(8).randbytes(SSH_BYTES)
    try:
        end = time.monotonic() + SECONDS
        while not netns.is_bound(lab.subscriber.holder, "tcp", SSH_PORT) and time.monotonic() < end:
            time.sleep(0.02)
        done = run(lab.publisher.prefix, "dbclient", "-y", "-y", "-i", str(directory / "user"), "-p", str(SSH_PORT),
                   f"root@{live_lab.SUBSCRIBER}", "sha256sum", input=sent, env=os.environ | {"HOME": str(home)})
    finally:
        server.kill()
        errors = server.communicate()[1]
    if done.stdout.split()[:1] != [hashlib.sha256(sent).hexdigest().encode()]:
        return f"{done.stdout!r} {done.stderr[-200:]!r} {errors[-200:]!r}"
    return None


def outside_the_ranges(lab):
    """RTP to a port that is none of media's goes as it is."""
    with lab.subscriber.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
            lab.publisher.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.settimeout(SECONDS)
        receiver.bind((live_lab.SUBSCRIBER, OUTSIDE_PORT))
        packet = frames.rtp(96, 1, 1, 0x0D0D0D0D, MARK.upper())
        sender.sendto(packet, (live_lab.SUBSCRIBER, OUTSIDE_PORT))
        received = receiver.recv(2048)
    return None if received == packet else f"came as {received!r}"


# Ways to take media past an edge: what, as the edge names it, and the datagram's bytes.
ATTEMPTS = (
    ("RTP to a port that no stream names", "no_stream", frames.rtp(96, 1, 1, 0x0BADCAFE, MARK * 20)),
    ("STUN with DATA", "tunnelled", datagrams.stun_data(MARK * 4)),
    ("TURN ChannelData", "tunnelled", datagrams.channel_data(MARK * 4)),
    ("RTCP with media behind it", "opaque", datagrams.RTCP + MARK * 4),
    ("RTP whose type looks like RTCP's", "opaque", frames.rtp(72, 999, 1, 0x0BADCAFE, MARK * 4, marker=1)),
    ("STUN with media behind it", "opaque", datagrams.STUN + MARK * 4),
    ("RTP of version 0", "opaque", b"\0" + frames.rtp(96, 1, 1, 0x0BADCAFE, MARK * 20)[1:]),
)
# The kernel joins them before a packet socket of DPDK's sees them, and they are dropped as what they are then.
FRAGMENTS = 3 * len(PORTS)
FRAGMENTED = frames.rtp(96, 1, 1, 0x0BADCAFE, MARK * 100)


def plain_media(lab):
    """From both ends, towards the router: nothing of it comes there, and each is counted as what it is."""
    ends = ((lab.edges[0], lab.publisher, live_lab.PUBLISHER, live_lab.SUBSCRIBER, lab.seen_a),
            (lab.edges[1], lab.subscriber, live_lab.SUBSCRIBER, live_lab.PUBLISHER, lab.seen_b))
    return next(filter(None, (attempt(*end) for end in ends)), None)


def attempt(edge, host, source, target, seen):
    before = edge.call("stats_get")["seal"]
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, UNNAMED_PORT))
        for datagram in (FRAGMENTED, *(row[-1] for row in ATTEMPTS)):
            for port in PORTS:
                sender.sendto(datagram, (target, port))
    expected = collections.Counter(outcome for _, outcome, _ in ATTEMPTS for _ in PORTS)
    end = time.monotonic() + SECONDS
    while expected - drops(before, edge) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.2)  # for one that should not have come to show itself
    astray = [frame for _, frame in seen.frames if MARK in frame]
    if astray:
        return f"{len(astray)} frames of plain media came to the router from {source}"
    counted = drops(before, edge)
    if expected - counted or (counted - expected).total() > FRAGMENTS:
        return f"from {source} dropped {counted}, expected {expected} and the fragments"
    return None


def drops(before, edge):
    """What one direction has dropped since, by name: a Counter."""
    return collections.Counter(edge.call("stats_get")["seal"]["drops"]) - collections.Counter(before["drops"])


PARTS = (("ARP", arp), ("ND", nd), ("IPv4 and IPv6 from end to end", through_both), ("DHCP", dhcp), ("ssh", ssh),
         ("RTP outside the media ranges", outside_the_ranges), ("plain media in other clothes", plain_media))
