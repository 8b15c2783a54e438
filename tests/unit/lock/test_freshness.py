from __future__ import annotations

import tomllib

import pytest

from lamina.lock.declared import InvalidDeclaration
from lamina.lock.freshness import LockOutdated, check
from lamina.lock.model import Lock
from lamina.lock.uvlock import InvalidLock
from unit.lock.locks import lock, project

METADATA = """
[package.metadata]
requires-dist = [
  { name = "attrs", specifier = ">=23,<25" },
  { name = "click", marker = "sys_platform == 'win32'" },
  { name = "colorama", marker = "python_full_version < '3.12' and extra == 'cli'" },
  { name = "vcs", git = "https://git.example/vcs?subdirectory=a%2Fb&tag=v1" },
  { name = "web", extras = ["x"], url = "https://files.example/web.zip", subdirectory = "src" },
  { name = "here", directory = "libs/here" },
  { name = "elsewhere", index = "https://other.example/simple" },
  { name = "none", marker = "python_version < '0'" },
]
provides-extras = ["cli", "empty"]
[package.metadata.requires-dev]
dev = [{ name = "pytest", specifier = ">=8" }, { name = "six" }]
lint = [{ name = "six" }]
none = []
"""

PYPROJECT = """
[project]
name = "App"
version = "7"
requires-python = ">=3.10"
dependencies = [
  "attrs <25, >=23.0",
  "click ; platform_system == 'Windows'",
  "vcs @ git+https://me:secret@git.example/vcs.git@v9",
  "Web[x] @ https://me:secret@files.example/web.zip#subdirectory=src",
  "here>=1",
  "elsewhere",
  "none ; python_version < '3.8'",
]
[project.optional-dependencies]
CLI = ["colorama ; python_version < '3.12'"]
empty = []
[dependency-groups]
dev = ["pytest>=8", { include-group = "lint" }]
Lint = ["six"]
none = []
[tool.uv.sources]
vcs = { git = "https://git.example/vcs", tag = "v1", subdirectory = "a/b" }
here = { path = "./libs/here/" }
elsewhere = { index = "other" }
[[tool.uv.index]]
name = "other"
url = "https://user:secret@other.example/simple/"
"""

SPECIFIER = METADATA.replace('">=23,<25"', '">=23.0,<25"')


def locked(metadata: str = SPECIFIER, head: str = "") -> Lock:
    return lock(project(more=metadata), head=head)


def differences(of: Lock, text: str) -> tuple[str, ...]:
    try:
        check(of, tomllib.loads(text))
    except LockOutdated as outdated:
        return outdated.differences
    return ()


def test_a_lock_that_says_the_same_in_its_own_form_is_fresh() -> None:
    check(locked(), tomllib.loads(PYPROJECT))


