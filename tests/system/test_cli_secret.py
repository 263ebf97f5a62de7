# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl session set-secret: what it waits for, and the line that a person can trust."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
import stub  # noqa: E402
import terminal  # noqa: E402
from control_lab import OTHER_SECRET, SECRET  # noqa: E402

OK, REFUSED, USAGE, UNREACHABLE = range(4)
DELAY_MS, GRACE_MS = 400, 2400
MUCH_LATER = ("--activate-after-ms", "20000", "--grace-ms", "22500")  # than a test looks
LINE = re.compile(r"epoch (?P<epoch>\d+)  fingerprint (?P<fingerprint>\d{5}(?: \d{5}){5})  staged in (?P<staged>\d+\.\d\d) s"
                  r"  active on (?P<on>\d+) of (?P<of>\d+) workers in (?P<took>\d[\d.]*) (?P<unit>us|ms|s),"
                  r" (?P<later>\d+\.\d) s later  lost (?P<lost>\d+)"
                  r"  previous key wiped on (?P<wiped>\d+) of (?P<wiped_of>\d+) workers after (?P<after>\d+\.\d) s\n")
CLEAR = "\r\033[K"


def set_secret(fixture, *words, secret=OTHER_SECRET):
    return fixture.daemon.ctl("session", "set-secret", "s", "--secret-stdin", *words, stdin=secret)


def keys_of(client):
    return {key["epoch"]: key for key in client.call("session_get", session_id="s")["keys"]}


def connected(fixture):
    return fixture.connected(activate_after_ms=DELAY_MS, grace_ms=GRACE_MS)


def one_line_tells_of_the_whole_change(checks, fixture):
    client = connected(fixture)
    workers = client.call("get_version")["workers"]
    begin = time.monotonic()
    done = set_secret(fixture)
    took = time.monotonic() - begin
    checks.equal((done.returncode, done.stderr), (OK, ""), "exit code and errors")
    found = LINE.fullmatch(done.stdout)
    checks.true(found, f"the line: {done.stdout!r}")
    keys = keys_of(client)
    checks.equal([(epoch, key["state"]) for epoch, key in keys.items()], [(2, "active")], "keys afterwards")
    if not found:
        return
    checks.equal((found["epoch"], found["fingerprint"]), ("2", keys[2]["fingerprint"]), "the key")
    checks.equal([int(found[name]) for name in ("on", "of", "wiped", "wiped_of")], [workers] * 4, "workers")
    checks.true(float(found["later"]) >= DELAY_MS / 1000 - 0.05, f"active {found['later']} s later")
    checks.true(float(found["after"]) >= (DELAY_MS + GRACE_MS) / 1000 - 0.05, f"wiped after {found['after']} s")
    checks.true(took >= float(found["staged"]) + float(found["after"]) - 0.2, f"it waited for {took} s")
    checks.equal(found["lost"], "0", "lost")


def json_answers_at_once_or_with_the_proof_when_told_to_wait(checks, fixture):
    client = connected(fixture)
    reply = json.loads(set_secret(fixture, "--json", *MUCH_LATER).stdout)
    checks.equal(list(reply), ["session_id", "state", "epoch", "key_tag", "fingerprint"], "without --wait")
    checks.equal(keys_of(client)[2]["state"], "staged", "the new key when it answered")
    client = connected(fixture)
    done = set_secret(fixture, "--json", "--wait")
    checks.equal((done.returncode, done.stderr, done.stdout.count("\n")), (OK, "", 1), "with --wait")
    proof = json.loads(done.stdout)
    checks.equal(list(proof)[:5], list(reply), "the reply's members come first")
    checks.equal((proof["changed"], proof["epoch"], proof["replaced_epoch"]), (True, 2, 1), "epochs")
    workers = client.call("get_version")["workers"]
    checks.equal([worker["worker"] for worker in proof["workers"]], list(range(workers)), "workers")
    checks.equal([worker["first_sealed_ns"] for worker in proof["workers"]], [None] * workers, "nothing was sealed")
    checks.equal((proof["lost"], proof["lost_by"], proof["workers_wiped"]), (0, {}, workers), "lost and wiped")
    checks.true(proof["activated_ms"] >= DELAY_MS - 50, f"activated_ms {proof['activated_ms']}")
    checks.true(proof["wiped_ms"] >= DELAY_MS + GRACE_MS - 50, f"wiped_ms {proof['wiped_ms']}")
    checks.equal([key["state"] for key in keys_of(client).values()], ["active"], "keys afterwards")


