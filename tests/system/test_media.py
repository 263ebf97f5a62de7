# SPDX-License-Identifier: BSD-3-Clause
"""Real recordings through two edges, the secret changed on the way; the sealed side as tshark reads
it: valid RTP of the same sequences, with checksums and codec headers in order."""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import pcap  # noqa: E402

SECONDS = 6
SUITE_OVERHEAD = 28
TSHARK = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o",
          "vp8.dynamic.payload.type:96", "-o", "h264.dynamic.payload.type:102", "-d",
          "udp.port==20000-20006,rtp"]
GOOD = "1"  # tshark's status of a checksum that is right


class Call:
    """One call for all tests: played once, with a change of secret on each edge."""

    def __init__(self, directory, publisher, subscriber):
        self.directory = directory
        call.connect(publisher, subscriber, call.new_secret())
        self.media = call.Media(call.load(SECONDS))
        for _ in range(2):
            time.sleep(1.0)
            # Told first, the opening edge has the secret before anybody can seal with it: so nothing
            # is lost however slow this machine is.
            call.in_turn((subscriber, publisher), "session", "set-secret", call.SESSION, "--secret-stdin",
                         "--activate-after-ms", "500", "--grace-ms", "30000", stdin=call.new_secret())
            time.sleep(0.8)
        self.media.finish(publisher, subscriber)
        self.epochs = [edge.call("session_get", session_id=call.SESSION)["epoch"]
                       for edge in (publisher, subscriber)]
        self.stats = [edge.call("stats_get") for edge in (publisher, subscriber)]
        self.sent_path, self.sealed_path = directory / "sent.pcap", directory / "sealed.pcap"
        pcap.write(self.sent_path, self.media.sent)
        pcap.write(self.sealed_path, self.media.sealed)

    def fields(self, path, *names):
        """What tshark reads in each frame of a capture, a tuple of texts."""
        if shutil.which("tshark") is None:
            raise cases.Skip("tshark is not installed: scripts/setup test")
        words = [word for name in names for word in ("-e", name)]
        done = subprocess.run(["tshark", "-r", path, *TSHARK, "-T", "fields", *words],
                              capture_output=True, text=True, check=True)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def every_packet_comes_out_as_it_went_in(checks, played):
    for one in call.RECORDINGS:
        outcome = played.media.outcome(one.ssrc)
        checks.true(len(outcome.sent) > 100, f"{one.name}: only {len(outcome.sent)} packets were sent")
        checks.equal((len(outcome.lost), len(outcome.garbled), outcome.disordered), (0, 0, False),
                     f"{one.name}: lost, garbled, out of order")
    checks.equal(played.media.strangers(), [], "frames that nobody sent")
    checks.equal(played.epochs, [3, 3], "epochs of both edges at the end")


def nothing_leaves_in_clear(checks, played):
    """The end of every payload; but an H.264 aggregate may end in a parameter set, which stays clear."""
    bodies = [frames.parse_rtp(frames.parse_udp(frame).payload) for _, frame in played.media.sent]
    sealed = b"".join(frame for _, frame in played.media.sealed)
    looked_for = [rtp for rtp in bodies if len(rtp.body) > 56
                  and not (rtp.payload_type == 102 and rtp.body[0] & 31 == 24)]
    checks.true(len(looked_for) > len(bodies) / 2, "too few payloads to say anything")
    found = [f"payload type {rtp.payload_type}, sequence {rtp.sequence}" for rtp in looked_for
             if rtp.body[-32:] in sealed]
    checks.equal(found, [], "payloads whose ends are on the sealed side")


def tshark_reads_the_same_rtp_on_the_sealed_side(checks, played):
    names = ("ip.src", "ip.dst", "udp.srcport", "udp.dstport", "rtp.version", "rtp.ssrc", "rtp.seq",
             "rtp.timestamp", "rtp.p_type", "rtp.marker", "rtp.ext", "rtp.padding", "rtp.padding.count")
    sent, sealed = played.fields(played.sent_path, *names), played.fields(played.sealed_path, *names)
    checks.equal(len(sealed), len(sent), "packets")
    checks.equal({row[4] for row in sealed}, {"2"}, "RTP versions")
    for number, (a, b) in enumerate(zip(sent, sealed), 1):
        if a != b:
            checks.equal(b, a, f"packet {number}")
            break


