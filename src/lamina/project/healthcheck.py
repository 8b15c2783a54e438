"""Health checks, with Docker's names and Docker's units."""

from __future__ import annotations

import re

from lamina.oci.healthcheck import Healthcheck
from lamina.tables import Refused, Table, integer, kind, string

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|ms|s|m|h))+")
_STEP = re.compile(r"([0-9]+)(?:\.([0-9]+))?([a-z]+)")
_LEAST = _UNITS["ms"]


def parse_duration(value: object) -> int:
    """Take a duration such as ``1m30s`` and return its nanoseconds.

    >>> parse_duration("1.5s")
    1500000000
    """
    text = string(value)
    if not _DURATION.fullmatch(text):
        raise Refused("expected a duration such as `30s` or `1m30s`")
    nanoseconds = 0
    for whole, fraction, unit in _STEP.findall(text):
        scale = _UNITS[unit]
        nanoseconds += int(whole) * scale
        nanoseconds += int(fraction or 0) * scale // 10 ** len(fraction)
    if nanoseconds < _LEAST or nanoseconds >= 1 << 63:
        raise Refused("expected a duration of at least `1ms` that fits 64 bits")
    return nanoseconds


def read_healthcheck(table: Table) -> Healthcheck | None:
    """Read the table `healthcheck`; None where it says nothing that can be used."""
    test = table.required("test", _test)
    interval = table.read("interval", parse_duration) or 0
    timeout = table.read("timeout", parse_duration) or 0
    start_period = table.read("start-period", parse_duration) or 0
    start_interval = table.read("start-interval", parse_duration) or 0
    retries = table.read("retries", integer(1, 1_000_000)) or 0
    table.finish()
    if test is None:
        return None
    return Healthcheck(
        test=test,
        interval=interval,
        timeout=timeout,
        start_period=start_period,
        start_interval=start_interval,
        retries=retries,
    )


def _test(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return ("CMD-SHELL", string(value))
    if not isinstance(value, list):
        raise Refused(f"expected a string or an array of strings, got {kind(value)}")
    words = tuple(string(word) for word in value)
    if not words:
        raise Refused("is empty; to turn the base's check off, write `NONE`")
    return words if words[0] in ("CMD", "CMD-SHELL", "NONE") else ("CMD", *words)
