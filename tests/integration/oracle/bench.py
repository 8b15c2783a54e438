"""Both sides of a comparison: the real uv, and the real `lamina build` on a base of its Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images import Member, folder, link, make_layer, write_layout
from integration.index_server import IndexServer, serve_index
from integration.lamina_program import Lamina
from integration.oracle.scenario import Place, Run, Scenario
from integration.uv_environment import Comparison, compare, unpack
from integration.uv_oracle import find_python, full_version, uv_program
from integration.warm_lamina import warm_lamina
from lamina.oci.config import ImageConfig
from lamina.oci.image import assemble
from tiny import write_files

_ADDED = re.compile(r"^ \+ ([A-Za-z0-9._-]+)(?:==(\S+))?(?: \(from .*\)| @ .*)?$", re.MULTILINE)


@dataclass
class Bench:
    """Everything that scenarios share: a server, a cache of uv's, a store of ours, bases."""

    root: Path
    server: IndexServer
    lamina: Lamina
    bases: dict[str, tuple[str, Path]]
    """By the version asked for: the interpreter, and a layout of a base that has it."""

    def base(self, version: str) -> tuple[str, Path]:
        """Return an interpreter of this machine, and a base that has it at the same path."""
        if version not in self.bases:
            python = find_python(version)
            layout = self.root / f"base-{version}"
            write_base(layout, python)
            self.bases[version] = python, layout
        return self.bases[version]

    def uv(
        self,
        where: Path,
        python: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        program: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run uv with nothing of the surroundings, which might lead it to another index."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("UV_", "PIP_", "VIRTUAL_ENV", "PYTHON"))
        }
        ours = {
            "UV_PYTHON": python,
            "UV_PYTHON_DOWNLOADS": "never",
            # Other releases have caches of another form.
            "UV_CACHE_DIR": str(self.root / ("uv-cache" if program is None else "old-cache")),
            "UV_LINK_MODE": "copy",
            "NO_COLOR": "1",
            **(env or {}),
        }
        return subprocess.run(
            [str(program or uv_program()), *arguments],
            cwd=where,
            env={**kept, **ours},
            text=True,
            capture_output=True,
            check=False,
            umask=0o022,
        )


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Make a bench in a short folder of its own, and clear it away in the end."""
    clear = dict.fromkeys(key for key in os.environ if key.startswith(("UV_", "PIP_")))
    with tempfile.TemporaryDirectory(prefix="oracle-") as name, serve_index() as server:
        root = Path(name)
        with warm_lamina(root / "store", clear) as lamina:
            yield Bench(root, server, lamina, {})


def write_base(layout: Path, python: str) -> None:
    """Write an image that has the same interpreter as this machine, in name alone."""
    base = Path(python).resolve()
    version = full_version(python)
    release = ".".join(version.split(".")[:2])
    libc, libc_version = os.confstr("CS_GNU_LIBC_VERSION").split()  # type: ignore[union-attr]
    assert libc == "glibc"
    parents = [folder(each.as_posix().lstrip("/")) for each in reversed(base.parents)][1:]
    layer = make_layer(
        *parents,
        Member(base.as_posix().lstrip("/"), data=b"\0" + version.encode() + b"\0", mode=0o755),
        link(f"{base.parent}/python3".lstrip("/"), f"python{release}"),
        folder("lib"),
        Member("lib/libc.so.6", data=f"stable release version {libc_version}.\n".encode()),
    )
    config = ImageConfig("amd64", env={"PATH": str(base.parent), "PYTHON_VERSION": version})
    write_layout(layout, [("", assemble(config, [layer]))])


@dataclass
class Locked:
    """A scenario that uv has locked, ready to be asked."""

    bench: Bench
    scenario: Scenario
    folder: Path

    @property
    def prefix(self) -> Path:
        return self.folder.parent / "venv"

    def theirs(self, run: Run, *more: str) -> subprocess.CompletedProcess[str]:
        """Let uv make the environment, or say what it would do."""
        python, _ = self.bench.base(self.scenario.python)
        arguments = ["sync", "--frozen", "--no-editable", *run.of_uv, *more]
        env = {"UV_PROJECT_ENVIRONMENT": str(self.prefix), **run.env}
        return self.bench.uv(self.folder, python, *arguments, env=env)

    def command(self, run: Run, layout: Path) -> tuple[Lamina, list[str]]:
        _, base = self.bench.base(self.scenario.python)
        at = [str(self.folder), "--base", f"oci:{base}", "-o", f"oci:{layout}"]
        return self.bench.lamina.within(**run.env), [*at, *run.ours]


def lock(bench: Bench, scenario: Scenario, program: Path | None = None) -> Locked:
    """Write the project of a scenario, and let uv lock it; ``program`` is another release of it."""
    project = bench.root / scenario.name / "app"
    words = _prepare(bench, scenario, project)
    _write(project, scenario, words)
    python, _ = bench.base(scenario.python)
    # What old releases know an index by.
    older = {"UV_INDEX_URL": words["INDEX"]} if program is not None else {}
    done = bench.uv(project, python, "lock", env=older, program=program)
    assert done.returncode == 0, done.stderr
    if scenario.later:
        with (project / "pyproject.toml").open("a") as file:
            file.write(f"\n{_filled(scenario.later, words)!s}")
    if scenario.rewrite is not None:
        path = project / "uv.lock"
        path.write_text(scenario.rewrite(path.read_text()))
    return Locked(bench, scenario, project)


def _prepare(bench: Bench, scenario: Scenario, project: Path) -> dict[str, str]:
    """Serve the index of a scenario, let it make what it makes, and return what words stand for."""
    beside = project.parent / "beside"
    beside.mkdir(parents=True)
    project.mkdir()
    index = bench.server.add_index(scenario.name, scenario.index)
    files = f"{bench.server.address}/{scenario.name}/files"

    def serve(name: str, data: bytes) -> str:
        bench.server.files[f"/{scenario.name}/files/{name}"] = data
        return f"{files}/{name}"

    words = {"INDEX": index, "FILES": files, "BESIDE": str(beside)}
    if scenario.prepare is not None:
        words |= scenario.prepare(Place(project, beside, index, files, serve))
    return words


def _write(project: Path, scenario: Scenario, words: Mapping[str, str]) -> None:
    settings = f'\n[tool.lamina]\nvenv = "{project.parent / "venv"}"\n'
    if scenario.has_index_table:
        settings += '\n[[tool.uv.index]]\nname = "tiny"\nurl = "@INDEX@"\ndefault = true\n'
    texts = {**scenario.files, "pyproject.toml": scenario.pyproject + settings}
    write_files(project, {path: _filled(text, words) for path, text in texts.items()})


def _filled(text: str | bytes, words: Mapping[str, str]) -> str | bytes:
    if isinstance(text, bytes):
        return text
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


Selected = frozenset[tuple[str, str]]
"""Names and versions."""


@dataclass(frozen=True)
class Outcome:
    """How the two sides compare."""

    foretold: frozenset[str]
    """The names that a dry run of uv gives."""
    installed: Selected
    """What uv then says that it has installed."""
    selected: Selected
    """What our image has."""
    environments: Comparison


def compare_run(locked: Locked, run: Run) -> Outcome:
    """Let both sides install, and compare what they chose and what lies there."""
    shutil.rmtree(locked.prefix, ignore_errors=True)
    dry = locked.theirs(run, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    done = locked.theirs(run)
    assert done.returncode == 0, done.stderr
    with tempfile.TemporaryDirectory(dir=locked.bench.root, prefix="image-") as name:
        layout, ours = Path(name, "layout"), Path(name, "ours")
        lamina, arguments = locked.command(run, layout)
        report = lamina.build(*arguments)
        prefix = str(locked.prefix).lstrip("/")
        found = compare(unpack(layout, ours, prefix), locked.prefix)
    return Outcome(
        frozenset(name for name, _ in _ADDED.findall(dry.stderr)),
        frozenset(_ADDED.findall(done.stderr)),
        selected(report),
        found,
    )


def selected(report: Mapping[str, Any]) -> Selected:
    """Return what an image has, by the report of its build."""
    (platform,) = report["platforms"]
    return frozenset(
        (each["name"], each["version"])
        for layer in platform["layers"]
        for each in layer["distributions"]
    )


def refuse_run(locked: Locked, run: Run) -> str:
    """Let both sides refuse, and return what we say."""
    shutil.rmtree(locked.prefix, ignore_errors=True)
    done = locked.theirs(run)
    assert done.returncode != 0, f"uv does not refuse: {done.stderr}"
    with tempfile.TemporaryDirectory(dir=locked.bench.root, prefix="image-") as name:
        lamina, arguments = locked.command(run, Path(name, "layout"))
        ours = lamina.run("build", *arguments)
    assert ours.returncode in (1, 2), ours.stdout + ours.stderr
    assert "Traceback" not in ours.stderr, ours.stderr
    return ours.stderr
