"""The settings of uv that a lock was made with, beside those that are declared now."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import tomli

from lamina.lock.freshness import LockOutdated, check
from lamina.lock.model import Lock
from lamina.lock.settings import OPTIONS
from unit.lock.locks import lock, project

PYPROJECT = """
[project]
name = "app"
requires-python = ">=3.10"
[dependency-groups]
lint = []
all-of-it = [{ include-group = "lint" }]
"""


def locked(head: str = "", more: str = "") -> Lock:
    metadata = "[package.metadata.requires-dev]\nlint = []\nall-of-it = []\n"
    return lock(project(more=f"{more}\n[package.metadata]\n{metadata}"), head=head)


def differences(of: Lock, uv: str = "", elsewhere: Collection[str] = ()) -> tuple[str, ...]:
    document = tomli.loads(f"{PYPROJECT}\n[tool.uv]\n{uv}")
    try:
        check(of, document, trees=[], elsewhere=elsewhere)
    except LockOutdated as outdated:
        return outdated.differences
    return ()


def test_a_lock_with_uvs_defaults_needs_none_of_them_declared() -> None:
    assert differences(locked()) == ()
    assert differences(locked(), 'resolution = "highest"\nprerelease = "if-necessary"') == ()


@pytest.mark.parametrize(
    ("head", "uv", "expected"),
    [
        (
            'resolution-mode = "lowest"',
            "",
            "resolution: `highest` is declared, `lowest` is locked",
        ),
        (
            'prerelease-mode = "allow"',
            'prerelease = "disallow"',
            "prerelease: `disallow` is declared, `allow` is locked",
        ),
        (
            "",
            'fork-strategy = "fewest"',
            "fork-strategy: `fewest` is declared, `requires-python` is locked",
        ),
        (
            'exclude-newer = "2030-01-01T00:00:00Z"',
            "",
            "exclude-newer: none is declared, `2030-01-01T00:00:00Z` is locked",
        ),
        (
            'exclude-newer = "0001-01-01T00:00:00Z"\nexclude-newer-span = "P7D"',
            'exclude-newer = "8 days"',
            "exclude-newer: `8 days` is declared, `P7D` is locked",
        ),
        (
            "exclude-newer-package = { a = false }",
            "",
            "exclude-newer-package: changed",
        ),
        ("prerelease-package = { a = 'allow' }", "", "prerelease-package: changed"),
    ],
)
def test_options_that_changed_are_named_with_both_values(head: str, uv: str, expected: str) -> None:
    of = locked(f"[options]\n{head}")

    assert differences(of, uv) == (expected,)
    assert differences(of, uv, OPTIONS) == ()


@pytest.mark.parametrize(
    ("locked_at", "declared"),
    [
        ('exclude-newer = "2030-01-01T00:00:00Z"', "2030-01-01T01:00:00+01:00"),
        ('exclude-newer = "2030-01-02T00:00:00Z"', "2030-01-01"),
        ('exclude-newer-span = "P7D"', "1 week"),
        ('exclude-newer-span = "PT24H"', "24 hours"),
        ('exclude-newer-span = "P1D"', "24h"),
        ('exclude-newer-span = "P1M"', "a month, or so"),
    ],
)
def test_a_moment_may_be_written_in_many_ways(locked_at: str, declared: str) -> None:
    assert differences(locked(f"[options]\n{locked_at}"), f'exclude-newer = "{declared}"') == ()


def test_moments_of_single_packages_are_compared_by_what_they_mean() -> None:
    of = locked(
        "[options.exclude-newer-package]\na = false\n"
        'b = { timestamp = "0001-01-01T00:00:00Z", span = "P3D" }\n'
    )

    same = "exclude-newer-package = { A = false, b = '3 days' }"
    other = "exclude-newer-package = { A = false, b = '4 days' }"
    assert differences(of, same) == ()
    assert differences(of, other) == ("exclude-newer-package: changed",)


def test_constraints_of_what_is_not_locked_ask_for_no_new_lock() -> None:
    unused = (
        'constraint-dependencies = ["unused<2"]\noverride-dependencies = ["unused==1"]\n'
        'exclude-dependencies = ["unused"]'
    )

    assert differences(locked(), unused) == ()
    assert differences(locked(), 'exclude-dependencies = ["App"]') == (
        "exclude-dependencies: `app` added",
    )
    assert differences(locked(), 'build-constraint-dependencies = ["unused<2"]') == (
        "build-constraint-dependencies: `unused` added",
    )


def test_overrides_in_another_form_are_not_compared() -> None:
    of = locked("[manifest]\noverrides = [{ package = { name = 'a' }, dependencies = [] }]")

    assert differences(of) == ()


def test_what_is_told_of_a_distribution_is_compared_however_it_is_spelt() -> None:
    of = locked(
        "[[manifest.dependency-metadata]]\nname = 'a'\nversion = '1'\n"
        "requires-dist = ['b>=1', \"c ; python_version < '3'\"]\nrequires-python = '>=3.8'\n"
        "provides-extras = ['x']\n"
    )
    written = (
        "[[tool.uv.dependency-metadata]]\nname = 'A'\nversion = '1'\n"
        "requires-dist = ['c; python_version<\"3\"', 'b (>= 1)']\nrequires-python = '>= 3.8'\n"
        "provides-extras = ['X']\n"
    )

    assert differences(of, written) == ()
    assert differences(of, written.replace("3.8", "3.9")) == ("dependency-metadata: `a` changed",)
    assert differences(of, "", {"dependency-metadata"}) == ()


def test_a_group_that_includes_one_in_a_conflict_is_in_it_too() -> None:
    items = '{ package = "app", group = "lint" }, { package = "app", extra = "x" }'
    above = '{ package = "app", group = "all-of-it" }, { package = "app", extra = "x" }'
    of = locked(f"conflicts = [[{items}], [{above}]]")

    assert differences(of, 'conflicts = [[{ group = "lint" }, { extra = "x" }]]') == ()
    assert differences(of, 'conflicts = [[{ group = "all-of-it" }, { extra = "x" }]]') == (
        "conflicts: changed",
    )
    assert differences(of) == ("conflicts: changed",)


def test_default_groups_are_compared_where_the_lock_has_them() -> None:
    text = "[package.metadata.requires-dev]\nlint = []\nall-of-it = []\n"

    def of(revision: int, groups: str) -> Lock:
        entry = project(more=f"{groups}\n[package.metadata]\n{text}")
        made = lock(entry)
        return type(made)(made.version, revision, made.requires_python, made.packages)

    assert differences(of(5, 'default-groups = "all"'), 'default-groups = "all"') == ()
    assert differences(of(5, 'default-groups = ["lint"]'), 'default-groups = ["Lint"]') == ()
    assert differences(of(5, ""), 'default-groups = ["dev"]') == ()
    assert differences(of(5, ""), "default-groups = []") == ("default-groups: changed",)
    assert differences(of(4, ""), "default-groups = []") == ()
