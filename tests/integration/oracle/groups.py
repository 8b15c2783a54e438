"""Dependency groups: named, default, legacy, included; of projects and of roots that are none."""

from __future__ import annotations

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import dist

_LETTERS = [dist(f"{name} 1.0") for name in "abcdefgh"]

_GROUPS = """
dependencies = ["a"]
[project.optional-dependencies]
x = ["h"]
[dependency-groups]
dev = ["b", {include-group = "lint"}]
lint = ["c", "app[x] ; sys_platform == 'linux'"]
docs = ["d ; sys_platform == 'linux'", "e ; sys_platform == 'win32'"]
empty = []
"""

SCENARIOS = (
    Scenario(
        "groups",
        HEAD + _GROUPS,
        _LETTERS,
        runs=[
            *asked("", "--group lint", "--group docs --group lint", "--group empty", "--group dev"),
            Run("--group nope", refused="No group `nope`"),
        ],
    ),
)

FLAGS = (
    Scenario(
        "flags-of-groups",
        HEAD + _GROUPS,
        _LETTERS,
        runs=[
            *asked("--all-groups", "--all-groups --no-group docs", "--only-group docs", "--dev"),
            *asked("--only-dev", "--no-dev --group docs", "--group lint --no-group lint"),
            *asked("--only-group docs --only-group lint", "--only-group empty"),
            *asked("--all-groups --no-group lint", "--no-default-groups --group docs"),
            *asked("--only-group docs --no-group docs", "--no-group dev"),
            Run("--only-group docs --extra x", refused="Only one of --only-group and --extra"),
        ],
    ),
    Scenario(
        "default-groups",
        HEAD + _GROUPS + '[tool.uv]\ndefault-groups = ["docs", "lint"]\n',
        _LETTERS,
        runs=asked(
            "",
            "--no-default-groups",
            "--no-group docs",
            "--no-default-groups --group lint",
            "--only-group docs",
            "--dev",
            "--group empty",
        ),
    ),
    Scenario(
        "default-groups-with-dev",
        HEAD + _GROUPS + '[tool.uv]\ndefault-groups = ["docs", "dev"]\n',
        _LETTERS,
        runs=asked("", "--dev", "--no-default-groups --dev", "--no-default-groups"),
    ),
    Scenario(
        "all-groups-by-default",
        HEAD + _GROUPS + '[tool.uv]\ndefault-groups = "all"\n',
        _LETTERS,
        runs=asked("", "--dev", "--no-group lint", "--no-default-groups", "--only-group lint"),
    ),
    Scenario(
        "an-unknown-default-group",
        HEAD + _GROUPS,
        _LETTERS,
        later='[tool.uv]\ndefault-groups = ["nope"]\n',
        runs=[Run(refused="nope"), Run("--no-default-groups", refused="nope")],
    ),
    Scenario(
        "legacy-dev-dependencies",
        HEAD
        + """
dependencies = ["a"]
[dependency-groups]
dev = ["b"]
test = ["d"]
[tool.uv]
dev-dependencies = ["c"]
""",
        _LETTERS,
        runs=asked("", "--dev", "--only-dev", "--group test", "--group dev", "--all-groups"),
    ),
    Scenario(
        "legacy-dev-dependencies-alone",
        HEAD + 'dependencies = ["a"]\n[tool.uv]\ndev-dependencies = ["b", "app"]\n',
        _LETTERS,
        runs=asked("", "--dev", "--only-dev", "--no-default-groups"),
    ),
    Scenario(
        "groups-without-a-project",
        """
[dependency-groups]
dev = ["a"]
docs = ["b[x]", "c ; sys_platform == 'win32'", {include-group = "more"}]
more = ["d<2 ; python_version < '3.12'", "d>=2 ; python_version >= '3.12'"]
""",
        [
            *(dist("a 1.0"), dist("b 1.0", extras={"x": ["e"]}), dist("c 1.0")),
            *(dist("d 1.0"), dist("d 2.0"), dist("e 1.0")),
        ],
        runs=[
            *asked("", "--group docs", "--only-group more", "--all-groups", "--dev"),
            Run("--group nope", refused="No group `nope`"),
            Run("--extra x", refused="extra"),
        ],
    ),
    Scenario(
        "a-python-for-a-group",
        HEAD
        + """
dependencies = ["a"]
[dependency-groups]
dev = ["b"]
newer = ["c"]
older = ["d"]
[tool.uv.dependency-groups]
newer = { requires-python = ">=3.12" }
older = { requires-python = ">=3.11,<3.13" }
""",
        _LETTERS,
        runs=[*asked("", "--group older"), Run("--group newer", refused="3.12")],
    ),
)
