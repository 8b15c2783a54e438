"""The packages of some indices."""

from __future__ import annotations

import hashlib

import pytest

from debs import stanza
from lamina.deb.control import ControlError
from lamina.deb.packages import PackagesFile, PackagesIndex

FILE = "a_1.0-1_amd64.deb"
EMPTY = hashlib.sha256().hexdigest()


def index(*stanzas: str, suite: str = "trixie") -> PackagesIndex:
    return PackagesIndex([PackagesFile("\n".join(stanzas).encode(), suite)])


def test_the_newest_version_wins_wherever_it_stands() -> None:
    old = PackagesFile(stanza("a", "1.0-1").encode(), "trixie")
    new = PackagesFile(stanza("a", "1.0-1+deb13u2").encode(), "trixie-security")

    for files in ([old, new], [new, old]):
        newest = PackagesIndex(files).versions("a")[0].package

        assert (newest.version, newest.suite) == ("1.0-1+deb13u2", "trixie-security")


def test_a_package_knows_its_file_and_its_source() -> None:
    package = index(stanza("a")).versions("a")[0].package

    assert package.path == "pool/main/a_1.0-1_amd64.deb"
    assert package.file_name == "a_1.0-1_amd64.deb"
    assert package.source == "main"


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("Filename: pool/", "Filename: ../", f"Malformed `Filename` in {{}}: ../main/{FILE}"),
        ("Filename: pool", "Filename: /pool", f"Malformed `Filename` in {{}}: /pool/main/{FILE}"),
        ("Size: 0", "Size: -1", "Malformed `Size` in {}: -1"),
        ("SHA256: e3", "SHA256: x3", f"Malformed `SHA256` in {{}}: x3{EMPTY[2:]}"),
        ("Version: 1.0-1", "Version: 1 0", "Malformed version in {}: 1 0"),
        ("Version: 1.0-1\n", "", "Missing in {}: `Version`"),
        ("Description", "Provides: a | b\nDescription", "Malformed `Provides` in {}: a | b"),
    ],
)
def test_malformed_entries_are_refused(right: str, wrong: str, message: str) -> None:
    assert right in stanza("a")

    with pytest.raises(ControlError) as caught:
        index(stanza("a").replace(right, wrong)).versions("a")

    assert str(caught.value) == message.format("the Packages entry of `a`")


def test_an_index_that_is_something_else_is_refused() -> None:
    with pytest.raises(ControlError) as caught:
        index("<html>\n<body>\n")

    assert str(caught.value) == "Expected `Package` first in an entry of Packages, got: <html>"


def test_an_index_may_be_empty_or_end_without_a_line() -> None:
    assert list(index("").names()) == []
    assert list(index(stanza("a").rstrip()).names()) == ["a"]
    assert list(index(stanza("a"), "\n\n", stanza("b")).names()) == ["a", "b"]


def test_versions_stand_in_the_order_of_apt_preferences() -> None:
    files = [
        PackagesFile(stanza("a", "3").encode(), "backports", priority=100),
        PackagesFile("\n".join([stanza("a", "1"), stanza("a", "2")]).encode(), "trixie"),
        PackagesFile("\n".join([stanza("a", "1~rc1"), stanza("a", "2")]).encode(), "security"),
        PackagesFile(stanza("a", "9").encode(), "experimental", priority=1),
    ]

    found = PackagesIndex(files).versions("a")

    assert [(each.version, each.file.suite) for each in found] == [
        ("2", "trixie"),
        ("1", "trixie"),
        ("1~rc1", "security"),
        ("3", "backports"),
        ("9", "experimental"),
    ]


def test_the_same_version_is_that_of_the_suite_of_the_higher_priority() -> None:
    low = PackagesFile(stanza("a", "1").encode(), "backports", priority=100)
    high = PackagesFile(stanza("a", "1").encode(), "trixie")

    for files in ([low, high], [high, low]):
        (found,) = PackagesIndex(files).versions("a")

        assert found.file.suite == "trixie"


def test_names_and_providers_are_known_without_parsing() -> None:
    found = index(
        stanza("a", fields="Provides: x (= 1), y:any\n"),
        stanza("b", fields="Provides: x\n").replace("Version: 1.0-1", "Version: not one"),
        stanza("c"),
    )

    assert list(found.names()) == ["a", "b", "c"]
    assert found.providers("x") == ("a", "b")
    assert found.providers("y") == ("a",)
    assert found.providers("c") == ()


def test_where_a_name_stands_first_can_be_compared() -> None:
    found = PackagesIndex(
        [
            PackagesFile(
                "\n".join(
                    [
                        stanza("a", fields="Depends: last, first | second (>= 1)\nTag: none\n"),
                        stanza("second", fields="Pre-Depends: third\n"),
                        stanza("b", fields="Suggests: fourth\nDepends: fourth-doc, fifth\n"),
                    ]
                ).encode(),
                "trixie",
            ),
            PackagesFile(stanza("other").encode(), "security"),
        ]
    )
    names = ["other", "fourth", "fifth", "second", "first", "third", "a", "none"]

    places = found.first_mentions(names)

    assert sorted(places, key=lambda name: places[name]) == [
        "none",
        "a",
        "first",
        "second",
        "third",
        "fifth",
        "fourth",
        "other",
    ]
    assert places["none"] == ()
