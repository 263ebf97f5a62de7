# SPDX-License-Identifier: BSD-3-Clause
"""Five hosts in namespaces of their own, as the kernel runs them: with addresses, ARP, ND and routes.

    publisher pub0 == a-plain [edge A] a-sealed == r-a router r-b == b-sealed [edge B] b-plain == sub0 subscriber

The router is this process's namespace: it forwards IPv4 and IPv6, and sees the sealed sides.
"""

import pathlib
import subprocess

import call
import netns

PUBLISHER, SUBSCRIBER = "203.0.113.10", "198.51.100.20"
PUBLISHER6, SUBSCRIBER6 = "2001:db8:1::10", "2001:db8:5::20"
ROUTER_A, ROUTER_B = "203.0.113.1", "198.51.100.1"
ROUTER_A6, ROUTER_B6 = "2001:db8:1::1", "2001:db8:5::1"


def awaken(name, addresses, gateways=(), prefix=()):
    """Gives an interface that netns.py silenced its ARP, IPv6 and addresses, and finished checksums: none is
    computed for a packet that stays on a host, which a packet socket is not told."""
    commands = [f"echo 0 > /proc/sys/net/ipv6/conf/{name}/disable_ipv6", f"ip link set {name} arp on",
                f"ethtool -K {name} tx off >/dev/null"]
    commands += [f"ip addr add {address} dev {name}{' nodad' if ':' in address else ''}" for address in addresses]
    commands += [f"ip route add default via {gateway}" for gateway in gateways]
    subprocess.run([*prefix, "sh", "-ec", "\n".join(commands)], check=True)


class Network(call.Wires):
    """The wires of a call, their ends awake and a kernel that routes between r-a and r-b."""

    def __init__(self):
        super().__init__()
        self.publisher, self.subscriber = netns.Host(), netns.Host()
        self.hosts |= {"publisher": self.publisher, "subscriber": self.subscriber}
        self.publisher.take("pub0")
        self.subscriber.take("sub0")
        awaken("r-a", [f"{ROUTER_A}/24", f"{ROUTER_A6}/64"])
        awaken("r-b", [f"{ROUTER_B}/24", f"{ROUTER_B6}/64"])
        awaken("pub0", [f"{PUBLISHER}/24", f"{PUBLISHER6}/64"], (ROUTER_A, ROUTER_A6), self.publisher.prefix)
        awaken("sub0", [f"{SUBSCRIBER}/24", f"{SUBSCRIBER6}/64"], (ROUTER_B, ROUTER_B6), self.subscriber.prefix)
        for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            pathlib.Path("/proc/sys/net", setting).write_text("1")
