# SPDX-License-Identifier: BSD-3-Clause
"""rtpsealctl top, on a terminal and without one, against a daemon with traffic."""

import json
import os
import pathlib
import pty
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import control_lab  # noqa: E402
import edge  # noqa: E402
import netns  # noqa: E402
import tmux  # noqa: E402
import top_lab  # noqa: E402
from top_lab import directions, pane  # noqa: E402

KEYS = "q quit"  # how the last row begins
OK, REFUSED, USAGE, UNREACHABLE = range(4)


def shown(screen):
    return screen[0].startswith("rtpseald ")


def with_rates(screen):
    return shown(screen) and directions(screen).get("seal", [0])[0] > 0


def last_row(screen):
    return [row for row in screen if row][-1]


def top(daemon, *words, size=(100, 40), **environment):
    return tmux.Terminal(shlex.join(daemon.ctl_command("top", *words)), *size, **environment)


def dropped(daemon, reason):
    return daemon.call("stats_get")["seal"]["drops"][reason]


def figures_on_the_screen_are_those_of_stats_get(checks, daemon):
    before, began = daemon.call("stats_get")["seal"], time.monotonic()
    with top(daemon) as terminal:
        checks.true(terminal.wait(with_rates), f"no rates: {terminal.screen()}")
        rates, totals = [], []
        for _ in range(4):
            least = dropped(daemon, "no_stream")
            time.sleep(1.2)
            screen = terminal.wait(lambda s: with_rates(s) and s) or terminal.screen()
            rates.append(directions(screen)["seal"])
            lines = [line.split() for line in pane(screen, "DROPPED AS") if line.startswith("no_stream ")]
            totals.append((int(lines[0][3]), dropped(daemon, "no_stream")) if lines else (None, 0))
            checks.true(lines and least - 2 * top_lab.PACKETS_PER_SECOND <= totals[-1][0] <= totals[-1][1],
                        f"no_stream on the screen {lines}, between {least} and {totals[-1][1]} by stats_get")
    after, seconds = daemon.call("stats_get")["seal"], time.monotonic() - began
    for i, (name, factor) in enumerate((("packets_in", 1), ("bytes_in", 8), ("packets_out", 1), ("bytes_out", 8))):
        mean = factor * (after[name] - before[name]) / seconds
        seen = sum(row[i] for row in rates) / len(rates)
        checks.true(mean > 0 and mean / 2 < seen < mean * 2, f"{name}: {seen} on the screen, {mean} by stats_get")
    drops = sum(row[4] for row in rates) / len(rates)
    checks.true(0.1 < drops / (sum(row[0] for row in rates) / len(rates)) < 0.5, f"drops a second: {drops}")


def every_pane_shows_what_the_daemon_has(checks, daemon):
    with top(daemon) as terminal:
        terminal.wait(with_rates)
        screen = terminal.screen()
        links, workers = pane(screen, "LINK "), pane(screen, "WORKER ")
        checks.equal([line.split()[:3] for line in links], [["edge0", "plain", "up"], ["edge0", "sealed", "up"]], "links")
        plain, sealed = (re.split(r" {2,}", line) for line in links)
        checks.true(any(c not in "0 -" for c in plain[2]), f"nothing comes in: {plain}")
        cpu = daemon.config["cpus"][0]
        checks.equal((len(workers), workers[0].split()[:2]), (1, ["0", str(cpu)]), "workers")
        checks.true(0 < float(workers[0].split()[2].rstrip("%")) < 100, f"busy: {workers}")
        checks.equal([line.split()[:2] for line in pane(screen, "KEY OF SESSION")], [["room-1", "1"]], "keys")
        checks.true("active" in pane(screen, "KEY OF SESSION")[0], "the key's state")
        checks.true(terminal.wait(lambda s: s[0].endswith(" ready")), f"health: {screen[0]}")
        busiest = pane(terminal.screen() if terminal.wait(lambda s: pane(s, "BUSIEST")) else screen, "BUSIEST")
        checks.equal([line.split()[:4] for line in busiest], [["camera", "room-1", "edge0", "seal"]], "busiest streams")
        checks.true(re.match(r"\d\d:\d\d:\d\d \w", pane(screen, "EVENT AT")[0]), "events from before")
        daemon.call("session_create", session_id="late", e2ee=True)
        daemon.call("session_connect", session_id="late", encryption_secret=control_lab.SECRET)
        events = terminal.wait(lambda s: pane(s, "EVENT AT") if "session_id=late" in "".join(s) else None)
        checks.true(events, f"an event that comes now: {pane(terminal.screen(), 'EVENT AT')}")
        checks.true("session_id=late" in "".join(events[-3:]), f"the newest at the bottom: {events}")
        checks.true(terminal.wait(lambda s: len(pane(s, "KEY OF SESSION")) == 2), "the new session's key")
        daemon.call("session_delete", session_id="late")


