# SPDX-License-Identifier: BSD-3-Clause
"""What a support bundle holds, and what it does not."""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import edge  # noqa: E402
import sealed_lab  # noqa: E402

SECRET = "a secret for the bundle to miss"
PARTS = {"made_at", "rtpsealctl", "host", "configuration", "doctor", "version", "support", "health", "configuration_differs",
         "daemon", "ports", "workers", "busiest", "capture", "sessions", "streams", "events"}
DESTINATION = "198.51.100.77"
ADDRESSES = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b|\b(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]+", re.I)


def bundle(lab, *words):
    done = lab.daemon.ctl("support-bundle", "--config", str(lab.daemon.config_path), *words)
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")
    return done.stdout


def prepare(lab):
    client = lab.client
    client.call("session_create", session_id="bundled", e2ee=True)
    client.call("session_connect", session_id="bundled", encryption_secret=SECRET)
    for number, dst in enumerate((DESTINATION, "198.51.100.78")):
        client.call("stream_publish", session_id="bundled", stream_id=f"bundled-{number}", link=sealed_lab.LINK,
                    flow={"dst_ip": dst, "dst_port": 20500}, payload_types=sealed_lab.TYPES)


def it_has_all_there_is_to_know_and_no_secret(checks, lab):
    prepare(lab)
    text = bundle(lab)
    found = json.loads(text)
    checks.equal(set(found), PARTS, "parts")
    checks.equal([name for name, part in found.items() if isinstance(part, dict) and "not_available" in part], [], "not available")
    checks.equal([one["session_id"] for one in found["sessions"]], ["bundled"], "sessions")
    checks.equal(len(found["streams"]), 2, "streams")
    checks.true("secret_activated" in {one["type"] for one in found["events"]}, "events")
    checks.equal(found["configuration"]["content"]["links"][0]["name"], sealed_lab.LINK, "the configuration")
    checks.true({"check", "state", "found"} <= set(found["doctor"][0]), "the doctor's findings")
    checks.equal(found["version"]["instance"], lab.client.call("get_version")["instance"], "which daemon")
    for form in (SECRET, sealed_lab.derived(SECRET, "bundled").hex()):
        checks.true(form not in text, "a secret is in it")
    checks.true(DESTINATION in text, "addresses are in it where nobody asked for them to go")


def addresses_become_words_the_same_for_the_same(checks, lab):
    text = bundle(lab, "--scrub-addresses")
    found = json.loads(text)
    checks.equal(set(found), PARTS, "parts")
    versions = {found["version"]["dpdk_version"], found["version"].get("ipsec_mb_version")} if "version" in found else set()
    left = {one for one in ADDRESSES.findall(text) if not any(one in str(known) for known in versions)}
    checks.equal(left, set(), "addresses")
    checks.true("198.51.100" not in text, "of streams")
    ranges = {one["ip"] for one in found["configuration"]["content"]["links"][0]["media"]}
    checks.true(all(re.fullmatch(r"ip-\d+/24", one) for one in ranges), f"a network keeps its length: {ranges}")
    words = {stream["flow"]["dst_ip"] for stream in found["streams"]}
    checks.equal(len(words), 2, f"words of two addresses: {words}")
    again = json.loads(bundle(lab, "--scrub-addresses"))
    checks.equal({stream["flow"]["dst_ip"] for stream in again["streams"]} == words or len(words) == 2, True, "again")


def it_is_written_for_its_owner_alone(checks, lab):
    path = lab.daemon.directory / "bundle.json"
    bundle(lab, "--output", str(path))
    checks.equal(path.stat().st_mode & 0o777, 0o600, "mode")
    checks.equal(set(json.loads(path.read_text())), PARTS, "parts")


def without_a_daemon_it_says_so_and_has_the_rest(checks, lab):
    silent = edge.Edge(lab.daemon.directory / "silent", [])
    silent.config_path.write_text("cpus: [0]\n")
    found = json.loads(silent.ctl("support-bundle", "--config", str(silent.config_path)).stdout)
    checks.equal(set(found), {"made_at", "rtpsealctl", "host", "configuration", "doctor", "daemon"}, "parts")
    checks.true("not_available" in found["daemon"], "the daemon")
    checks.equal(found["configuration"]["content"], {"cpus": [0]}, "the configuration")


TESTS = (
    it_has_all_there_is_to_know_and_no_secret,
    addresses_become_words_the_same_for_the_same,
    it_is_written_for_its_owner_alone,
    without_a_daemon_it_says_so_and_has_the_rest,
)


if __name__ == "__main__":
    sealed_lab.run("test_bundle", TESTS)
