"""The 200 pins of the report (4.2 GB of wheels): slow, and not part of `make test`.

`make test-seed` sets what they need: `SEED_PROJECT` is the folder with `pyproject.toml` and
`uv.lock`, `SEED_BASE` the layout of an image with CPython 3.10. `SEED_STORE` may name a store that
is kept, `UV_CACHE_DIR` a cache of uv's.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import Engine, Program
from integration import file_trees
from integration.lamina_program import Lamina
from integration.uv_environment import CONTESTED, compare, expected, sync, unpack
from lamina.wheel.record import record_hash

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.seed]

PYTHON = "/usr/local/bin/python3.10"


def given(name: str) -> Path:
    """Return the folder that a variable names; without it, nothing can be shown."""
    assert name in os.environ, f"Set `{name}`; see the head of {Path(__file__).name}"
    return Path(os.environ[name]).absolute()


@dataclass(frozen=True)
class Seed:
    """The pins, and their environment as we and as uv make it."""

    layout: Path
    ours: Path
    theirs: Path


@pytest.fixture(scope="module")
def seed(engine: Engine, skopeo: Program) -> Iterator[Seed]:
    # Not pytest's folder: that is kept for three runs, and this is 30 GB.
    with tempfile.TemporaryDirectory(prefix="lamina-seed-") as name:
        folder = Path(name)
        base, project = given("SEED_BASE"), folder / "project"
        shutil.copytree(given("SEED_PROJECT"), project)
        lamina = Lamina(Path(os.environ.get("SEED_STORE", folder / "store")).absolute())
        layout = folder / "layout"
        lamina("build", project, "--base", f"oci:{base}", "-o", f"oci:{layout}")
        archive = folder / "base.tar"
        skopeo("copy", f"oci:{base}", f"docker-archive:{archive}:lamina-seed-base:1")
        engine("load", "--input", archive)
        arguments = ["--no-install-project"]
        theirs = sync(engine, "lamina-seed-base:1", PYTHON, project, folder / "theirs", *arguments)
        yield Seed(layout, unpack(layout, folder / "ours"), theirs)


def test_the_environment_of_the_pins_is_that_of_uv(seed: Seed) -> None:
    found = compare(seed.ours, seed.theirs)

    assert found.unexplained == ()
    assert found.met == expected("seed")


def test_of_two_owners_the_last_by_name_wins(seed: Seed) -> None:
    last, first = (recorded(seed.ours, name) for name in ("onnxruntime_gpu", "onnxruntime"))
    contested = {path for path in last.keys() & first.keys() if last[path] != first[path]}

    assert len(last.keys() & first.keys()) > 200
    assert len(contested) == 2
    for path in contested:
        site_packages = "lib/python3.10/site-packages"
        ours, theirs = (
            record_hash((root / site_packages / path).read_bytes())
            for root in (seed.ours, seed.theirs)
        )
        assert f"{site_packages}/{path}".startswith(f"{CONTESTED}/")
        assert ours == last[path]
        assert theirs in (last[path], first[path])


def recorded(environment: Path, name: str) -> dict[str, str]:
    """Return the hashes in the RECORD of a distribution, by path."""
    (record,) = environment.glob(f"lib/python3.10/site-packages/{name}-[0-9]*.dist-info/RECORD")
    with record.open(newline="") as file:
        return {path: hash_ for path, hash_, _ in csv.reader(file) if hash_}


def test_python_reads_the_layers_as_gnu_tar_does(seed: Seed) -> None:
    by_python = file_trees.below(
        file_trees.of_layers(file_trees.layer_blobs(seed.layout)), "opt/venv"
    )

    assert list(file_trees.differences(by_python, file_trees.of_folder(seed.ours))) == []
