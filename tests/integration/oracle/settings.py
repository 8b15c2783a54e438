"""Settings that shape a resolution or a build: overrides, constraints, excludes, no-binary, ..."""

from __future__ import annotations

from integration.oracle.scenario import HEAD, Run, Scenario, asked
from tiny import backend, build_system, dist

_INDEX = [
    *(dist("a 1.0", "b"), dist("a 2.0", "b"), dist("b 1.0"), dist("b 2.0", "c"), dist("c 1.0")),
    dist("tiny-tool 1.0"),
    dist("tiny-tool 2.0"),
]

SCENARIOS = (
    Scenario(
        "overrides",
        HEAD
        + """
dependencies = ["a==1.0"]
[tool.uv]
override-dependencies = ["a==2.0 ; sys_platform == 'linux'", "b<2"]
""",
        _INDEX,
    ),
    Scenario(
        "constraints",
        HEAD
        + """
dependencies = ["a"]
[tool.uv]
constraint-dependencies = ["b<2", "a<2", "nothing>1"]
""",
        _INDEX,
    ),
    Scenario(
        "excludes",
        HEAD + 'dependencies = ["a", "c"]\n[tool.uv]\nexclude-dependencies = ["b"]\n',
        _INDEX,
    ),
    Scenario(
        "dependency-metadata",
        HEAD
        + """
dependencies = ["a"]
[[tool.uv.dependency-metadata]]
name = "a"
version = "2.0"
requires-dist = ["c"]
provides-extra = []
""",
        _INDEX,
    ),
    Scenario(
        "exclude-newer",
        HEAD
        + 'dependencies = ["a"]\n[tool.uv]\nexclude-newer-package = { a = false, b = false }\n',
        _INDEX,
    ),
)

_BOTH = [
    dist("a 1.0", "b", sdist=True),
    dist("b 1.0", sdist=True),
    dist("s 1.0", tags=(), sdist=True),
]

POLICY = (
    Scenario(
        "no-binary",
        HEAD + 'dependencies = ["a"]\n[tool.uv]\nno-binary = true\n',
        _BOTH,
        runs=asked("", "--no-binary"),
    ),
    Scenario(
        "no-binary-package",
        HEAD + 'dependencies = ["a"]\n[tool.uv]\nno-binary-package = ["b"]\n',
        _BOTH,
        runs=asked("", "--no-binary-package a"),
    ),
    Scenario(
        "no-binary-without-an-sdist",
        HEAD + 'dependencies = ["a"]\n',
        _INDEX,
        later='[tool.uv]\nno-binary-package = ["a"]\n',
        runs=[Run(refused="no-binary")],
    ),
    Scenario(
        "no-build",
        HEAD + 'dependencies = ["a"]\n[project.optional-dependencies]\nx = ["s"]\n',
        _BOTH,
        later="[tool.uv]\nno-build = true\n",
        runs=[*asked(""), Run("--extra x", refused="no-build")],
    ),
    Scenario(
        "no-build-package",
        HEAD + 'dependencies = ["a"]\n[project.optional-dependencies]\nx = ["s"]\n',
        _BOTH,
        runs=[
            *asked("--extra x", "--extra x --no-build-package a"),
            Run("--extra x --no-build-package s", refused="no-build"),
            Run("--extra x --no-build", refused="no-build"),
            Run("--no-build --no-binary", refused="no-b"),
        ],
    ),
    Scenario(
        "no-build-of-the-project",
        HEAD + 'dependencies = ["a"]\n' + build_system(),
        _BOTH,
        files={**backend(), "src/app/__init__.py": ""},
        # What lies in a folder is built all the same.
        runs=asked("--no-build", "--no-build --no-install-project", "--no-build-package app"),
    ),
)

BUILDS = (
    Scenario(
        "build-constraints",
        HEAD
        + """
dependencies = ["s", "t"]
[tool.uv]
build-constraint-dependencies = ["tiny-tool<2"]
""",
        [
            *_INDEX,
            dist("s 1.0", tags=(), sdist=True, build_requires=["tiny-tool"]),
            dist("t 1.0", tags=(), sdist=True),
        ],
    ),
    Scenario(
        "build-requirements",
        HEAD
        + """
dependencies = ["s"]
[tool.uv.extra-build-dependencies]
s = ["tiny-tool<2"]
""",
        [*_INDEX, dist("s 1.0", tags=(), sdist=True)],
    ),
    Scenario(
        "config-settings",
        HEAD
        + 'dependencies = ["s", "t"]\n'
        + build_system()
        + """
[tool.uv]
config-settings = { one = "1", many = ["a", "b"] }
config-settings-package = { t = { two = "2" } }
""",
        [dist("s 1.0", tags=(), sdist=True), dist("t 1.0", tags=(), sdist=True)],
        files={**backend(), "src/app/__init__.py": ""},
    ),
)
