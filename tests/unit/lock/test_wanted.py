from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet

from lamina.lock.fitting import TargetMismatch
from lamina.lock.model import Lock
from lamina.lock.roots import UnknownRequest
from lamina.lock.select import Policy, Selection, select
from lamina.lock.walk import ConflictingRequest
from lamina.lock.wanted import Extras, Groups, Install, Wanted
from unit.lock.locks import chosen, lock, package, project, target

AMD64 = target()

MEMBER = """
[[package]]
name = "{name}"
version = "0.3"
source = {{ {source} }}
dependencies = [{needs}]
"""


def names(*items: str) -> frozenset[str]:
    return frozenset(items)


def workspace(conflicts: str = "") -> Lock:
    """A root that needs one, and two that nobody needs; each with groups and extras."""
    members = [
        MEMBER.format(name="one", source='editable = "packages/one"', needs='{ name = "six" }')
        + '[package.optional-dependencies]\nx = [{ name = "rich" }]\n'
        + '[package.dev-dependencies]\nown = [{ name = "idna" }]\n',
        MEMBER.format(name="two", source='virtual = "packages/two"', needs=""),
    ]
    groups = (
        '[package.dev-dependencies]\ndev = [{ name = "pytest" }]\nlint = [{ name = "ruff" }]\n'
        'again = [{ name = "app" }]\n'
    )
    return lock(
        project('{ name = "one" }', groups).replace("virtual", "editable"),
        *members,
        *(package(name) for name in ("six", "rich", "idna", "pytest", "ruff")),
        head=f'{conflicts}\n[manifest]\nmembers = ["app", "one", "two"]\n',
    )


def taken(wanted: Wanted, locked: Lock | None = None) -> list[str]:
    """Return what is installed, the project first, if it is."""
    selection = select(locked or workspace(), AMD64, wanted)
    return [*own(selection), *(d.name for d in selection.distributions)]


def own(selection: Selection) -> list[str]:
    project = selection.project
    return [project.name] if project is not None and project.is_installed else []


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (Groups(), ["app", "one", "six"]),
        (Groups(defaults=None), ["app", "one", "pytest", "ruff", "six"]),
        (Groups(defaults=None, not_by_default=names("dev")), ["app", "one", "ruff", "six"]),
        (
            Groups(defaults=names("dev", "lint"), without=names("dev")),
            ["app", "one", "ruff", "six"],
        ),
        (Groups(all=True, dev=False), ["app", "one", "ruff", "six"]),
        (Groups(dev=True, not_by_default=names("dev")), ["app", "one", "pytest", "six"]),
        (Groups(only=names("lint"), defaults=None), ["ruff"]),
        (Groups(only_dev=True, dev=False), ["pytest"]),
        (Groups(only=names("again")), ["app", "one", "six"]),
        (Groups(only=names("lint"), without=names("lint")), []),
    ],
)
def test_groups_are_taken_as_uv_takes_them(groups: Groups, expected: list[str]) -> None:
    assert taken(Wanted(groups=groups)) == expected


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        (Install(no_project=True), ["one", "six"]),
        (Install(no_workspace=True), ["six"]),
        (Install(no_local=True), ["six"]),
        (Install(no_packages=names("one")), ["app", "six"]),
        (Install(only_project=True), ["app"]),
        (Install(only_workspace=True, only_project=True), ["app", "one"]),
        (Install(only_local=True, no_project=True), ["app", "one"]),
        (Install(only_packages=names("six"), only_local=True), ["six"]),
        (Install(only_packages=names("nothing")), []),
    ],
)
def test_what_is_left_out_is_walked_through_all_the_same(
    install: Install, expected: list[str]
) -> None:
    assert taken(Wanted(install=install)) == expected