def draining_is_said(checks, daemon):
    with top(daemon, "--interval", "0.3") as terminal:
        terminal.wait(with_rates)
        daemon.call("drain")
        checks.true(terminal.wait(lambda s: " draining" in s[0]), f"{terminal.screen()[0]}")
        daemon.call("drain", cancel=True)
        checks.true(terminal.wait(lambda s: " ready" in s[0] and " draining" not in s[0]), f"{terminal.screen()[0]}")


def q_ends_with_0_and_the_shells_screen(checks, daemon):
    with tmux.Terminal("sh -c " + shlex.quote("echo BEFORE; " + shlex.join(daemon.ctl_command("top")))) as terminal:
        checks.true(terminal.wait(shown), "nothing is shown")
        checks.true("BEFORE" not in terminal.screen(), "the shell's screen is drawn over")
        terminal.keys("q")
        checks.equal(terminal.wait_exit(), OK, "exit code")
        checks.true(terminal.wait(lambda s: "BEFORE" in s) and not shown(terminal.screen()), "the shell's screen")


def on_pty(command, answer):
    """Runs a command on a terminal of its own; answer(text so far) gives what to type or None. Returns
    (exit code, all that was shown, terminal's modes before and after)."""
    master, slave = pty.openpty()
    before, text = termios.tcgetattr(slave), bytearray()

    def read():
        try:
            while data := os.read(master, 4096):
                text.extend(data)
                keys = answer(bytes(text))
                if keys:
                    os.write(master, keys)
        except OSError:
            pass

    def take_terminal():
        import fcntl
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    done = subprocess.run(command, stdin=slave, stdout=slave, stderr=slave, timeout=30, check=False,
                          start_new_session=True, preexec_fn=take_terminal, env=os.environ | {"TERM": "xterm"})
    time.sleep(0.1)
    after = termios.tcgetattr(slave)
    os.close(slave)
    reader.join(1)
    os.close(master)
    return done.returncode, bytes(text), before, after


def the_terminal_is_given_back_however_it_ends(checks, daemon):
    leave, visible = b"\x1b[?1049l", b"\x1b[?25h"
    for name, keys, code in (("q", b"q", OK), ("Ctrl-C", b"\x03", -signal.SIGINT), ("Ctrl-\\", b"\x1c", -signal.SIGQUIT)):
        typed = []

        def answer(text, keys=keys, typed=typed):
            if b"rtpseald" in text and not typed:
                typed.append(keys)
                return keys
            return None

        got, text, before, after = on_pty(daemon.ctl_command("top"), answer)
        checks.equal(got, code, f"{name}: exit code")
        checks.true(leave in text and text.rindex(visible) > text.index(b"rtpseald"), f"{name}: screen or cursor")
        checks.equal(after, before, f"{name}: the terminal's modes")


def it_follows_the_terminals_size(checks, daemon):
    with top(daemon) as terminal:
        terminal.wait(with_rates)
        for columns, rows in ((80, 24), (60, 15), (132, 50), (30, 8), (100, 40)):
            terminal.resize(columns, rows)
            fits = terminal.wait(lambda s, rows=rows: len(s) >= rows and shown(s) and s[rows - 1].startswith(KEYS))
            checks.true(fits, f"{columns}x{rows}: {terminal.screen()}")
            checks.true(pane(terminal.screen(), "LINK "), f"{columns}x{rows}: no links")
        terminal.resize(16, 4)
        checks.true(terminal.wait(lambda s: s[0] == "too small"), f"16x4: {terminal.screen()}")
        terminal.resize(80, 24)
        checks.true(terminal.wait(with_rates), "after having been too small")


