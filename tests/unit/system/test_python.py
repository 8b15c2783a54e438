"""The interpreter and the C library that packages bring."""

from __future__ import annotations

from lamina.deb.package import DebianPackage
from lamina.plan.base import BaseLibc, BasePython
from lamina.system.python import libc_of, python_of


def packages(**versions: str) -> list[DebianPackage]:
    return [
        DebianPackage(name.replace("_", "."), version, "amd64", "s", "p", 1, "00")
        for name, version in versions.items()
    ]


def test_the_newest_python_is_taken() -> None:
    found = packages(python3="3.13.5-1", python3_9="3.9.2-1+b1", python3_13="3.13.5-2")

    assert python_of(found) == BasePython("/usr/bin/python3.13", "3.13.5")


def test_the_c_library_has_the_version_that_was_packaged() -> None:
    assert libc_of(packages(libc6="2.36-9+deb12u13")) == BaseLibc("glibc", "2.36")


def test_without_packages_there_is_neither() -> None:
    assert python_of(packages(libc6="1")) is None
    assert libc_of(packages(python3_13="3.13.5-2")) is None
