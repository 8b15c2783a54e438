"""From wishes to packages, in worlds of a few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from debs import stanza
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.resolver import Resolution, Unsatisfiable, resolve
from lamina.deb.wish import Wish


def index(*stanzas: str, suite: str = "trixie", priority: int = 500) -> PackagesFile:
    return PackagesFile("\n".join(stanzas).encode(), suite, priority)


def base(*stanzas: str) -> Installed:
    return Installed.parse(["\n".join(stanzas).encode()], where="the base")


def solve(
    wishes: str,
    files: PackagesFile | Iterable[PackagesFile],
    installed: Installed | None = None,
    preferred: Mapping[str, str] | None = None,
) -> Resolution:
    found = [files] if isinstance(files, PackagesFile) else files
    return resolve(
        [Wish.parse(wish) for wish in wishes.split()],
        PackagesIndex(found),
        installed or Installed.nothing(),
        architecture="amd64",
        preferred=preferred or {},
    )


def names(found: Resolution) -> list[str]:
    return [f"{package.name} {package.version}" for package in found.packages]


def test_what_a_package_depends_on_comes_with_it_and_what_it_recommends_does_not() -> None:
    packages = index(
        stanza("aa", "1", fields="Depends: bb (>= 1)\nPre-Depends: cc\nRecommends: dd\n"),
        stanza("bb", "1"),
        stanza("cc", "1"),
        stanza("dd", "1"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "bb 1", "cc 1"]


def test_what_the_base_has_is_left_as_it_is() -> None:
    packages = index(
        stanza("aa", "2", fields="Depends: bb\n"), stanza("bb", "2", fields="Depends: cc\n")
    )

    found = solve("aa", packages, base(stanza("bb", "1")))

    assert names(found) == ["aa 2"]
    assert found.upgraded == {}


def test_what_the_base_has_is_upgraded_where_a_dependency_needs_it() -> None:
    packages = index(stanza("aa", "2", fields="Depends: bb (>= 2)\n"), stanza("bb", "2"))

    found = solve("aa", packages, base(stanza("bb", "1")))

    assert names(found) == ["aa 2", "bb 2"]
    assert found.upgraded == {"bb": ("1", "2")}


def test_what_is_unsatisfiable_shows_the_chain() -> None:
    packages = index(
        stanza("aa", "2", fields="Depends: bb\n"),
        stanza("bb", "1", fields="Depends: cc (>= 2.0)\n"),
        stanza("cc", "1.9"),
    )

    with pytest.raises(Unsatisfiable) as caught:
        solve("aa", packages)

    assert str(caught.value) == (
        "Unable to install `aa`\n"
        "  aa depends on bb\n"
        "  bb depends on cc (>= 2.0), but the archive has 1.9"
    )


def test_what_is_unknown_is_named_at_once() -> None:
    packages = index(
        stanza("libfoo1", "1.0"),
        stanza("pp", fields="Provides: virtual\n"),
        stanza("qq", fields="Provides: virtual\n"),
    )

    with pytest.raises(UnknownPackages) as caught:
        solve("libfo1 virtual libfoo1=2.* libfoo1/sid libfoo1:arm64 zzzzz", packages)

    assert str(caught.value) == (
        "Unable to find 6 Debian packages in the archive\n"
        "  `libfo1`: no such package; there is `libfoo1`\n"
        "  `virtual`: a virtual package, provided by `pp`, `qq`; name one of them\n"
        "  `libfoo1=2.*`: the archive has 1.0\n"
        "  `libfoo1/sid`: that suite does not have it, but trixie\n"
        "  `libfoo1:arm64`: the image is of amd64\n"
        "  `zzzzz`: no such package"
    )