def all_panes_stand_on_80_by_24(checks, daemon):
    with top(daemon, size=(80, 24)) as terminal:
        terminal.wait(with_rates)
        screen = terminal.screen()
        for heading in ("LINK", "WORKER", "DROPPED AS", "BUSIEST STREAM", "KEY OF SESSION", "EVENT AT"):
            checks.true(any(row.startswith(heading) for row in screen), f"no {heading}: {screen}")
        checks.equal(sorted(directions(screen)), ["open", "seal"], "the head's figures are not cut")
        checks.equal(len(pane(screen, "LINK ")), 2, "links")


def keys_select_scroll_zoom_and_explain(checks, daemon):
    selected = re.compile(r"\x1b\[(?:1m\x1b\[)?(?:\d+;)*7m([A-Z ]+?) ")
    with top(daemon, size=(80, 24)) as terminal:
        terminal.wait(with_rates)

        def chosen():
            return selected.findall(terminal.tmux("capture-pane", "-p", "-e"))

        for keys, heading in ((None, "LINK"), ("Tab", "WORKER"), ("Right", "DROPPED"), ("Left", "WORKER"), ("BTab", "LINK"),
                              ("BTab", "EVENT")):
            if keys:
                terminal.keys(keys)
            checks.true(terminal.wait(lambda _, heading=heading: chosen() == [heading]), f"{keys}: {chosen()}")
        terminal.keys("z")
        checks.true(terminal.wait(lambda s: not any(row.startswith("LINK") for row in s)), "zoom")
        terminal.keys("Enter")
        checks.true(terminal.wait(lambda s: pane(s, "LINK ")), "zoom back")
        terminal.keys("?")
        checks.true(terminal.wait(lambda s: any(row.startswith("Any key goes back") for row in s)), "help")
        terminal.keys("x")
        checks.true(terminal.wait(with_rates), "help goes away")


def a_pause_keeps_what_is_shown(checks, daemon):
    with top(daemon, "--interval", "0.2") as terminal:
        terminal.wait(with_rates)
        terminal.keys("p")
        checks.true(terminal.wait(lambda s: last_row(s).startswith("PAUSED")), "no notice")
        first = terminal.screen()
        time.sleep(1.5)
        checks.equal(terminal.screen(), first, "the screen, paused")
        terminal.keys("p")
        checks.true(terminal.wait(lambda s: s != first and with_rates(s) and last_row(s).startswith(KEYS)), "it goes on")


def no_colours_where_they_are_not_wanted_or_not_there(checks, daemon):
    for environment, expected in (({"TERM": "screen-256color"}, True), ({"TERM": "vt100"}, False),
                                  ({"TERM": "screen-256color", "NO_COLOR": "1"}, False)):
        with top(daemon, **environment) as terminal:
            terminal.wait(with_rates)
            coloured = terminal.wait(lambda _: re.search(r"\x1b\[(?:\d+;)*3[0-7]m", terminal.tmux("capture-pane", "-p", "-e")),
                                     5 if expected else 2)
            checks.equal(bool(coloured), expected, f"colours with {environment}")


def a_terminal_that_cannot_be_drawn_on_is_refused(checks, daemon):
    for kind in ("dumb", "no-such-terminal"):
        with top(daemon, TERM=kind) as terminal:
            checks.equal(terminal.wait_exit(), USAGE, f"{kind}: exit code")
            checks.true(any("--json" in row for row in terminal.screen()), f"{kind}: {terminal.screen()}")


def a_silent_daemon_is_said_and_left(checks, daemon):
    with top(daemon, "--interval", "0.2") as terminal:
        terminal.wait(with_rates)
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            checks.true(terminal.wait(lambda s: last_row(s).startswith("SILENT")), f"{terminal.screen()}")
            terminal.keys("q")
            checks.equal(terminal.wait_exit(), OK, "exit code")
        finally:
            daemon.process.send_signal(signal.SIGCONT)


