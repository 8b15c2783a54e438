"""The text of a lockfile that is as large as locks get, with nothing in it that is real."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256

_PLATFORMS = (
    "macosx_10_13_x86_64",
    "macosx_11_0_arm64",
    "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "win_amd64",
)
_PYTHONS = ("cp310", "cp311", "cp312", "cp313")
_MARKERS = (
    "python_full_version < '3.11'",
    "sys_platform == 'win32'",
    "platform_machine == 'x86_64' and sys_platform == 'linux'",
    "python_full_version >= '3.12' and platform_python_implementation != 'PyPy'",
)
_HEAD = """\
version = 1
revision = 3
requires-python = ">=3.10"
resolution-markers = [
    "python_full_version >= '3.12'",
    "python_full_version < '3.12'",
]
"""
_URL = "https://files.example/packages/ab/cd"


def large_lock(count: int) -> str:
    """Return a lock of ``count`` packages, all of which its project takes on Linux.

    Each has an sdist; a third has 20 wheels, five platforms times four Pythons, the others one.
    """
    return "\n".join([_HEAD, *_packages(count, random.Random(count))])


def _packages(count: int, chance: random.Random) -> Iterator[str]:
    for number in range(count):
        lower = range(number + 1, min(number + 40, count))
        needs = sorted(chance.sample(lower, min(5, len(lower))))
        yield _package(number, [_need(needed, chance) for needed in needs])
    everything = "".join(f'    {{ name = "package-{number}" }},\n' for number in range(count))
    declared = everything.replace(" }", ', specifier = ">=1,<3" }')
    yield (
        '[[package]]\nname = "large"\nversion = "1.0"\nsource = { virtual = "." }\n'
        f"dependencies = [\n{everything}]\n\n[package.metadata]\nrequires-dist = [\n{declared}]\n"
    )


def _need(number: int, chance: random.Random) -> str:
    extra = ', extra = ["fast"]' if chance.random() < 0.1 else ""
    marker = f', marker = "{chance.choice(_MARKERS)}"' if chance.random() < 0.3 else ""
    return f'    {{ name = "package-{number}"{extra}{marker} }},\n'


def _package(number: int, needs: list[str]) -> str:
    version = f"1.{number % 17}.{number % 5}"
    stem = f"package_{number}-{version}"
    tags = (
        [f"{python}-{python}-{platform}" for python in _PYTHONS for platform in _PLATFORMS]
        if number % 3 == 0
        else ["py3-none-any"]
    )
    wheels = "".join(f"    {_file(f'{stem}-{tag}.whl')},\n" for tag in tags)
    return (
        f'[[package]]\nname = "package-{number}"\nversion = "{version}"\n'
        'source = { registry = "https://index.example/simple" }\n'
        f"dependencies = [\n{''.join(needs[1:])}]\nsdist = {_file(f'{stem}.tar.gz')}\n"
        f"wheels = [\n{wheels}]\n\n"
        f"[package.optional-dependencies]\nfast = [\n{''.join(needs[:1])}]\n"
    )


def _file(name: str) -> str:
    digest = sha256(name.encode()).hexdigest()
    return (
        f'{{ url = "{_URL}/{digest}/{name}", hash = "sha256:{digest}", '
        f'size = {len(name) * 4321}, upload-time = "2025-03-12T01:42:48.764Z" }}'
    )