def no_wait_ends_when_the_key_is_staged(checks, fixture):
    client = connected(fixture)
    done = set_secret(fixture, "--no-wait", *MUCH_LATER)
    states = {epoch: key["state"] for epoch, key in keys_of(client).items()}
    checks.equal(done.returncode, OK, f"exit code: {done.stderr}")
    checks.equal(states, {1: "active", 2: "staged"}, "keys when it ended")
    checks.true(re.fullmatch(r"epoch 2  fingerprint [\d ]+  staged in \d\.\d\d s\n"
                             r"it seals 20\.0 s from now; the key before opens for 42\.5 s more\n", done.stdout),
                repr(done.stdout))


def the_same_secret_again_says_so_and_does_not_wait(checks, fixture):
    client = connected(fixture)
    fingerprint = keys_of(client)[1]["fingerprint"]
    done = set_secret(fixture, secret=SECRET)
    checks.equal((done.returncode, done.stdout),
                 (OK, f"epoch 1  fingerprint {fingerprint}  unchanged: this is the active secret already\n"),
                 "for people")
    proof = json.loads(set_secret(fixture, "--json", "--wait", secret=SECRET).stdout)
    checks.equal((proof["changed"], proof["epoch"], proof["workers"], proof["lost"], proof["wiped_ms"]),
                 (False, 1, None, None, None), "for scripts")


def a_change_at_once_is_seen_through_too(checks, fixture):
    client = connected(fixture)
    done = set_secret(fixture, "--activate-after-ms", "0", "--grace-ms", "0")
    found = LINE.fullmatch(done.stdout)
    checks.true(done.returncode == OK and found, f"{done.stdout!r} {done.stderr!r}")
    checks.equal([key["state"] for key in keys_of(client).values()], ["active"], "keys afterwards")


def a_refusal_is_not_waited_on(checks, fixture):
    connected(fixture)
    set_secret(fixture, "--no-wait", *MUCH_LATER)
    done = set_secret(fixture, secret="a third secret")
    checks.equal((done.returncode, done.stdout), (REFUSED, ""), "while another is staged")
    checks.true("epoch_conflict" in done.stderr, done.stderr)
    done = set_secret(fixture, "--grace-ms", "1")
    checks.equal((done.returncode, done.stdout), (REFUSED, ""), "a grace too short")


def start_and_wait_until_staged(fixture, client):
    process = fixture.daemon.start_ctl("session", "set-secret", "s", "--secret-stdin", stdin=OTHER_SECRET)
    while 2 not in keys_of(client):
        time.sleep(0.02)
    return process


def a_daemon_that_goes_away_leaves_the_change_standing(checks, fixture):
    client = connected(fixture)
    process = start_and_wait_until_staged(fixture, client)
    time.sleep(0.2)
    fixture.daemon.kill()
    try:
        output, errors = process.communicate(timeout=20)
    finally:
        fixture.daemon.start()
    checks.equal(process.returncode, UNREACHABLE, "exit code")
    checks.true(re.match(r"epoch 2  fingerprint [\d ]+  staged in ", output), f"what is known is printed: {output!r}")
    checks.true("the change stands" in errors and "epoch 2" in errors, errors)


def memory_of(pid):
    """All that a process can write to, as one piece."""
    if edge.is_sanitized(pid):
        raise cases.Skip("a sanitizer keeps freed memory as it was")
    pieces = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            bounds, mode = line.split()[:2]
            begin, end = (int(bound, 16) for bound in bounds.split("-"))
            if mode.startswith("rw"):
                memory.seek(begin)
                pieces.append(memory.read(end - begin))
    return b"".join(pieces)


def the_secret_is_gone_from_memory_while_it_waits(checks, fixture):
    for words, secret in (((), OTHER_SECRET), (("--base-key-file", "/dev/stdin"), "c5" * 32)):
        client = connected(fixture)
        source = words or ("--secret-stdin",)
        process = fixture.daemon.start_ctl("session", "set-secret", "s", *source, *MUCH_LATER, stdin=secret)
        while 2 not in keys_of(client):
            time.sleep(0.02)
        end = time.monotonic() + 15  # for it to see the reply on a busy machine; it waits for longer
        try:
            while secret.encode() in (memory := memory_of(process.pid)) and time.monotonic() < end:
                time.sleep(0.1)
        except PermissionError as error:
            raise cases.Skip(f"only root sees another process's memory: {error}") from None
        finally:
            process.kill()
            process.communicate()
        checks.true(b"fingerprint" in memory, "memory was looked at")
        checks.true(secret.encode() not in memory, f"the secret is there: {source}")


