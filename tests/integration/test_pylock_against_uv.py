"""Lists (PEP 751) as uv and pip write them are installed as uv installs them."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from builders import write_wheel
from integration.local_projects import LocalWheel, module, write_project
from integration.uv_oracle import run_uv
from lamina.lock.model import Archive, Lock
from lamina.lock.pylock import parse_pylock
from lamina.lock.select import select
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Extras, Groups, Wanted
from lamina.oci.descriptor import Platform

pytestmark = pytest.mark.integration

TARGET = make_target(
    Platform.parse("linux/amd64"), platform.python_version(), Libc("glibc", (2, 36))
)
GROUPS = """
[project.optional-dependencies]
x = ["extra-one"]
[dependency-groups]
lint = ["linter"]
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def wheels(folder: Path, lock: Lock, wanted: Wanted) -> dict[str, str]:
    """Return the wheels that are selected. A list has the hash of each, as the files have it."""
    found = {}
    for each in select(lock, TARGET, wanted).distributions:
        assert isinstance(each.artifact, Archive)
        if lock.listing is None:
            found[each.name] = each.artifact.filename
            continue
        data = next(folder.rglob(each.artifact.filename)).read_bytes()
        assert each.artifact.hash == f"sha256:{hashlib.sha256(data).hexdigest()}"
        found[each.name] = each.artifact.filename
    return found


@pytest.mark.parametrize("flags", [[], ["--extra", "x"], ["--group", "lint"]], ids=str)
def test_what_uv_exports_is_what_its_lock_has(tmp_path: Path, flags: list[str]) -> None:
    names = ("numbers", "letters", "extra_one", "linter")
    folder = write_project(
        tmp_path / "project", [LocalWheel(name, [module(name)]) for name in names], GROUPS
    )
    list_ = folder / "pylock.toml"
    done = run_uv(folder, "export", "--format", "pylock.toml", "-o", str(list_), *flags)
    assert done.returncode == 0, done.stderr
    asked = dict(zip(flags[::2], flags[1::2], strict=True))
    wanted = Wanted(
        extras=Extras(named=frozenset(v for k, v in asked.items() if k == "--extra")),
        groups=Groups(named=frozenset(v for k, v in asked.items() if k == "--group")),
    )

    listed = parse_pylock(list_.read_text(), path="pylock.toml")
    graph = parse((folder / "uv.lock").read_text())

    assert wheels(folder, listed, Wanted()) == wheels(folder, graph, wanted)
    project = select(listed, TARGET).project
    assert project is not None
    assert (project.name, project.is_installed) == ("local", True)


def test_what_pip_locks_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in ("numbers", "letters"):
        write_wheel(folder, module(name), name=name)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}

    subprocess.run(
        [
            *[sys.executable, "-m", "pip", "lock", "-q", "--no-index", "--find-links", str(folder)],
            *["numbers", "letters", "-o", str(tmp_path / "pylock.toml")],
        ],
        env=environ,
        check=True,
        capture_output=True,
    )

    listed = parse_pylock((tmp_path / "pylock.toml").read_text(), path="pylock.toml")
    assert listed.listing is not None
    assert listed.listing.created_by == "pip"
    assert wheels(folder, listed, Wanted()) == {
        "letters": "letters-1.0-py3-none-any.whl",
        "numbers": "numbers-1.0-py3-none-any.whl",
    }


HEAD = """
lock-version = "1.0"
created-by = "hand"
extras = ["x", "y"]
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]
"""

MARKERS = {
    "always": "os_name != 'x'",
    "extra": "'x' in extras",
    "none": "'x' not in extras and 'y' not in extras",
    "group": "'docs' in dependency_groups or 'x' in extras",
    "usual": "'dev' in dependency_groups",
    "old": "python_full_version < '3.9'",
    "linux": "sys_platform == 'linux' and implementation_name == 'cpython'",
}


@pytest.mark.parametrize(
    "flags",
    ["", "--extra x", "--extra y", "--all-extras", "--group docs", "--group dev --extra x"],
)
def test_uv_installs_the_same_entries(tmp_path: Path, flags: str) -> None:
    text = HEAD + "".join(
        f'[[packages]]\nname = "{name}"\nversion = "1.0"\nmarker = "{marker}"\n'
        f'wheels = [{{ url = "https://index.example/{name}-1.0-py3-none-any.whl", '
        f'hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
        for name, marker in MARKERS.items()
    )
    (tmp_path / "pylock.toml").write_text(text)
    assert run_uv(tmp_path, "venv", "venv").returncode == 0
    words = flags.split()

    done = run_uv(
        tmp_path,
        *["pip", "sync", "--preview-features", "pylock", "--dry-run", "--offline"],
        *["--python", "venv/bin/python", "pylock.toml", *words],
    )

    assert done.returncode == 0, done.stderr
    theirs = [line.split()[1] for line in done.stderr.splitlines() if line.startswith(" + ")]
    named = dict(zip(words[::2], words[1::2], strict=True)) if "--all-extras" not in words else {}
    wanted = Wanted(
        extras=Extras(
            named=frozenset(v for k, v in named.items() if k == "--extra"),
            all="--all-extras" in words,
        ),
        groups=Groups(
            named=frozenset(v for k, v in named.items() if k == "--group"),
            defaults=frozenset({"dev"}),
        ),
    )
    selection = select(parse_pylock(text, path="pylock.toml"), TARGET, wanted)
    assert [f"{each.name}=={each.version}" for each in selection.distributions] == sorted(theirs)
