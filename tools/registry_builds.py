"""One build of Lamina from an empty store, and what the registry saw of it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_seed import Bench, Run, run
from engines import CutOff, Registry
from registry_log import Exchanges, Log

BASE, NAME = "base/python:3.10-slim", "seed"
"""What is in the registry: the base, and the images that are built."""


@dataclass(frozen=True)
class Build:
    """One run of Lamina, and what the registry saw of it."""

    run: Run
    seen: Exchanges

    @property
    def transfer(self) -> dict[str, int]:
        """What the report says of the network."""
        transfer: dict[str, int] = self.run.report["transfer"]
        return transfer

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The layers of the image, lowest first."""
        layers: list[dict[str, Any]] = self.run.report["platforms"][0]["layers"]
        return layers

    @property
    def made(self) -> list[dict[str, Any]]:
        """Those that were made now."""
        return [each for each in self.layers if each["origin"] == "made"]

    @property
    def own_bytes(self) -> int:
        """The size of the layers of the project itself, if they were made."""
        return sum(each["size"] for each in self.made if each["kind"] in ("files", "project"))

    @property
    def disagreements(self) -> str:
        """Where the report and the registry's log differ; what came from an index is neither's."""
        told = self.transfer
        come = sum(told[f"{kind}_bytes_in"] for kind in ("dependency", "base", "other"))
        wheels = sum(each["size"] for layer in self.made for each in layer["distributions"])
        pairs = {
            "requests": (told["requests"] - told["wheels_downloaded"], len(self.seen.each)),
            "bytes in": (come - wheels, self.seen.answered),
            "bytes out": (told["bytes_out"], self.seen.sent),
        }
        return ", ".join(f"{name} {a} not {b}" for name, (a, b) in pairs.items() if a != b)


@dataclass(frozen=True)
class Site:
    """Where it is measured."""

    bench: Bench
    registry: Registry
    log: Log

    def build(self, project: Path, tag: str, *options: str) -> Build:
        """Build and push from an empty store, with the network of this machine."""
        name = f"{self.registry.host}/{NAME}:{tag}"
        self.log.take()
        with new_machine(self.bench.folder) as environment:
            kept = {**self.bench.environment(), **environment}
            del kept["LAMINA_STORE"]
            os.sync()
            done = run(command(self.registry.host, name, *options), project, kept)
        return Build(done, self.log.take(int(done.report["transfer"]["requests"])))

    def build_cut_off(self, project: Path, tag: str, alone: CutOff, log: Log, host: str) -> Build:
        """Build and push where the registry is all that there is."""
        with new_machine(self.bench.folder) as environment:
            os.sync()
            name = f"{host}/{NAME}:{tag}"
            done = run([*alone.enter, *command(host, name)], project, environment)
        return Build(done, log.take(int(done.report["transfer"]["requests"])))


def command(host: str, name: str, *options: str) -> list[str]:
    """Return the command line of a build."""
    lamina = str(Path(sys.executable).parent / "lamina")
    base = () if "--base" in options else ("--base", f"{host}/{BASE}")
    return [lamina, "build", "-q", "--json", "-t", name, "--push", *base, *options]


@contextmanager
def new_machine(folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a machine that Lamina never ran on: all folders of it are empty."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="machine-") as name:
        home = Path(name)
        folders = {
            "HOME": home / "home",
            "TMPDIR": home / "tmp",
            "XDG_CACHE_HOME": home / "cache",
            "XDG_CONFIG_HOME": home / "config",
            "XDG_DATA_HOME": home / "data",
            "XDG_RUNTIME_DIR": home / "run",
        }
        for each in folders.values():
            each.mkdir()
        yield {"PATH": os.environ["PATH"]} | {key: str(path) for key, path in folders.items()}