def a_session_that_goes_away_ends_the_waiting(checks, fixture):
    for method, word in (("session_delete", "unknown_session"), ("session_disconnect", "epoch 2 is gone")):
        client = connected(fixture)
        process = start_and_wait_until_staged(fixture, client)
        client.call(method, session_id="s")
        _, errors = process.communicate(timeout=20)
        checks.equal(process.returncode, REFUSED, f"exit code after {method}")
        checks.true(word in errors, f"{method}: {errors}")


# ---- with a daemon that says what the test wants ------------------------------------------------


def session(drops, keys):
    zero = {name: 0 for name in ("no_key", "secret_mismatch", "auth_failed", "no_capacity", "cipher_error", "replay")}
    return {"session_id": "s", "state": "connected", "e2ee": True, "epoch": 1, "grace_ms": 30000,
            "activate_after_ms": 2000, "keys": keys,
            "seal": {"drops": zero | drops.get("seal", {})}, "open": {"drops": zero | drops.get("open", {})}}


class Scene:
    """A session whose key changes from epoch 1 to 2: events as `script(connection)` sends them once
    the secret is set; counters before and after as given."""

    def __init__(self, directory, before, after, script, keys=(1, 2)):
        self.states = [session(before, [{"epoch": 1, "state": "active"}])]
        self.later = session(after, [{"epoch": epoch, "state": "active"} for epoch in keys])
        self.script = script
        self.stub = stub.Stub(directory, events_subscribe={"instance": "stub", "next_seq": 1},
                              session_get=lambda *_: self.states.pop() if self.states else self.later,
                              session_set_encryption_secret=self.change)

    def change(self, _, connection):
        threading.Thread(target=self.script, args=(connection,), daemon=True).start()
        return {"session_id": "s", "state": "connected", "epoch": 2, "key_tag": "0202", "fingerprint": "1 2 3"}

    def run(self, *words):
        with self.stub:
            return subprocess.run([edge.CTL, "--socket", self.stub.path, "session", "set-secret", "s",
                                   "--secret-stdin", *words], input=OTHER_SECRET, capture_output=True, text=True,
                                  timeout=30, check=False)


def at(seconds):
    return f"2026-01-01T00:00:{seconds:012.9f}Z"


def say_all(connection, observed=(9_000, 14_300)):
    """The events of the change, among others that are not its own."""
    workers = [{"worker": n, "observed_ns": ns, "first_sealed_ns": 10**6} for n, ns in enumerate(observed)]
    for name, epoch in (("other", 2), ("s", 1), ("s", 2)):
        connection.send_event("secret_staged", at(1), session_id=name, epoch=epoch)
    connection.send_event("secret_activated", at(1), session_id="other", epoch=2, workers=[])
    connection.send_event("secret_retired", at(2), session_id="s", epoch=7, workers_wiped=0, workers=2)
    connection.send_event("secret_activated", at(3.0004), session_id="s", epoch=2, workers=workers)
    connection.send_event("secret_retired", at(33), session_id="other", epoch=1, workers_wiped=1, workers=2)
    connection.send_event("secret_retired", at(33.04), session_id="s", epoch=1, workers_wiped=2, workers=2)


def losses_are_counted_between_and_named(checks, _):
    before = {"seal": {"no_key": 5}, "open": {"secret_mismatch": 100, "replay": 3}}
    after = {"seal": {"no_key": 6}, "open": {"secret_mismatch": 110, "no_key": 1, "replay": 50}}
    with tempfile.TemporaryDirectory() as directory:
        done = Scene(directory, before, after, say_all).run()
    line = re.sub(r"staged in \d\.\d\d s", "staged in X s", done.stdout)
    checks.equal((done.returncode, done.stderr), (OK, ""), "exit code")
    checks.equal(line, "epoch 2  fingerprint 1 2 3  staged in X s  active on 2 of 2 workers in 14 us, 2.0 s later"
                 "  lost 12 (no_key 2, secret_mismatch 10)  previous key wiped on 2 of 2 workers after 32.0 s\n", "line")
    with tempfile.TemporaryDirectory() as directory:
        proof = json.loads(Scene(directory, before, after, say_all).run("--json", "--wait").stdout)
    checks.equal((proof["lost"], proof["lost_by"]), (12, {"no_key": 2, "secret_mismatch": 10}), "as JSON")
    checks.equal((proof["activated_ms"], proof["wiped_ms"]), (2000, 32040), "times of the daemon's own clock")


