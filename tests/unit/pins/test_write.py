"""A lock as text, and read again."""

from __future__ import annotations

import difflib
from dataclasses import replace

from lamina.deb.package import DebianPackage
from lamina.pins.model import Pins
from lamina.pins.read import read
from lamina.pins.write import write
from unit.pins.values import SMALL, WHOLE, package

TEXT = """\
# Written by `lamina lock`: what the image is made from that `uv.lock` does not say.
# `lamina lock --upgrade` brings it up to date; edits by hand are not wanted.

version = 1

[asked]
base = "debian:bookworm"
platform = [
    "linux/amd64",
    "linux/arm64",
]
apt = [
    "libgomp1",
    "libpq5=15.*",
]
shell = true
build-requires = ["hatchling>=1.20"]
build-constraints = ["packaging<30"]

[suites]
bookworm = 2026-01-02T03:04:05Z
"stable/updates" = 2026-02-03T04:05:06Z

[[platform]]
name = "linux/amd64"

[[platform.base-package]]
name = "libc6"
version = "2.36-9"
architecture = "amd64"
suite = "bookworm"
path = "pool/main/l/libc6/libc6_2.36-9_amd64.deb"
size = 1234
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

[[platform.package]]
name = "libgomp1"
version = "12.2.0-14"
architecture = "amd64"
suite = "bookworm-security"
path = "pool/main/l/libgomp1/libgomp1_12.2.0-14_amd64.deb"
size = 1234
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

[[platform]]
name = "linux/arm64"
base-digest = "sha256:3333333333333333333333333333333333333333333333333333333333333333"

[[platform.package]]
name = "libpq5"
version = "1:15.1-2"
architecture = "amd64"
suite = "bookworm"
path = "pool/main/l/libpq5/libpq5_1%3a15.1-2_amd64.deb"
size = 1234
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

[[build-requires]]
name = "hatchling"
version = "1.27.0"
wheels = [
    { file = "hatchling-1.27.0-py3-none-any.whl", hash = "sha256:ZEROS0" },
]

[[build-requires]]
name = "ziglang"
version = "2.0"
wheels = [
    { file = "ziglang-2.0-py3-none-macosx_11_0_arm64.whl", hash = "sha256:ZEROS0" },
    { file = "ziglang-2.0-py3-none-manylinux_2_17_x86_64.whl", hash = "sha256:ZEROS1" },
]

[[layer]]
key = "sha256:4444444444444444444444444444444444444444444444444444444444444444"
digest = "sha256:5555555555555555555555555555555555555555555555555555555555555555"
diff-id = "sha256:6666666666666666666666666666666666666666666666666666666666666666"
size = 99
""".replace("ZEROS", "0" * 63)


def test_the_whole_text() -> None:
    assert write(WHOLE) == TEXT


def test_what_is_written_is_read_again() -> None:
    assert read(write(WHOLE)) == WHOLE
    assert read(write(SMALL)) == SMALL


def test_strange_characters_are_written_so_that_they_are_read() -> None:
    strange = 'a"b\\c\x7f\nd\u2028é\x00'.replace("\x00", "")
    pins = replace(SMALL, asked=replace(SMALL.asked, base=strange))

    assert read(write(pins)) == pins


def test_a_new_version_changes_a_few_lines_of_one_table() -> None:
    changed = _with_package(WHOLE, package("libgomp1", "12.2.0-15", sha256="b"))

    lines = difflib.unified_diff(TEXT.split("\n"), write(changed).split("\n"), n=0, lineterm="")

    marks = [line[:9] for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert marks == [
        *("-version ", "+version "),
        *("-suite = ", '-path = "', "+suite = ", '+path = "'),
        *("-sha256 =", "+sha256 ="),
    ]


def _with_package(pins: Pins, new: DebianPackage) -> Pins:
    first, *others = pins.platforms
    return replace(pins, platforms=(replace(first, packages=(new,)), *others))
