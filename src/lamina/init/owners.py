"""Users and groups by their numbers: names that a Dockerfile makes are in no image of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.dockerfile.model.users import User

_FIRST = 1000
"""The number that `useradd` gives where nobody has one yet."""
_OF_DEBIAN = {"root": 0, "daemon": 1, "bin": 2, "www-data": 33, "nobody": 65534, "nogroup": 65534}


@dataclass(frozen=True, slots=True)
class Number:
    """Who is meant, as a number."""

    text: str
    is_guess: bool = False
    """Whether nothing says the number, and it is what it would usually be."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The users that a Dockerfile makes."""

    users: Mapping[str, User]

    def user(self, text: str) -> Number:
        """Return who USER names; a name that the Dockerfile does not make is the base's."""
        name, colon, group = text.partition(":")
        if name not in self.users:
            return Number(text)
        number = self._made(name)
        gid = self._number(group) if colon else None
        text = f"{number.text}:{gid.text if gid is not None else number.text}"
        return Number(text, number.is_guess)

    def owner(self, text: str) -> Number | None:
        """Return whom ``--chown`` names; None if nothing tells the number."""
        name, colon, group = text.partition(":")
        uid = self._number(name)
        if uid is None:
            return None
        gid = self._number(group) if colon else uid
        if gid is None:
            return Number(f"{uid.text}:{uid.text}", is_guess=True)
        both = uid.text if uid.text == gid.text and not colon else f"{uid.text}:{gid.text}"
        return Number(both, uid.is_guess or gid.is_guess)

    def _number(self, name: str) -> Number | None:
        if name.isdecimal():
            return Number(name)
        if name in self.users:
            return self._made(name)
        return Number(str(_OF_DEBIAN[name])) if name in _OF_DEBIAN else None

    def _made(self, name: str) -> Number:
        uid = self.users[name].uid
        return Number(str(_FIRST), is_guess=True) if uid is None else Number(str(uid))
