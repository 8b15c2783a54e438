"""How fast, beside uv: ``make bench-seed``. Measures; asserts nothing.

1. From an empty store to a finished OCI layout, beside `uv sync` with an empty cache, in one run.
2. After a version bump, with the same store; beside `uv sync` of a new environment from its cache.
3. `--version`: what the start costs.

The project is the one of the report that started Lamina, 200 distributions, 4.2 GB: see `seed`.
About 15 GB of disk in TMPDIR, freed at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engines import ProgramFailed, Unavailable, find_program
from seed import find_python, seed_base, seed_project

STARTS = 11

SMALL = """\
[project]
name = "small"
version = "0.1.0"
requires-python = ">=3.10,<3.11"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""

console = Console(highlight=False, width=max(Console().width, 110))


@dataclass(frozen=True)
class Run:
    """One process: how long it took, what it needed, what it said."""

    seconds: float
    peak_bytes: int
    output: str
    scratch_bytes: int = 0
    processor: float = 0
    """Seconds of processor, of all its processes."""

    @property
    def report(self) -> dict[str, Any]:
        """The document of ``--json``."""
        document: dict[str, Any] = json.loads(self.output)
        return document

    @property
    def made(self) -> str:
        """Count the layers made, and of what kinds; and the wheels downloaded."""
        layers = [layer for platform in self.report["platforms"] for layer in platform["layers"]]
        kinds = [layer["kind"] for layer in layers if layer["origin"] == "made"]
        count = f"{len(kinds)} of {len(layers)} layers made"
        kind = f" ({', '.join(sorted(set(kinds)))})" if 0 < len(kinds) < 3 else ""
        return f"{count}{kind}, {self.report['transfer']['wheels_downloaded']} wheels downloaded"


@dataclass(frozen=True)
class Bench:
    """The folders and the programs of one measurement."""

    folder: Path
    base: str
    python: str

    @property
    def store(self) -> Path:
        """Lamina's store, empty at first."""
        return self.folder / "store"

    def environment(self) -> dict[str, str]:
        """Return what both programs are run with: nothing of the surroundings decides."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("LAMINA_", "UV_")) or key in ("UV_SYSTEM_CERTS",)
        }
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            **kept,
            "LAMINA_STORE": str(self.store),
            "TMPDIR": str(temporary),
            "UV_CACHE_DIR": str(self.folder / "uv-cache"),
            "UV_PROJECT_ENVIRONMENT": str(self.folder / "uv-environment"),
            "UV_PYTHON": self.python,
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def uv(self, folder: Path, *arguments: str) -> Run:
        """Run uv in a project."""
        return self._run([find_program("uv"), *arguments], folder)

    def build(self, project: Path) -> Run:
        """Build a project's image anew, with whatever the store holds."""
        image = self.folder / "image"
        shutil.rmtree(image, ignore_errors=True)
        lamina = str(Path(sys.executable).parent / "lamina")
        base = f"oci:{self.base}"
        command = [lamina, "build", "-q", "--json", "--base", base, "-o", f"oci:{image}"]
        with watched(self.store / "scratch", self.folder / "tmp") as peak:
            run = self._run(command, project)
        return Run(run.seconds, run.peak_bytes, run.output, peak[0])

    def _run(self, command: Sequence[str], folder: Path) -> Run:
        # What was written before must not be waited for in the time of this.
        os.sync()
        return run(command, folder, self.environment())


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a program; its memory is that of its largest process."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        said = output.read()
        if process.returncode:
            raise ProgramFailed(command, process.returncode, said, errors.read())
    processor = usage.ru_utime + usage.ru_stime
    return Run(seconds, usage.ru_maxrss * 1024, said.decode(), processor=processor)


