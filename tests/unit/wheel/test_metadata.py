"""What a wheel says of itself, and whether it agrees with its file name."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from lamina.wheel.errors import WheelError
from lamina.wheel.metadata import (
    WheelName,
    check_metadata,
    check_wheel_file,
    data_folder,
    find_dist_info,
)

FOO = canonicalize_name("foo")


def metadata(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: other\n".encode()


def test_a_file_name_says_project_and_version() -> None:
    name = WheelName.parse("My.Pkg-1.0+cpu-2-cp312-cp312-manylinux_2_17_x86_64.whl")

    assert name.project == "my-pkg"
    assert name.version == Version("1.0+cpu")


@pytest.mark.parametrize("filename", ["foo.whl", "foo-1.0.tar.gz", "foo-x-py3-none-any.whl", "-"])
def test_what_is_no_wheels_file_name_is_refused(filename: str) -> None:
    with pytest.raises(WheelError) as caught:
        WheelName.parse(filename)

    assert str(caught.value) == (
        f"Unable to unpack wheel `{filename}`: "
        "its name is not `name-version[-build]-python-abi-platform.whl`"
    )


def test_a_file_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(WheelError) as caught:
        WheelName.parse(f"foo-{'1' * 5000}-py3-none-any.whl")

    assert str(caught.value) == (
        f"Unable to unpack wheel `foo-{'1' * 36}...`: its name is longer than 255"
    )


@pytest.mark.parametrize(
    ("names", "project", "folder"),
    [
        (["a.py", "foo-1.0.dist-info/WHEEL"], "foo", "foo-1.0.dist-info"),
        (["foo-1.0.dist-info/"], "foo", "foo-1.0.dist-info"),
        (["My_Pkg-1.0.dist-info/WHEEL"], "my-pkg", "My_Pkg-1.0.dist-info"),
        (["my.pkg-2.dist-info/WHEEL"], "my-pkg", "my.pkg-2.dist-info"),
        (["foo.dist-info/WHEEL"], "foo", "foo.dist-info"),
        (["bar.dist-info", "x/b.dist-info/y", "foo-1.dist-info/WHEEL"], "foo", "foo-1.dist-info"),
        (["a.DIST-INFO/x", "foo-1.dist-info/x", "foo-1.dist-info/y"], "foo", "foo-1.dist-info"),
    ],
)
def test_the_dist_info_folder_is_found(names: list[str], project: str, folder: str) -> None:
    assert find_dist_info(names, canonicalize_name(project)) == folder


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ([], "there is no `.dist-info` folder"),
        (["foo-1.0.dist-info", "x/foo-1.0.dist-info/WHEEL"], "there is no `.dist-info` folder"),
        (
            ["foo-1.0.dist-info/WHEEL", "bar-1.0.dist-info/"],
            "there is more than one `.dist-info` folder: `bar-1.0.dist-info`, `foo-1.0.dist-info`",
        ),
        (["bar-1.0.dist-info/WHEEL"], "the folder `bar-1.0.dist-info` is not of `foo`"),
        ([".dist-info/WHEEL"], "the folder `.dist-info` is not of `foo`"),
    ],
)
def test_there_must_be_one_dist_info_folder_of_the_project(names: list[str], fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        find_dist_info(names, FOO)

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"


def test_the_data_folder_is_named_like_the_dist_info_folder() -> None:
    assert data_folder("My_Pkg-1.0.dist-info") == "My_Pkg-1.0.data"


@pytest.mark.parametrize(
    "data",
    [
        b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
        b"Wheel-Version: 1.0\r\n\r\nWheel-Version: 2.0\r\n",
        b"Generator: x\nWheel-Version: 1.9.1\n",
        b"Wheel-Version: 0.1\n",
        b"Wheel-Version: 1.0\nWheel-Version: 2.0\n",
    ],
)
def test_a_known_format_is_accepted(data: bytes) -> None:
    check_wheel_file(data)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "`WHEEL` has no `Wheel-Version` such as 1.0, got: ''"),
        (b"\nWheel-Version: 1.0\n", "`WHEEL` has no `Wheel-Version` such as 1.0, got: ''"),
        (b"Wheel-Version: 1\n", "`WHEEL` has no `Wheel-Version` such as 1.0, got: '1'"),
        (b"Wheel-Version: x\n y\n", "`WHEEL` has no `Wheel-Version` such as 1.0, got: 'x y'"),
        (b"Wheel-Version: 2.0\n", "`WHEEL` is of version 2.0, and only 1 is known"),
        (b"Wheel-Version: 0.2\n", "`WHEEL` is of version 0.2, and only 1 is known"),
        (
            b"Wheel-Version: 1." + b"0" * (1 << 20),
            "`WHEEL` has 1048593 bytes of headers, the limit is 1048576",
        ),
    ],
)
def test_an_unknown_format_is_refused(data: bytes, fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        check_wheel_file(data)

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"


def test_bytes_that_are_no_text_do_no_harm() -> None:
    with pytest.raises(WheelError, match="`WHEEL` has no `Wheel-Version` such as"):
        check_wheel_file(b"Wheel-Version: \xff\xfe\n")


@pytest.mark.parametrize(
    ("file_version", "name", "version"),
    [
        ("1.0", "foo", "1.0"),
        ("1.0", "FOO", "1.0.0"),
        ("1.0", "foo", "v1.0"),
        ("1.0+cpu", "foo", "1.0+cpu"),
        ("1.0+cpu", "foo", "1.0"),
    ],
)
def test_the_same_distribution_may_be_spelt_otherwise(
    file_version: str, name: str, version: str
) -> None:
    check_metadata(metadata(name, version), WheelName.parse(f"foo-{file_version}-py3-none-any.whl"))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (metadata("bar", "1.0"), ["name than the file, expected foo, got: 'bar'"]),
        (metadata("foo", "2.0"), ["version than the file, expected 1.0, got: '2.0'"]),
        (metadata("foo", "1.0+cpu"), ["version than the file, expected 1.0, got: '1.0+cpu'"]),
        (metadata("foo", "x.y"), ["version than the file, expected 1.0, got: 'x.y'"]),
        (metadata("foo", "1" * 5000), [f"version than the file, expected 1.0, got: '{'1' * 255}'"]),
        (b"Name: foo\n", ["version than the file, expected 1.0, got: ''"]),
        (
            b"\nName: foo\nVersion: 1.0\n",
            [
                "name than the file, expected foo, got: ''",
                "version than the file, expected 1.0, got: ''",
            ],
        ),
    ],
)
def test_another_distribution_than_the_file_names_is_refused(
    data: bytes, faults: list[str]
) -> None:
    with pytest.raises(WheelError) as caught:
        check_metadata(data, WheelName.parse("foo-1.0-py3-none-any.whl"))

    assert caught.value.faults == tuple(f"`METADATA` has another {fault}" for fault in faults)


def test_text_that_is_not_utf_8_elsewhere_does_no_harm() -> None:
    data = b"Name: foo\nSummary: \xff\nVersion: 1.0\n\n\xff\xfe"

    check_metadata(data, WheelName.parse("foo-1.0-py3-none-any.whl"))
