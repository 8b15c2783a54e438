from __future__ import annotations

import pytest
from packaging import tags
from packaging.version import Version

from lamina.lock.target import Libc, UnsupportedTarget, make_target
from lamina.oci.descriptor import Platform
from unit.lock.locks import target


def test_the_marker_environment_is_that_of_the_target() -> None:
    assert target("3.10.14", "linux/arm64").marker_environment == {
        "implementation_name": "cpython",
        "implementation_version": "3.10.14",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": "3.10.14",
        "python_version": "3.10",
        "sys_platform": "linux",
    }


@pytest.mark.parametrize(
    ("platform", "machine"),
    [
        ("linux/amd64", "x86_64"),
        ("linux/amd64/v3", "x86_64"),
        ("linux/arm64", "aarch64"),
        ("linux/arm64/v8", "aarch64"),
        ("linux/386", "i686"),
        ("linux/arm", "armv7l"),
        ("linux/arm/v7", "armv7l"),
        ("linux/ppc64le", "ppc64le"),
        ("linux/s390x", "s390x"),
        ("linux/riscv64", "riscv64"),
        ("linux/riscv64/rva23u64", "riscv64"),
        ("linux/loong64", "loongarch64"),
        ("linux/arm/v6", "armv6l"),
        ("linux/arm/v5", "armv5tel"),
        ("linux/arm/v8", "armv7l"),
    ],
)
def test_each_architecture_has_the_name_that_python_gives_it(platform: str, machine: str) -> None:
    made = target(platform=platform)

    assert made.marker_environment["platform_machine"] == machine
    assert tags.Tag("cp312", "cp312", f"linux_{machine}") in made.tags


def platforms(platform: str, libc: Libc) -> list[str]:
    found = target("3.12.4", platform, libc).tags
    return [tag.platform for tag in found if (tag.interpreter, tag.abi) == ("cp312", "cp312")]


def test_platform_tags_of_glibc_go_down_to_the_oldest_with_the_old_names_between() -> None:
    assert platforms("linux/amd64", Libc("glibc", (2, 18))) == [
        "manylinux_2_18_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
        "manylinux_2_16_x86_64",
        "manylinux_2_15_x86_64",
        "manylinux_2_14_x86_64",
        "manylinux_2_13_x86_64",
        "manylinux_2_12_x86_64",
        "manylinux2010_x86_64",
        "manylinux_2_11_x86_64",
        "manylinux_2_10_x86_64",
        "manylinux_2_9_x86_64",
        "manylinux_2_8_x86_64",
        "manylinux_2_7_x86_64",
        "manylinux_2_6_x86_64",
        "manylinux_2_5_x86_64",
        "manylinux1_x86_64",
        "linux_x86_64",
    ]
    assert platforms("linux/arm64", Libc("glibc", (2, 18))) == [
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    ]
    assert platforms("linux/riscv64", Libc("glibc", (2, 30))) == ["linux_riscv64"]
    assert platforms("linux/loong64", Libc("glibc", (2, 36))) == [
        "manylinux_2_36_loongarch64",
        "linux_loongarch64",
    ]


def test_the_older_arms_have_platform_tags_of_musl_alone() -> None:
    assert platforms("linux/arm/v6", Libc("glibc", (2, 36))) == ["linux_armv6l"]
    assert platforms("linux/arm/v6", Libc("musl", (1, 1))) == [
        "musllinux_1_1_armv6l",
        "musllinux_1_0_armv6l",
        "linux_armv6l",
    ]


@pytest.mark.parametrize("python", [*(f"3.{minor}.1" for minor in range(8, 16)), "3.15.0b1"])
@pytest.mark.parametrize("threads", ["", "t"])
def test_the_order_of_tags_is_that_of_packaging(python: str, threads: str) -> None:
    version = Version(python).release[:2]
    linux = platforms("linux/arm64", Libc("glibc", (2, 20)))
    made = target(python, "linux/arm64", Libc("glibc", (2, 20)), free_threaded=bool(threads))

    expected = [
        *tags.cpython_tags(version, [f"cp3{version[1]}{threads}"], linux),
        *tags.compatible_tags(version, f"cp3{version[1]}", linux),
    ]

    assert list(made.tags) == expected


def test_a_free_threaded_python_takes_neither_ordinary_nor_stable_abi_of_the_others() -> None:
    made = target("3.14.0", free_threaded=True)
    abis = {tag.abi for tag in made.tags}

    assert abis == {"cp314t", "abi3t", "none"}
    assert made.python_tag == "3.14t"
    assert str(made) == "linux/amd64, Python 3.14t"


@pytest.mark.parametrize("python", ["3.12", "2.7.18", "1!3.12.1", "three"])
def test_a_python_that_is_not_full_is_refused(python: str) -> None:
    with pytest.raises(UnsupportedTarget) as caught:
        target(python)

    assert str(caught.value) == f"Expected a full version of Python 3, got: {python}"
    assert caught.value.hint == "For example `3.12.4`"


@pytest.mark.parametrize("platform", ["windows/amd64", "linux/mips64le", "linux/arm/v4"])
def test_a_platform_without_wheels_is_refused(platform: str) -> None:
    with pytest.raises(UnsupportedTarget) as caught:
        make_target(Platform.parse(platform), "3.12.4", Libc("glibc", (2, 36)))

    assert str(caught.value) == f"No wheels can be chosen for platform: {platform}"
    assert caught.value.hint == (
        "Supported are linux/amd64, linux/arm64, linux/386, linux/arm (v5, v6, v7), "
        "linux/ppc64le, linux/s390x, linux/riscv64 and linux/loong64"
    )


def test_a_libc_is_shown_as_people_write_it() -> None:
    assert str(Libc("musl", (1, 2))) == "musl 1.2"
