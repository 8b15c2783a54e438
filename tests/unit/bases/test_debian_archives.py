"""Where a Debian base comes from, and whose keys it is believed by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lamina.bases.debian.archives import (
    Archive,
    KeyringNotFound,
    MalformedMirror,
    MirrorNotFound,
    archives_of_mirror,
    archives_of_sources,
    read_keyrings,
)
from lamina.deb.sources import AptSource
from lamina.errors import LaminaError

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

    found = archives_of_sources(
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

    assert [archive.suite for archive in archives_of_sources("zurg", [source])] == ["zurg"]


def test_without_a_mirror_the_way_out_is_named() -> None:
    ubuntu = AptSource(uris=(URL,), suites=("noble",), components=("main",))

    with pytest.raises(MirrorNotFound) as caught:
        archives_of_sources("trixie", [ubuntu])

    assert str(caught.value) == (
        "Unable to make the base `debian:trixie`: no mirror of Debian is known"
    )
    assert caught.value.hint == (
        "Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`"
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


def test_the_configured_one_goes_before_the_sources_and_those_before_the_system(
    tmp_path: Path,
) -> None:
    paths = {name: tmp_path / name for name in ("mine", "signed", "system")}
    for name, path in paths.items():
        path.write_bytes(name.encode())
    archives = [
        Archive(url=URL, suite="a", signed_by=f"ABCDEF {paths['signed']} {tmp_path}/gone"),
        Archive(url=URL, suite="b", signed_by="-----BEGIN PGP\nkey\n"),
    ]
    system = paths["system"]

    assert read_keyrings(archives, configured=paths["mine"], system=system) == (b"mine",)
    assert read_keyrings(archives, configured=None, system=system) == (
        b"signed",
        b"-----BEGIN PGP\nkey\n",
    )
    assert read_keyrings(ARCHIVES, configured=None, system=system) == (b"system",)


def test_where_none_is_found_the_way_out_is_named(tmp_path: Path) -> None:
    archives = [Archive(url=URL, suite="a", signed_by="/no/such.gpg")]

    with pytest.raises(KeyringNotFound) as caught:
        read_keyrings(archives, configured=None, system=tmp_path / "none.gpg")

    assert str(caught.value) == (
        "Unable to find the keys of the Debian archive; tried\n"
        f"  /no/such.gpg\n  {tmp_path}/none.gpg"
    )
    assert caught.value.hint == (
        "Install `debian-archive-keyring`, or copy its file from a Debian machine and "
        "name it in `LAMINA_DEBIAN_KEYRING`"
    )


def test_a_configured_one_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as caught:
        read_keyrings([], configured=tmp_path / "x", system=tmp_path)

    assert str(caught.value) == (
        f"Unable to read the keyring `{tmp_path}/x`: No such file or directory"
    )