def test_all_that_differs_is_said_at_once() -> None:
    text = (
        PYPROJECT.replace("attrs <25", "attrs <26")
        .replace('"elsewhere",', '"new",')
        .replace('>=3.10"', '>=3.11"')
        .replace("empty", "void")
    )

    with pytest.raises(LockOutdated) as caught:
        check(locked(), tomllib.loads(text))

    assert str(caught.value) == (
        "`uv.lock` does not match `pyproject.toml`\n"
        "  requires-python: `>=3.11` is declared, `>=3.10` is locked\n"
        "  dependencies: `attrs` changed, `elsewhere` removed, `new` added\n"
        "  extra `empty`: removed\n"
        "  extra `void`: added"
    )
    assert caught.value.hint == "To update it, run `uv lock`"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("platform_system == 'Windows'", "os_name == 'posix'", "dependencies: `click` changed"),
        ("Web[x]", "Web[x,y]", "dependencies: `web` changed"),
        ("web.zip", "web2.zip", "dependencies: `web` changed"),
        ("#subdirectory=src", "", "dependencies: `web` changed"),
        ('tag = "v1"', 'tag = "v2"', "dependencies: `vcs` changed"),
        ('tag = "v1"', 'rev = "v1"', "dependencies: `vcs` changed"),
        ('path = "./libs/here/"', 'path = "libs/there"', "dependencies: `here` changed"),
        ("other.example", "third.example", "dependencies: `elsewhere` changed"),
        ("elsewhere = { index", "x = { index", "dependencies: `elsewhere` changed"),
        ("none ; python_version < '3.8'", "none", "dependencies: `none` changed"),
        ("< '3.12'\"]", "< '3.13'\"]", "extra `cli`: `colorama` changed"),
        ("CLI", "client", "extra `cli`: removed"),
        ("pytest>=8", "pytest>=9", "group `dev`: `pytest` changed"),
        ('{ include-group = "lint" }', "", "group `dev`: `six` removed"),
        ("Lint = ", 'new = ["x"]\nLint = ', "group `new`: added"),
        ("none = []", "", "group `none`: removed"),
        ('name = "App"', 'name = "b"', "name: `b` is declared, `app` is locked"),
        ("[project]", "[x]", "name: none is declared, `app` is locked"),
        (
            "[tool.uv.s",
            '[tool.uv]\noverride-dependencies = ["App"]\n[tool.uv.s',
            "override-dependencies: `app` added",
        ),
        (
            "[tool.uv.s",
            '[tool.uv]\nconstraint-dependencies = ["App"]\n[tool.uv.s',
            "constraint-dependencies: `app` added",
        ),
        (
            "[tool.uv.s",
            "[tool.uv]\nenvironments = \"os_name == 'nt'\"\n[tool.uv.s",
            "environments: changed",
        ),
        (
            "[tool.uv.s",
            '[tool.uv]\nconflicts = [[{extra="cli"},{extra="empty"}]]\n[tool.uv.s',
            "conflicts: changed",
        ),
    ],
)
def test_each_kind_of_difference_is_named(old: str, new: str, expected: str) -> None:
    text = PYPROJECT.replace(old, new)
    assert text != PYPROJECT

    assert expected in differences(locked(), text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('version = "7"', 'version = "8"'),
        ('version = "7"', 'dynamic = ["version"]'),
        ('"here>=1"', '"HERE>=2"'),
        ("< '3.12'\"]", "< '3.12'\", \"colorama; python_version < '3.11'\"]"),
        ('requires-python = ">=3.10"', ""),
        ('requires-python = ">=3.10"', 'requires-python = ">=3.9,!=3.9.*"'),
        ("Lint = ", "empty = []\nLint = "),
        ('name = "other"\n', ""),
        ('"./libs/here/"', '"/srv/libs/here"'),
        ("{ index", "{ future"),
        ('{ include-group = "lint" }', '{ include-group = "lint" }, { include-group = "dev" }'),
        ("[tool.uv.s", "[tool.uv]\noverride-dependencies = [{}]\n[tool.uv.s"),
    ],
)
def test_what_is_no_difference_or_cannot_be_told_passes(old: str, new: str) -> None:
    text = PYPROJECT.replace(old, new)
    assert text != PYPROJECT

    assert differences(locked(), text) == ()


def test_the_python_of_a_group_limits_all_of_its_requirements() -> None:
    metadata = """
[package.metadata]
requires-dist = []
[package.metadata.requires-dev]
newer = [
  { name = "a", marker = "python_full_version >= '3.12'" },
  { name = "b", marker = "python_full_version >= '3.12' and sys_platform == 'linux'" },
]
older = [{ name = "b", marker = "python_full_version < '3.13' and sys_platform == 'linux'" }]
plain = [{ name = "b", marker = "sys_platform == 'linux'" }]
"""
    text = """
[project]
name = "app"
[dependency-groups]
Newer = ["a", { include-group = "plain" }]
older = [{ include-group = "plain" }]
plain = ["b ; sys_platform == 'linux'"]
[tool.uv.dependency-groups]
newer = { requires-python = ">=3.12" }
older = { requires-python = "<3.13" }
plain = 3
"""

    assert differences(locked(metadata), text) == ()
    assert differences(locked(metadata), text.replace("<3.13", "<3.14")) == (
        "group `older`: `b` changed",
    )
    assert differences(locked(metadata), text.replace("<3.13", "what")) == (
        "group `older`: `b` changed",
    )


