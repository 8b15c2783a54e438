"""Whether a lock answers a configuration; and if it does not, in what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.oci.index import normalize
from lamina.pins.file_name import NAME
from lamina.pins.model import Asked, Pins


@dataclass(frozen=True, slots=True, order=True)
class Mismatch:
    """One thing that is asked for otherwise than a lock answers."""

    item: str
    """As `[tool.lamina]` or `[build-system]` calls it."""
    problem: str

    def __str__(self) -> str:
        return f"{self.item}: {self.problem}"


class PinsDoNotMatch(LaminaError):
    """A lock that answers another configuration than the one that is asked for."""

    def __init__(self, found: Iterable[Mismatch], hint: str) -> None:
        lines = [f"  {each}" for each in found]
        super().__init__(
            "\n".join([f"`{NAME}` does not match what is asked for", *lines]), hint=hint
        )


def mismatches(pins: Pins, asked: Asked, *, is_exact: bool = False) -> tuple[Mismatch, ...]:
    """Return in what a lock does not answer; platforms that nobody asks for count if ``is_exact``.

    >>> from lamina.oci.descriptor import Platform
    >>> asked = Asked(base="a", platforms=(Platform("linux", "amd64"),))
    >>> mismatches(Pins(asked=asked, platforms=()), asked)
    ()
    """
    return tuple(sorted({*_mismatches(pins.asked, asked, is_exact=is_exact)}))


def _mismatches(had: Asked, asked: Asked, *, is_exact: bool) -> Iterator[Mismatch]:
    if had.base != asked.base:
        yield Mismatch("base", f"expected {asked.base}, got {had.base}")
    if had.shell != asked.shell:
        yield Mismatch("shell", f"expected {_said(asked.shell)}, got {_said(had.shell)}")
    known = {normalize(each): str(each) for each in had.platforms}
    wanted = {normalize(each): str(each) for each in asked.platforms}
    for each in wanted.keys() - known.keys():
        yield Mismatch("platform", f"{wanted[each]} is not pinned")
    for each in known.keys() - wanted.keys() if is_exact else ():
        yield Mismatch("platform", f"{known[each]} is pinned, and not asked for")
    yield from _lists("apt", had.apt, asked.apt)
    yield from _lists("build-requires", had.build_requires, asked.build_requires)
    yield from _lists("build-constraints", had.build_constraints, asked.build_constraints)


def _lists(item: str, had: Iterable[str], asked: Iterable[str]) -> Iterator[Mismatch]:
    before, after = set(had), set(asked)
    for each in after - before:
        yield Mismatch(item, f"`{each}` is not pinned")
    for each in before - after:
        yield Mismatch(item, f"`{each}` is pinned, and not asked for")


def _said(is_so: bool) -> str:
    return "true" if is_so else "false"
