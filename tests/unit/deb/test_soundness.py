"""Packages that were written down, and whether they can be there together."""

from __future__ import annotations

import pytest

from debs import stanza
from lamina.deb.binary import BinaryPackage
from lamina.deb.control import parse_paragraph
from lamina.deb.installed import Installed
from lamina.deb.soundness import UnsoundPackages, check, package_of
from lamina.deb.wish import Wish


def new(name: str, version: str = "1.0-1", fields: str = "") -> BinaryPackage:
    text = stanza(name, version, fields=fields)
    return package_of(parse_paragraph(text.encode(), where="a test"))


def base(*stanzas: str) -> Installed:
    return Installed.parse(["\n".join(stanzas).encode()], where="the base")


def refusal(
    *packages: BinaryPackage, installed: Installed | None = None, wishes: str = ""
) -> list[str]:
    with pytest.raises(UnsoundPackages) as caught:
        verify(*packages, installed=installed, wishes=wishes)
    header, *lines = str(caught.value).splitlines()
    assert header == "The Debian packages do not hold together:"
    assert caught.value.hint == (
        "Was `lamina.lock` changed by hand, or merged? Run `lamina lock --upgrade`"
    )
    return [line.removeprefix("  ") for line in lines]


def verify(*packages: BinaryPackage, installed: Installed | None = None, wishes: str = "") -> None:
    asked = [Wish.parse(each) for each in wishes.split()]
    check(packages, installed or Installed.nothing(), "amd64", asked)


def test_what_is_needed_may_be_of_the_base_or_new_or_provided() -> None:
    needy = new("needy", fields="Depends: base (>= 1), x | other, virtual, demo:any\n")
    others = [
        new("other"),
        new("provider", fields="Provides: virtual\n"),
        new("demo", fields="Multi-Arch: allowed\n"),
    ]

    verify(needy, *others, installed=base(stanza("base")), wishes="needy virtual other=1.*")


def test_all_that_lacks_is_told() -> None:
    needy = new("needy", fields="Pre-Depends: first\nDepends: base (>= 2), x | y (= 3)\n")

    assert refusal(needy, installed=base(stanza("base")), wishes="curl needy=2*") == [
        "`curl` is asked for, and not there",
        "`needy=2*` is asked for, and not there",
        "`needy` depends on `first`, which is not there",
        "`needy` depends on `base (>= 2)`, which is not there",
        "`needy` depends on `x | y (= 3)`, which is not there",
    ]


def test_what_excludes_another_is_told_whichever_of_the_two_is_new() -> None:
    installed = base(stanza("old", fields="Conflicts: virtual\n"), stanza("older"))
    packages = new("one", fields="Provides: virtual\n"), new("two", fields="Breaks: older (<< 2)\n")

    assert refusal(*packages, installed=installed) == [
        "`two` breaks `older (<< 2)`",
        "`old` conflicts with `virtual`, which `one` provides",
    ]


def test_a_package_does_not_exclude_itself_nor_what_it_replaces() -> None:
    package = new("one", "2", fields="Provides: virtual\nConflicts: virtual, one (<< 2)\n")

    verify(package, installed=base(stanza("one", "1")))


def test_disorder_of_the_base_is_left_as_it_is() -> None:
    installed = base(
        stanza("a", fields="Conflicts: b\nDepends: missing\n"), stanza("b", "1"), stanza("c")
    )

    verify(new("d"), installed=installed)


def test_what_a_package_of_the_base_needs_must_not_be_replaced() -> None:
    installed = base(
        stanza("program", fields="Depends: library (= 1), missing\n"), stanza("library", "1")
    )

    assert refusal(new("library", "2"), installed=installed) == [
        "`program` of the base depends on `library (= 1)`, which is replaced"
    ]
