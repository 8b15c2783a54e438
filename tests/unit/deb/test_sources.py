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
    ("text", "name", "uri"),
    [
        (b"deb file:/srv/debian trixie main\n", "a.list", "file:/srv/debian"),
        (b"deb cdrom:[Debian 13 _amd64_]/ trixie main\n", "a.list", "cdrom:/"),
        (
            b"Types: deb\nURIs: mirror+http://m.example/list\nSuites: s\nComponents: main\n",
            "a.sources",
            "mirror+http://m.example/list",
        ),
    ],
)
def test_what_http_cannot_fetch_is_kept_apart(text: bytes, name: str, uri: str) -> None:
    (source,) = parse_sources(text, name)

    assert (source.uris, source.other_uris) == ((), (uri,))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"", "a.list"),
        (b"", "a.sources"),
        (b"complete nonsense\n", "a.list"),
        (b"complete nonsense\n", "a.sources"),
    ],
)
def test_where_no_source_is_there_is_none(text: bytes, name: str) -> None:
    assert parse_sources(text, name) == ()


def test_a_flat_source_has_no_components() -> None:
    (line,) = parse_sources(b"deb http://a.example/deb ./\n", "a.list")
    (paragraph,) = parse_sources(b"Types: deb\nURIs: http://a.example\nSuites: x/\n", "a.sources")

    assert (line.suites, line.components) == (("./",), ())
    assert (paragraph.suites, paragraph.components) == (("x/",), ())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"deb [trusted=yes arch=amd64] http://a.example trixie main\n", "a.list"),
        (
            b"Types: deb\nURIs: http://a.example\nSuites: trixie\nComponents: main\n"
            b"Trusted: yes\nArchitectures: amd64\n",
            "a.sources",
        ),
    ],
)
def test_a_source_may_be_believed_without_a_signature(text: bytes, name: str) -> None:
    (source,) = parse_sources(text, name)

    assert source.is_trusted
    assert source.place.startswith(f"`{name}")


@pytest.mark.parametrize(
    ("options", "is_for_amd64", "is_for_arm64"),
    [("", True, True), ("[arch=arm64,armhf]", False, True), ("[arch-=arm64]", True, False)],
)
def test_a_source_may_be_for_some_architectures(
    options: str, is_for_amd64: bool, is_for_arm64: bool
) -> None:
    (source,) = parse_sources(f"deb {options} http://a.example s main\n".encode(), "a.list")

    assert (source.is_for("amd64"), source.is_for("arm64")) == (is_for_amd64, is_for_arm64)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (b"\ndeb http://a.example\n", "a.list", EXPECTED + "2`"),
        (b"deb\n", "a.list", EXPECTED + "1`"),
        (b"deb [ a=b ]\n", "a.list", EXPECTED + "1`"),
        (b"deb http://a.example trixie\n", "a.list", EXPECTED + "1`"),
        (b"deb http://a.example \x1b[2Jtrixie main\n", "a.list", EXPECTED + "1`"),
        (
            b"Types: deb\nSuites: s\n",
            "a.sources",
            "Expected `URIs`, `Suites` and `Components` in `a.sources`",
        ),
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