def test_what_an_included_group_asks_of_python_limits_the_whole() -> None:
    metadata = """
[package.metadata]
requires-dist = []
[package.metadata.requires-dev]
one = [
  { name = "a", marker = "python_full_version >= '3.12'" },
  { name = "b", marker = "python_full_version >= '3.12'" },
]
two = [{ name = "b", marker = "python_full_version >= '3.12'" }]
"""
    text = """
[project]
name = "app"
[dependency-groups]
one = ["a", { include-group = "two" }]
two = ["b"]
[tool.uv.dependency-groups]
two = { requires-python = ">=3.12" }
"""

    assert differences(locked(metadata), text) == ()


def test_what_is_dynamic_is_not_compared() -> None:
    text = '[project]\nname = "app"\ndynamic = ["dependencies", "optional-dependencies"]\n'

    assert differences(locked(), text) == (
        "group `dev`: removed",
        "group `lint`: removed",
        "group `none`: removed",
    )


def test_a_lock_without_metadata_is_not_compared_with_requirements() -> None:
    assert differences(locked(metadata=""), PYPROJECT) == ()


def test_a_lock_of_revision_0_says_nothing_of_empty_extras() -> None:
    old = locked(SPECIFIER.replace('provides-extras = ["cli", "empty"]', ""))

    assert differences(old, PYPROJECT) == ()
    assert differences(old, PYPROJECT.replace("empty = []", 'empty = ["x"]')) == (
        "extra `empty`: added",
    )


def test_a_source_with_a_marker_leaves_the_rest_to_the_index() -> None:
    metadata = """
[package.metadata]
requires-dist = [
  { name = "a", marker = "sys_platform != 'linux'", specifier = ">=1" },
  { name = "a", marker = "sys_platform == 'linux'", url = "https://files.example/a.whl" },
]
"""
    text = """
[project]
name = "app"
dependencies = ["a>=1"]
[tool.uv.sources]
a = [{ url = "https://files.example/a.whl", marker = "sys_platform == 'linux'" }]
"""

    assert differences(locked(metadata), text) == ()
    assert differences(locked(metadata), text.replace("== 'linux'", "== 'darwin'")) == (
        "dependencies: `a` changed",
    )


def test_a_source_for_one_group_or_extra_is_for_no_other() -> None:
    metadata = """
[package.metadata]
requires-dist = [
  { name = "a" },
  { name = "a", marker = "extra == 'x'", url = "https://files.example/x.whl" },
]
provides-extras = ["x"]
[package.metadata.requires-dev]
g = [{ name = "a", url = "https://files.example/g.whl" }]
"""
    text = """
[project]
name = "app"
dependencies = ["a"]
optional-dependencies = { x = ["a"] }
[dependency-groups]
g = ["a"]
[tool.uv.sources]
a = [
  { url = "https://files.example/x.whl", extra = "x" },
  { url = "https://files.example/g.whl", group = "g" },
]
"""

    assert differences(locked(metadata), text) == ()
    assert differences(locked(metadata), text.replace('group = "g"', 'group = "h"')) == (
        "group `g`: `a` changed",
    )


def test_sources_that_are_turned_off_are_not_looked_at() -> None:
    metadata = '[package.metadata]\nrequires-dist = [{ name = "a" }]'
    text = """
[project]
name = "app"
dependencies = ["a"]
[tool.uv]
no-sources = true
sources = { a = { path = "a" } }
"""

    assert differences(locked(metadata), text) == ()


MEMBER = """
[[package]]
name = "member"
version = "1"
source = { editable = "packages/member" }
[package.metadata]
requires-dist = [
  { name = "a", specifier = ">=1" },
  { name = "b", editable = "packages/b" },
]
"""


