"""Sizes as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([kKMGT]i?)?B?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MOST = 1 << 60


class InvalidSize(ValueError):
    """A text that is no size of something."""


def parse_size(text: str) -> int:
    """Return a number of bytes. Units are decimal, or binary with an ``i``; without one, bytes.

    >>> parse_size("32 GiB"), parse_size("1.5 kB"), parse_size("700")
    (34359738368, 1500, 700)
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidSize(text)
    unit = match[2] or ""
    base = 1024 if unit.endswith("i") else 1000
    size = Decimal(match[1]) * base ** _POWERS[unit.rstrip("i").lower()]
    if not 1 <= size <= _MOST:
        raise InvalidSize(text)
    return int(size)
