# SPDX-License-Identifier: BSD-3-Clause
"""Hugepages of 2 MB for as long as a test takes."""

import contextlib
import os
import pathlib
import re

import cases

RESERVED = pathlib.Path("/proc/sys/vm/nr_hugepages")


def free():
    return int(re.search(r"HugePages_Free: +(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


@contextlib.contextmanager
def reserved(count):
    """So many at least, of which none is in use."""
    if os.geteuid() != 0:
        raise cases.Skip("only root can reserve hugepages")
    before = RESERVED.read_text()
    try:
        RESERVED.write_text(str(count))
        if free() < count:
            raise cases.Skip("this host gives no hugepages")
        yield
    finally:
        RESERVED.write_text(before)
