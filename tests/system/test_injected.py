# SPDX-License-Identifier: BSD-3-Clause
"""Plain frames that media routers make up, at an edge whose link lets known ones through and at one
whose link drops them."""

import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import call  # noqa: E402
import cases  # noqa: E402
import frames  # noqa: E402
import netns  # noqa: E402
import path_lab  # noqa: E402
from frames import Flow  # noqa: E402

FLOW = Flow("203.0.113.10", 41000, "198.51.100.20", 20100)
TYPES = {"96": {"codec": "VP8"}, "102": {"codec": "H264"}, "111": {"codec": "opus"}}

# LiveKit, pkg/sfu/downtrack.go: VP8KeyFrame8x8 and H264KeyFrame2x2; Opus's silence.
VP8_BLANK = bytes.fromhex("1002009d012a0800" "0800004708858588" "8584880202000c0d" "6000feffab5080")
H264_UNITS = [bytes.fromhex(text) for text in (
    "6742c01f0fd91f888884000003000400000300c83c60c920", "6887cb83cb20", "6588840af2628000a7be")]
STAP_A = b"\x18" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in H264_UNITS)
SILENCE = bytes.fromhex("f8fffe")
KNOWN = (("silence", 111, SILENCE), ("blank VP8", 96, b"\x90\x80\x92\x34" + VP8_BLANK),
         ("blank H264", 102, STAP_A), ("an SPS alone", 102, H264_UNITS[0]))
OTHER = (("silence of another kind", 111, SILENCE + b"\0"), ("silence as VP8", 96, SILENCE),
         ("VP8 without a descriptor", 96, VP8_BLANK), ("H264 cut", 102, STAP_A[:-1]),
         ("silence under a type nobody named", 97, SILENCE), ("speech", 111, b"\xfc" + bytes(60)))


def frame_of(payload_type, body):
    return frames.udp_frame(FLOW, frames.rtp(payload_type, 1, 160, 0x0BADCAFE, body))


def known_frames_pass_unchanged_where_the_link_says_so(checks, passing, _):
    for what, payload_type, body in KNOWN:
        frame = frame_of(payload_type, body)
        checks.equal(passing.send(frame), ([frame], {"injected": 1}), what)


def nothing_else_that_is_plain_passes(checks, passing, _):
    for what, payload_type, body in OTHER:
        checks.equal(passing.send(frame_of(payload_type, body)), ([], {"not_sealed": 1}), what)


def by_default_known_frames_are_dropped_too(checks, _, dropping):
    for what, payload_type, body in KNOWN:
        checks.equal(dropping.send(frame_of(payload_type, body)), ([], {"not_sealed": 1}), what)


def the_stream_counts_them(checks, passing, _):
    counters = passing.daemon.call("stats_get", scope="stream", stream_id="in")["open"]
    checks.equal(counters["passes"]["injected"], len(KNOWN), "injected")
    checks.equal(counters["drops"]["not_sealed"], len(OTHER), "not_sealed")


TESTS = (
    known_frames_pass_unchanged_where_the_link_says_so,
    nothing_else_that_is_plain_passes,
    by_default_known_frames_are_dropped_too,
    the_stream_counts_them,
)


def connect(daemon):
    daemon.call("session_create", session_id="injected", e2ee=True)
    daemon.call("session_connect", session_id="injected", base_key="5a" * 48)
    daemon.call("stream_subscribe", session_id="injected", stream_id="in", link=call.LINK,
                flow={"dst_ip": FLOW.dst, "dst_port": FLOW.dst_port}, payload_types=TYPES)


def main():
    netns.enter()
    wires = call.Wires()
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        dropping, passing = wires.edges(directory)
        passing.config["links"][0]["injected"] = "pass_known"
        with contextlib.closing(wires), dropping, passing:
            connect(dropping)
            connect(passing)
            cases.run("test_injected", TESTS, path_lab.Side(passing, "open", "r-b", "sub0"),
                      path_lab.Side(dropping, "open", "r-a", "pub0"))


if __name__ == "__main__":
    main()
