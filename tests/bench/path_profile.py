# SPDX-License-Identifier: BSD-3-Clause
"""Where a packet's instructions go: by stage of the packet path, the cipher and the port.

Counted by callgrind with the code of IPsec-MB that valgrind can run (no AVX-512, no VAES), so the cipher's
share is larger than it is in production; the project's own is the same."""

import guard
import harness

CASES = ("0xF001 seal 160", "0xF001 open 160", "0x0005 seal 160", "0x0005 open 160", "0x0006 seal 1200", "0x0006 open 1200")

# By the first that a function's name begins with; static functions are counted where they are called from.
STAGES = (
    ("rx", ("rs_rx",)),
    ("classify", ("rs_classify", "rs_packet_parse", "rs_rtp", "rs_demux", "rs_range")),
    ("lookup", ("rs_lookup", "find_", "rs_flow")),
    ("seal, open", ("rs_seal", "seal_group", "rs_open", "open_group", "rs_opener", "rs_sender", "rs_replay", "rs_secret", "rs_notice")),
    ("payload", ("rs_payload", "rs_codec", "rs_layout", "rs_format", "fill", "gather")),
    ("cipher's jobs", ("seal", "open", "hash", "run", "rs_cipher", "rs_ctr", "rs_hmac", "set_hash")),
    ("tx", ("rs_tx", "count")),
)


def stage_of(place):
    library, function = place
    if "IPSec_MB" in library:
        return "IPsec-MB"
    if "libcrypto" in library:
        return "seal, open"
    if not guard.is_own(place):
        return "port, buffers"
    for stage, beginnings in STAGES:
        if function.startswith(beginnings):
            return stage
    return "the rest"


def run(_options):
    if not harness.exists("instructions"):
        raise harness.Failed("valgrind's header callgrind.h was not there when this was built")
    environment, cases = guard.dumps()
    profiles = {}
    for case in CASES:
        profile = dict.fromkeys([stage for stage, _ in STAGES] + ["the rest", "IPsec-MB", "port, buffers"], 0)
        for place, spent in cases[case].items():
            profile[stage_of(place)] += spent
        profiles[case] = {stage: round(spent) for stage, spent in profile.items()}
    return {"environment": environment, "instructions": profiles}


def show(result):
    profiles = result["instructions"]
    print(f"instructions per packet, {result['environment']['isa']}")
    print(" " * 16 + "".join(f"{case:>18}" for case in profiles))
    for stage in next(iter(profiles.values())):
        print(f"{stage:16}" + "".join(f"{profile[stage]:18}" for profile in profiles.values()))


def draw(result, figure):
    axes = figure.subplots()
    profiles = result["instructions"]
    left = [0] * len(profiles)
    for stage in next(iter(profiles.values())):
        spent = [profile[stage] for profile in profiles.values()]
        axes.barh(list(profiles), spent, left=left, label=stage)
        left = [a + b for a, b in zip(left, spent)]
    axes.set_xlabel("instructions per packet")
    axes.legend(fontsize="small")
