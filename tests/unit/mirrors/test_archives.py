"""Where a Debian base comes from, and whose keys it is believed by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.deb.sources import AptSource
from lamina.mirrors.archives import (
    Archive,
    MalformedMirror,
    MirrorNotFound,
    archives_of_machine,
    archives_of_mirror,
)

URL = "https://deb.example/debian"
ARCHIVES = archives_of_mirror("trixie", URL)


def test_a_mirror_has_the_release_its_updates_and_maybe_security() -> None:
    plain = archives_of_mirror("trixie", f"{URL}/")
    both = archives_of_mirror("trixie", URL, security="https://sec.example")

    assert plain == (
        Archive(url=URL, suite="trixie"),
        Archive(url=URL, suite="trixie-updates", is_required=False),
    )
    assert [(archive.url, archive.suite) for archive in both[2:]] == [
        ("https://sec.example", "trixie-security")
    ]


def test_the_sources_of_another_release_tell_where_this_one_is() -> None:
    def source(url: str, *suites: str) -> AptSource:
        return AptSource(uris=(url,), suites=suites, components=("main",), signed_by="/k")

    found = archives_of_machine(
        "trixie",
        [
            source("https://other.example", "noble", "noble-security"),
            source("https://back.example", "bookworm-backports"),
            source(URL, "bookworm", "bookworm-updates"),
            source("https://sec.example", "bookworm-security"),
            source("https://second.example", "bookworm"),
            replace(source("https://free.example", "sid"), components=("contrib",)),
        ],
    )

    assert [(archive.url, archive.suite, archive.is_required) for archive in found] == [
        (URL, "trixie", True),
        (URL, "trixie-updates", False),
        ("https://sec.example", "trixie-security", False),
    ]
    assert {archive.signed_by for archive in found} == {"/k"}


def test_a_codename_that_we_never_heard_of_is_found_by_its_name() -> None:
    source = AptSource(uris=(URL,), suites=("zurg",), components=("main",))

    assert [archive.suite for archive in archives_of_machine("zurg", [source])] == ["zurg"]


def test_without_a_mirror_the_way_out_is_named() -> None:
    ubuntu = AptSource(uris=(URL,), suites=("noble",), components=("main",))

    with pytest.raises(MirrorNotFound) as caught:
        archives_of_machine("trixie", [ubuntu])

    assert str(caught.value) == (
        "Unable to find the packages of `trixie`: no mirror of Debian is known"
    )
    assert caught.value.hint == (
        "Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`; "
        "or all sources as `apt-sources`"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("deb.example", ":///deb.example"),
        ("ftp://me:secret@deb.example/x", "ftp://deb.example/x"),
        ("https://", "https://"),
        ("https://[/", "(an unreadable URL)"),
        ("https://a.example/ x", "https://a.example/ x"),
    ],
)
def test_what_is_no_mirror_is_refused_without_its_password(url: str, shown: str) -> None:
    with pytest.raises(MalformedMirror) as caught:
        archives_of_mirror("trixie", url)

    shown = shown.replace(":///deb", "://deb") if "//" not in url else shown
    assert str(caught.value) == f"Expected the URL of a Debian mirror, got: {shown}"
