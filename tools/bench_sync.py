"""How fast `lamina sync` is beside `uv sync`, in turns: ``make bench-sync``. Asserts nothing.

1. From an empty cache.
2. A new environment, the cache warm: with hard links, and as each links by default.
3. Nothing to do.

Of a project of some 20 wheels, and of the one of the report that started Lamina: see `seed`. Given
``small`` or ``seed``, of that alone. About 22 GB of disk in TMPDIR, freed at the end; before that
nothing is deleted, since ext4 without journal looks for a long time for inodes after a deletion.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from bench_seed import Run, console, run
from engines import ProgramFailed, Unavailable, find_program
from seed import find_python, seed_project

SMALL = """\
[project]
name = "small"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = ["fastapi", "httpx", "jinja2", "requests", "rich", "uvicorn"]
"""
SYNC = ("sync", "-q", "--frozen", "--no-install-project", "--no-dev")
LAMINA, UV = "lamina", "uv"
AT_MOST = {"empty": 1.0, "new": 1.5, "nothing": 1.5}
"""Of uv's time."""
SETTLED = 3
"""Seconds after which dates of files tell that they are not written to any more."""


@dataclass(frozen=True)
class Project:
    """A locked project, and how often each thing is measured."""

    title: str
    folder: Path
    empty: int
    new: int
    nothing: int = 21


@dataclass(frozen=True)
class Bench:
    """The folders of one measurement."""

    root: Path
    python: str
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def new(self, what: str) -> Path:
        """Return a path at which nothing is."""
        return self.root / f"{what}-{next(self._numbers)}"

    def sync(
        self, tool: str, project: Project, cache: Path, environment: Path, mode: str = ""
    ) -> Run:
        """Let one of the two bring an environment up to date."""
        program = find_program("uv") if tool == UV else str(Path(sys.executable).parent / "lamina")
        linked = ["--link-mode", mode] if mode else []
        # What was written before must not be waited for in the time of this.
        os.sync()
        environ = self.environ(tool, cache, environment)
        return run([program, *SYNC, *linked], project.folder, environ)

    def environ(self, tool: str, cache: Path, environment: Path) -> Mapping[str, str]:
        """Return what both programs are run with: nothing of the surroundings decides."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("LAMINA_", "UV_", "VIRTUAL_ENV")) or key == "UV_SYSTEM_CERTS"
        }
        return {
            **kept,
            "LAMINA_STORE" if tool == LAMINA else "UV_CACHE_DIR": str(cache),
            "UV_PROJECT_ENVIRONMENT": str(environment),
            "UV_PYTHON": self.python,
            "UV_PYTHON_DOWNLOADS": "never",
        }


Runs = dict[str, list[Run]]


def main(names: Sequence[str]) -> int:
    """Measure, and print one table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "lamina", "uv", "ratio", "at most", "processor", "uv's"):
        table.add_column(heading, justify="left" if not heading else "right")
    try:
        with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
            bench = Bench(Path(folder), find_python())
            for project in projects(bench, names):
                measure(bench, project, table)
        console.print(table)
    except (Unavailable, ProgramFailed) as error:
        console.print(f"error: {error}", markup=False)
        return 1
    return 0


def projects(bench: Bench, names: Sequence[str]) -> list[Project]:
    """Return what is measured, locked."""
    found = []
    if "small" in names or not names:
        folder = bench.root / "small"
        folder.mkdir()
        (folder / "pyproject.toml").write_text(SMALL)
        found.append(Project("20 wheels", folder, empty=5, new=7))
    if "seed" in names or not names:
        folder = bench.root / "seed"
        shutil.copytree(seed_project(), folder)
        found.append(Project("200 pins", folder, empty=1, new=5))
    for project in found:
        environ = bench.environ(UV, bench.new("cache"), bench.new("environment"))
        run([find_program("uv"), "lock"], project.folder, environ)
    return found


def measure(bench: Bench, project: Project, table: Table) -> None:
    """Measure one project, both programs in turns."""
    console.print(f"{project.title}: from an empty cache ...")
    runs: Runs = {UV: [], LAMINA: []}
    caches, environments = {}, {}
    for _ in range(project.empty):
        for tool in runs:
            caches[tool], environments[tool] = bench.new("cache"), bench.new("environment")
            made = bench.sync(tool, project, caches[tool], environments[tool])
            runs[tool].append(made)
    add(table, f"{project.title}, empty cache", runs, "empty")
    for mode in ("hardlink", ""):
        console.print(f"{project.title}: a new environment ...")
        runs = {UV: [], LAMINA: []}
        for _ in range(project.new):
            for tool in runs:
                environment = bench.new("environment")
                runs[tool].append(bench.sync(tool, project, caches[tool], environment, mode))
        add(table, f"  new environment, {mode or 'as by default'}", runs, "new")
    console.print(f"{project.title}: nothing to do ...")
    time.sleep(SETTLED)
    runs = {UV: [], LAMINA: []}
    for tool in runs:
        bench.sync(tool, project, caches[tool], environments[tool])
    for _ in range(project.nothing):
        for tool in runs:
            runs[tool].append(bench.sync(tool, project, caches[tool], environments[tool]))
    add(table, "  nothing to do", runs, "nothing")


def add(table: Table, what: str, runs: Runs, kind: str) -> None:
    """Add a row of medians."""
    seconds = {
        tool: statistics.median(each.seconds for each in found) for tool, found in runs.items()
    }
    processor = {
        tool: statistics.median(each.processor for each in found) for tool, found in runs.items()
    }
    table.add_row(
        what,
        told(seconds[LAMINA]),
        told(seconds[UV]),
        f"{seconds[LAMINA] / seconds[UV]:.2f}",
        f"{AT_MOST[kind]:.1f}",
        told(processor[LAMINA]),
        told(processor[UV]),
    )


def told(seconds: float) -> str:
    """Write a time for a person."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
