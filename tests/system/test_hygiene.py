# SPDX-License-Identifier: BSD-3-Clause
"""Where keys are in a running daemon, and where they are not: all of its memory is read, as root can, and
searched for what an independent model derives."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "model"))
import aes  # noqa: E402
import cases  # noqa: E402
import edge  # noqa: E402
import hugepages  # noqa: E402
import frames  # noqa: E402
import rpc  # noqa: E402
import sealed_lab  # noqa: E402
import wire_format as model  # noqa: E402

SECRETS = ("a secret of the first hour", "another one, of the second")
BASE_KEY = "9f" + "c3a5d7" * 16  # of 49 bytes, and nowhere else
SUITES = {"AES_256_CTR_HMAC_SHA512_80": 0x0006, "AES_256_GCM_SHA512_128": 0x0005, "AES_256_CTR": 0xF001,
          "AES_128_CTR_HMAC_SHA256_80": 0x0001, "AES_128_GCM_SHA256_128": 0x0004}
PATIENCE = 20
CHUNK = 1 << 20
HUGEPAGES_WANTED = 128


# ---- what is looked for -------------------------------------------------------------------------

def xored(key, byte, block):
    """HMAC's key block (RFC 2104 section 2)."""
    return bytes(b ^ byte for b in key.ljust(block, b"\0"))


def of_sender(suite, secret, kid):
    """{name: bytes} of what a sender has: its keys, and what is made of them beforehand."""
    key, salt = model.sender_keys(suite, secret, kid)
    cipher, mac = key[: suite.nka], key[suite.nka :]
    round_keys = aes.expand_key(cipher)
    found = {"AES key": cipher, "SFrame salt": salt}
    found |= {f"round key {n}": bytes(words) for n, words in enumerate(round_keys) if n >= 2}
    if mac:
        block = 128 if suite.digest == "sha512" else 64
        found |= {"HMAC key": mac, "HMAC inner block": xored(mac, 0x36, block)[: len(mac)],
                  "HMAC outer block": xored(mac, 0x5C, block)[: len(mac)]}
    return found


def of_secret(text, session):
    """{name: bytes} of what a session key is made of, and has."""
    base = sealed_lab.derived(text, session)
    return {"secret": text.encode(), "base key": base, "sframe_secret, SHA-512": model.extract("sha512", base),
            "sframe_secret, SHA-256": model.extract("sha256", base)}


def needles_of(text, session, packets):
    """`packets`: (suite's number, sealed payload) of what was seen on the wire."""
    needles = of_secret(text, session)
    base = sealed_lab.derived(text, session)
    for number, payload in packets:
        suite = next(one for one in model.SUITES if one.number == number)
        kid = int.from_bytes(payload[-17:-9], "big")
        for name, value in of_sender(suite, model.extract(suite.digest, base), kid).items():
            needles[f"{number:#06x}: {name}"] = value
    return needles


# ---- where it is looked -------------------------------------------------------------------------

