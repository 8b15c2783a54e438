"""Users and groups: the lines that `adduser`, `useradd` or `systemd-sysusers` would have added.

Lines that a base has are never changed, but for members that a group gains. Shadow passwords keep
a fixed day of their last change, because the day of the build has no place in an image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lamina.archive.entry import Entry, Kind, Literal
from lamina.system.made.sysusers import accounts_of
from lamina.system.scripts.deeds import Deed, Group, Member, Numbers, SystemUsers, User

_SYSTEM = range(100, 1000)
"""Numbers that Debian keeps for what packages ask for (Policy 9.2.2)."""
_LAST_CHANGE = "1"
"""The day after the first of Unix; 0 would ask for another password."""
_EXPIRED = "1"
"""The day after the first, too, as `systemd-sysusers` writes it."""
_SHADOW = 42
"""The group that may read shadow passwords, by the number that Debian gives it."""
_OWNERS = {
    "etc/passwd": (0o644, 0),
    "etc/group": (0o644, 0),
    "etc/shadow": (0o640, _SHADOW),
    "etc/gshadow": (0o640, _SHADOW),
}
_SYSUSERS = "usr/lib/sysusers.d"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The users and groups of an image, by name."""

    users: Mapping[str, int]
    groups: Mapping[str, int]
    entries: tuple[Entry, ...] = ()
    """The files that are other than those of the base."""
    homes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Homes that are made for new users, absolute, with user and group."""

    def uid(self, name: str) -> int | None:
        """Return the number of a user who is named, or numbered already."""
        return _number_of(name, self.users)

    def gid(self, name: str) -> int | None:
        """Return the number of a group that is named, or numbered already."""
        return _number_of(name, self.groups)


def add_users(
    base: Mapping[str, bytes], wanted: Iterable[Deed], captured: Mapping[str, bytes]
) -> Accounts:
    """Return the accounts of a base with those of ``wanted``, in order; other deeds are no matter.

    ``base`` has `/etc/passwd` and its like by path. A file of shadow passwords that a base does
    not have is not begun. ``captured`` has the files of packages that `SystemUsers` names.
    """
    books = _Books(base)
    for deed in wanted:
        for each in _told(deed, captured):
            books.add(each)
    return books.accounts()


def _told(deed: Deed, captured: Mapping[str, bytes]) -> Iterator[Deed]:
    if not isinstance(deed, SystemUsers):
        yield deed
        return
    for name in deed.names:
        yield from accounts_of(captured.get(f"{_SYSUSERS}/{name}", b""))


def _number_of(name: str, known: Mapping[str, int]) -> int | None:
    return int(name) if name.isascii() and name.isdecimal() else known.get(name)


@dataclass(slots=True)
class _Books:
    """The files in which accounts are kept, while some are added."""

    base: Mapping[str, bytes]
    lines: dict[str, list[str]] = field(init=False)
    users: dict[str, int] = field(init=False)
    groups: dict[str, int] = field(init=False)
    homes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = {
            path: self.base[path].decode("utf-8", "surrogateescape").splitlines()
            for path in _OWNERS
            if path in self.base
        }
        self.users = _numbers(self.lines.get("etc/passwd", []))
        self.groups = _numbers(self.lines.get("etc/group", []))

    def add(self, deed: Deed) -> None:
        match deed:
            case Group():
                self._add_group(deed)
            case User():
                self._add_user(deed)
            case Member():
                self._add_member(deed)
            case _:
                pass

    def accounts(self) -> Accounts:
        entries = []
        for path, (mode, gid) in _OWNERS.items():
            lines = self.lines.get(path, [])
            data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
            if lines and self.base.get(path) != data:
                entries.append(Entry(path, Kind.FILE, mode, Literal(data), gid=gid))
        return Accounts(self.users, self.groups, tuple(entries), self.homes)

    def _add_group(self, group: Group) -> None:
        if group.name in self.groups:
            return
        taken = set(self.groups.values())
        if group.numbers is Numbers.DOWNWARDS:
            taken |= set(self.users.values())
        gid = _chosen(group.gid, group.numbers, taken)
        self.groups[group.name] = gid
        self._write("etc/group", f"{group.name}:x:{gid}:")
        self._note("etc/gshadow", f"{group.name}:{group.lock}::")

    def _add_user(self, user: User) -> None:
        if user.name in self.users:
            return
        own = user.group == user.name
        gid = _number_of(user.group, self.groups)
        taken = set(self.users.values())
        if user.numbers is Numbers.DOWNWARDS and user.uid is None and own and gid is not None:
            wish = gid if gid in _SYSTEM and gid not in taken else None
        else:
            wish = user.uid
        uid = _chosen(wish, user.numbers, taken)
        if gid is None:
            self._add_group(Group(user.group, numbers=user.numbers, lock=user.lock))
            gid = self.groups[user.group]
        self.users[user.name] = uid
        self._write(
            "etc/passwd", f"{user.name}:x:{uid}:{gid}:{user.gecos}:{user.home}:{user.shell}"
        )
        expiry = _EXPIRED if user.is_expired else ""
        self._note("etc/shadow", f"{user.name}:{user.lock}:{_LAST_CHANGE}:::::{expiry}:")
        if user.makes_home and user.home.strip("/"):
            self.homes[user.home.rstrip("/")] = uid, gid

    def _add_member(self, member: Member) -> None:
        for path in ("etc/group", "etc/gshadow"):
            lines = self.lines.get(path, [])
            for at, line in enumerate(lines):
                name, _, _ = line.partition(":")
                before, _, listed = line.rpartition(":")
                members = [each for each in listed.split(",") if each]
                if name == member.group and member.user not in members:
                    lines[at] = f"{before}:{','.join([*members, member.user])}"

    def _write(self, path: str, line: str) -> None:
        self.lines.setdefault(path, []).append(line)

    def _note(self, path: str, line: str) -> None:
        if path in self.lines:
            self.lines[path].append(line)


def _numbers(lines: Iterable[str]) -> dict[str, int]:
    """Return the numbers by name; the third field has them, in `passwd` as in `group`."""
    found: dict[str, int] = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isascii() and fields[2].isdecimal():
            found.setdefault(fields[0], int(fields[2]))
    return found


def _chosen(wish: int | None, numbers: Numbers, taken: set[int]) -> int:
    """Return a number; one that is taken is shared only if there is no other left."""
    if wish is not None and wish not in taken:
        return wish
    order = _SYSTEM if numbers is Numbers.UPWARDS else reversed(_SYSTEM)
    return next((number for number in order if number not in taken), _SYSTEM[-1])
