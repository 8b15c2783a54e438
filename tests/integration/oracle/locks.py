"""Locks of other releases of uv: every revision, old spellings, what nobody knows yet."""

from __future__ import annotations

import re
from dataclasses import replace

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import backend, build_system, dist

_PROJECT = Scenario(
    "revision-3",
    HEAD
    + """
dependencies = ["a<2 ; python_version < '3.12'", "a>=2 ; python_version >= '3.12'", "b[x]"]
[project.optional-dependencies]
x = ["c"]
empty = []
[dependency-groups]
test = ["d"]
""",
    [
        *(dist("a 1.0", sdist=True), dist("a 2.0"), dist("b 1.0", extras={"x": ["e"]})),
        *(dist("c 1.0"), dist("d 1.0", "a"), dist("e 1.0")),
    ],
    runs=asked("", "--extra x --group test", "--extra x"),
)


def _revision(number: int) -> str:
    return f"revision = {number}\n" if number else ""


def _as_revision(text: str, number: int) -> str:
    """Return a lock of today as uv wrote it then."""
    text = re.sub(r"^revision = \d+\n", _revision(number), text, flags=re.MULTILINE)
    if number < 2:
        text = re.sub(r', upload-time = "[^"]*"', "", text)
    if number < 1:
        text = re.sub(r"^provides-extras = .*\n", "", text, flags=re.MULTILINE)
    return text


def _oldest(text: str) -> str:
    """Return a lock with the spellings of 2024, and edges that repeat the forks."""
    text = _as_revision(text, 0).replace("[[package]]", "[[distribution]]")
    return text.replace("[package.", "[distribution.").replace("upload-time", "upload_time")


def _with_the_unknown(text: str) -> str:
    """Return a lock with what a later release may add."""
    text = _as_revision(text, 99).replace('name = "a"\n', 'name = "a"\nfuture = { x = [1] }\n')
    return f"# A comment.\nnews = 'none'\n{text}\n[later]\nx = 1979-05-27T07:32:00Z\n"


def _metadata_free(text: str) -> str:
    """Return a lock of the revision that leaves out what was declared."""
    text = _as_revision(text, 4)
    return re.sub(r"\[package\.metadata[^\[]*\n(?:\[package\.metadata[^\n]*\n[^\n]+\n)?", "", text)


SCENARIOS = (
    _PROJECT,
    replace(_PROJECT, name="revision-2", rewrite=lambda text: _as_revision(text, 2)),
    replace(_PROJECT, name="revision-1", rewrite=lambda text: _as_revision(text, 1)),
    replace(_PROJECT, name="revision-0", rewrite=lambda text: _as_revision(text, 0)),
    replace(_PROJECT, name="old-spellings", rewrite=_oldest),
    replace(_PROJECT, name="unknown-fields", rewrite=_with_the_unknown),
    replace(
        _PROJECT,
        name="another-version",
        rewrite=lambda text: text.replace("version = 1\n", "version = 2\n", 1),
        runs=[Run(refused="version")],
    ),
    replace(
        _PROJECT,
        name="a-python-that-the-lock-does-not-admit",
        rewrite=lambda text: text.replace(
            'requires-python = ">=3.11"', 'requires-python = ">=3.12"'
        ),
        runs=[Run("--frozen", theirs="--no-dev", refused="requires-python")],
    ),
)

RELEASES = ("0.3.0", "0.4.18", "0.5.20", "0.6.10")
"""Releases of uv that wrote locks unlike those of today, and each other."""

BY_OLD_RELEASES = Scenario(
    "by-an-old-release",
    HEAD
    + """
dependencies = [
  "a<2 ; python_version < '3.12'", "a>=2 ; python_version >= '3.12'",
  "b[x]", "u", "win ; sys_platform == 'win32'",
]
[project.optional-dependencies]
x = ["c", "app[y]"]
y = ["f ; platform_machine == 'x86_64'"]
[tool.uv]
dev-dependencies = ["d"]
environments = ["sys_platform == 'linux'", "sys_platform == 'win32'"]
[tool.uv.sources]
u = { url = "@FILES@/u-1.0-py3-none-any.whl" }
"""
    + build_system(),
    [*_PROJECT.index, dist("u 1.0", "e"), dist("f 1.0"), dist("win 1.0")],
    files={**backend(), "src/app/__init__.py": ""},
    runs=asked("", "--extra x", "--all-extras --dev", "--extra y"),
)
