"""Changes of a file's mode, as `chmod` takes them (chmod(1), POSIX `chmod`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lamina.system.scripts.options import Unknown, mode_of

_ALL, _SETID = 0o7777, 0o6000
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007}
_PERMISSIONS = {"r": 0o444, "w": 0o222, "x": 0o111, "s": 0o6000, "t": 0o1000}
_CLAUSE = re.compile(r"(?P<who>[ugoa]*)(?P<operator>[-+=])(?P<permissions>[rwxst]*)")


@dataclass(frozen=True, slots=True)
class Mode:
    """Which bits of a mode stay as they were, and which are set."""

    kept: int = _ALL
    bits: int = 0
    spared: int = 0
    """Which stay for a directory besides: GNU's `chmod` takes setuid and setgid only if told."""

    def of(self, before: int, *, is_directory: bool = False) -> int:
        """Return what a mode becomes.

        >>> oct(Mode(0o3777).of(0o4755))
        '0o755'
        """
        return before & (self.kept | (self.spared if is_directory else 0)) | self.bits

    def then(self, later: Mode) -> Mode:
        """Return one change that is this, and another after it."""
        spared = (self.kept | self.spared) & (later.kept | later.spared)
        kept = self.kept & later.kept
        return Mode(kept, self.bits & later.kept | later.bits, spared & ~kept)

    @property
    def shown(self) -> str:
        """The change as `chmod` takes it.

        >>> Mode(0o3777, 0o20).shown, Mode(0, 0o640).shown
        ('u-s,g+w', '640')
        """
        if self.is_whole:
            return f"{self.bits:o}"
        clauses = []
        for who, mask in _WHO.items():
            added, taken = (
                "".join(name for name, bit in _PERMISSIONS.items() if bits & bit & mask)
                for bits in (self.bits, _ALL & ~self.kept & ~self.bits)
            )
            clauses += [f"{who}+{added}" if added else "", f"{who}-{taken}" if taken else ""]
        return ",".join(each for each in clauses if each)

    @property
    def is_whole(self) -> bool:
        """Whether nothing depends on what a file had before."""
        return not self.kept


UNCHANGED = Mode()


def whole(mode: int) -> Mode:
    """Return the change to a certain mode."""
    return Mode(0, mode, spared=_SETID)


def change_of(text: str) -> Mode:
    """Read what `chmod` is told: octal digits, or clauses that say whom they are for.

    Raises `Unknown`, also for what depends on the umask.

    >>> change_of("u-s,g+w")
    Mode(kept=2047, bits=16, spared=0)
    """
    if text.isdecimal():
        return whole(mode_of(text))
    change = UNCHANGED
    for each in text.split(","):
        clause = _CLAUSE.fullmatch(each)
        if clause is None:
            raise Unknown
        who, operator, permissions = clause.group("who", "operator", "permissions")
        # For nobody in particular it is all whom the umask lets, and that of dpkg takes `w` alone.
        if not who and (operator == "=" or set(permissions) - {"r", "x"}):
            raise Unknown
        change = change.then(_clause(who or "a", operator, permissions))
    return change


def _clause(who: str, operator: str, permissions: str) -> Mode:
    them = _WHO.keys() if "a" in who else set(who)
    mask = sum(_WHO[each] for each in them)
    bits = sum(_PERMISSIONS.get(each, 0) for each in set(permissions)) & mask
    if operator == "=":
        return Mode(_ALL & ~mask, bits, spared=_SETID & mask)
    return Mode(bits=bits) if operator == "+" else Mode(_ALL & ~bits)
