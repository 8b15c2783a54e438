"""Release files: names, dates and the files they vouch for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lamina.deb.control import ControlError
from lamina.deb.release import IndexFile, OutdatedRelease, PackagesForm, Release, WrongRelease

HASH = "ab" * 32
TEXT = f"""\
Origin: Debian
Suite: stable
Codename: trixie
Date: Sat, 12 Sep 2026 07:55:41 UTC
Valid-Until: Sat, 19 Sep 2026 07:55:41 UTC
Acquire-By-Hash: yes
Architectures: amd64 riscv64
Components: main contrib
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

    assert (release.suite, release.codename) == ("stable", "trixie")
    assert release.date == DATE
    assert release.valid_until == DATE + timedelta(days=7)
    assert release.has_by_hash
    assert len(release.files) == 4
    assert release.architectures == ("amd64", "riscv64")
    assert release.components == ("main", "contrib")


def test_the_form_of_the_index_that_is_read_fastest_is_taken() -> None:
    (amd64,) = parse().packages("main", "amd64", where="`x`")
    (riscv64,) = parse().packages("main", "riscv64", where="`x`")

    assert amd64 == PackagesForm(
        IndexFile("main/binary-amd64/Packages.gz", 20, HASH),
        IndexFile("main/binary-amd64/Packages", 30, HASH),
    )
    assert riscv64 == PackagesForm(IndexFile("main/binary-riscv64/Packages.gz", 5, HASH), None)


@pytest.mark.parametrize("ending", [".xz", ".zst", ".bz2", ""])
def test_every_form_will_do(ending: str) -> None:
    text = (
        TEXT[: TEXT.index("SHA256:")] + f"SHA256:\n {HASH} 9 main/binary-amd64/Packages{ending}\n"
    )

    (form,) = parse(text).packages("main", "amd64", where="`x`")

    assert form.file == IndexFile(f"main/binary-amd64/Packages{ending}", 9, HASH)


def test_packages_for_all_architectures_may_have_an_index_of_their_own() -> None:
    every = f" {HASH} 7 main/binary-all/Packages.gz\n"
    text = TEXT.replace("Architectures: ", "Architectures: all ") + every
    own = IndexFile("main/binary-riscv64/Packages.gz", 5, HASH)

    both = parse(text).packages("main", "riscv64", where="`x`")
    one = parse(f"No-Support-for-Architecture-all: Packages\n{text}").packages(
        "main", "riscv64", where="`x`"
    )

    assert [form.file.path for form in both] == [own.path, "main/binary-all/Packages.gz"]
    assert [form.file for form in one] == [own]


def test_the_index_of_a_flat_repository_lies_beside_its_release_file() -> None:
    (form,) = parse(TEXT + f" {HASH} 8 Packages.gz\n").packages("", "amd64", where="`x`")

    assert form.file.path == "Packages.gz"


@pytest.mark.parametrize(
    ("component", "architecture", "message"),
    [
        (
            "main",
            "arm64",
            "`x` has no packages for the architecture `arm64`\n  it has: `amd64`, `riscv64`",
        ),
        ("universe", "amd64", "`x` has no component `universe`\n  it has: `main`, `contrib`"),
    ],
)
def test_what_is_not_there_is_told(component: str, architecture: str, message: str) -> None:
    with pytest.raises(WrongRelease) as caught:
        parse().packages(component, architecture, where="`x`")

    assert str(caught.value) == message
    assert caught.value.hint == "Name sources that have it as `apt-sources` in `[tool.lamina]`"


def test_a_release_may_say_nothing_of_what_it_has() -> None:
    text = "".join(
        line for line in TEXT.splitlines(True) if not line.startswith(("Arch", "Comp", " "))
    )

    with pytest.raises(WrongRelease, match="has no component `main`\n  it has: none that it names"):
        parse(text + f" {HASH} 9 other\n").packages("main", "arm64", where="`x`")


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        ("", 500),
        ("NotAutomatic: yes\n", 1),
        ("NotAutomatic: yes\nButAutomaticUpgrades: yes\n", 100),
        ("NotAutomatic: no\nButAutomaticUpgrades: yes\n", 500),
    ],
)
def test_backports_are_not_taken_of_themselves(fields: str, priority: int) -> None:
    assert parse(fields + TEXT).priority == priority


def test_a_release_may_be_asked_for_by_suite_or_codename() -> None:
    parse().check_suite("stable", where="`x`")
    parse().check_suite("trixie", where="`x`")
    parse().check_suite("trixie/updates", where="`x`")


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (TEXT, "stable, trixie"),
        (TEXT.replace("Suite", "A").replace("Codename", "B"), "no name"),
        # All suites of a release of Ubuntu have its codename.
        (
            TEXT.replace("stable", "bookworm-updates").replace("trixie", "bookworm"),
            "bookworm-updates",
        ),
    ],
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


def test_a_snapshot_may_be_old_and_not_of_the_future() -> None:
    parse().check_date(DATE + timedelta(days=3000), where="`x`", may_be_old=True)

    with pytest.raises(OutdatedRelease):
        parse().check_date(DATE - timedelta(days=3), where="`x`", may_be_old=True)


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
