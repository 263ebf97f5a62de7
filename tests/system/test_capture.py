# SPDX-License-Identifier: BSD-3-Clause
"""Packets written into a file while they pass: which, as what, who may, and what ends it. Read back by tshark."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import rpc  # noqa: E402
import sealed_lab  # noqa: E402
import users  # noqa: E402

PATIENCE = 10
NOGROUP = 65534  # Debian's group of that name


def read(path):
    """[(interface, comment, frame)] as tshark has them."""
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment",
                           "-e", "frame.number"], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    hexes = subprocess.run(["tshark", "-r", path, "-x"], capture_output=True, text=True, check=True).stdout
    frames, block = [], bytearray()
    for line in [*hexes.splitlines(), ""]:
        if line[:4].strip() and line[4:6] == "  ":
            block += bytes.fromhex(line[6:54].replace(" ", ""))
        elif block:
            frames.append(bytes(block))
            block = bytearray()
    return [(row[0], row[1], frame) for row, frame in zip(rows, frames)]


def wait_for_end(lab, why):
    end = time.monotonic() + PATIENCE
    while (state := lab.client.call("capture_get"))["running"] and time.monotonic() < end:
        time.sleep(0.05)
    if state["ended"] != why:
        raise RuntimeError(f"ended by {state['ended']}, not {why}")
    return state


class Media:
    def __init__(self, lab, name):
        self.lab = lab
        lab.session(name, name)
        self.out = lab.stream(name, f"{name}-out", "stream_publish")
        self.back = lab.stream(name, f"{name}-in")
        self.sender = sealed_lab.Sender(sealed_lab.base_key(name))

    def publish(self, count):
        """(plain frames sent, sealed frames that came out)"""
        plain = [self.out.frame(n, sealed_lab.body(n)) for n in (self.lab.number() for _ in range(count))]
        return plain, self.lab.seal.send(*plain)[0]

    def receive(self, count, spoil=lambda payload: payload):
        sealed = self.lab.frames(count, self.back, self.sender, spoil)
        return sealed, self.lab.open.send(*sealed)[0]


def a_stream_is_captured_before_and_after(checks, lab):
    media = Media(lab, "both")
    for stream, act, sides in ((media.out, media.publish, "plain"), (media.back, media.receive, "sealed")):
        for when in ("before", "after"):
            started = lab.client.call("capture_start", stream_id=stream.name, when=when)
            checks.true(started["running"], "it runs")
            went_in, came_out = act(5)
            other = media.receive if act == media.publish else media.publish
            other(2)  # which are not asked for
            ended = lab.client.call("capture_stop")
            checks.equal((ended["running"], ended["ended"], ended["packets"], ended["not_captured"]), (False, "stopped", 5, 0),
                         f"{stream.name} {when}")
            rows = read(ended["file"])
            checks.equal([row[2] for row in rows], went_in if when == "before" else came_out, f"{stream.name} {when}: frames")
            checks.equal({row[0] for row in rows}, {f"{sealed_lab.LINK} {sides}"}, f"{stream.name} {when}: interface")
            checks.equal({row[1] for row in rows}, {"sealed" if stream is media.out else "opened"}, f"{stream.name} {when}: outcome")
            checks.equal(pathlib.Path(ended["file"]).stat().st_mode & 0o777, 0o600, "who may read it")


def what_is_dropped_under_a_name_is_captured(checks, lab):
    media = Media(lab, "drops")
    for when in ("before", "after"):
        lab.client.call("capture_start", drop="auth_failed", when=when)
        media.receive(3)
        forged, _ = media.receive(4, sealed_lab.corrupted)
        ended = lab.client.call("capture_stop")
        rows = read(ended["file"])
        checks.equal([row[1] for row in rows], ["auth_failed"] * 4, f"{when}: outcomes")
        checks.equal([row[2] for row in rows], forged, f"{when}: frames")
    for name in ("tx_full", "sealed", "nonsense"):
        try:
            lab.client.call("capture_start", drop=name)
            checks.fail(f"{name} was taken")
        except rpc.RpcError as error:
            checks.equal((error.reason, error.param), ("invalid_params", "drop"), name)


def it_ends_at_each_limit_and_with_its_stream(checks, lab):
    media = Media(lab, "limits")
    lab.client.call("capture_start", stream_id=media.out.name, max_packets=3)
    media.publish(8)
    checks.equal(len(read(wait_for_end(lab, "packets")["file"])), 3, "packets in the file")
    lab.client.call("capture_start", stream_id=media.out.name, max_bytes=4096)
    for _ in range(6):
        media.publish(20)
    state = wait_for_end(lab, "bytes")
    size = pathlib.Path(state["file"]).stat().st_size
    checks.true(4096 <= size < 6000, f"the file has {size} bytes")
    lab.client.call("capture_start", stream_id=media.out.name, max_seconds=1)
    wait_for_end(lab, "seconds")
    lab.client.call("capture_start", stream_id=media.out.name)
    media.publish(2)
    lab.client.call("stream_delete", stream_id=media.out.name)
    checks.equal(wait_for_end(lab, "stream_gone")["packets"], 2, "before the stream went")


def frames_are_cut_where_asked(checks, lab):
    media = Media(lab, "cut")
    lab.client.call("capture_start", stream_id=media.out.name, snap_bytes=64)
    _, came_out = media.publish(2)
    rows = read(lab.client.call("capture_stop")["file"])
    checks.equal([row[2] for row in rows], [frame[:64] for frame in came_out], "frames")


def one_runs_at_a_time(checks, lab):
    media = Media(lab, "single")
    lab.client.call("capture_start", stream_id=media.out.name)
    try:
        lab.client.call("capture_start", stream_id=media.back.name)
        checks.fail("a second one runs")
    except rpc.RpcError as error:
        checks.equal(error.reason, "no_capacity", "the second")
    lab.client.call("capture_stop")
    try:
        lab.client.call("capture_start")
        checks.fail("everything is captured")
    except rpc.RpcError as error:
        checks.equal((error.reason, error.param), ("invalid_params", "stream_id"), "nothing chosen")


def plain_media_is_for_admins_and_in_the_audit_log(checks, lab):
    users.check_possible()
    media = Media(lab, "rights")
    config = lab.daemon.config | {"control": lab.daemon.config["control"] | {"operators": "nogroup"}}
    lab.daemon.config_path.write_text(json.dumps(config))
    lab.client.call("config_reload")
    operator = users.Client(lab.daemon.socket_path, users.User(60001, 60001, (NOGROUP,)))
    allowed = [{"stream_id": media.out.name, "when": "after"}, {"stream_id": media.back.name, "when": "before"}]
    denied = [{"stream_id": media.out.name, "when": "before"}, {"stream_id": media.back.name, "when": "after"},
              {"stream_id": media.back.name, "drop": "auth_failed", "when": "before"}, {"drop": "no_stream"}]
    with operator:
        for params in allowed:
            checks.true(operator.call("capture_start", **params)["running"], f"{params}")
            operator.call("capture_stop")
        for params in denied:
            try:
                operator.call("capture_start", **params)
                checks.fail(f"an operator may: {params}")
            except rpc.RpcError as error:
                checks.equal(error.reason, "denied", f"{params}")
    lab.client.call("capture_start", **denied[0])
    media.publish(1)
    file = lab.client.call("capture_stop")["file"]
    log = lab.daemon.log()
    checks.true(re.search(r"audit: method=capture_start session=\S+ stream=rights-out uid=60001 pid=\d+ when=before drop=- "
                          "shows=plain result=denied", log), "what was denied is noted")
    checks.true("shows=plain result=ok" in log, "what an admin did is noted")
    checks.true(f"audit: capture ended=stopped file={file} packets=1" in log, "its end is noted")


def a_disk_that_is_full_ends_it_and_media_goes_on(checks, lab):
    media = Media(lab, "full")
    lab.client.call("capture_start", stream_id=media.out.name, when="after")
    subprocess.run(["dd", "if=/dev/zero", f"of={lab.captures}/fill", "bs=4k"], check=False, capture_output=True)
    for _ in range(40):
        plain, came_out = media.publish(32)
        if len(came_out) != len(plain):
            checks.fail(f"{len(came_out)} of {len(plain)} came out")
    state = wait_for_end(lab, "write_failed")
    checks.true(state["packets"] > 0, "what was written before")
    (lab.captures / "fill").unlink()
    lab.client.call("capture_start", stream_id=media.out.name)
    media.publish(1)
    checks.equal(lab.client.call("capture_stop")["ended"], "stopped", "once there is room")


def rtpsealctl_starts_shows_and_ends_it(checks, lab):
    media = Media(lab, "words")
    lab.daemon.ctl("capture", "start", "--stream", media.out.name, "--when", "after", "--max-packets", "100")
    media.publish(2)
    checks.equal(lab.daemon.ctl_json("capture", "status")["running"], True, "status")
    checks.equal(lab.daemon.ctl_json("capture", "stop")["packets"], 2, "stop")


TESTS = (
    a_stream_is_captured_before_and_after,
    what_is_dropped_under_a_name_is_captured,
    it_ends_at_each_limit_and_with_its_stream,
    frames_are_cut_where_asked,
    one_runs_at_a_time,
    plain_media_is_for_admins_and_in_the_audit_log,
    a_disk_that_is_full_ends_it_and_media_goes_on,
    rtpsealctl_starts_shows_and_ends_it,
)


def main():
    with tempfile.TemporaryDirectory(prefix="rtpseal-capture-") as captures:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", captures], check=True)
        try:
            pathlib.Path(captures).chmod(0o755)
            with sealed_lab.laboratory(capture={"directory": captures}) as lab:
                lab.captures = pathlib.Path(captures)
                lab.daemon.directory.chmod(0o755)
                cases.run("test_capture", TESTS, lab)
        finally:
            subprocess.run(["umount", captures], check=True)


if __name__ == "__main__":
    main()
