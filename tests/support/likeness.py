# SPDX-License-Identifier: BSD-3-Clause
"""How like its source something decoded is: PSNR of a picture's luma, and the share of a tone in sound.

In plain Python, so each picture is judged by every STEP-th of its pixels: a step that no width is a multiple of
reaches all columns."""

import array
import math
import operator

STEP = 7
SQUARES = [difference * difference for difference in [*range(256), *range(-255, 0)]]
SAME_DB = 99.0  # said where nothing differs


def psnr(picture, source, luma_bytes):
    """In dB, of two pictures that begin with their luma."""
    one, other = picture[:luma_bytes:STEP], source[:luma_bytes:STEP]
    # A negative difference counts from the table's end.
    error = sum(map(SQUARES.__getitem__, map(operator.sub, one, other))) / len(one)
    return 10 * math.log10(255 * 255 / error) if error else SAME_DB


def tone_share(samples, tone_hz, rate):
    """Of a sound's power (S16LE, mono), the share that one tone has: 1 is a sine, noise has next to nothing.
    By Goertzel's algorithm."""
    values = array.array("h", samples)
    power = sum(value * value for value in values)
    if not power:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * tone_hz / rate)
    before = last = 0.0
    for value in values:
        before, last = last, value + turn * last - before
    found = last * last + before * before - turn * last * before
    return found * 2 / len(values) / power
