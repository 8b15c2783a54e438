"""How preferences rank versions; `test_preferences_against_apt` asks the real apt the same."""

from __future__ import annotations

import pytest

from lamina.deb.control import ControlError
from lamina.deb.preferences import (
    INSTALLED,
    Preferences,
    Provenance,
    is_read,
    parse_preferences,
)

FILE = Provenance(
    archive="stable",
    codename="bookworm",
    version="12.4",
    origin="Debian",
    label="Main",
    component="contrib",
    architecture="amd64",
    site="deb.example",
)


def pin(package: str, what: str, priority: object = 700) -> str:
    return f"Package: {package}\nPin: {what}\nPin-Priority: {priority}\n"


def ranked(*pins: str, name: str = "aa", version: str = "1.2", default: str = "") -> int:
    parsed = parse_preferences("\n".join(pins).encode(), where="`preferences`")
    preferences = Preferences(parsed, default, architecture="amd64")
    return preferences.of_version(name, version, [(FILE, 500)], source="src")


@pytest.mark.parametrize(
    ("what", "is_met"),
    [
        ("version 1.2", True),
        ("Version 1.*", True),
        ("version 1", False),
        ("version /^1/", True),
        ("version /(/", False),
        ("version", False),
        ("release a=stable", True),
        ("release a=STA*", True),
        ("release a=/ble$/", True),
        ("release n=bookworm, v=12.4,o=Debian,l=Main,c=contrib,b=amd64", True),
        ("release n=bookworm, v=12", False),
        ("release a=old,a=stable", True),
        ("release a=stable,a=old", False),
        ("release a=stable, x=1", True),
        ("release x=1", False),
        ("release stable", True),
        ("release bookworm", True),
        ("release 12.4", True),
        ("release 12", False),
        ("release 12*", True),
        ("release *", True),
        ("release", False),
        ("origin deb.example", True),
        ('origin "DEB.example"', True),
        ("origin *.example", True),
        ('origin ""', False),
    ],
)
def test_a_pin_tells_versions_by_number_release_or_host(what: str, is_met: bool) -> None:
    assert ranked(pin("aa", what)) == (700 if is_met else 500)


@pytest.mark.parametrize(
    ("packages", "is_met"),
    [
        ("aa", True),
        ("AA", False),
        ("bb aa", True),
        ("bb, aa", True),
        ("aa,", False),
        ("a?", True),
        ("A*", True),
        ("/^A+$/", True),
        ("/b/", False),
        ("* bb", True),
        ("src:src", True),
        ("src:s*", True),
        ("src:aa", False),
        ("aa:any", True),
        ("aa:amd64", True),
        ("aa:arm64", False),
        ("*:any", True),
    ],
)
def test_a_pin_names_packages_by_name_pattern_source_or_architecture(
    packages: str, is_met: bool
) -> None:
    assert ranked(pin(packages, "version *")) == (700 if is_met else 500)


def test_of_pins_on_packages_the_first_counts_and_goes_before_those_on_all() -> None:
    pins = [pin("*", "release stable", 1), pin("aa", "version 1*", 2), pin("a*", "version *", 3)]

    assert ranked(*pins) == 2
    assert ranked(*pins, version="2") == 3
    assert ranked(*pins, name="bb") == 1


def test_of_pins_on_all_packages_the_first_counts() -> None:
    assert ranked(pin("*", "origin deb.example", 5), pin("*", "release stable", 600)) == 5


def test_versions_are_of_no_matter_to_a_pin_on_all_packages() -> None:
    assert ranked(pin("*", "version 1.2")) == 500


def test_the_default_release_goes_before_what_is_said_of_all_packages() -> None:
    general, special = pin("*", "release stable", 5), pin("aa", "release stable", 6)

    assert ranked(default="stable") == 990
    assert ranked(general, default="n=bookworm") == 990
    assert ranked(general, special, default="stable") == 6
    assert ranked(general, default="trixie") == 5


def test_a_version_of_several_files_has_the_highest_of_their_priorities() -> None:
    preferences = Preferences()
    files = [(Provenance(), 100), (Provenance(), 500), (Provenance(), 1)]

    assert preferences.of_version("aa", "1", files, source="aa") == 500


@pytest.mark.parametrize(
    ("what", "priority"),
    [
        ("release a=now", 700),
        ("release x=1", 700),
        ("release", 700),
        ('origin ""', 100),
        ("release a=stable", 100),
    ],
)
def test_what_is_installed_can_be_pinned(what: str, priority: int) -> None:
    pins = parse_preferences(pin("*", what).encode(), where="`preferences`")

    assert Preferences(pins).of_file(INSTALLED, 100) == priority


def test_comments_explanations_and_unknown_pins_are_passed_over() -> None:
    assert ranked("# why\nExplanation: why\n" + pin("aa", "version 1.2")) == 700
    assert ranked("Package: aa\nPin-Priority: 3\n", pin("aa", "moon full"), "# end\n") == 500


@pytest.mark.parametrize("priority", ["0", "40000", "-40000", "high", ""])
def test_a_priority_that_apt_would_refuse_is_refused(priority: str) -> None:
    with pytest.raises(ControlError) as caught:
        ranked(pin("aa bb", "version 1", priority))

    assert str(caught.value) == (
        "Expected a number from -32767 to 32767, and not 0, as `Pin-Priority` of `aa bb` in "
        f"`preferences`, got: {priority or 'nothing'}"
    )


def test_a_pin_on_nothing_is_refused() -> None:
    with pytest.raises(ControlError) as caught:
        ranked("Pin: version 1\nPin-Priority: 1\n")

    assert str(caught.value) == "Missing in `preferences`: `Package`"


def test_of_a_folder_apt_reads_files_without_ending_and_such_as_it_knows() -> None:
    names = ("10-mine", "mine.pref", "mine.bak", "mine.pref~", ".pref", "a.b", "mine.dpkg-old")

    assert [name for name in names if is_read(name)] == ["10-mine", "mine.pref"]
