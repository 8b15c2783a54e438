"""The members of a workspace, and the folders that are depended on, beside what is locked."""

from __future__ import annotations

import pytest
import tomli

from lamina.lock.freshness import LockOutdated, check
from lamina.lock.tree import Tree
from unit.lock.locks import lock

ROOT = """
[project]
name = "root"
version = "1"
requires-python = ">=3.10"
dependencies = ["lib", "near"]
[tool.uv.sources]
lib = { workspace = true }
near = { path = "vendor/near" }
"""
LIB = '[project]\nname = "lib"\nrequires-python = ">=3.9"\ndependencies = ["near"]\n'
NEAR = '[project]\nname = "near"\nversion = "2.0"\n'

LOCKED = lock(
    """
[[package]]
name = "root"
version = "1"
source = { virtual = "." }
[package.metadata]
requires-dist = [
  { name = "lib", editable = "packages/lib" },
  { name = "near", directory = "vendor/near" },
]
[[package]]
name = "lib"
version = "1"
source = { editable = "packages/lib" }
[package.metadata]
requires-dist = [{ name = "near", directory = "vendor/near" }]
[[package]]
name = "near"
version = "2"
source = { directory = "vendor/near" }
[package.metadata]
""",
    head='[manifest]\nmembers = ["lib", "root"]\n',
)


def differences(
    root: str = ROOT, lib: str = LIB, near: str = NEAR, lib_at: str = "packages/lib"
) -> tuple[str, ...]:
    trees = [
        *([Tree(lib_at, tomli.loads(lib))] if lib else []),
        Tree("vendor/near", tomli.loads(near), is_member=False),
    ]
    try:
        check(LOCKED, tomli.loads(root), trees=trees)
    except LockOutdated as outdated:
        return outdated.differences
    return ()


def test_a_member_has_the_sources_of_the_root_too() -> None:
    assert differences() == ()


def test_all_that_differs_in_all_folders_is_said_at_once() -> None:
    with pytest.raises(LockOutdated) as caught:
        check(
            LOCKED,
            tomli.loads(ROOT.replace('"near"]', '"near>=1", "more"]')),
            trees=[
                Tree("vendor/near", tomli.loads(NEAR.replace("2.0", "2.1")), is_member=False),
                Tree("packages/lib", tomli.loads(LIB.replace('"near"', ""))),
            ],
        )

    assert str(caught.value) == (
        "`uv.lock` does not match `pyproject.toml`\n"
        "  dependencies: `more` added\n"
        "  packages/lib: dependencies: `near` removed\n"
        "  vendor/near: version: `2.1` is declared, `2` is locked"
    )
    assert caught.value.hint == "To update it, run `uv lock`"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lib": ""}, ("workspace: `lib` removed",)),
        ({"lib": LIB.replace('"lib"', '"new"')}, ("workspace: `lib` removed, `new` added",)),
        ({"lib_at": "libs/lib"}, ("lib: `libs/lib` is declared, `packages/lib` is locked",)),
        (
            {"lib": f"{LIB}[tool.uv]\npackage = false\n"},
            ("lib: virtual is declared, editable is locked",),
        ),
        (
            {"root": ROOT.replace("workspace = true", "workspace = true, editable = false")},
            ("lib: directory is declared, editable is locked",),
        ),
        ({"root": f"{ROOT}[build-system]\n"}, ("root: editable is declared, virtual is locked",)),
        (
            {"near": f"{NEAR}[tool.uv]\npackage = false\n"},
            ("vendor/near: virtual is declared, package is locked",),
        ),
        (
            {"root": ROOT.replace('"vendor/near"', '"vendor/near", editable = true')},
            ("dependencies: `near` changed", "packages/lib: dependencies: `near` changed"),
        ),
        (
            {"near": NEAR.replace('version = "2.0"', 'dynamic = ["version"]')},
            ("vendor/near: version: dynamic is declared, `2` is locked",),
        ),
        (
            {"lib": LIB.replace(">=3.9", ">=3.11")},
            ("requires-python: `>=3.10,>=3.11` is declared, `>=3.10` is locked",),
        ),
    ],
)
def test_each_difference_between_trees_is_named(
    changed: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert differences(**changed) == expected


def test_the_version_of_a_member_does_not_matter() -> None:
    assert differences(lib=LIB.replace("[project]", '[project]\nversion = "9"')) == ()


def test_a_project_of_another_name_is_all_that_is_said() -> None:
    alone = lock('[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n')

    with pytest.raises(LockOutdated) as caught:
        check(alone, {"project": {"name": "other"}}, trees=[])

    assert caught.value.differences == ("name: `other` is declared, `app` is locked",)
