"""Extras: of the project and of its dependencies, nested, with markers, unknown."""

from __future__ import annotations

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import dist

_LETTERS = [dist(f"{name} 1.0") for name in "abcdef"]

SCENARIOS = (
    Scenario(
        "extras",
        HEAD
        + """
dependencies = ["a"]
[project.optional-dependencies]
x = ["b"]
y = ["c", "d ; sys_platform == 'win32'"]
empty = []
""",
        _LETTERS,
        runs=[
            *asked("", "--extra x", "--extra x --extra y", "--all-extras", "--extra empty"),
            Run("--extra nope", refused="No extra `nope`"),
        ],
    ),
    Scenario(
        "self-extras",
        HEAD
        + """
dependencies = []
[project.optional-dependencies]
all = ["app[x,y]"]
x = ["a", "app[z]"]
y = ["b ; sys_platform == 'linux'"]
z = ["c", "app[all] ; sys_platform == 'win32'"]
round = ["app[trip]", "d"]
trip = ["app[round]", "e"]
""",
        _LETTERS,
        runs=asked("--extra all", "--extra x", "--extra round", "--all-extras"),
    ),
    Scenario(
        "extras-of-dependencies",
        HEAD + 'dependencies = ["a[x]", "b"]\n',
        [
            dist("a 1.0", extras={"x": ["c[y]"], "z": ["f"]}),
            dist("b 1.0", "c"),
            dist("c 1.0", "d", extras={"y": ["e ; sys_platform == 'linux'", "a[z]"]}),
            *(dist(f"{name} 1.0") for name in "def"),
        ],
    ),
    Scenario(
        "extras-with-markers",
        HEAD
        + """
dependencies = ["a[x] ; sys_platform == 'linux'", "a[y] ; sys_platform == 'win32'"]
[project.optional-dependencies]
old = ["b<2 ; python_version < '3.12'", "b>=2 ; python_version >= '3.12'"]
""",
        [
            dist("a 1.0", extras={"x": ["c"], "y": ["d"]}),
            *(dist("b 1.0"), dist("b 2.0"), dist("c 1.0"), dist("d 1.0")),
        ],
        runs=asked("", "--extra old"),
    ),
    Scenario(
        "an-extra-that-narrows",
        HEAD
        + """
dependencies = ["a"]
[project.optional-dependencies]
pinned = ["a==1.0", "b[none]"]
""",
        [dist("a 1.0"), dist("a 2.0"), dist("b 1.0", "a")],
        runs=asked("", "--extra pinned"),
    ),
    Scenario(
        "names-as-they-are-spelt",
        HEAD.replace('"app"', '"My_App.Core"')
        + """
dependencies = ["Some.Thing"]
[project.optional-dependencies]
"Big_Extra" = ["other_thing[Sub.Extra]"]
""",
        [
            dist("some-thing 1.0"),
            dist("other-thing 1.0", extras={"sub-extra": ["a"]}),
            dist("a 1.0"),
        ],
        runs=asked("", "--extra big-extra", "--extra Big_Extra", "--extra BIG.extra"),
    ),
)

FLAGS = (
    Scenario(
        "no-extra",
        HEAD
        + """
dependencies = ["a"]
[project.optional-dependencies]
x = ["b"]
y = ["c"]
""",
        _LETTERS,
        runs=[
            *asked("--all-extras --no-extra x", "--extra x --no-extra x", "--no-extra y"),
            Run("--all-extras --no-extra nope", refused="No extra `nope`"),
        ],
    ),
)