def test_what_is_left_out_needs_no_file() -> None:
    locked = lock(project('{ name = "a" }'), package("a", wheels=["a-1.0-py3-none-win32.whl"]))

    assert taken(Wanted(install=Install(no_packages=names("a"))), locked) == ["app"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(project="one"), ["one", "six"]),
        (Wanted(project="one", extras=Extras(all=True)), ["one", "rich", "six"]),
        (Wanted(project="one", groups=Groups(named=names("lint"))), ["one", "ruff", "six"]),
        (Wanted(project="one", groups=Groups(defaults=None)), ["one", "idna", "six"]),
        (
            Wanted(project="one", groups=Groups(all=True)),
            ["one", "app", "idna", "pytest", "ruff", "six"],
        ),
        (Wanted(project="two"), ["two"]),
        (Wanted(packages=("one", "two")), ["one", "six"]),
        (Wanted(packages=("one", "app", "one")), ["app", "one", "six"]),
        (
            Wanted(packages=("one", "app"), install=Install(no_project=True)),
            ["app", "one", "six"],
        ),
        (Wanted(all_packages=True, install=Install(no_project=True)), ["one", "six"]),
        (
            Wanted(all_packages=True, groups=Groups(all=True)),
            ["app", "one", "idna", "pytest", "ruff", "six"],
        ),
    ],
)
def test_projects_of_a_workspace_are_taken_with_what_they_need(
    wanted: Wanted, expected: list[str]
) -> None:
    found = taken(wanted)

    assert sorted(found) == sorted(expected)
    assert found[:1] == expected[:1]


def test_the_project_of_the_folder_is_built_last_even_among_others() -> None:
    selection = select(workspace(), AMD64, Wanted(all_packages=True))

    assert own(selection) == ["app"]
    assert [d.name for d in selection.distributions] == ["one", "six"]


def failure(kind: type[Exception], wanted: Wanted, locked: Lock | None = None) -> list[str]:
    with pytest.raises(kind) as caught:
        select(locked or workspace(), AMD64, wanted)

    return [str(caught.value), getattr(caught.value, "hint", "")]


def test_all_that_is_unknown_is_named_at_once() -> None:
    wanted = Wanted(
        project="one",
        extras=Extras(named=names("y"), without=names("z")),
        groups=Groups(named=names("lnit"), only=names("owm"), without=names("no")),
    )

    assert failure(UnknownRequest, wanted) == [
        "No extras `y`, `z` in `uv.lock`; it has `x`\n"
        "No groups `lnit`, `no`, `owm` in `uv.lock`; it has `again`, `dev`, `lint`, `own`",
        "Did you mean `lint`, `own`?",
    ]


def test_unknown_members_are_named_at_once() -> None:
    assert failure(UnknownRequest, Wanted(packages=("six", "onee"))) == [
        "No projects `onee`, `six` in `uv.lock`; it has `app`, `one`, `two`",
        "Did you mean `one`?",
    ]


def test_the_groups_of_the_root_count_for_one_member_alone() -> None:
    several = Wanted(packages=("one", "two"), groups=Groups(named=names("lint")))

    assert failure(UnknownRequest, several)[0] == "No group `lint` in `uv.lock`; it has `own`"


def test_a_lock_that_does_not_name_its_extras_is_believed_to_have_them() -> None:
    """Locks of revision 0 do not say which extras have no dependencies."""
    locked = replace(workspace(), revision=0)

    assert taken(Wanted(extras=Extras(named=names("nope"))), locked) == ["app", "one", "six"]


def test_projects_that_exclude_each_other_are_not_taken_together() -> None:
    conflicts = 'conflicts = [[{ package = "app" }, { package = "two" }]]'

    assert failure(ConflictingRequest, Wanted(all_packages=True), workspace(conflicts)) == [
        "`uv.lock` does not allow together: project `app` and project `two`",
        "Choose one of them: see `--extra`, `--no-extra`, `--group`, `--no-group` and `--package`",
    ]
    only = Wanted(all_packages=True, groups=Groups(only=names("lint")))
    assert taken(only, workspace(conflicts)) == ["ruff"]


def test_what_a_taken_group_asks_of_the_python_holds() -> None:
    pythons = {"dev": SpecifierSet("<3.11"), "lint": SpecifierSet(">=3.13"), "x": SpecifierSet()}
    groups = Groups(named=names("lint"), defaults=names("dev"))

    assert failure(TargetMismatch, Wanted(groups=groups, pythons=pythons)) == [
        "Python 3.12.4 does not satisfy `requires-python` of:\n"
        "  group `dev`: <3.11\n"
        "  group `lint`: >=3.13",
        "Choose another Python, or leave the group out with `--no-group`",
    ]
    assert taken(Wanted(pythons=pythons)) == ["app", "one", "six"]


def test_members_are_built_though_nothing_else_may_be() -> None:
    locked = workspace()

    assert chosen(select(locked, AMD64, Wanted(), Policy(no_build=None))) == ["one 0.3", "six 1.0"]
