"""What bytecode costs, and what it saves: ``bench_bytecode [MODULE ...]``.

Builds an image of some well-known distributions on `debian:bookworm` without and with bytecode,
and times, in containers whose file system cannot be written, how long Python takes to start and
import one of them. A version bump is built from nothing but a registry, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engines import Engine, Registry, Unavailable, docker_engine, docker_registry

PROJECT = """\
[project]
name = "app"
version = "{version}"
requires-python = "==3.11.*"
dependencies = [
  "attrs==25.3.0", "boto3==1.38.23", "django==5.2.1", "fastapi==0.115.12", "networkx==3.4.2",
  "numpy==2.2.6", "pandas==2.2.3", "pydantic==2.11.5", "requests==2.32.3", "rich==14.0.0",
  "scikit-learn==1.6.1", "scipy==1.15.3", "sqlalchemy==2.0.41", "sympy==1.14.0",
]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.lamina]
base = "debian:bookworm"
"""
MODULES = ("requests", "fastapi", "sqlalchemy", "boto3", "pandas", "sympy", "sklearn.linear_model")
TIMES = 5

MEASURE = """
import json, subprocess, sys, time
found = {}
for module in ["sys", *sys.argv[1:]]:
    took = []
    for _ in range(%d):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import " + module], check=True)
        took.append(time.perf_counter() - start)
    found[module] = min(took)
print(json.dumps(found))
"""


def write(folder: Path, version: str) -> None:
    """Write the project; its lock is that of its dependencies."""
    (folder / "src" / "app").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "app" / "__init__.py").write_text(f"__version__ = {version!r}\n")
    (folder / "pyproject.toml").write_text(PROJECT.format(version=version))
    subprocess.run(["uv", "lock", "-q", "--directory", folder], check=True)


def build(folder: Path, store: Path, *options: str) -> tuple[float, dict[str, Any]]:
    """Build, and return the seconds and the report."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "lamina", "build", "--json", "-q", *options, str(folder)]
    done = subprocess.run(
        command,
        env={**os.environ, "LAMINA_STORE": str(store)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return time.perf_counter() - start, json.loads(done.stdout)


def imports(engine: Engine, name: str, modules: list[str]) -> dict[str, float]:
    """Return the seconds that it takes to start Python and import each module."""
    script = MEASURE % TIMES
    said = engine("run", "--rm", "--read-only", name, "python", "-c", script, *modules)
    found = json.loads(said)
    assert isinstance(found, dict)
    return found


def bump(folder: Path, root: Path, registry: Registry, kind: str, options: list[str]) -> None:
    """Push, bump the version, and push from a machine that has nothing but the registry."""
    tag = f"{registry.host}/bench/{kind}"
    build(folder, root / kind, "--push", "-t", f"{tag}:1", *options)
    write(folder, "1.0.1")
    took, report = build(folder, root / f"{kind}-empty", "--push", "-t", f"{tag}:2", *options)
    [platform] = report["platforms"]
    made = [layer["kind"] for layer in platform["layers"] if layer["origin"] == "made"]
    come = sum(size for name, size in report["transfer"].items() if name.endswith("_bytes_in"))
    print(f"bump {kind:8} {took:6.2f} s  made: {', '.join(made)}; {come / 1e6:.1f} MB in")
    write(folder, "1.0.0")


def main() -> None:
    """Measure, and print tables."""
    modules = sys.argv[1:] or list(MODULES)
    with (
        tempfile.TemporaryDirectory() as root,
        docker_engine() as engine,
        docker_registry() as registry,
    ):
        folder, store = Path(root, "project"), Path(root, "store")
        write(folder, "1.0.0")
        found = {}
        for kind, options in (("without", []), ("with", ["--compile-bytecode"])):
            archive = Path(root, f"{kind}.tar")
            output = ["-o", f"docker-archive:{archive}", "-t", f"bench:{kind}"]
            took, report = build(folder, store, *output, *options)
            [platform] = report["platforms"]
            layers = platform["layers"]
            size = sum(layer["size"] for layer in layers)
            print(f"{kind:8} {took:6.1f} s  {len(layers)} layers  {size / 1e6:.1f} MB")
            engine("load", "--input", archive)
            found[kind] = imports(engine, f"bench:{kind}", modules)
        print(f"{'import':24} {'without':>8} {'with':>8}")
        for module in found["with"]:
            one, other = (found[kind][module] for kind in ("without", "with"))
            print(f"{module:24} {one:6.2f} s {other:6.2f} s")
        for kind, options in (("without", []), ("with", ["--compile-bytecode"])):
            bump(folder, Path(root), registry, kind, options)


if __name__ == "__main__":
    try:
        main()
    except Unavailable as error:
        sys.exit(str(error))
