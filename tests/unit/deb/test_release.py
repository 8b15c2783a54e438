"""Release files: names, dates and the files they vouch for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lamina.deb.control import ControlError
from lamina.deb.release import IndexFile, OutdatedRelease, Release, WrongRelease

HASH = "ab" * 32
TEXT = f"""\
Origin: Debian
Suite: stable
Codename: trixie
Date: Sat, 12 Sep 2026 07:55:41 UTC
Valid-Until: Sat, 19 Sep 2026 07:55:41 UTC
Acquire-By-Hash: yes
SHA256:
 {HASH} 30 main/binary-amd64/Packages
 {HASH} 20 main/binary-amd64/Packages.gz
 {HASH} 10 main/binary-amd64/Packages.xz
 {HASH} 5 main/binary-riscv64/Packages.gz
"""
DATE = datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC)


def parse(text: str = TEXT) -> Release:
    return Release.parse(text.encode(), where="`x`")


def test_all_that_matters_is_read() -> None:
    release = parse()

    assert release.names == {"stable", "trixie"}
    assert release.date == DATE
    assert release.valid_until == DATE + timedelta(days=7)
    assert release.has_by_hash
    assert len(release.files) == 4


@pytest.mark.parametrize(
    ("architecture", "path", "size"),
    [
        ("amd64", "main/binary-amd64/Packages.xz", 10),
        ("riscv64", "main/binary-riscv64/Packages.gz", 5),
    ],
)
def test_the_smallest_form_of_the_index_is_taken(architecture: str, path: str, size: int) -> None:
    found = parse().packages_file("main", architecture, where="`x`")

    assert found == IndexFile(path, size, HASH)


def test_an_architecture_that_is_not_there_is_told() -> None:
    with pytest.raises(WrongRelease) as caught:
        parse().packages_file("main", "arm64", where="`x`")

    assert str(caught.value) == "`x` has no packages for `arm64` in `main`"


def test_a_release_may_be_asked_for_by_suite_or_codename() -> None:
    parse().check_suite("stable", where="`x`")
    parse().check_suite("trixie", where="`x`")


@pytest.mark.parametrize(
    ("text", "got"),
    [(TEXT, "stable, trixie"), (TEXT.replace("Suite", "A").replace("Codename", "B"), "no name")],
)
def test_another_release_is_refused_however_well_signed(text: str, got: str) -> None:
    with pytest.raises(WrongRelease) as caught:
        parse(text).check_suite("bookworm", where="`x`")

    assert str(caught.value) == (
        f"`x` is of another suite\n  expected: bookworm\n  got:      {got}"
    )


@pytest.mark.parametrize("after", [timedelta(hours=-20), timedelta(), timedelta(days=7)])
def test_a_release_is_believed_from_its_date_until_it_says(after: timedelta) -> None:
    parse().check_date(DATE + after, where="`x`")


def test_an_old_release_without_an_end_is_believed() -> None:
    text = TEXT.replace("Valid-Until", "Other")

    parse(text).check_date(DATE + timedelta(days=3000), where="`x`")


@pytest.mark.parametrize(
    ("after", "message", "hint"),
    [
        (
            timedelta(days=-2),
            "`x` is dated 2026-09-12, which is in the future",
            "Set the clock of this machine",
        ),
        (
            timedelta(days=7, seconds=1),
            "`x` was valid until 2026-09-19 07:55 UTC",
            "Name a mirror that is up to date; for a snapshot, say "
            "`Check-Valid-Until: no` in the apt source",
        ),
    ],
)
def test_a_release_out_of_its_time_is_refused(after: timedelta, message: str, hint: str) -> None:
    with pytest.raises(OutdatedRelease) as caught:
        parse().check_date(DATE + after, where="`x`")

    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("Sat, 12", "Sat, 40", "Malformed date in `x`: Sat, 40 Sep 2026 07:55:41 UTC"),
        ("Date: Sat, 12 Sep 2026 07:55:41 UTC\n", "", "Missing in `x`: `Date`"),
        (" 30 main", " x main", f"Malformed `SHA256` in `x`: {HASH} x main/binary-amd64/Packages"),
        (f"{HASH} 30", f"{HASH}", f"Malformed `SHA256` in `x`: {HASH} main/binary-amd64/Packages"),
        (f"{HASH} 30", "00 30", "Malformed `SHA256` in `x`: 00 30 main/binary-amd64/Packages"),
        ("30 main/", "30 ../main/", "Malformed path in `x`: ../main/binary-amd64/Packages"),
    ],
)
def test_malformed_releases_are_refused(right: str, wrong: str, message: str) -> None:
    assert right in TEXT

    with pytest.raises(ControlError) as caught:
        parse(TEXT.replace(right, wrong, 1))

    assert str(caught.value) == message
