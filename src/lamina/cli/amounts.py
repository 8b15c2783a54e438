"""Sizes, times and counts as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return a number of bytes, in the decimal units that disks and networks are sold by.

    >>> size(0), size(999), size(18_240_000), size(4_200_000_000)
    ('0 B', '999 B', '18.2 MB', '4.2 GB')
    """
    amount, unit = float(count), 0
    while amount >= 999.95 and unit < len(_UNITS) - 1:
        amount /= 1000
        unit += 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def duration(seconds: float) -> str:
    """Return a time.

    >>> duration(0.123), duration(31.24), duration(395.2)
    ('0.12 s', '31.2 s', '6 min 35 s')
    """
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // 60} min {round(seconds) % 60} s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "layer"), counted(2, "layer"), counted(0, "wheel")
    ('1 layer', '2 layers', 'no wheels')
    """
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def files(wheels: int, packages: int) -> str:
    """Return how many files there are of each kind; packages are seldom, so only if there are any.

    >>> files(2, 0), files(0, 1), files(0, 0)
    ('2 wheels', '1 Debian package', 'no wheels')
    """
    found = [counted(wheels, "wheel")] if wheels or not packages else []
    return ", ".join([*found, *([counted(packages, "Debian package")] if packages else [])])
