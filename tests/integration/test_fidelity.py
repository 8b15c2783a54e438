"""The wheels of 150 much-downloaded projects, installed by uv and by us: not one difference.

`make test-fidelity` runs it, for it downloads half a gigabyte. The list is `fidelity.txt`, made by
`tools/fidelity.py`.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from packaging.utils import parse_wheel_filename

from fidelity import PLATFORMS, PYTHON, read_pins
from integration.index_server import IndexServer
from integration.oracle.bench import Bench, Locked, compare_run, open_bench
from integration.oracle.scenario import Run, Scenario

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.fidelity]

LIST = Path(__file__).with_name("fidelity.txt")
PINS = read_pins(LIST)

HEAD = """version = 1
requires-python = ">=3.11"
"""
PACKAGE = """
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "{url}", hash = "sha256:{sha256}" }}]
"""
PROJECT = '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


@pytest.fixture(scope="module")
def wheels(bench: Bench) -> list[Path]:
    """What this machine's index has under the names and hashes of the list."""
    folder = bench.root / "wheels"
    platforms = [flag for each in PLATFORMS for flag in ("--platform", each)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--python-version", PYTHON, *platforms),
            *("--dest", folder, "--requirement", LIST),
        ],
        check=True,
    )
    return sorted(folder.glob("*.whl"))


def lock_of(wheels: Iterable[Path], server: IndexServer) -> str:
    """Return a lock of nothing but these, whatever they themselves depend on."""
    needs, packages = [], []
    for path in wheels:
        name, version, _, _ = parse_wheel_filename(path.name)
        server.files[f"/{path.name}"] = path
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        url = f"{server.address}/{quote(path.name)}"
        needs.append(f'{{ name = "{name}" }}')
        packages.append(PACKAGE.format(name=name, version=version, url=url, sha256=digest))
    app = '\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
    return "".join([HEAD, app, f"dependencies = [{', '.join(needs)}]\n", *packages])


def test_the_list_has_150_projects() -> None:
    assert len(PINS) == len({pin.partition("==")[0] for pin in PINS}) == 150


def test_they_are_installed_as_uv_does(bench: Bench, wheels: list[Path]) -> None:
    folder = bench.root / "all" / "app"
    folder.mkdir(parents=True)
    venv = f'[tool.lamina]\nvenv = "{folder.parent / "venv"}"\n'
    (folder / "pyproject.toml").write_text(PROJECT + venv)
    (folder / "uv.lock").write_text(lock_of(wheels, bench.server))
    locked = Locked(bench, Scenario("all", "", python=PYTHON), folder)

    outcome = compare_run(locked, Run("--frozen", theirs="--no-dev"))

    assert len(outcome.installed) == 150
    assert outcome.selected == outcome.installed
    assert outcome.environments.unexplained == ()


TRAITS: Mapping[str, Callable[[list[zipfile.ZipInfo]], bool]] = {
    "compiled": lambda members: any(".so" in each.filename for each in members),
    "data": lambda members: any(".data/data/" in each.filename for each in members),
    "scripts": lambda members: any(".data/scripts/" in each.filename for each in members),
    "headers": lambda members: any(".data/headers/" in each.filename for each in members),
    "entry points": lambda members: any(
        each.filename.endswith(".dist-info/entry_points.txt") for each in members
    ),
    "a namespace": lambda members: (
        not any(
            each.filename.count("/") == 1 and each.filename.endswith(("/__init__.py", ".so"))
            for each in members
        )
    ),
    "executables": lambda members: any(each.external_attr >> 16 & 0o111 for each in members),
    "directories": lambda members: any(each.is_dir() for each in members),
}
"""What makes a wheel a good witness, by the members of its zip."""


def test_they_are_of_every_kind(wheels: list[Path]) -> None:
    tally: Counter[str] = Counter()
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        tally.update(trait for trait, holds in TRAITS.items() if holds(members))

    assert tally.keys() == TRAITS.keys(), tally
    assert tally["compiled"] >= 30, tally
