"""What the maintainer scripts of a Debian package would do at its first installation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lamina.system.scripts.modes import UNCHANGED, Mode


class Numbers(Enum):
    """How a number is chosen for an account that asks for none, in Debian's range of 100 to 999."""

    UPWARDS = "upwards"
    """The first free one, as `adduser` and `addgroup` choose."""
    DOWNWARDS = "downwards"
    """The last free one, as `useradd`, `groupadd` and `systemd-sysusers` choose."""


@dataclass(frozen=True, slots=True)
class Slave:
    """A link that follows another alternative, such as the manual page of a program."""

    name: str
    link: str
    path: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the files that a generic name may stand for (update-alternatives(1))."""

    name: str
    link: str
    path: str
    priority: int
    slaves: tuple[Slave, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A system group that is there afterwards."""

    name: str
    gid: int | None = None
    numbers: Numbers = Numbers.UPWARDS
    lock: str = "!"
    """What stands for one in the file of passwords: no password is that one."""


@dataclass(frozen=True, slots=True)
class User:
    """A system user that is there afterwards."""

    name: str
    group: str = "nogroup"
    """The primary group by name or number; one of the user's own name is made if missing."""
    uid: int | None = None
    gecos: str = ""
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"
    makes_home: bool = False
    numbers: Numbers = Numbers.UPWARDS
    lock: str = "!"
    is_expired: bool = False
    """Whether nobody may log in by any other way either."""


@dataclass(frozen=True, slots=True)
class Member:
    """A user that belongs to one more group."""

    user: str
    group: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns a path, by name or number; empty is as it was."""

    user: str = ""
    group: str = ""


ROOT = Owner("root", "root")


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory that is made where nothing is."""

    path: str
    mode: int = 0o755
    owner: Owner = ROOT


@dataclass(frozen=True, slots=True)
class Link:
    """A symlink that is made where nothing is."""

    path: str
    target: str


NOTHING = "/dev/null"
"""The source of a file without content."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that is made where nothing is, from one that the package ships."""

    path: str
    source: str
    mode: int = 0o644
    owner: Owner = ROOT


@dataclass(frozen=True, slots=True)
class Text:
    """A file that is written where nothing is, with what the script itself has for it."""

    path: str
    text: str
    mode: int = 0o644
    owner: Owner = ROOT


@dataclass(frozen=True, slots=True)
class Permission:
    """Another mode or owner of what the package ships, or a file's capabilities."""

    path: str
    mode: Mode = UNCHANGED
    owner: Owner = Owner()
    capabilities: str = ""
    """The clause that `setcap` takes; empty for none. See `capabilities_of`."""
    is_override: bool = False
    """Whether dpkg remembers it for later versions of the package (dpkg-statoverride(1))."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing depends on what mode and owner were before."""
        return self.mode.is_whole and bool(self.owner.user and self.owner.group)


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that users may have."""

    path: str


@dataclass(frozen=True, slots=True)
class SystemUsers:
    """Files below ``usr/lib/sysusers.d`` whose accounts are made (sysusers.d(5))."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificates:
    """The certificates of authorities gathered where programs look for them."""


Deed = (
    Alternative
    | Group
    | User
    | Member
    | Folder
    | Link
    | Copy
    | Text
    | Permission
    | Shell
    | SystemUsers
    | Certificates
)


@dataclass(frozen=True, slots=True)
class Undone:
    """Commands of one kind that nothing is made of."""

    effect: str
    """What is missing without them: the start of a line, for a reader who knows the package."""
    commands: tuple[str, ...]
    """As they are written in the script, or nearly."""
    is_certain: bool = True
    """Whether the script would run them in any case."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the scripts of one package would do, in order."""

    package: str
    made: tuple[Deed, ...] = ()
    undone: tuple[Undone, ...] = ()