def test_a_member_may_have_its_sources_and_python_from_the_root() -> None:
    of = lock(project(), MEMBER, head='[manifest]\nmembers = ["app", "member"]')
    text = """
[project]
name = "member"
requires-python = ">=3.8"
dependencies = ["a>=1", "b>=3"]
"""

    assert differences(of, text) == ()
    assert differences(of, text.replace("a>=1", "a>=2")) == ("dependencies: `a` changed",)
    assert differences(of, text.replace('"b>=3"', "")) == ("dependencies: `b` removed",)
    assert differences(of, text.replace(">=3.8", ">=3.12")) == (
        "requires-python: `>=3.12` is declared, `>=3.10` is locked",
    )


def test_the_groups_of_a_root_without_a_project_are_in_the_manifest() -> None:
    of = lock(head='[manifest.dependency-groups]\ndev = [{ name = "a" }]')

    assert differences(of, '[dependency-groups]\ndev = ["a"]') == ()
    assert differences(of, '[dependency-groups]\ndev = ["b"]') == (
        "group `dev`: `a` removed, `b` added",
    )


def test_the_older_form_of_the_dev_group_is_read() -> None:
    of = locked("[package.metadata]\n[package.metadata.requires-dev]\ndev = [{ name = 'a' }]")

    assert differences(of, '[project]\nname="app"\n[tool.uv]\ndev-dependencies = ["a"]') == ()


@pytest.mark.parametrize(
    "text",
    [
        "project = 1",
        '[project]\nname = "app"\ndependencies = 1\noptional-dependencies = 2\ndynamic = 3',
        '[project]\nname = "app"\ndependencies = [1]\nrequires-python = "x"\n[tool]\nuv = 1',
        '[project]\nname = "app"\n[tool.uv]\nsources = 1\nindex = [1]\nconflicts = [1, [1]]',
        '[project]\nname = "app"\n[tool.uv]\nenvironments = [1]\ndev-dependencies = 1',
        'dependency-groups = 1\n[project]\nname = "app"\n[tool.uv.sources]\na = [1, {}]',
    ],
)
def test_a_pyproject_of_odd_types_gives_no_traceback(text: str) -> None:
    differences(locked(), text)


def test_a_requirement_that_cannot_be_read_is_an_error_without_its_secrets() -> None:
    for requirement, shown in (
        ("a b", "a b"),
        ("a/ @ https://me:secret@h.example/a.whl", "a/ @ ..."),
    ):
        with pytest.raises(InvalidDeclaration) as caught:
            check(
                locked(),
                {"project": {"name": "app", "dependencies": [requirement]}},
            )

        assert str(caught.value) == (f"Unable to parse a requirement of `pyproject.toml`: {shown}")


def test_a_specifier_of_the_lock_that_cannot_be_read_is_an_error() -> None:
    of = locked('[package.metadata]\nrequires-dist = [{ name = "a", specifier = "new" }]')

    with pytest.raises(InvalidLock) as caught:
        check(of, {"project": {"name": "app"}})

    assert str(caught.value) == "Unable to parse a specifier of `a` in the lockfile: 'new'"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("git+https://git.example/r@feature/x", "git = 'https://git.example/r?rev=feature%2Fx'"),
        ("git+ssh://git@git.example/r.git", "git = 'ssh://git@git.example/r'"),
        (
            "git+https://me@git.example/r@v1#subdirectory=a/b",
            "git = 'https://git.example/r?subdirectory=a%2Fb&rev=v1'",
        ),
        ("file:///srv/a.whl", "path = '/srv/a.whl'"),
    ],
)
def test_a_url_in_a_requirement_is_where_the_lock_has_it(written: str, origin: str) -> None:
    of = locked(f'[package.metadata]\nrequires-dist = [{{ name = "a", {origin} }}]')
    text = f'[project]\nname = "app"\ndependencies = ["a @ {written}"]'

    assert differences(of, text) == ()
    assert differences(of, text.replace(written, "https://files.example/x.zip")) == (
        "dependencies: `a` changed",
    )
