"""apt's sources in both of their forms."""

from __future__ import annotations

import pytest

from lamina.deb.control import ControlError
from lamina.deb.sources import AptSource, parse_sources

EXPECTED = "Expected `deb URI SUITE COMPONENT...` in `a.list:"

DEB822 = b"""\
# A comment
Types: deb deb-src
URIs: https://deb.example/debian/
Suites: trixie trixie-updates
Components: main contrib
Architectures: amd64 arm64
Signed-By: /keys/a.gpg
 /keys/b.asc
Check-Valid-Until: No

Types: deb
Enabled: no
URIs: https://off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: https://src.example/debian
Suites: trixie
Components: main
"""


def test_deb822_sources_are_read() -> None:
    assert parse_sources(DEB822, "debian.sources") == (
        AptSource(
            uris=("https://deb.example/debian",),
            suites=("trixie", "trixie-updates"),
            components=("main", "contrib"),
            architectures=("amd64", "arm64"),
            signed_by="/keys/a.gpg /keys/b.asc",
            checks_date=False,
        ),
    )


def test_an_armored_key_is_unfolded() -> None:
    text = (
        b"Types: deb\nURIs: http://a.example\nSuites: trixie\nComponents: main\n"
        b"Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n"
        b" -----END PGP PUBLIC KEY BLOCK-----\n"
    )

    (source,) = parse_sources(text, "a.sources")

    assert source.signed_by == (
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_one_line_sources_are_read() -> None:
    text = (
        b"# deb http://no.example trixie main\n"
        b"deb-src http://src.example trixie main\n\n"
        b"deb [ arch=amd64,arm64 signed-by=/keys/a.gpg check-valid-until=no ] "
        b"https://deb.example/debian/ trixie main contrib # why\n"
        b"\tdeb http://two.example trixie-security main\n"
    )

    assert parse_sources(text, "sources.list") == (
        AptSource(
            uris=("https://deb.example/debian",),
            suites=("trixie",),
            components=("main", "contrib"),
            architectures=("amd64", "arm64"),
            signed_by="/keys/a.gpg",
            checks_date=False,
        ),
        AptSource(uris=("http://two.example",), suites=("trixie-security",), components=("main",)),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"deb file:/srv/debian trixie main\ndeb cdrom:[Debian]/ trixie main\n", "a.list"),
        (b"Types: deb\nURIs: file:/srv tor+https://x\nSuites: s\nComponents: main\n", "a.sources"),
        (b"Types: deb\nSuites: s\n", "a.sources"),
        (b"", "a.list"),
        (b"", "a.sources"),
        (b"complete nonsense\n", "a.list"),
        (b"complete nonsense\n", "a.sources"),
    ],
)
def test_what_http_cannot_fetch_is_left_out(text: bytes, name: str) -> None:
    assert parse_sources(text, name) == ()


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (b"\ndeb http://a.example\n", "a.list", EXPECTED + "2`"),
        (b"deb\n", "a.list", EXPECTED + "1`"),
        (b"deb [ a=b ]\n", "a.list", EXPECTED + "1`"),
        (b"\xff", "a.list", "Expected UTF-8 in `a.list`"),
        (b"\xff", "a.sources", "Expected UTF-8 in `a.sources`"),
    ],
)
def test_malformed_sources_are_refused_with_their_place(
    text: bytes, name: str, message: str
) -> None:
    with pytest.raises(ControlError) as caught:
        parse_sources(text, name)

    assert str(caught.value) == message
