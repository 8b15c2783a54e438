"""Sources: indexes and folders, addresses, files, trees, git; of wheels, and of what is built."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from integration.oracle.scenario import HEAD, Place, Scenario, asked
from tiny import Dist, backend, build_system, dist, make_sdist, write_files

_WHEELS = [dist("a 1.0", "b"), dist("a 2.0", "b"), dist("b 1.0"), dist("c 1.0")]


def _flat_folder(place: Place) -> Mapping[str, str]:
    write_files(place.folder / "wheels", {**dist("a 1.0", "b").files(), **dist("b 1.0").files()})
    write_files(place.beside / "more", {**dist("c 1.0").files(), **dist("b 2.0").files()})
    return {}


def _local_wheels(place: Place) -> Mapping[str, str]:
    write_files(place.folder / "wheels", dist("a 1.0", "b", extras={"x": ["c"]}).files())
    write_files(place.beside, dist("c 1.0+local").files())
    return {}


SCENARIOS = (
    Scenario(
        "flat-folders",
        HEAD
        + """
dependencies = ["a", "c"]
[tool.uv]
no-index = true
find-links = ["wheels", "@BESIDE@/more"]
""",
        prepare=_flat_folder,
        has_index_table=False,
    ),
    Scenario(
        "a-flat-index",
        HEAD
        + """
dependencies = ["a", "c"]
[[tool.uv.index]]
name = "flat"
url = "wheels"
format = "flat"
default = true
[[tool.uv.index]]
name = "more"
url = "@BESIDE@/more"
format = "flat"
""",
        prepare=_flat_folder,
        has_index_table=False,
    ),
    Scenario(
        "two-indexes",
        HEAD
        + """
dependencies = ["a", "c"]
[tool.uv.sources]
a = { index = "pinned" }
[[tool.uv.index]]
name = "pinned"
url = "@INDEX@/"
explicit = true
""",
        _WHEELS,
    ),
    Scenario(
        "address-of-a-wheel",
        HEAD
        + """
dependencies = ["a", "c @ @FILES@/c-1.0-py3-none-any.whl"]
[tool.uv.sources]
a = { url = "@FILES@/a-1.0-py3-none-any.whl" }
""",
        _WHEELS,
    ),
    Scenario(
        "addresses-by-marker",
        HEAD
        + """
dependencies = ["a"]
[tool.uv.sources]
a = [
  { url = "@FILES@/a-1.0-py3-none-any.whl", marker = "sys_platform == 'linux'" },
  { url = "@FILES@/a-2.0-py3-none-any.whl", marker = "sys_platform == 'win32'" },
]
""",
        _WHEELS,
    ),
    Scenario(
        "local-wheels",
        HEAD
        + """
dependencies = ["a[x]", "d"]
[tool.uv.sources]
a = { path = "wheels/a-1.0-py3-none-any.whl" }
c = { path = "@BESIDE@/c-1.0+local-py3-none-any.whl" }
""",
        [dist("b 1.0"), dist("d 1.0", "c"), dist("c 1.0")],
        prepare=_local_wheels,
    ),
    Scenario(
        "sources-of-groups",
        HEAD
        + """
dependencies = []
[dependency-groups]
one = ["a"]
two = ["a"]
[tool.uv]
conflicts = [[{ group = "one" }, { group = "two" }]]
[tool.uv.sources]
a = [
  { url = "@FILES@/a-1.0-py3-none-any.whl", group = "one" },
  { url = "@FILES@/a-2.0-py3-none-any.whl", group = "two" },
]
""",
        _WHEELS,
        runs=asked("", "--group one", "--group two"),
    ),
)


def _library(name: str, *requires: str, **more: object) -> Dist:
    return dist(f"{name} 1.0", *requires, **more)


def _serve_sdists(place: Place) -> Mapping[str, str]:
    tree = {f"deep/down/{path}": text for path, text in _library("sub").tree().items()}
    return {
        "PLAIN": place.serve("plain-1.0.tar.gz", _library("plain", "b").make_sdist()),
        "SUB": place.serve("repo.tar.gz", make_sdist("repo-1", tree)),
    }


def _local_sdists(place: Place) -> Mapping[str, str]:
    write_files(place.folder / "sdists", {"plain-1.0.tar.gz": _library("plain", "b").make_sdist()})
    return {}


def _trees(place: Place) -> Mapping[str, str]:
    write_files(place.folder / "libs" / "plain", _library("plain", "b").tree())
    write_files(place.folder / "libs" / "soft", _library("soft", "far").tree() | _soft())
    write_files(place.beside / "far", _library("far", "c").tree())
    bare = '[project]\nname = "bare"\nversion = "1.0"\ndependencies = ["d"]\n'
    write_files(place.folder / "libs" / "bare", {"pyproject.toml": bare})
    return {}


def _soft() -> dict[str, str]:
    """Return the project file of a tree that names another tree, by a path of its own."""
    text = '[project]\nname = "soft"\nversion = "1.0"\ndependencies = ["far"]\n'
    text += build_system() + '[tool.uv.sources]\nfar = { path = "../../../beside/far" }\n'
    return {"pyproject.toml": text}


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity and dates of its own, and nothing of this machine's settings."""
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (
            ("NAME", "A"),
            ("EMAIL", "a@example.org"),
            ("DATE", "2026-01-01T00:00:00Z"),
        )
    }
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    line = ["git", "-c", "init.defaultBranch=main", *arguments]
    done = subprocess.run(
        line,
        cwd=folder,
        env={**os.environ, **identity, **nothing},
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.strip()


def _repositories(place: Place) -> Mapping[str, str]:
    """Make a repository for each way to name a commit."""
    commits = {}
    for name in ("tagged", "branched", "revised", "plain"):
        folder = write_files(place.beside / name, _library(name, "b").tree())
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "first")
        git(folder, "tag", "v1")
        commits[f"{name.upper()}_COMMIT"] = git(folder, "rev-parse", "HEAD")
        git(folder, "branch", "side")
        git(folder, "rm", "-q", f"src/{name}/__init__.py")
        git(folder, "commit", "-q", "-m", "second")
    tree = {f"pkgs/deep/{path}": text for path, text in _library("sub", "plain").tree().items()}
    more = {f"pkgs/near/{path}": text for path, text in _library("near").tree().items()}
    folder = write_files(place.beside / "many", {**tree, **more, "README": "of many"})
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return {**commits, "GIT": f"git+file://{place.beside}", "REPOS": f"file://{place.beside}"}