def slow_workers_are_told_in_readable_units(checks, _):
    for observed, said in ((0, "0 us"), (999_999, "999 us"), (1_500_000, "1.5 ms"), (2_340_000_000, "2.34 s")):
        with tempfile.TemporaryDirectory() as directory:
            done = Scene(directory, {}, {}, lambda one, ns=observed: say_all(one, (0, ns))).run()
        checks.true(f" active on 2 of 2 workers in {said}, " in done.stdout, f"{observed} ns: {done.stdout}")


def a_terminal_shows_what_it_waits_for_and_nothing_of_it_stays(checks, _):
    """The times are those of the session's settings, 2 s and 30 s; the events come much sooner."""
    def say(connection):
        time.sleep(0.8)
        connection.send_event("secret_staged", at(1), session_id="s", epoch=2)
        connection.send_event("secret_activated", at(3), session_id="s", epoch=2, workers=[])
        time.sleep(2.5)
        connection.send_event("secret_retired", at(33), session_id="s", epoch=1, workers_wiped=1, workers=1)

    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile("w+") as out:
        secret_file = pathlib.Path(directory, "secret")
        secret_file.write_text(OTHER_SECRET)
        secret_file.chmod(0o600)
        scene = Scene(directory, {}, {}, say)
        with scene.stub:
            code, shown, _ = terminal.run([edge.CTL, "--socket", scene.stub.path, "session", "set-secret", "s",
                                           "--secret-file", str(secret_file)], stdout=out)
        out.seek(0)
        line = out.read()
    checks.equal((code, line.count("\n"), line[:8]), (OK, 1, "epoch 2 "), f"{line!r} {shown}")
    for text in ("deriving the key", "epoch 2 is staged, and seals in ", "epoch 2 seals; the key before is wiped in "):
        checks.true(text in shown, f"{text!r} is not in {shown!r}")
    seconds = [int(left) for left in re.findall(r"wiped in (\d+) s", shown)]
    checks.true(seconds == sorted(seconds, reverse=True) and len(set(seconds)) > 1 and seconds[0] <= 32,
                f"seconds left: {seconds}")
    checks.equal(shown.rsplit(CLEAR, 1)[-1].strip(), "", "what stays on the terminal")
    checks.true(OTHER_SECRET not in shown, "the terminal showed the secret")


def a_key_that_was_given_again_meanwhile_is_not_waited_for(checks, _):
    def say(connection):
        connection.send_event("secret_staged", at(1), session_id="s", epoch=2)
        connection.send_event("secret_activated", at(1), session_id="s", epoch=2, workers=[])

    with tempfile.TemporaryDirectory() as directory:
        done = Scene(directory, {}, {}, say, keys=(3, 2)).run()
    checks.equal(done.returncode, OK, f"exit code: {done.stderr}")
    checks.true("lost 0" in done.stdout and "wiped" not in done.stdout, done.stdout)


def a_gap_in_the_events_does_not_hang_it(checks, _):
    with tempfile.TemporaryDirectory() as directory:
        done = Scene(directory, {}, {}, lambda connection: connection.send_event("gap", lost=9)).run()
    checks.equal(done.returncode, OK, f"exit code: {done.stderr}")
    checks.true("active on" not in done.stdout and "lost 0" in done.stdout, done.stdout)


TESTS = (
    one_line_tells_of_the_whole_change,
    json_answers_at_once_or_with_the_proof_when_told_to_wait,
    no_wait_ends_when_the_key_is_staged,
    the_same_secret_again_says_so_and_does_not_wait,
    a_change_at_once_is_seen_through_too,
    a_refusal_is_not_waited_on,
    a_daemon_that_goes_away_leaves_the_change_standing,
    the_secret_is_gone_from_memory_while_it_waits,
    a_session_that_goes_away_ends_the_waiting,
    losses_are_counted_between_and_named,
    slow_workers_are_told_in_readable_units,
    a_terminal_shows_what_it_waits_for_and_nothing_of_it_stays,
    a_key_that_was_given_again_meanwhile_is_not_waited_for,
    a_gap_in_the_events_does_not_hang_it,
)

if __name__ == "__main__":
    control_lab.run("test_cli_secret", TESTS)
