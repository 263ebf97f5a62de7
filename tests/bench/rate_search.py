# SPDX-License-Identifier: BSD-3-Clause
"""The search for the fastest rate that a device carries (RFC 2544 section 26.1), with whatever generator.
scripts/pktgen/search.lua is the same in Lua; tests/system/test_pktgen.py holds both against known devices."""

from typing import NamedTuple

LEAST_TRIALS = 10
SENT_SHARE = 0.995  # of what was asked for: memif holds its sender back where a NIC would lose packets
STEP_DOWN = 0.98
MOST_STEPS = 25


class Outcome(NamedTuple):
    """What became of a trial, in packets; `dropped` are those that the device itself counted as drops."""

    requested: float
    sent: int
    received: int
    dropped: int = 0


class Found(NamedTuple):
    """The rate, or None where none passed, its outcome, and how many trials that took."""

    rate: float | None
    outcome: Outcome | None
    trials: int


def passes(outcome, tolerance):
    """Whether that much was sent and arrived. Without tolerance nothing sent may be lost."""
    if outcome.sent < SENT_SHARE * outcome.requested or outcome.sent == 0:
        return False
    return max(outcome.sent - outcome.received, outcome.dropped) <= tolerance * outcome.sent


def search(trial, lowest, highest, tolerance, trials=LEAST_TRIALS):
    """`trial(rate, confirming)` tries a rate and returns its Outcome. Bisects between lowest and highest, then
    confirms what it found in a trial that may be longer, lower by 2 % each time that fails."""
    if trials < LEAST_TRIALS:
        raise ValueError(f"at least {LEAST_TRIALS} trials")
    low, high, rate = lowest, highest, highest
    for _ in range(trials):
        if passes(trial(rate, False), tolerance):
            low = rate
        else:
            high = rate
        rate = (low + high) / 2
    rate = low
    for step in range(1, MOST_STEPS + 1):
        outcome = trial(rate, True)
        if passes(outcome, tolerance):
            return Found(rate, outcome, trials + step)
        rate *= STEP_DOWN
    return Found(None, None, trials + MOST_STEPS)
