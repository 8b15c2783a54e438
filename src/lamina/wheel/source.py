"""What a wheel is read from: its archive, or the tree that it was unpacked to."""

from __future__ import annotations

from typing import Protocol, TypeVar

from lamina.archive.entry import Content
from lamina.wheel.errors import WheelError

GIB = 1 << 30
DEFAULT_LIMIT = 16 * GIB
"""Of all that a wheel holds, unpacked, in bytes; the largest wheels known hold about 4 GiB."""


class WheelMember(Protocol):
    """One file or folder of a wheel."""

    @property
    def name(self) -> str:
        """Relative, ``/`` between its parts, with no empty part, no ``.`` and no ``..``."""
        ...

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder."""
        ...

    @property
    def size(self) -> int:
        """Of its content, in bytes."""
        ...

    @property
    def is_executable(self) -> bool:
        """Whether anybody may execute it."""
        ...


AnyMember = TypeVar("AnyMember", bound=WheelMember)


class WheelSource(Protocol[AnyMember]):
    """A wheel, wherever its bytes are."""

    @property
    def name(self) -> str:
        """The wheel's own file name."""
        ...

    @property
    def members(self) -> tuple[AnyMember, ...]:
        """All that it holds, each name once, in the order of the wheel's bytes."""
        ...

    def content(self, member: AnyMember) -> Content:
        """Return a member's content; it is read when it is asked for."""
        ...

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Return the content of a small file, or None if there is none of that name."""
        ...


def read_small(wheel: WheelSource[AnyMember], member: AnyMember, limit: int) -> bytes:
    """Return the content of a member. Raises `WheelError` above ``limit`` bytes."""
    if member.size > limit:
        fault = f"`{member.name}` has {member.size} bytes, expected at most {limit}"
        raise WheelError(fault, wheel=wheel.name)
    return b"".join(wheel.content(member).chunks())