def mappings(pid):
    """(begin, end) of all that can be read."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        bounds, mode, *_ = line.split()
        if "r" in mode and not line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
            yield tuple(int(bound, 16) for bound in bounds.split("-"))


def search(pid, needles):
    """{needle's name: addresses}. Pieces overlap, so that nothing hides between two."""
    if edge.is_sanitized(pid):
        raise cases.Skip("a sanitizer keeps freed memory as it was")
    longest = max(len(value) for value in needles.values())
    found, looked_at = {}, 0
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for begin, end in mappings(pid):
            for at in range(begin, end, CHUNK):
                try:
                    memory.seek(at)
                    piece = memory.read(min(CHUNK + longest, end - at))
                except OSError:
                    continue  # reserved, and not there
                looked_at += len(piece)
                if not piece.strip(b"\0"):
                    continue
                for name, value in needles.items():
                    if (place := piece.find(value)) >= 0:
                        found.setdefault(name, []).append(at + place)
    if looked_at < 1 << 20:
        raise RuntimeError(f"only {looked_at} bytes could be read")
    return found


def wait_until_gone(pid, needles, seconds=PATIENCE):
    """What is still there at the end of the time."""
    end = time.monotonic() + seconds
    while (found := search(pid, needles)) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def flags_at(pid, address):
    """The kernel's flags of the mapping that an address lies in (proc(5), VmFlags)."""
    inside = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(bounds[1], 16) <= address < int(bounds[2], 16)
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    return []


# ---- tests --------------------------------------------------------------------------------------

class Media:
    """A session with a stream of each suite; what was sealed tells the KIDs."""

    def __init__(self, lab, session, text):
        self.lab, self.session = lab, session
        lab.client.call("session_create", session_id=session, e2ee=True, activate_after_ms=0, grace_ms=0)
        lab.client.call("session_connect", session_id=session, encryption_secret=text)
        self.streams = {number: lab.stream(session, f"{session}-{name}", "stream_publish", suite=name)
                        for name, number in SUITES.items()}

    def send(self):
        """[(suite's number, sealed payload)]"""
        packets = []
        for number, stream in self.streams.items():
            out, counted = self.lab.seal.send(*[stream.frame(n, sealed_lab.body(n)) for n in range(3)])
            if counted != {"sealed": 3}:
                raise RuntimeError(f"{number:#06x}: {counted}")
            packets += [(number, frames.parse_rtp(frames.parse_udp(frame).payload).body) for frame in out]
        return packets


def retired(lab, session):
    while True:
        event = lab.listener.wait_event_of(("secret_retired",), PATIENCE)
        if event is None or event["session_id"] == session:
            return event


def only_root(checks):
    if os.geteuid() != 0:
        raise cases.Skip("only root reads another process's memory")
    checks.true(True, "")


def a_replaced_secret_and_all_that_came_of_it_is_gone(checks, lab):
    only_root(checks)
    pid = lab.daemon.process.pid
    media = Media(lab, "replaced", SECRETS[0])
    old = needles_of(SECRETS[0], "replaced", media.send())
    there = search(pid, old)
    # Else a search that finds nothing would prove nothing.
    for name in ("sframe_secret, SHA-512", "sframe_secret, SHA-256", "0x0006: SFrame salt", "0x0006: round key 7", "0x0005: round key 7",
                 "0x0004: round key 7", "0xf001: round key 7", "0x0001: round key 7"):
        checks.true(name in there, f"{name} is not found while it is in use")
    checks.equal([name for name in ("secret", "base key") if name in there], [], "of the secret, once its key is derived")
    for name, places in there.items():
        for place in places:
            flags = flags_at(pid, place)
            checks.true("lo" in flags and "dd" in flags, f"{name} lies in memory that is {flags}: not locked, or in dumps")
    lab.client.call("session_set_encryption_secret", session_id="replaced", encryption_secret=SECRETS[1])
    new = media.send()
    checks.true(retired(lab, "replaced") is not None, "no retirement was told")
    checks.equal(search(pid, old), {}, "of the replaced secret")
    checks.true("0x0006: round key 7" in search(pid, needles_of(SECRETS[1], "replaced", new)), "the new one is in use")
    lab.client.call("session_delete", session_id="replaced")


def a_stream_or_session_that_goes_leaves_nothing(checks, lab):
    only_root(checks)
    pid = lab.daemon.process.pid
    for end in ("session_disconnect", "session_delete"):
        session = f"going-{end}"
        media = Media(lab, session, SECRETS[0])
        needles = needles_of(SECRETS[0], session, media.send())
        of_streams = {name: value for name, value in needles.items() if name.startswith("0x")}
        checks.true(search(pid, of_streams) != {}, "what streams have is not found while they are there")
        for stream in media.streams.values():
            lab.client.call("stream_delete", stream_id=stream.name)
        checks.equal(wait_until_gone(pid, of_streams), {}, "of streams that are gone")
        lab.client.call(end, session_id=session)
        checks.equal(wait_until_gone(pid, needles), {}, f"after {end}")
        if end == "session_disconnect":
            lab.client.call("session_delete", session_id=session)


def what_a_request_held_is_gone_with_its_reply(checks, lab):
    only_root(checks)
    pid = lab.daemon.process.pid
    client = lab.client
    client.call("session_create", session_id="raw", e2ee=True)
    client.call("session_connect", session_id="raw", base_key=BASE_KEY)
    client.call("session_create", session_id="text", e2ee=True)
    client.call("session_connect", session_id="text", encryption_secret=SECRETS[0])
    refused = "a secret that is given too soon"
    client.call("session_create", session_id="early", e2ee=True)
    try:
        client.call("session_set_encryption_secret", session_id="early", encryption_secret=refused)
        checks.fail("a secret before the connection was taken")
    except rpc.RpcError as error:
        checks.equal(error.reason, "not_connected", "a refusal")
    needles = {"base key in hex": BASE_KEY.encode(), "base key": bytes.fromhex(BASE_KEY), "secret": SECRETS[0].encode(),
               "refused secret": refused.encode()}
    checks.equal(search(pid, needles), {}, "of requests")
    for session in ("raw", "text", "early"):
        client.call("session_delete", session_id=session)


def no_secret_is_where_others_can_read(checks, lab):
    daemon = lab.daemon
    pid = daemon.process.pid
    lab.client.call("log_set_level", level="debug")
    media = Media(lab, "told", SECRETS[0])
    packets = media.send()
    lab.client.call("session_set_encryption_secret", session_id="told", encryption_secret=SECRETS[1])
    said = [lab.client.call(method, **params) for method, params in (
        ("session_get", {"session_id": "told"}), ("session_list", {}), ("stream_list", {}), ("health_get", {}), ("get_version", {}),
        ("stats_get", {"scope": "session", "session_id": "told"}), ("config_check", {}))]
    told = repr(said) + repr(lab.client.events) + repr(lab.listener.events) + daemon.log()
    told += pathlib.Path(f"/proc/{pid}/cmdline").read_text() + pathlib.Path(f"/proc/{pid}/environ").read_text()
    checks.true("audit: method=session_set_encryption_secret session=told" in told, "the change is in the log")
    for text in SECRETS:
        for name, value in needles_of(text, "told", packets if text == SECRETS[0] else ()).items():
            for form in (value.decode("latin-1"), value.hex(), value.hex().upper()):
                checks.true(form not in told, f"{name} is told")
    lab.client.call("log_set_level", level="info")
    lab.client.call("session_delete", session_id="told")


def no_core_is_left(checks, lab):
    limits = pathlib.Path(f"/proc/{lab.daemon.process.pid}/limits").read_text()
    checks.true(re.search(r"Max core file size +0 +0 ", limits), limits)
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        links = [edge.link("edge0", {"vdev": "net_null0,no-rx=1"}, {"vdev": "net_null1,no-rx=1"}, sealed_lab.RANGES)]
        daemon = edge.Edge(directory, links)
        before = os.getcwd()
        os.chdir(directory)
        try:
            daemon.start()
        finally:
            os.chdir(before)
        daemon.process.send_signal(signal.SIGABRT)
        checks.equal(os.WCOREDUMP(os.waitpid(daemon.process.pid, 0)[1]), False, "a core was dumped")
        daemon.process.returncode = -signal.SIGABRT
        checks.equal([path.name for path in pathlib.Path(directory).glob("core*")], [], "core files")


def hugepage_files():
    mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if line.split()[2] == "hugetlbfs"]
    return sorted(str(path) for mount in mounts for path in pathlib.Path(mount).rglob("*") if path.is_file())


