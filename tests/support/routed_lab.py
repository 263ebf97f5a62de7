# SPDX-License-Identifier: BSD-3-Clause
"""Generated packets of three publishers through an edge that seals, what a test's router makes of them,
and an edge that opens, to one subscriber. One step at a time: the router works while nothing moves."""

import random

import call
import frames
import path_lab
import router

SESSION = "routed"
PUBLISHERS = tuple(frames.Flow("203.0.113.10", 41000 + n, "198.51.100.20", 20100 + n) for n in range(3))
# Payload types as the publishers have them, and as the subscriber has them.
PUBLISHED = {"VP8": 96, "VP9": 98, "H264": 102, "H265": 104, "AV1": 45, "opus": 111, "other": 0}
SUBSCRIBED = {"VP8": 97, "VP9": 99, "H264": 103, "H265": 105, "AV1": 46, "opus": 110, "other": 8}
# Retransmissions of each of these.
PUBLISHED_RTX = {"VP8": 112, "VP9": 113, "H264": 114, "H265": 100,
                 "AV1": 101, "opus": 115, "other": 116}
SUBSCRIBED_RTX = {"VP8": 117, "VP9": 118, "H264": 119, "H265": 106,
                  "AV1": 107, "opus": 120, "other": 121}
OUT_SSRC = 0x5E1EC7ED


def payload_types(types, retransmissions):
    """As stream_publish and stream_subscribe want them."""
    return ({str(number): {"codec": codec} for codec, number in types.items()}
            | {str(number): {"codec": "rtx", "apt": types[codec]}
               for codec, number in retransmissions.items()})


def noise(count, seed):
    return random.Random(seed).randbytes(count)


class Lab:
    def __init__(self, publisher, subscriber):
        self.publisher, self.subscriber = publisher, subscriber
        for one in (publisher, subscriber):
            one.call("session_create", session_id=SESSION, e2ee=True)
            one.call("session_connect", session_id=SESSION, base_key="3c" * 64)
        for flow in PUBLISHERS:
            publisher.call("stream_publish", session_id=SESSION, link=call.LINK, flow=router.flow_of(flow),
                           payload_types=payload_types(PUBLISHED, PUBLISHED_RTX))
        subscriber.call("stream_subscribe", session_id=SESSION, link=call.LINK,
                        flow=router.flow_of(router.SUBSCRIBER),
                        payload_types=payload_types(SUBSCRIBED, SUBSCRIBED_RTX))
        self.seal = path_lab.Side(publisher, "seal", "pub0", "r-a")
        self.open = path_lab.Side(subscriber, "open", "r-b", "sub0")
        self.sequences = [65500, 100, 7]  # the next of each publisher; one wraps

    def packet(self, codec, body, who=0, **changes):
        """The publisher's next packet."""
        number = self.sequences[who]
        self.sequences[who] += 1
        made = router.Packet(PUBLISHED[codec], number & 0xFFFF, number * 960, 0xA0000000 + who, body)
        return made.but(**changes)

    def sealed(self, packets):
        """What the router receives for these, in this order."""
        out, counted = self.seal.send(*(frames.udp_frame(PUBLISHERS[packet.ssrc & 3], packet.write())
                                        for packet in packets))
        if counted != {"sealed": len(packets)}:
            raise RuntimeError(f"of {len(packets)} packets the edge counted {counted}")
        return [router.read_frame(frame) for frame in out]

    def deliver(self, packets):
        """Sends these to the opening edge; returns (packets that came out, what it counted)."""
        out, counted = self.open.send(*(router.write_frame(packet) for packet in packets))
        return [router.read_frame(frame) for frame in out], counted

    def through(self, checks, what, packets, make_route):
        """Checks that a router which makes `route(packet)`, a list, of each packet brings out what it
        would have made of the plain ones. Returns that."""
        plain_route, sealed_route = make_route(), make_route()
        expected = [out for packet in packets for out in plain_route(packet)]
        routed = [out for packet in self.sealed(packets) for out in sealed_route(packet)]
        opened, counted = self.deliver(routed)
        checks.true(len(expected) > 0, f"{what}: the router forwarded nothing")
        checks.equal(counted, {"opened": len(expected)}, f"{what}: counted")
        wrong = [number for number, (a, b) in enumerate(zip(opened, expected)) if a != b]
        checks.equal((len(opened), wrong), (len(expected), []), f"{what}: came out, and otherwise")
        return expected


FORWARDED = {number: SUBSCRIBED[codec] for codec, number in PUBLISHED.items()}


class Forwarder:
    """What every router does to every packet: one SSRC, one run of sequence numbers, its own timestamps
    and payload types."""

    def __init__(self):
        self.sequence = 65530

    def __call__(self, packet):
        self.sequence += 1
        return packet.but(ssrc=OUT_SSRC, sequence=self.sequence & 0xFFFF, timestamp=packet.timestamp ^ 0x1234567,
                          payload_type=FORWARDED[packet.payload_type])