def a_lost_daemon_is_waited_for_and_a_new_one_is_told(checks, daemon):
    with top(daemon, "--interval", "0.5") as terminal:
        terminal.wait(with_rates)
        daemon.stop()
        checks.true(terminal.wait(lambda s: last_row(s).startswith("LOST")), f"{terminal.screen()}")
        daemon.start()
        instance = daemon.call("get_version")["instance"]
        told = terminal.wait(lambda s: last_row(s).startswith("RESTARTED") and instance in last_row(s))
        checks.true(told, f"{terminal.screen()}")
        with daemon.client() as client:
            top_lab.fill(client)
        checks.true(terminal.wait(lambda s: len(pane(s, "KEY OF SESSION")) == 1), "the new daemon's session")
        checks.true(terminal.wait(lambda s: pane(s, "EVENT AT")[-1].find("session_id=room-1") > 0), "its events")
        terminal.keys("x")
        checks.true(terminal.wait(lambda s: last_row(s).startswith(KEYS)), "a key takes the notice away")


def run_with_traffic(daemon, *words, sees):
    """rtpsealctl top to its end, where sees(output) is true; again where the worker lost its CPU meanwhile. Returns
    (the finished process, counters before, counters after)."""
    for _ in range(6):
        before = daemon.call("stats_get")["seal"]
        done = daemon.ctl("top", *words)
        after = daemon.call("stats_get")["seal"]
        if done.returncode != OK or sees(done.stdout):
            break
    return done, before, after


def json_is_a_sample_a_line_whose_figures_add_up(checks, daemon):
    def parse(text):
        return [json.loads(line) for line in text.splitlines()]

    def sees_traffic(text):
        return all(sample["seal"]["packets_in_per_second"] > 0 for sample in parse(text)) and parse(text)[-1]["busiest"]

    done, before, after = run_with_traffic(daemon, "--json", "--interval", "0.5", "--count", "6", sees=sees_traffic)
    samples = parse(done.stdout)
    checks.equal((done.returncode, done.stderr, len(samples)), (OK, "", 6), "exit code, errors, lines")
    for name, rate, factor in (("packets_in", "packets_in_per_second", 1), ("bytes_in", "bits_in_per_second", 8),
                               ("packets_out", "packets_out_per_second", 1), ("bytes_out", "bits_out_per_second", 8)):
        counted = sum(sample["seal"][rate] * sample["interval_ms"] / 1000 for sample in samples) / factor
        whole = after[name] - before[name]
        checks.true(whole / 3 < counted < whole * 1.02 + 2, f"{name}: {counted} by the samples, {whole} by stats_get")
    for sample in samples:
        checks.true(150 < sample["interval_ms"] < 20000, f"interval: {sample['interval_ms']}")
        checks.equal(sample["instance"], daemon.call("get_version")["instance"], "instance")
        checks.equal([(port["side"], port["up"]) for port in sample["ports"]], [("plain", True), ("sealed", True)], "ports")
        rates = {drop["reason"]: drop["packets_per_second"] for drop in sample["drops"] if drop["direction"] == "seal"}
        checks.true(abs(sum(rates.values()) - sample["seal"]["drops_per_second"]) < 1, f"drops: {rates}")
        checks.equal([key["session_id"] for key in sample["keys"]], ["room-1"], "keys")
        checks.equal(sample["health"]["ready"], sample["health"]["reasons"] == "", f"health: {sample['health']}")
    ages = [sample["keys"][0]["age_ms"] for sample in samples]
    given = daemon.call("session_get", session_id="room-1")["keys"][0]["age_ms"]
    checks.true(all(a < b for a, b in zip(ages, ages[1:])) and ages[-1] <= given, f"ages: {ages}, then {given}")
    for row in samples[-1]["busiest"]:
        checks.equal([row[name] for name in ("stream_id", "session_id", "direction", "link")],
                     ["camera", "room-1", "seal", "edge0"], "the busiest stream")
        checks.true(row["packets_per_second"] > 0 and row["bits_per_second"] > 0, f"{row}")
    checks.equal(len(samples[-1]["busiest"]), 1, "streams with packets")
    busy = [worker["busy_percent"] for sample in samples for worker in sample["workers"]]
    checks.true(all(0 <= share <= 100 for share in busy) and max(busy) > 0, f"busy: {busy} %")