def no_hugepage_file_is_left_by_a_daemon_that_was_killed(checks, _):
    files = hugepage_files()
    with hugepages.reserved(HUGEPAGES_WANTED), tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        links = [edge.link("edge0", {"vdev": "net_null0,no-rx=1"}, {"vdev": "net_null1,no-rx=1"}, sealed_lab.RANGES)]
        daemon = edge.Edge(directory, links, memory={"mb": 96, "hugepages": "required"})
        daemon.start()
        checks.true(hugepages.free() < HUGEPAGES_WANTED, "it uses none")
        checks.equal(hugepage_files(), files, "files while it runs")
        daemon.kill()
        checks.equal(hugepage_files(), files, "files after it was killed")
        checks.equal(hugepages.free(), HUGEPAGES_WANTED, "pages given back")


def comparing_secrets_by_memcmp_is_refused(checks, _):
    """The rule of scripts/check, on a copy of the tree where it is broken."""
    root = pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        subprocess.run(["git", "init", "-q", directory], check=True)
        for name in ("dataplane/keyring.c", "dataplane/cipher_hmac.c", "control/keys.c", "control/jwt.c"):
            copy = pathlib.Path(directory) / name
            copy.parent.mkdir(exist_ok=True)
            copy.write_text((root / name).read_text() + "\nint f(void)\n{\n    return memcmp(a, b, 10);\n}\n")
        script = pathlib.Path(directory) / "scripts/check"
        script.parent.mkdir()
        script.write_text((root / "scripts/check").read_text())
        said = subprocess.run(["/usr/bin/python3", str(script), "calls"], capture_output=True, text=True, check=False)
        checks.equal(said.returncode, 1, "exit code")
        for name in ("dataplane/keyring.c", "dataplane/cipher_hmac.c", "control/keys.c", "control/jwt.c"):
            checks.true(re.search(rf"FAIL calls: {name}:\d+: .*rs_secret_equal", said.stdout), f"{name} passes: {said.stdout}")


TESTS = (
    a_replaced_secret_and_all_that_came_of_it_is_gone,
    a_stream_or_session_that_goes_leaves_nothing,
    what_a_request_held_is_gone_with_its_reply,
    no_secret_is_where_others_can_read,
    no_core_is_left,
    no_hugepage_file_is_left_by_a_daemon_that_was_killed,
    comparing_secrets_by_memcmp_is_refused,
)


if __name__ == "__main__":
    sealed_lab.run("test_hygiene", TESTS)
