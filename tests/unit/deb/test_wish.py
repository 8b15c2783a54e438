"""Wishes for Debian packages, as they are written."""

from __future__ import annotations

import pytest

from lamina.deb.wish import MalformedWish, Wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("libgomp1", Wish("libgomp1")),
        ("g++", Wish("g++")),
        ("libpq5=15.*", Wish("libpq5", version="15.*")),
        ("git=1:2.39.5-0+deb12u2", Wish("git", version="1:2.39.5-0+deb12u2")),
        ("libpq5/bookworm-backports", Wish("libpq5", suite="bookworm-backports")),
        ("libc6:amd64", Wish("libc6", architecture="amd64")),
        ("libc6:arm64=2.36*", Wish("libc6", version="2.36*", architecture="arm64")),
        ("tzdata:all/stable", Wish("tzdata", suite="stable", architecture="all")),
    ],
)
def test_wishes_are_read_as_apt_reads_them(text: str, wish: Wish) -> None:
    assert Wish.parse(text) == wish
    assert str(wish) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`` is no name of a package (Debian Policy 5.6.1)"),
        ("x", "`x` is no name of a package (Debian Policy 5.6.1)"),
        ("LibPQ", "`LibPQ` is no name of a package (Debian Policy 5.6.1)"),
        ("lib pq", "`lib pq` is no name of a package (Debian Policy 5.6.1)"),
        ("libpq.*", "`libpq.*` is no name of a package (Debian Policy 5.6.1)"),
        ("nano-", "nothing is removed from a base"),
        ("libpq5=", "no version after `=`"),
        ("libpq5=>15", "`>15` is no version after `=`"),
        ("libpq5==15", "`=15` is no version after `=`"),
        ("libpq5/", "no suite after `/`"),
        ("libpq5/a=b", "`a=b` is no suite after `/`"),
        ("libpq5:", "no architecture after `:`"),
        ("libpq5:AMD64", "`AMD64` is no architecture after `:`"),
        ("libpq5\n", "`libpq5\n` is no name of a package (Debian Policy 5.6.1)"),
    ],
)
def test_malformed_wishes_are_refused_and_say_where(text: str, problem: str) -> None:
    with pytest.raises(MalformedWish) as caught:
        Wish.parse(text)

    assert str(caught.value) == f"Expected a Debian package, got `{text}`: {problem}"
    assert caught.value.hint == (
        "Write it as `apt-get install` takes it: `libpq5`, `libpq5=15.*` or "
        "`libpq5/bookworm-backports`"
    )


@pytest.mark.parametrize(
    ("pattern", "version", "is_admitted"),
    [
        ("", "1", True),
        ("15.5-0+deb12u1", "15.5-0+deb12u1", True),
        ("15.5", "15.5-0+deb12u1", False),
        ("15.*", "15.5-0+deb12u1", True),
        ("15.?-*", "15.5-0+deb12u1", True),
        ("1[56].*", "15.5", True),
        ("1A", "1a", True),
        ("15.*", "1.15.5", False),
    ],
)
def test_versions_are_matched_as_a_shell_matches_names(
    pattern: str, version: str, is_admitted: bool
) -> None:
    assert Wish("libpq5", version=pattern).admits(version) is is_admitted