TO_BUILD = (
    Scenario(
        "sdists-of-the-index",
        HEAD + 'dependencies = ["a", "b"]\n',
        [
            dist("a 1.0", "c", tags=(), sdist=True),
            dist("b 1.0", tags=["cp311-cp311-win_amd64"], sdist=True),
            dist("c 1.0", sdist=True),
        ],
    ),
    Scenario(
        "address-of-an-sdist",
        HEAD
        + """
dependencies = ["plain", "sub"]
[tool.uv.sources]
plain = { url = "@PLAIN@" }
sub = { url = "@SUB@", subdirectory = "deep/down" }
""",
        _WHEELS,
        prepare=_serve_sdists,
    ),
    Scenario(
        "local-sdists",
        HEAD
        + """
dependencies = ["plain"]
[tool.uv.sources]
plain = { path = "sdists/plain-1.0.tar.gz" }
""",
        _WHEELS,
        prepare=_local_sdists,
    ),
    Scenario(
        "trees",
        HEAD
        + """
dependencies = ["plain", "soft", "bare"]
[tool.uv.sources]
plain = { path = "libs/plain" }
soft = { path = "libs/soft", editable = true }
bare = { path = "libs/bare", package = false }
""",
        [*_WHEELS, dist("d 1.0")],
        prepare=_trees,
    ),
    Scenario(
        "repositories",
        HEAD
        + """
dependencies = ["tagged", "branched", "revised", "plain @ @GIT@/plain@v1"]
[tool.uv.sources]
tagged = { git = "@REPOS@/tagged", tag = "v1" }
branched = { git = "@REPOS@/branched", branch = "side" }
revised = { git = "@REPOS@/revised", rev = "@REVISED_COMMIT@" }
""",
        _WHEELS,
        prepare=_repositories,
    ),
    Scenario(
        "folders-of-repositories",
        HEAD
        + """
dependencies = ["sub", "near", "plain"]
[tool.uv.sources]
sub = { git = "@REPOS@/many", subdirectory = "pkgs/deep" }
near = { git = "@REPOS@/many", subdirectory = "pkgs/near", branch = "main" }
plain = { git = "@REPOS@/plain", rev = "v1" }
""",
        _WHEELS,
        prepare=_repositories,
    ),
    Scenario(
        "a-dynamic-version",
        '[project]\nname = "app"\ndynamic = ["version"]\nrequires-python = ">=3.11"\n'
        + 'dependencies = ["lib"]\n'
        + build_system()
        + '[tool.uv.sources]\nlib = { path = "lib" }\n',
        _WHEELS,
        files={
            **backend(),
            "VERSION": "3.2.1",
            "src/app/__init__.py": "",
            **{f"lib/{path}": text for path, text in backend().items()},
            "lib/pyproject.toml": '[project]\nname = "lib"\ndynamic = ["version", "dependencies"]\n'
            + build_system(),
            "lib/VERSION": "0.7",
            "lib/DEPENDENCIES": "a<2\nc\n",
            "lib/src/lib/__init__.py": "",
        },
        runs=asked("", "--no-install-project"),
    ),
)

PROJECTS = (
    Scenario(
        "a-project-with-scripts",
        HEAD
        + 'dependencies = ["a"]\n[project.scripts]\nhello = "app:main"\n'
        + 'hi-there = "app.sub:main"\n'
        + build_system(),
        _WHEELS,
        files={
            **backend(),
            "src/app/__init__.py": "def main(): print('hello')\n",
            "src/app/sub.py": "def main(): print('hi')\n",
            "src/app/data/lines.txt": "one\ntwo\n",
        },
        runs=asked("", "--no-install-project"),
    ),
    Scenario(
        "a-project-that-is-no-package",
        HEAD + 'dependencies = ["a"]\n' + build_system() + "[tool.uv]\npackage = false\n",
        _WHEELS,
        files={**backend(), "src/app/__init__.py": ""},
    ),
)