def checksums_and_lengths_are_right_on_the_sealed_side(checks, played):
    names = ("ip.checksum.status", "udp.checksum.status", "frame.len", "ip.len", "udp.length")
    sent, sealed = played.fields(played.sent_path, *names), played.fields(played.sealed_path, *names)
    checks.equal({row[:2] for row in sealed}, {(GOOD, GOOD)}, "checksums")
    grown = {tuple(int(b) - int(a) for a, b in zip(x[2:], y[2:])) for x, y in zip(sent, sealed)}
    checks.equal(grown, {(SUITE_OVERHEAD,) * 3}, "by how much frames, IP and UDP have grown")


def tshark_still_reads_codec_headers(checks, played):
    rows = (
        ("VP8", ("vp8.pld.pictureid", "vp8.pld.s", "vp8.pld.partid", "vp8.hdr.frametype",
                 "vp8.hdr.version", "vp8.hdr.show", "vp8.keyframe.width", "vp8.keyframe.height")),
        ("H264", ("h264.nal_unit_hdr", "h264.nal_nri", "h264.profile_idc", "h264.level_id", "h264.start.bit",
                  "h264.end.bit")),
    )
    for codec, names in rows:
        sent, sealed = played.fields(played.sent_path, *names), played.fields(played.sealed_path, *names)
        checks.true(sum(any(row) for row in sent) > 100, f"{codec}: tshark read no header at all")
        differing = [number for number, (a, b) in enumerate(zip(sent, sealed), 1) if a != b]
        checks.equal(differing, [], f"{codec}: packets whose headers read otherwise")
    expert = played.fields(played.sealed_path, "_ws.malformed")
    checks.equal([n for n, row in enumerate(expert, 1) if any(row)], [], "packets that tshark calls malformed")


def vp9_descriptor(body):
    """The payload descriptor's bytes and B bit (RFC 9628 section 4.2), non-flexible mode."""
    first, at = body[0], 1
    if first & 0x80:
        at += 2 if body[at] & 0x80 else 1
    if first & 0x20:
        at += 2
    if first & 0x02:
        structure = body[at]
        at += 1
        at += 4 * ((structure >> 5) + 1) if structure & 0x10 else 0
        if structure & 0x08:
            groups = body[at]
            at += 1
            for _ in range(groups):
                at += 1 + (body[at] >> 2 & 3)
    return body[:at], bool(first & 0x08)


def vp9_headers_stay_as_they_were(checks, played):
    """tshark 4.0 knows no VP9: read here by the RFC."""
    outcome = played.media.outcome(call.RECORDINGS[1].ssrc)
    starts = 0
    for (_, sent), (_, sealed) in zip(outcome.sent, outcome.sealed):
        body, sealed_body = (frames.parse_rtp(frames.parse_udp(f).payload).body for f in (sent, sealed))
        descriptor, begins = vp9_descriptor(body)
        clear = len(descriptor) + begins
        starts += begins
        checks.equal(sealed_body[:clear], body[:clear], "descriptor and first byte")
        if len(body) > clear + 16:
            checks.true(sealed_body[clear : len(body)] != body[clear:], "the rest is in clear")
    checks.true(starts > 50, f"only {starts} frames of VP9 began")


def counters_tell_the_same(checks, played):
    sent = len(played.media.sent)
    publisher, subscriber = played.stats
    checks.equal((publisher["seal"]["packets_in"], publisher["seal"]["passes"]["sealed"]), (sent, sent),
                 "in and sealed at the sealing edge")
    checks.equal((subscriber["open"]["packets_in"], subscriber["open"]["passes"]["opened"]), (sent, sent),
                 "in and opened at the opening edge")
    checks.equal(publisher["seal"]["bytes_out"] - publisher["seal"]["bytes_in"], SUITE_OVERHEAD * sent,
                 "bytes that sealing added")
    for edge in played.stats:
        for direction in ("seal", "open"):
            drops = {name: count for name, count in edge[direction]["drops"].items() if count}
            checks.equal(drops, {}, f"drops, {direction}")


TESTS = (
    every_packet_comes_out_as_it_went_in,
    nothing_leaves_in_clear,
    tshark_reads_the_same_rtp_on_the_sealed_side,
    checksums_and_lengths_are_right_on_the_sealed_side,
    tshark_still_reads_codec_headers,
    vp9_headers_stay_as_they_were,
    counters_tell_the_same,
)


def main():
    netns.enter()
    network = call.Network()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        publisher, subscriber = network.edges(directory)
        with contextlib.closing(network), publisher, subscriber:
            played = Call(pathlib.Path(directory), publisher, subscriber)
            cases.run("test_media", TESTS, played)


if __name__ == "__main__":
    main()
