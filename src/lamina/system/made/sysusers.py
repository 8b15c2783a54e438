"""What a file below ``usr/lib/sysusers.d`` asks for (sysusers.d(5))."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from lamina.system.scripts.deeds import Group, Member, Numbers, User

_LOCKED = "!*"
"""What `systemd-sysusers` writes for a password."""
_UNSET = frozenset({"", "-"})


def accounts_of(data: bytes) -> Iterator[Group | User | Member]:
    """Give the accounts of one file in its order; lines of no known form are passed over.

    An id may be a number, a number with a group after a colon, or the path of a file that is not
    looked at: then one is chosen.

    >>> [each.name for each in accounts_of(b'u polkitd - "The daemon" /run -')]
    ['polkitd', 'polkitd']
    """
    for line in data.decode("utf-8", "replace").splitlines():
        if line.lstrip().startswith("#"):
            continue
        try:
            fields = shlex.split(line)
        except ValueError:
            continue
        fields += [""] * (6 - len(fields))
        kind, name, wish, gecos, home, shell = (
            "" if field in _UNSET else field for field in fields[:6]
        )
        if not name:
            continue
        if kind in ("u", "u!"):
            yield from _user(name, wish, gecos, home, shell, is_expired=kind == "u!")
        elif kind == "g":
            yield _group(name, wish)
        elif kind == "m" and wish:
            yield Member(name, wish)


def _user(
    name: str, wish: str, gecos: str, home: str, shell: str, *, is_expired: bool
) -> Iterator[Group | User]:
    uid, _, group = wish.partition(":")
    if not group:
        yield _group(name, uid)
    yield User(
        name,
        group=group or name,
        uid=_number(uid),
        gecos=gecos,
        home=home or "/",
        shell=shell or "/usr/sbin/nologin",
        numbers=Numbers.DOWNWARDS,
        lock=_LOCKED,
        is_expired=is_expired,
    )


def _group(name: str, wish: str) -> Group:
    return Group(name, _number(wish), Numbers.DOWNWARDS, _LOCKED)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
