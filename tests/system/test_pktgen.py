# SPDX-License-Identifier: BSD-3-Clause
"""scripts/pktgen without Pktgen: its scripts against a table that takes what Pktgen takes and plays a device,
what they have Pktgen send against the daemon, and the search in Lua and in Python against known devices."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "bench")]
import cases  # noqa: E402
import edge  # noqa: E402
import frames  # noqa: E402
import pcap  # noqa: E402
import rate_search  # noqa: E402

SCRIPTS = ROOT / "scripts" / "pktgen"
STAND_IN = ROOT / "tests" / "support" / "pktgen.lua"
LINK = 10e6  # packets a second at 100 %, as the stand-in has it
FCS = 4
CAPACITIES = (37_000, 1_234_567, 3_210_000, 9_999_000)
SETTINGS = {"fixed": {}, "mixed": {"SMALLEST": 100, "LARGEST": 1250, "STEP": 50}, "flows": {"FLOWS": 1000},
            "recording": {}}


def lua(*words, text=True, **environment):
    if not shutil.which("lua5.4"):
        raise cases.Skip("there is no lua5.4: scripts/setup test")
    return subprocess.run(["lua5.4", *map(str, words)], capture_output=True, text=text, check=True, cwd="/",
                          env=os.environ | {f"RTPSEAL_{name}": str(value) for name, value in environment.items()})


class Run:
    """One run of a script: the calls that it made and the result that it wrote."""

    def __init__(self, script, kind="nic", capacity=CAPACITIES[1], **environment):
        with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
            result = pathlib.Path(directory) / "result.json"
            output = lua(STAND_IN, kind, capacity, SCRIPTS / f"{script}.lua", RESULT=result, **environment).stdout
            self.result = json.loads(result.read_text())
        self.calls = [line.split("\t")[1:] for line in output.splitlines() if line.startswith("CALL\t")]

    def last(self, *beginning):
        """The last argument of the last call that begins like this."""
        return [call[-1] for call in self.calls if tuple(call[: len(beginning)]) == beginning][-1]


def bytes_of(shown):
    """What the stand-in has printed, as bytes."""
    out, at = bytearray(), 0
    while at < len(shown):
        if shown[at] == "%":
            out.append(int(shown[at + 1 : at + 3], 16))
            at += 3
        else:
            out += shown[at].encode()
            at += 1
    return bytes(out)


def frame_of(run):
    """The frame that Pktgen makes of a script's settings: 16 bytes of pattern over and over (15 of its own and
    a NUL), as long as was asked for, headers written over its beginning."""
    pattern = bytes_of(run.last("userPattern", "0"))
    size = int(run.last("set", "0", "size")) - FCS
    filled = (pattern[:15].ljust(16, b"\0") * (size // 16 + 1))[:size]
    flow = frames.Flow(run.last("set_ipaddr", "0", "src").split("/")[0], int(run.last("set", "0", "sport")),
                       run.last("set_ipaddr", "0", "dst"), int(run.last("set", "0", "dport")))
    return frames.udp_frame(flow, filled[42:])


# ---- what is sent ------------------------------------------------------------------------------


def pktgen_takes_every_call_of_every_script(checks):
    for script, settings in SETTINGS.items():
        run = Run(script, **settings)
        checks.equal(run.calls[-1][0], "quit", f"{script}: the last call")
        checks.equal(run.last("set", "0", "count"), "0", f"{script}: count")


def what_is_sent_is_rtp_of_the_size_asked_for(checks):
    for payload_bytes in (1, 160, 500, 1200, 1460):
        datagram = frames.parse_udp(frame_of(Run("fixed", BYTES=payload_bytes)))
        packet = frames.parse_rtp(datagram.payload)
        checks.true(packet is not None, f"{payload_bytes}: no RTP")
        checks.equal((packet.payload_type, packet.padding, len(packet.header)), (96, b"", 12), f"{payload_bytes}: RTP")
        checks.equal(len(packet.body), payload_bytes, "payload")


def sizes_stay_within_what_pktgen_sends(checks):
    run = Run("mixed", **SETTINGS["mixed"])
    sizes = [int(run.last("range.pkt_size", "0", name)) for name in ("start", "min", "max", "inc")]
    checks.equal(sizes, [158, 158, 1308, 50], "frames with FCS: start, min, max, inc")


def a_recording_has_a_packet_of_each_flow(checks):
    for flows, packets in ((1, 65536), (3, 3), (65536, 65536)):
        with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
            path = pathlib.Path(directory) / "recording.pcap"
            path.write_bytes(lua(SCRIPTS / "make_recording.lua", 20, flows, text=False).stdout)
            frames_of = [frame for _, frame in pcap.read(path)]
        checks.equal(len(frames_of), packets, f"{flows} flows: packets")
        found = [frames.parse_udp(frame) for frame in frames_of[:: max(1, packets // 1000)]]
        checks.equal(frames.checksum(frames_of[-1][14:34]), 0, f"{flows} flows: the checksum of the IP header")
        checks.true(all(len(frames.parse_rtp(one.payload).body) == 20 for one in found), f"{flows} flows: payloads")
        checks.equal(len({frame[26:38] for frame in frames_of}), flows, f"{flows} flows: addresses and ports")


def flows_are_as_many_as_asked_for(checks):
    for flows in (1, 2, 1000, 32768, 32769, 65536):
        run = Run("flows", FLOWS=flows)
        low, high, step = (int(run.last("range.dst_port", "0", name)) for name in ("min", "max", "inc"))
        addresses = 1 + (run.last("range.dst_ip", "0", "min") != run.last("range.dst_ip", "0", "max"))
        ports = high - low + 1
        # Both count up with every packet: only without a common divisor do all pairs come about.
        pairs = {(n % addresses, n % ports) for n in range(addresses * ports)}
        checks.true(flows <= len(pairs) <= flows + 2, f"{flows} flows: {len(pairs)} pairs")
        checks.true(low >= 1024 and high < 65535, f"{flows} flows: ports {low} to {high}")
        checks.equal(step, int(ports > 1), f"{flows} flows: the step")
        checks.equal(run.result["flows"], len(pairs), f"{flows} flows: what is told")


# ---- the daemon's side -------------------------------------------------------------------------


def the_daemon_takes_both_configurations(checks):
    for name in ("nic.yaml", "memif.yaml"):
        done = subprocess.run([edge.DAEMON, "--check-config", "-c", SCRIPTS / name], capture_output=True, text=True,
                              check=False)
        checks.equal((done.returncode, done.stderr), (0, ""), name)


def the_daemon_seals_what_is_sent_and_no_other_flow(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        state = pathlib.Path(directory) / "state.yaml"
        state.write_text(lua(SCRIPTS / "streams.lua", 5, "AES_256_GCM_SHA512_128").stdout)
        ports = [{"vdev": f"net_memif{n},role=server,id={n},socket={directory}/memif.sock,socket-abstract=no"}
                 for n in (0, 1)]
        media = [{"ip": "198.18.0.0/15", "ports": "10000-65535"}, {"ip": "198.51.100.0/24", "ports": "20000-20999"}]
        with edge.Edge(directory, [edge.link("edge0", *ports, media)]) as daemon:
            daemon.ctl_json("apply", "-f", str(state))
            daemon.call("session_connect", session_id="pktgen", base_key="5a" * 32)
            flow = frames.parse_udp(frame_of(Run("fixed"))).flow
            for port in range(flow.dst_port, flow.dst_port + 6):
                answer = daemon.call("flow_explain", link="edge0", direction="seal", payload_type=96,
                                     flow={"src_ip": flow.src, "src_port": flow.src_port, "dst_ip": flow.dst,
                                           "dst_port": port})
                expected = "sealed" if port < flow.dst_port + 5 else "dropped"
                checks.equal(answer["answers"][0]["verdict"], expected, f"port {port}")


# ---- the search --------------------------------------------------------------------------------


def check_found(checks, what, rate, trials, capacity):
    checks.true(0.97 * capacity <= rate <= 1.006 * capacity, f"{what}: found {rate:.0f} of {capacity}")
    checks.true(trials >= rate_search.LEAST_TRIALS, f"{what}: {trials} trials")


def lua_finds_what_a_device_carries(checks):
    for kind in ("nic", "memif"):
        for capacity in CAPACITIES:
            run = Run("fixed", kind, capacity, TRIALS=14)
            for name in ("no_drop", "half_percent_loss"):
                check_found(checks, f"{kind}, {name}", run.result[f"{name}_packets_per_second"],
                            run.result["trials"] // 2, capacity)


def python_finds_what_a_device_carries(checks):
    for holds_back in (False, True):
        for capacity in CAPACITIES:
            def trial(rate, _, capacity=capacity, holds_back=holds_back):
                carried = int(min(rate, capacity))
                return rate_search.Outcome(rate, carried if holds_back else int(rate), carried)

            for tolerance in (0, 0.005):
                found = rate_search.search(trial, LINK / 1000, LINK, tolerance, 14)
                check_found(checks, f"holds back {holds_back}, {tolerance}", found.outcome.received, found.trials,
                            capacity)


def a_rate_that_passed_by_luck_is_not_confirmed(checks):
    def lucky(rate, confirming):
        lost = confirming and rate > 900
        return rate_search.Outcome(rate, int(rate), int(rate) - lost)

    found = rate_search.search(lucky, 1, 1000, 0)
    checks.true(880 <= found.rate <= 900, f"found {found.rate}")


def what_loses_at_any_rate_passes_at_none(checks):
    found = rate_search.search(lambda rate, _: rate_search.Outcome(rate, 1000, 500), 1, 1000, 0.005)
    checks.equal((found.rate, found.outcome), (None, None), "found")
    checks.equal(Run("fixed", capacity=1).result["no_drop_packets_per_second"], 0, "in Lua")


def what_the_device_drops_counts_as_lost(checks):
    checks.true(not rate_search.passes(rate_search.Outcome(100, 100, 100, dropped=1), 0), "one drop passes")
    checks.true(rate_search.passes(rate_search.Outcome(1000, 1000, 995, dropped=5), 0.005), "0.5 % does not")


cases.run("pktgen", [
    pktgen_takes_every_call_of_every_script,
    what_is_sent_is_rtp_of_the_size_asked_for,
    sizes_stay_within_what_pktgen_sends,
    flows_are_as_many_as_asked_for,
    a_recording_has_a_packet_of_each_flow,
    the_daemon_takes_both_configurations,
    the_daemon_seals_what_is_sent_and_no_other_flow,
    lua_finds_what_a_device_carries,
    python_finds_what_a_device_carries,
    a_rate_that_passed_by_luck_is_not_confirmed,
    what_loses_at_any_rate_passes_at_none,
    what_the_device_drops_counts_as_lost,
])
