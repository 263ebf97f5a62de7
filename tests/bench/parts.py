# SPDX-License-Identifier: BSD-3-Clause
"""The parts of scripts/bench, in the order they run. A part is a module with a docstring, whose first line
is its help, and
    run(options)            measures; returns what becomes JSON
    show(result)            prints it
    draw(result, figure)    draws it into a figure of matplotlib; where there is something to draw
options: rounds, ms (for one measurement), quick (be done in seconds)."""

import forward
import forward_rate
import latency
import low_load
import path_profile
import ports
import rekey
import scale
import table
import workers

PARTS = {
    "table": table,
    "low_load": low_load,
    "profile": path_profile,
    "scale": scale,
    "rekey": rekey,
    "latency": latency,
    "workers": workers,
    "forward": forward,
    "rate": forward_rate,
    "ports": ports,
}
