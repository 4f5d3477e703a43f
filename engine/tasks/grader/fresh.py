"""What was written since the container began: all the rest is as the image had it and need not be read.

The time of a file's last change is the kernel's own; unlike the time of its content it cannot be set.
"""

from __future__ import annotations

import os

MARGIN = 3.0
"""Seconds by which the kernel's clocks may differ."""


def began(here: str) -> float:
    """When the container's first process started, in seconds since the epoch; 0.0 where nobody can tell."""
    with open("/proc/1/stat", "rb") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/stat", "rb") as file:
        boot = next((int(line.split()[1]) for line in file if line.startswith(b"btime")), 0)
    start = boot + ticks / os.sysconf("SC_CLK_TCK") - MARGIN
    # What was just copied here must be younger, or the filesystem does not keep that time.
    return start if boot and os.lstat(os.path.join(here, "contract.json")).st_ctime > start else 0.0


def fresh(path: str, start: float) -> bool:
    """Whether something at `path`, no link followed, is younger than `start`."""
    try:
        return os.lstat(path).st_ctime >= start
    except OSError:
        return False
