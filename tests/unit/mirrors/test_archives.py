"""Which suites packages come from, and where each is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.deb.sources import AptSource, parse_sources
from lamina.mirrors.archives import (
    Archive,
    MalformedMirror,
    MirrorNotFound,
    archives_of_machine,
    archives_of_mirror,
    archives_of_sources,
)
from lamina.mirrors.distributions import DEBIAN, UBUNTU, Distribution
from lamina.mirrors.keyrings import Keys

URL = "https://deb.example/debian"
ARCHIVES = archives_of_mirror("trixie", URL)


def test_a_mirror_has_the_release_its_updates_and_maybe_security() -> None:
    plain = archives_of_mirror("trixie", f"{URL}/")
    both = archives_of_mirror("trixie", URL, security="https://sec.example")

    assert plain == (
        Archive(url=URL, suite="trixie", is_own=True),
        Archive(url=URL, suite="trixie-updates", is_own=True, is_required=False),
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
        "or name all sources as `apt-sources`"
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


def test_a_mirror_of_ubuntu_has_security_updates_too() -> None:
    found = archives_of_mirror("noble", URL, distribution=UBUNTU)

    assert [(each.url, each.suite) for each in found] == [
        (URL, "noble"),
        (URL, "noble-updates"),
        (URL, "noble-security"),
    ]
    assert {each.components for each in found} == {("main", "universe")}


def test_others_of_the_same_suite_on_this_machine_are_left_alone() -> None:
    multimedia = AptSource(
        uris=("https://media.example",),
        suites=("bookworm",),
        components=("main",),
        signed_by="/usr/share/keyrings/deb-multimedia-keyring.gpg",
    )
    own = replace(
        multimedia,
        uris=(URL, "https://second.example/debian"),
        components=("main", "non-free"),
        signed_by="/usr/share/keyrings/debian-archive-keyring.gpg",
    )

    (found,) = archives_of_machine("bookworm", [multimedia, own])

    assert found.urls == (URL, "https://second.example/debian")
    assert found.components == ("main",)


def test_a_base_names_all_that_its_packages_come_from() -> None:
    text = """
deb http://deb.example/debian bookworm main contrib
deb http://deb.example/debian bookworm main non-free
deb [signed-by=/etc/apt/keyrings/pg.asc] http://pg.example/apt bookworm-pgdg main
deb [arch=arm64] http://arm.example bookworm main
deb http://flat.example/$(ARCH) $(ARCH)/
"""
    sources = parse_sources(text.encode(), "/etc/apt/sources.list")

    found = archives_of_sources(sources, "amd64", "bookworm", DEBIAN)

    assert [(each.release_url, each.components, each.is_own) for each in found] == [
        (
            "http://deb.example/debian/dists/bookworm/InRelease",
            ("main", "contrib", "non-free"),
            True,
        ),
        ("http://pg.example/apt/dists/bookworm-pgdg/InRelease", ("main",), False),
        ("http://flat.example/amd64/amd64/InRelease", (), False),
    ]
    assert {each.is_required for each in found} == {True}


def test_an_archive_is_remembered_without_its_password() -> None:
    archive = Archive(url="https://me:secret@deb.example/debian", suite="trixie")

    assert archive.name == "https://deb.example/debian trixie"
    assert str(archive) == "`trixie` at deb.example"


@pytest.mark.parametrize(
    ("codename", "distribution", "message"),
    [
        ("kali", None, "Unable to find the packages of `kali`: no mirror is known"),
        (None, DEBIAN, "Unable to find Debian packages: no mirror of Debian is known"),
    ],
)
def test_where_we_do_not_know_the_release_its_sources_must_be_named(
    codename: str | None, distribution: Distribution | None, message: str
) -> None:
    error = MirrorNotFound(codename, distribution)

    assert str(error) == message
    assert error.hint == "Name the sources as `apt-sources` in `[tool.lamina]`"


def test_an_archive_is_another_with_other_components_or_keys() -> None:
    archive = Archive(url=URL, suite="trixie")
    others = [
        replace(archive, suite="sid"),
        replace(archive, components=("main", "contrib")),
        replace(archive, keys=Keys((b"key",))),
        replace(archive, keys=Keys(fingerprints=frozenset({"ab" * 20}))),
    ]

    assert len({archive.identity, *(each.identity for each in others)}) == 5
    assert replace(archive, keys=Keys(tried=("/x",))).identity == archive.identity