def without_a_terminal_it_writes_plain_blocks(checks, daemon):
    def blocks_of(text):
        return text.split("\n\n")

    def sees_traffic(text):
        return all(directions(block.splitlines())["seal"][0] > 0 for block in blocks_of(text)[:2])

    done, _, _ = run_with_traffic(daemon, "--interval", "0.5", "--count", "2", sees=sees_traffic)
    checks.equal((done.returncode, done.stderr), (OK, ""), "exit code and errors")
    blocks = blocks_of(done.stdout)
    checks.equal((len(blocks), blocks[2]), (3, ""), "blocks")
    checks.true(sees_traffic(done.stdout), f"no traffic: {done.stdout}")
    for block in blocks[:2]:
        checks.true(block.startswith("rtpseald ") and block.isascii() and "\x1b" not in block, block)
        checks.equal(len(pane(block.splitlines(), "LINK ")), 2, "links")


def an_interval_that_is_not_one_is_refused(checks, daemon):
    for words in (("--interval", "0.19"), ("--interval", "60.1"), ("--interval", "soon"), ("--interval", "nan"),
                  ("--interval", ""), ("--interval", "1s"), ("--count", "x"), ("--scope", "port"), ("extra",)):
        checks.equal(daemon.ctl("top", *words).returncode, USAGE, f"exit code of {words}")


def no_daemon_is_exit_code_3(checks, daemon):
    command = [edge.CTL, "--socket", "/nowhere/x.sock", "top"]
    for words in ((), ("--json",)):
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=30, check=False)
        checks.equal((done.returncode, done.stdout), (UNREACHABLE, ""), f"{words}")
        checks.true("/nowhere/x.sock" in done.stderr, done.stderr)
    with tmux.Terminal(shlex.join(str(word) for word in command)) as terminal:
        checks.equal(terminal.wait_exit(), UNREACHABLE, "on a terminal")
    reader = subprocess.Popen(daemon.ctl_command("top", "--json", "--interval", "0.2"), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    json.loads(reader.stdout.readline())
    daemon.stop()
    checks.equal(reader.wait(15), UNREACHABLE, "when the daemon ends")
    reader.stdout.close()
    reader.stderr.close()
    daemon.start()


TESTS = (
    figures_on_the_screen_are_those_of_stats_get,
    every_pane_shows_what_the_daemon_has,
    draining_is_said,
    q_ends_with_0_and_the_shells_screen,
    the_terminal_is_given_back_however_it_ends,
    it_follows_the_terminals_size,
    all_panes_stand_on_80_by_24,
    keys_select_scroll_zoom_and_explain,
    a_pause_keeps_what_is_shown,
    no_colours_where_they_are_not_wanted_or_not_there,
    a_terminal_that_cannot_be_drawn_on_is_refused,
    json_is_a_sample_a_line_whose_figures_add_up,
    without_a_terminal_it_writes_plain_blocks,
    a_silent_daemon_is_said_and_left,
    a_lost_daemon_is_waited_for_and_a_new_one_is_told,
    an_interval_that_is_not_one_is_refused,
    no_daemon_is_exit_code_3,
)


def main():
    netns.enter()
    netns.add_veth("plain", "plain-far")
    netns.add_veth("sealed", "sealed-far")
    links = [edge.link("edge0", edge.af_packet(0, "plain"), edge.af_packet(1, "sealed"), control_lab.RANGES)]
    with tempfile.TemporaryDirectory(prefix="rtpseal-test-") as directory:
        with edge.Edge(directory, links) as daemon, top_lab.Traffic():
            with daemon.client() as client:
                top_lab.fill(client)
            cases.run("top", TESTS, daemon)


if __name__ == "__main__":
    main()
