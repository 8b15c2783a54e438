"""Health checks, with Docker's names and Docker's units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lamina.project.table import Refused, Table, integer, kind, string

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """How the engine finds out that the container works; absent values are the engine's own.

    Durations are nanoseconds, as the config of an image holds them (Docker image
    specification v1.2, Healthcheck).
    """

    test: tuple[str, ...]
    interval: int | None = None
    timeout: int | None = None
    start_period: int | None = None
    start_interval: int | None = None
    retries: int | None = None

    def to_json(self) -> dict[str, object]:
        """Return the object that stands as ``Healthcheck`` in an image's config."""
        values: dict[str, object] = {
            "Test": list(self.test),
            "Interval": self.interval,
            "Timeout": self.timeout,
            "StartPeriod": self.start_period,
            "StartInterval": self.start_interval,
            "Retries": self.retries,
        }
        return {name: value for name, value in values.items() if value is not None}


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
    interval = table.read("interval", parse_duration)
    timeout = table.read("timeout", parse_duration)
    start_period = table.read("start-period", parse_duration)
    start_interval = table.read("start-interval", parse_duration)
    retries = table.read("retries", integer(1, 1_000_000))
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
