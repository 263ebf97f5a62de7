# SPDX-License-Identifier: BSD-3-Clause
"""The no-drop rate of a running rtpseald over memif, and that under 0.5 % loss, after RFC 2544.

dpdk-testpmd is held to a rate by a wait in each of its turns, in steps of a microsecond, some 2 % of a turn. What
then finds no room on the daemon's ring of 1,024 is lost, as on a NIC. The rate of a trial is the one that came about
and not the one that was asked for.

Whoever takes the worker's CPU for a few milliseconds, a hypervisor say, makes it lose packets at any rate. So a trial
is cut into windows of a tenth of a second, and what the one in the middle lost decides: where nothing, more than half
of them lost nothing. How much was lost in all while a rate was confirmed stands beside it, and in `taken` how much of
its time the worker was without its CPU."""

import statistics
import time

import forward_lab
import harness
import rate_search
import testpmd

PAYLOAD = 500
WINDOW_SECONDS = 0.1
WINDOWS, CONFIRM_WINDOWS = 9, 31
MUCH_TAKEN = 0.05  # of the worker's time: more is no measurement of it
MOST_ROUNDS = 2  # half a minute for each suite and direction
SLOW_US = 400  # waits in each turn with which any daemon keeps up
SLOWEST_RATE = 50_000
TOLERANCES = {"no_drop": 0, "half_percent_loss": 0.005}


def lost(outcome):
    """The share of what was sent."""
    return 1 - outcome.received / max(outcome.sent, 1)


class Device:
    """A running daemon and testpmd, for trials at any rate."""

    def __init__(self, meter, generator):
        self.meter, self.generator = meter, generator
        self.outcomes = {}  # by rate, so that a trial is judged by both tolerances
        self.taken, self.trials = [], 0
        self.generator.pace(SLOW_US)
        self.generator.start()
        # What a turn takes without a wait, when nothing disturbs.
        self.turn_us = min(self.turn_of(SLOW_US) for _ in range(3)) - SLOW_US
        if self.turn_us <= 0:
            raise RuntimeError("testpmd is faster than it waits")
        self.fastest = testpmd.PACED_BURST / self.turn_us * 1e6

    def turn_of(self, wait_us):
        self.run(wait_us, WINDOWS)
        return testpmd.PACED_BURST / self.carried * 1e6

    def window(self):
        """From now on. What testpmd had no room for counts as sent, and lost."""
        counts = []
        for wait in (WINDOW_SECONDS, 0):
            counts.append((*self.generator.passed_on(), sum(self.meter.dropped().values())))
            time.sleep(wait)
        sent, no_room, dropped = (after - before for before, after in zip(*counts))
        return rate_search.Outcome(sent + no_room, sent + no_room, sent - dropped, dropped)

    def run(self, wait_us, windows):
        """The Outcome of the window in the middle; keeps the rate, and how much was lost in all."""
        self.generator.pace(wait_us)
        time.sleep(forward_lab.WARM_SECONDS)
        before = self.meter.worker()
        outcomes = sorted((self.window() for _ in range(windows)), key=lost)
        elapsed, packets, _, _, taken = (now - then for now, then in zip(self.meter.worker(), before))
        self.carried, self.lost = packets / elapsed, statistics.mean(map(lost, outcomes))
        self.taken.append(taken / elapsed)
        self.trials += 1
        return outcomes[windows // 2]

    def trial(self, rate, confirming):
        wait_us = max(0, round(testpmd.PACED_BURST / rate * 1e6 - self.turn_us))
        if confirming:
            self.limit = "worker" if wait_us else "generator"
            return self.run(wait_us, CONFIRM_WINDOWS)
        if rate not in self.outcomes:
            self.outcomes[rate] = self.run(wait_us, WINDOWS)
        return self.outcomes[rate]

    def found(self):
        """The rates, for a row."""
        row = {}
        for name, tolerance in TOLERANCES.items():
            found = rate_search.search(self.trial, SLOWEST_RATE, self.fastest, tolerance)
            # The last trial of a search is the one that confirmed it.
            row[f"{name}_packets_per_second"] = found.rate and round(self.carried)
            row[f"{name}_lost"] = found.rate and round(self.lost, 5)
        taken = statistics.mean(self.taken)
        return {**row, "limit": self.limit if taken <= MUCH_TAKEN else "others on this machine", "trials": self.trials,
                "taken": round(taken, 4)}


def measure(lab, suite, direction):
    with lab.joined(direction, lab.recording(direction, suite, PAYLOAD), paced=True) as (meter, generator):
        found = Device(meter, generator).found()
        generator.stop()
        counts, dropped = generator.counts(), sum(meter.dropped().values())
    if counts.sent > counts.received + dropped:
        raise RuntimeError(f"of {counts.sent} packets {counts.received} came out, and {dropped} are counted as dropped")
    return {"what": "forward_rate", "suite": forward_lab.suite_name(suite), "direction": direction, "bytes": PAYLOAD,
            **found}


def best_of(rows):
    """The row with the highest no-drop rate, with those of all rounds in it."""
    rates = [row["no_drop_packets_per_second"] for row in rows]
    best = max(rows, key=lambda row: row["no_drop_packets_per_second"] or 0)
    return {**best, "no_drop_of_rounds": rates}


def run(options):
    wanted = [(suite, direction) for suite in forward_lab.SUITES for direction in forward_lab.DIRECTIONS]
    wanted = wanted[-2:-1] if options.quick else wanted
    rounds = min(options.rounds, MOST_ROUNDS)
    try:
        with forward_lab.laboratory() as lab:
            found = [[measure(lab, *one) for one in wanted] for _ in range(rounds)]
    except RuntimeError as error:
        raise harness.Failed(error) from error
    return {"rounds": rounds, "rows": [best_of(rows) for rows in zip(*found)]}


def show(result):
    print(f"best of {result['rounds']} rounds; lost: of all that was sent at that rate; taken: of the worker's time, by"
          " others")
    print(f"{'suite':8}{'':6}{'bytes':>6}" + "".join(f"{title:>14}{'lost':>9}" for title in ("no drop", "0.5 % loss")) +
          f"{'trials':>8}{'taken':>7}  limit")
    for row in result["rows"]:
        cells = ""
        for name in TOLERANCES:
            rate, share = row[f"{name}_packets_per_second"], row[f"{name}_lost"]
            cells += f"{'none found':>14}{'':9}" if rate is None else f"{rate / 1e6:9.2f} Mpps{share:9.3%}"
        print(f"{row['suite']:8}{row['direction']:6}{row['bytes']:6}{cells}"
              f"{row['trials']:8}{row['taken']:7.1%}  {row['limit']}")
