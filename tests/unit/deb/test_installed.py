"""What the dpkg status of a base tells."""

from __future__ import annotations

import pytest

from lamina.deb.control import ControlError
from lamina.deb.installed import Installed


def entry(name: str, fields: str = "", version: str = "1") -> bytes:
    return (
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n{fields}"
        "Description: one\n two\n .\n three\n"
    ).encode()


def read(*texts: bytes) -> Installed:
    return Installed.parse(texts, where="`base`")


def found(installed: Installed) -> list[str]:
    return [f"{package.name} {package.version}" for package in installed]


def test_a_status_and_files_of_status_d_are_read_alike() -> None:
    status = entry("aa", "Status: install ok installed\n") + b"\n\n" + entry("bb", version="2")

    installed = read(status, entry("cc"))

    assert found(installed) == ["aa 1", "bb 2", "cc 1"]
    assert len(installed) == 3


@pytest.mark.parametrize(
    ("status", "is_there"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("install ok triggers-pending", True),
        ("install ok triggers-awaited", True),
        ("install ok half-configured", True),
        ("install ok unpacked", True),
        ("install reinstreq half-installed", False),
        ("deinstall ok config-files", False),
        ("unknown ok not-installed", False),
    ],
)
def test_what_has_its_files_there_is_installed(status: str, is_there: bool) -> None:
    assert bool(found(read(entry("aa", f"Status: {status}\n")))) is is_there


def test_what_is_to_be_kept_is_held() -> None:
    installed = read(entry("aa", "Status: hold ok installed\n"), entry("bb"))

    assert [package.is_held for package in installed] == [True, False]


def test_the_paragraph_is_kept_as_it_stands() -> None:
    paragraph = entry("aa", "Conffiles:\n /etc/aa 0123\nX-Own: yes\n")

    (package,) = read(paragraph + b"\n" + entry("bb")).named("aa")

    assert package.paragraph + b"\n" == paragraph


def test_the_same_name_may_be_there_for_several_architectures() -> None:
    installed = read(entry("aa") + b"\n" + entry("aa").replace(b"amd64", b"i386"))

    assert [package.architecture for package in installed.named("aa")] == ["amd64", "i386"]
    assert installed.named("bb") == ()


def test_fields_may_be_folded_and_written_in_any_case() -> None:
    installed = read(entry("aa", "depends: bb,\n cc (>= 1) | dd\nPROVIDES: ee (= 1),\n\tff\n"))

    for name in ("bb", "cc", "dd"):
        assert [package.name for package in installed.needing(name)] == ["aa"]
    for name in ("ee", "ff"):
        assert [package.name for package in installed.providing(name)] == ["aa"]
    (package,) = installed
    assert [str(provided) for provided in package.provides] == ["ee (= 1)", "ff"]


def test_those_that_forbid_a_name_are_found() -> None:
    installed = read(entry("aa", "Breaks: xx (<< 2)\n"), entry("bb", "Conflicts: yy, xx\n"))

    assert [package.name for package in installed.forbidding("xx")] == ["aa", "bb"]
    assert [package.name for package in installed.forbidding("yy")] == ["bb"]
    assert installed.forbidding("zz") == ()


def test_those_of_a_source_are_found() -> None:
    installed = read(
        entry("aa", "Source: src (2)\n"), entry("bb", "Source: src\n"), entry("src"), entry("cc")
    )

    found = {package.name: package.source for package in installed.of_source("src")}

    assert found == {"src": ("src", "1"), "aa": ("src", "2"), "bb": ("src", "1")}


def test_an_empty_base_has_nothing() -> None:
    assert found(Installed.nothing()) == []
    assert found(read(b"", b"\n\n")) == []


def test_an_entry_without_what_it_must_have_is_refused() -> None:
    with pytest.raises(ControlError) as caught:
        read(b"Version: 1\nArchitecture: all\n")
    assert str(caught.value) == "Missing in `base`: `Package`"

    installed = read(entry("aa").replace(b"Version: 1\n", b""))
    with pytest.raises(ControlError) as caught:
        installed.named("aa")
    assert str(caught.value) == (
        "Missing in the entry of `aa` in the dpkg status of `base`: `Version`"
    )


def test_only_what_is_asked_for_is_parsed() -> None:
    installed = read(entry("aa", version="not a version"), entry("bb"))

    assert [package.name for package in installed.named("bb")] == ["bb"]
    with pytest.raises(ControlError) as caught:
        installed.named("aa")
    assert str(caught.value) == (
        "Malformed version in the entry of `aa` in the dpkg status of `base`: not a version"
    )
