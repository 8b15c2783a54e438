"""What a base says it is."""

from __future__ import annotations

import pytest

from lamina.mirrors.distributions import DEBIAN, UBUNTU, Distribution
from lamina.mirrors.os_release import NotDebian, OsRelease

BOOKWORM = b"""\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
"""
NOBLE = b"""\
PRETTY_NAME="Ubuntu 24.04.1 LTS"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
"""
STRETCH = b'ID=debian\nVERSION="9 (stretch)"\n'
KALI = b"ID=kali\nID_LIKE=debian\nVERSION_CODENAME=kali-rolling\n"
ALPINE = b'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'


@pytest.mark.parametrize(
    ("data", "is_debian", "distribution", "codename"),
    [
        (BOOKWORM, True, DEBIAN, "bookworm"),
        (NOBLE, True, UBUNTU, "noble"),
        (STRETCH, True, DEBIAN, "stretch"),
        (KALI, True, None, "kali-rolling"),
        (ALPINE, False, None, None),
        (b"ID=debian\nVERSION='unclosed\n\n# x=1\nnonsense\n", True, DEBIAN, None),
        (b"\xff", False, None, None),
        (None, False, None, None),
    ],
)
def test_the_distribution_is_told(
    data: bytes | None, is_debian: bool, distribution: Distribution | None, codename: str | None
) -> None:
    release = OsRelease.parse(data)

    assert (release.is_debian, release.distribution, release.codename) == (
        is_debian,
        distribution,
        codename,
    )


def test_it_lies_in_one_of_two_places() -> None:
    files = {"usr/lib/os-release": BOOKWORM}
    nothing: dict[str, bytes] = {}

    assert OsRelease.of(files.get).codename == "bookworm"
    assert OsRelease.of(nothing.get).codename is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (ALPINE, "it is `Alpine Linux v3.20`"),
        (b"ID=wolfi\n", "it is `wolfi`"),
        (None, "nothing in it says what it is"),
    ],
)
def test_a_base_that_is_not_debian_is_told_with_what_it_is(data: bytes | None, told: str) -> None:
    error = NotDebian("registry.example/app:1", OsRelease.parse(data))

    assert str(error) == (
        f"Unable to add Debian packages to `registry.example/app:1`: it is not made of such; {told}"
    )
    assert error.hint == (
        "Name a base of Debian or Ubuntu as `base`, such as `debian:bookworm`; or remove `apt` "
        "from `[tool.lamina]`"
    )