@contextmanager
def watched(*folders: Path) -> Iterator[list[int]]:
    """Give the most that lay in some folders at any moment, in bytes on the disk."""
    peak, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            peak[0] = max(peak[0], sum(map(on_disk, folders)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        is_over.set()
        thread.join()


def on_disk(folder: Path) -> int:
    """Return what the files below a folder take; those that vanish meanwhile take nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def main() -> int:
    """Measure, and print one table."""
    try:
        source = seed_project()
        python = find_python()
        with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
            base = seed_base(Path(folder), python)
            bench = Bench(Path(folder), base, python)
            table = Table(box=None, pad_edge=False, header_style="bold")
            for heading in ("", "lamina", "uv", "ratio", ""):
                table.add_column(heading, justify="left" if not heading else "right")
            measure_seed(bench, source, table)
            measure_small(bench, table)
            measure_start(bench, table)
        console.print(table)
    except (Unavailable, ProgramFailed) as error:
        console.print(f"error: {error}", markup=False)
        return 1
    return 0


def measure_seed(bench: Bench, source: Path, table: Table) -> None:
    """Measure the 200 pins: from nothing, and after a bump."""
    project = bench.folder / "project"
    shutil.copytree(source, project)
    bench.uv(project, "lock")
    shutil.rmtree(bench.folder / "uv-cache")
    sync = ("sync", "--frozen", "--no-install-project", "--no-dev")

    console.print("uv sync, from nothing (4.2 GB) ...")
    uv_first = bench.uv(project, *sync)
    shutil.rmtree(bench.folder / "uv-environment")
    console.print("uv sync, again ...")
    uv_again = bench.uv(project, *sync)
    shutil.rmtree(bench.folder / "uv-environment")
    shutil.rmtree(bench.folder / "uv-cache")
    console.print("lamina build, from nothing (4.2 GB) ...")
    first = bench.build(project)
    add(table, "200 pins, from nothing", first, uv_first, first.made)
    table.add_row("  peak memory", amount(first.peak_bytes), amount(uv_first.peak_bytes))
    table.add_row("  peak scratch on disk", amount(first.scratch_bytes), "", "", "besides blobs")

    console.print("lamina build, after a bump ...")
    bump(bench, project)
    add(table, "  after a bump", again := bench.build(project), uv_again, again.made)


def measure_small(bench: Bench, table: Table) -> None:
    """Measure a project with a build backend: the backend's own wheels are in the store by then."""
    project = bench.folder / "small"
    (project / "src" / "small").mkdir(parents=True)
    (project / "pyproject.toml").write_text(SMALL)
    (project / "src" / "small" / "__init__.py").write_text('"""Small."""\n')
    bench.uv(project, "lock")
    bench.build(project)

    bump(bench, project)
    changed = bench.build(project)
    add(table, "hatchling, files changed", changed, None, changed.made)
    same = bench.build(project)
    add(table, "  not changed", same, None, same.made)


def bump(bench: Bench, project: Path) -> None:
    """Give a project a new version, in its lock too."""
    bench.uv(project, "version", "--bump", "patch", "--frozen")
    bench.uv(project, "lock")


def measure_start(bench: Bench, table: Table) -> None:
    """Measure the start of both programs, in the median."""
    lamina, uv = str(Path(sys.executable).parent / "lamina"), find_program("uv")
    times = [
        statistics.median(
            run([program, "--version"], bench.folder, bench.environment()).seconds
            for _ in range(STARTS)
        )
        for program in (lamina, uv)
    ]
    table.add_row("--version", f"{times[0] * 1000:.0f} ms", f"{times[1] * 1000:.0f} ms")


def add(table: Table, what: str, ours: Run, theirs: Run | None, note: str) -> None:
    """Add a row of times."""
    other = (
        (f"{theirs.seconds:.2f} s", f"{ours.seconds / theirs.seconds:.2f}") if theirs else ("", "")
    )
    table.add_row(what, f"{ours.seconds:.2f} s", *other, note)


def amount(size: int) -> str:
    """Write a number of bytes for a person."""
    if size >= 1e9:
        return f"{size / 1e9:.2f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


if __name__ == "__main__":
    sys.exit(main())
