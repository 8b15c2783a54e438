"""How long the process runs already, what happened before our first line included."""

from __future__ import annotations

import os
import time
from pathlib import Path

_IMPORTED = time.monotonic()
_STAT = Path("/proc/self/stat")
_START_TIME = 22 - 3
"""Of the fields behind the command's name, which may hold spaces (proc(5))."""


def seconds_running() -> float:
    """Return the seconds since the process was started; since our import, where that is unknown."""
    try:
        fields = _STAT.read_text().rpartition(")")[2].split()
        started = int(fields[_START_TIME]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, ValueError, IndexError):
        return time.monotonic() - _IMPORTED
