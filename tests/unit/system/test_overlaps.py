"""Packages of which an earlier image tells too little to say whose a path is."""

from __future__ import annotations

import pytest

from lamina.archive.rearranged import Rearranged
from lamina.system.base_paths import BasePaths
from lamina.system.notes import PackageNotes
from lamina.system.overlaps import claims_of, unclear_among


def notes(name: str, *paths: str, unclear: bool = False, folder: bool = False) -> PackageNotes:
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\n".encode()
    return PackageNotes(
        control={"control": control},
        listed=("/.", *paths),
        unclear=frozenset(paths if unclear else ()),
        folders=frozenset(paths if folder else ()),
    )


@pytest.mark.parametrize(
    ("packages", "names"),
    [
        ([notes("told", "/x", unclear=True), notes("new", "/y")], set()),
        ([notes("told", "/x", unclear=True), notes("new", "/x")], {"told"}),
        ([notes("told", "/x", unclear=True), notes("new", "/x", folder=True)], {"told"}),
        ([notes("told", "/x", unclear=True), notes("also", "/x", unclear=True)], set()),
        ([notes("told", "/there", unclear=True)], set()),
        ([notes("told", "/owned", unclear=True)], {"told"}),
        ([notes("owner", "/owned", unclear=True)], set()),
        ([notes("told", "/folder", unclear=True)], {"told"}),
        ([notes("told", "/there")], set()),
    ],
)
def test_only_what_meets_something_else_is_looked_into(
    packages: list[PackageNotes], names: set[str]
) -> None:
    base = BasePaths(
        folders=frozenset({"folder"}),
        leaves={"there": None, "owned": None},
        lists={"var/lib/dpkg/info/owner:amd64.list": "/.\n/owned\n"},
    )

    assert unclear_among(claims_of(packages, base, Rearranged()), base, Rearranged()) == names
