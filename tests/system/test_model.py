# SPDX-License-Identifier: BSD-3-Clause
"""The wire format's model in Python against the independent vectors, and the dataplane against the
model: on the file in the repository, and on payloads made anew each time."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.path.insert(0, str(ROOT / "tests" / "model"))
import cases  # noqa: E402
import wire_format as wire  # noqa: E402

BUILD = pathlib.Path(os.environ.get("RTPSEAL_BUILD", ROOT / "build"))
VECTORS = ROOT / "tests" / "vectors"
ROUNDS = 3


def generate(*words):
    return subprocess.run(["/usr/bin/python3", ROOT / "tests" / "model" / "make_vectors", *words],
                          capture_output=True, text=True, check=True)


def check_file(path):
    return subprocess.run([BUILD / "tests" / "vectors", path], capture_output=True, text=True,
                          check=False)


def the_model_seals_as_the_independent_vectors_do(checks):
    for group in json.loads((VECTORS / "sealed-payloads.json").read_text()):
        suite = next(one for one in wire.SUITES if one.number == group["suite"])
        secret = wire.extract(suite.digest, wire.base_key(group["secret"], group["session_id"]))
        checks.equal(secret.hex(), group["sframe_secret"], f"sframe_secret of {suite.number:#06x}")
        checks.equal(wire.fingerprint(suite.digest, secret), group["fingerprint"], "fingerprint")
        for packet in group["packets"]:
            kid = wire.make_kid(int(packet["sender_id"], 16), suite, wire.key_tag(suite.digest, secret))
            ctr = wire.make_ctr(int(packet["ctr_prefix"], 16), packet["count"])
            sealed = wire.seal(suite, packet["codec"], bytes.fromhex(packet["plain"]), kid, ctr,
                               wire.sender_keys(suite, secret, kid))
            checks.equal(sealed.hex(), packet["sealed"],
                         f"{suite.number:#06x} {packet['codec']}: {packet['name']}")


def the_file_in_the_repository_is_what_the_model_makes(checks):
    checks.true(generate().stdout == (VECTORS / "model-payloads.json").read_text(),
                "tests/vectors/model-payloads.json: make it anew by tests/model/make_vectors")


def the_dataplane_agrees_with_the_model(checks):
    done = check_file(VECTORS / "model-payloads.json")
    checks.equal(done.returncode, 0, f"exit code; it said:\n{done.stdout}{done.stderr}")


def the_dataplane_agrees_on_payloads_made_anew(checks):
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        path = pathlib.Path(directory) / "payloads.json"
        for _ in range(ROUNDS):
            made = generate("--seed", "random")
            path.write_text(made.stdout)
            done = check_file(path)
            checks.equal(done.returncode, 0, f"exit code ({made.stderr.strip()}); it said:\n{done.stdout}")


if __name__ == "__main__":
    cases.run("test_model", (
        the_model_seals_as_the_independent_vectors_do,
        the_file_in_the_repository_is_what_the_model_makes,
        the_dataplane_agrees_with_the_model,
        the_dataplane_agrees_on_payloads_made_anew,
    ))
