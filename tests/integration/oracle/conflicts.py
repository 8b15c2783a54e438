"""Conflicts: extras and groups that exclude each other, and what follows for the whole graph."""

from __future__ import annotations

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import backend, build_system, dist

_INDEX = [
    *(dist("a 1.0"), dist("a 2.0", "c"), dist("b 1.0", "a"), dist("c 1.0"), dist("d 1.0", "b")),
    *(dist("a 3.0", "d ; sys_platform == 'win32'"), dist("e 1.0", extras={"x": ["a"]})),
]

SCENARIOS = (
    Scenario(
        "extras-in-conflict",
        HEAD
        + """
dependencies = ["b"]
[project.optional-dependencies]
one = ["a==1.0"]
two = ["a==2.0 ; sys_platform == 'linux'"]
free = ["d"]
[tool.uv]
conflicts = [[{ extra = "one" }, { extra = "two" }]]
""",
        _INDEX,
        runs=[
            *asked("", "--extra one", "--extra two", "--extra two --extra free", "--extra free"),
            Run("--extra one --extra two", refused="does not allow together"),
            Run("--all-extras", refused="does not allow together"),
        ],
    ),
    Scenario(
        "groups-in-conflict",
        HEAD
        + """
dependencies = ["e[x]"]
[dependency-groups]
one = ["a==1.0"]
two = ["a==2.0", {include-group = "more"}]
more = ["d"]
[tool.uv]
conflicts = [[{ group = "one" }, { group = "two" }]]
""",
        _INDEX,
        runs=[
            *asked("", "--group one", "--group two", "--group one --group more"),
            Run("--group one --group two", refused="does not allow together"),
        ],
    ),
    Scenario(
        "an-extra-and-a-group-in-conflict",
        HEAD
        + """
dependencies = ["b"]
[project.optional-dependencies]
cpu = ["a==1.0"]
[dependency-groups]
gpu = ["a==2.0"]
[tool.uv]
conflicts = [[{ extra = "cpu" }, { group = "gpu" }]]
""",
        _INDEX,
        runs=[
            *asked("", "--extra cpu", "--group gpu"),
            Run("--extra cpu --group gpu", refused="does not allow together"),
        ],
    ),
    Scenario(
        "three-in-conflict",
        HEAD
        + """
dependencies = ["d"]
[project.optional-dependencies]
one = ["a==1.0"]
two = ["a==2.0"]
three = ["a==3.0", "e"]
[tool.uv]
conflicts = [
  [{ extra = "one" }, { extra = "two" }, { extra = "three" }],
]
""",
        _INDEX,
        runs=[
            *asked("", "--extra one", "--extra two", "--extra three"),
            Run("--extra one --extra three", refused="does not allow together"),
        ],
    ),
    Scenario(
        "two-sets-of-conflicts",
        HEAD
        + """
dependencies = []
[project.optional-dependencies]
a1 = ["a==1.0"]
a2 = ["a==2.0"]
f1 = ["f==1.0", "b"]
f2 = ["f==2.0", "d"]
[tool.uv]
conflicts = [
  [{ extra = "a1" }, { extra = "a2" }],
  [{ extra = "f1" }, { extra = "f2" }],
]
""",
        [*_INDEX, dist("f 1.0", "e[x]"), dist("f 2.0", "a")],
        runs=[
            *asked(
                "", "--extra a1", "--extra f2", "--extra a1 --extra f1", "--extra a2 --extra f1"
            ),
            *asked("--extra a1 --extra f2", "--extra a2 --extra f2"),
            Run("--extra a1 --extra f1 --extra f2", refused="does not allow together"),
        ],
    ),
    Scenario(
        "conflicts-through-the-project-itself",
        HEAD
        + """
dependencies = ["b"]
[project.optional-dependencies]
one = ["a==1.0"]
two = ["a==2.0"]
all-one = ["app[one]", "c"]
[dependency-groups]
test = ["app[one]"]
other = ["app[two]", "d"]
[tool.uv]
conflicts = [
  [{ extra = "one" }, { extra = "two" }],
  [{ group = "test" }, { group = "other" }],
  [{ group = "test" }, { extra = "two" }],
  [{ group = "other" }, { extra = "one" }],
  [{ extra = "all-one" }, { extra = "two" }],
  [{ extra = "all-one" }, { group = "other" }],
]
""",
        _INDEX,
        runs=[
            *asked(
                "", "--extra all-one", "--group test", "--group other", "--group other --extra two"
            ),
            Run("--group other --extra one", refused="does not allow together"),
        ],
    ),
    Scenario(
        "conflicts-by-source",
        HEAD
        + """
dependencies = ["b"]
[project.optional-dependencies]
cpu = ["t"]
gpu = ["t"]
[tool.uv]
conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]
[tool.uv.sources]
t = [
  { url = "@FILES@/t-1.0-py3-none-any.whl", extra = "cpu" },
  { url = "@FILES@/t-2.0-py3-none-any.whl", extra = "gpu", marker = "sys_platform == 'linux'" },
]
""",
        [*_INDEX, dist("t 1.0"), dist("t 2.0", "c"), dist("t 3.0")],
        runs=asked("", "--extra cpu", "--extra gpu"),
    ),
)

_MEMBER = '[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'

ACROSS = (
    Scenario(
        "conflicts-across-members",
        HEAD
        + """
dependencies = ["lib"]
[project.optional-dependencies]
one = ["a==1.0"]
with-lib = ["lib[two]"]
[tool.uv]
conflicts = [
  [{ extra = "one" }, { package = "lib", extra = "two" }],
  [{ extra = "one" }, { extra = "with-lib" }],
]
[tool.uv.workspace]
members = ["lib"]
[tool.uv.sources]
lib = { workspace = true }
""",
        _INDEX,
        files={
            "lib/pyproject.toml": _MEMBER.format(name="lib")
            + 'dependencies = ["b"]\n[project.optional-dependencies]\ntwo = ["a==2.0"]\n'
            + build_system(),
            **{f"lib/{path}": text for path, text in backend().items()},
            "lib/src/lib/__init__.py": "",
        },
        runs=[
            *asked("", "--extra one", "--extra with-lib", "--package lib --extra two"),
            Run("--extra one --extra with-lib", refused="does not allow together"),
        ],
    ),
    Scenario(
        "members-in-conflict",
        """
[tool.uv.workspace]
members = ["m1", "m2"]
[tool.uv]
conflicts = [[{ package = "m1" }, { package = "m2" }]]
""",
        _INDEX,
        files={
            "m1/pyproject.toml": _MEMBER.format(name="m1") + 'dependencies = ["a==1.0", "b"]\n',
            "m2/pyproject.toml": _MEMBER.format(name="m2") + 'dependencies = ["a==2.0", "b"]\n',
        },
        runs=[
            *asked("--package m1", "--package m2"),
            Run("--all-packages", refused="does not allow together"),
        ],
    ),
    Scenario(
        "default-groups-in-conflict",
        HEAD
        + """
dependencies = ["b"]
[dependency-groups]
one = ["a==1.0"]
two = ["a==2.0"]
[tool.uv]
default-groups = ["one"]
conflicts = [[{ group = "one" }, { group = "two" }]]
""",
        _INDEX,
        runs=[
            *asked(
                "", "--no-default-groups", "--no-default-groups --group two", "--only-group two"
            ),
            *asked("--no-group one --group two"),
            Run("--group two", refused="does not allow together"),
            Run("--all-groups", refused="does not allow together"),
        ],
    ),
)
