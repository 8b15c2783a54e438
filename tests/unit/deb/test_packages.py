"""The newest packages of some indices, and what they need."""

from __future__ import annotations

import hashlib

import pytest

from debs import stanza
from lamina.deb.control import ControlError
from lamina.deb.packages import PackagesFile, PackagesIndex, UnsatisfiedDependencies

FILE = "a_1.0-1_amd64.deb"
EMPTY = hashlib.sha256().hexdigest()


def index(*stanzas: str, suite: str = "trixie") -> PackagesIndex:
    return PackagesIndex([PackagesFile("\n".join(stanzas).encode(), suite)])


def names(found: PackagesIndex, *roots: str) -> list[str]:
    return [package.name for package in found.closure(roots)]


def test_the_closure_holds_what_depends_and_pre_depends_name_and_nothing_else() -> None:
    found = index(
        stanza("a", fields="Depends: b (>= 1)\nPre-Depends: c\nRecommends: d\n"),
        stanza("b"),
        stanza("c"),
        stanza("d"),
    )

    assert names(found, "a") == ["a", "b", "c"]


def test_cycles_end() -> None:
    found = index(stanza("a", fields="Depends: b\n"), stanza("b", fields="Depends: a\n"))

    assert names(found, "a") == ["a", "b"]


def test_of_alternatives_the_first_that_will_do_is_taken() -> None:
    fields = "Depends: missing | old (>= 2) | good | other\n"
    found = index(stanza("a", fields=fields), stanza("old", "1"), stanza("good"), stanza("other"))

    assert names(found, "a") == ["a", "good"]


def test_a_real_package_goes_before_those_that_provide_its_name() -> None:
    found = index(
        stanza("a", fields="Depends: awk\n"),
        stanza("awk"),
        stanza("aawk", fields="Priority: required\nProvides: awk\n"),
    )

    assert names(found, "a") == ["a", "awk"]


def test_of_providers_the_highest_priority_is_taken_then_the_first_name() -> None:
    found = index(
        stanza("a", fields="Depends: awk\n"),
        stanza("gawk", fields="Priority: optional\nProvides: awk\n"),
        stanza("zawk", fields="Priority: required\nProvides: x, awk:any\n"),
        stanza("mawk", fields="Priority: required\nProvides: awk\n"),
    )

    assert names(found, "a") == ["a", "mawk"]


def test_a_version_can_be_provided() -> None:
    found = index(
        stanza("a", fields="Depends: api (>= 2)\n"),
        stanza("one", fields="Provides: api\n"),
        stanza("three", fields="Provides: api (= 3)\n"),
    )

    assert names(found, "a") == ["a", "three"]


def test_the_newest_version_wins_wherever_it_stands() -> None:
    old = PackagesFile(stanza("a", "1.0-1").encode(), "trixie")
    new = PackagesFile(stanza("a", "1.0-1+deb13u2").encode(), "trixie-security")

    for files in ([old, new], [new, old]):
        (package,) = PackagesIndex(files).closure(["a"])

        assert (package.version, package.suite) == ("1.0-1+deb13u2", "trixie-security")


def test_the_order_of_an_index_does_not_matter() -> None:
    stanzas = [
        stanza("a", fields="Depends: virtual, c | b\n"),
        stanza("b"),
        stanza("c", fields="Depends: b | d\n"),
        stanza("d", fields="Provides: virtual\n"),
        stanza("e", fields="Provides: virtual\n"),
    ]

    assert names(index(*stanzas), "a") == names(index(*reversed(stanzas)), "a")
    assert names(index(*stanzas), "a") == ["a", "b", "c", "d"]


def test_what_stands_alone_comes_without_its_needs_unless_a_root_needs_it() -> None:
    found = index(stanza("a"), stanza("certs", fields="Depends: openssl\n"), stanza("openssl"))

    alone = found.closure(["a"], alone=["certs"])
    both = found.closure(["certs"], alone=["certs"])

    assert [package.name for package in alone] == ["a", "certs"]
    assert [package.name for package in both] == ["certs", "openssl"]


def test_everything_unsatisfied_is_named_at_once() -> None:
    found = index(
        stanza("a", fields="Depends: b (>= 2), missing | gone\n"),
        stanza("b", fields="Depends: none (= 1)\n"),
    )

    with pytest.raises(UnsatisfiedDependencies) as caught:
        found.closure(["a", "root", "b"])

    assert str(caught.value) == (
        "Unable to satisfy 4 dependencies of Debian packages\n"
        "  a needs b (>= 2), but the archive has 1.0-1\n"
        "  a needs missing, which the archive does not have | gone, which the archive does not have"
        "\n  b needs none (= 1), which the archive does not have\n"
        "  root is not in the archive"
    )
    assert caught.value.hint == (
        "The mirror may be in the middle of an update; try again, or name another mirror"
    )


def test_a_package_knows_its_file_and_its_source() -> None:
    (package,) = index(stanza("a")).closure([], alone=["a"])

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
        index(stanza("a").replace(right, wrong)).closure(["a"])

    assert str(caught.value) == message.format("the Packages entry of `a`")


def test_an_index_that_is_something_else_is_refused() -> None:
    with pytest.raises(ControlError) as caught:
        index("<html>\n<body>\n")

    assert str(caught.value) == "Expected `Package` first in an entry of Packages, got: <html>"


def test_an_index_may_be_empty_or_end_without_a_line() -> None:
    assert names(index("")) == []
    assert names(index(stanza("a").rstrip()), "a") == ["a"]
    assert names(index(stanza("a"), "\n\n", stanza("b")), "a", "b") == ["a", "b"]
