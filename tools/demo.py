"""Lamina on a small project, from nothing to an answer: ``make demo``.

A scratch copy of examples/hello is locked and built; its version is bumped and it is built again;
then the image is run, if there is an engine to run it. All of it stays in build/demo.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engines import (
    Program,
    ProgramFailed,
    Unavailable,
    docker_engine,
    find_program,
    podman_storage,
)

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "demo"
PROJECT, STORE, IMAGE = FOLDER / "hello", FOLDER / "store", FOLDER / "image"
NAME = "lamina-demo/hello:latest"
ANSWERS_WITHIN = 60.0

console = Console(highlight=False, width=min(Console().width, 100))


@dataclass(frozen=True)
class Build:
    """What `lamina build --json` told, and what the clock said."""

    report: dict[str, Any]
    seconds: float

    @property
    def layers(self) -> list[dict[str, Any]]:
        """The image's layers, lowest first."""
        layers: list[dict[str, Any]] = self.report["platforms"][0]["layers"]
        return layers

    @property
    def downloaded(self) -> int:
        """All bytes that came in."""
        return sum(v for k, v in self.report["transfer"].items() if k.endswith("_bytes_in"))


def main() -> int:
    """Show it, step by step."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    ignored = shutil.ignore_patterns(".venv", "uv.lock", "__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / "examples" / "hello", PROJECT, ignore=ignored)

    title("1", "A first build, with an empty store")
    console.print(f"  [dim]$ cd {PROJECT.relative_to(ROOT)}[/]")
    command("uv", "lock", "--quiet")
    first = build()
    show_layers(first)
    console.print(
        f"  [bold]{first.seconds:.1f} s[/], {amount(first.downloaded)} downloaded:"
        " Debian's packages for the base, and the wheels"
    )

    title("2", "A new version, and nothing else")
    command("uv", "version", "--quiet", "--bump", "patch", "--no-sync")
    second = build()
    show_changes(second)

    title("3", "It runs")
    run_image()
    return 0


def title(number: str, text: str) -> None:
    """Begin a step."""
    console.print(f"\n[bold cyan]{number}.[/] [bold]{text}[/]")


def command(*arguments: str, show: bool = True) -> str:
    """Run a program in the project's folder as a person would, and return what it answered."""
    if show:
        console.print(f"  [dim]$ {' '.join(arguments)}[/]")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LAMINA_")}
    mirrors = {k: v for k, v in os.environ.items() if k.startswith("LAMINA_DEBIAN")}
    done = subprocess.run(
        arguments,
        cwd=PROJECT,
        env={**environment, **mirrors, "LAMINA_STORE": str(STORE), "UV_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        console.print(Text(done.stderr.strip()))
        sys.exit(1)
    return done.stdout


def build() -> Build:
    """Build the image."""
    console.print(f"  [dim]$ lamina build -o oci:{os.path.relpath(IMAGE, PROJECT)}[/]")
    started = time.monotonic()
    report = command("lamina", "build", "--json", "-o", f"oci:{IMAGE}", show=False)
    return Build(json.loads(report), time.monotonic() - started)


def show_layers(built: Build) -> None:
    """Print the layers, the topmost first, as they lie on each other."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    for heading in ("  layer", "size", "digest", "what is in it"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    layers = built.layers
    base = [layer for layer in layers if layer["kind"] == "base"]
    for layer in reversed([layer for layer in layers if layer["kind"] != "base"]):
        table.add_row(
            f"  {layer['kind']}",
            amount(layer["size"]),
            layer["digest"].removeprefix("sha256:")[:12],
            contents(layer),
        )
    size = sum(layer["size"] for layer in base)
    table.add_row("  base", amount(size), f"{len(base)} layers", "Debian bookworm and its Python")
    console.print(table)


def show_changes(built: Build) -> None:
    """Print what was made and what was not."""
    made = [layer for layer in built.layers if layer["origin"] == "made"]
    downloaded = amount(built.downloaded) if built.downloaded else "nothing"
    console.print(f"  downloaded  [bold green]{downloaded}[/]")
    console.print(f"  reused      [bold green]{len(built.layers) - len(made)} layers[/]")
    for layer in made:
        console.print(f"  made        {contents(layer)}, {amount(layer['size'])}")
    console.print(f"  time        [bold]{built.seconds:.2f} s[/], the whole process")


def contents(layer: dict[str, Any]) -> str:
    """Say what a layer holds."""
    names = [f"{each['name']} {each['version']}" for each in layer["distributions"]]
    return ", ".join(names) or "python, activate, pyvenv.cfg"


def amount(size: float) -> str:
    """Write a number of bytes for a person."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def run_image() -> None:
    """Run the image in the first engine that there is, or say how to."""
    archive = FOLDER / "hello.tar"
    command("lamina", "build", "-q", "-o", f"docker-archive:{archive}", "-t", NAME, show=False)
    for engine in engines():
        try:
            with engine as (program, network):
                ask(program, network, archive)
                return
        except (Unavailable, ProgramFailed) as error:
            console.print(Text(f"  {str(error).splitlines()[-1]}", style="dim"))
    console.print("  No engine here runs it. Where there is one:")
    for line in (
        f"docker load -i {os.path.relpath(archive, PROJECT)}    # or podman load",
        f"docker run --rm -p 8000:8000 {NAME}",
        "curl localhost:8000/greet/you",
    ):
        console.print(f"  [dim]$ {line}[/]")


Found = AbstractContextManager[tuple[Program, Sequence[str]]]
"""An engine's client, and the options that lead PORT to the service."""


def engines() -> Iterator[Found]:
    """Give the engines of this machine: one that runs, else one to be started for this alone."""
    published, host = ["--publish=127.0.0.1:PORT:PORT"], ["--network=host"]
    with suppress(Unavailable, ProgramFailed):
        docker = Program((find_program("docker"),))
        docker("info", "--format", "{{.ServerVersion}}")
        yield nullcontext((docker, published))
    if os.geteuid() != 0:
        with suppress(Unavailable):
            yield nullcontext((Program((find_program("podman"),)), published))
    else:
        for name, start in (("podman", podman_storage), ("dockerd", docker_engine)):
            with suppress(Unavailable):
                find_program(name)
                yield with_network(start, host)


@contextmanager
def with_network(
    start: Callable[[], AbstractContextManager[Program]], network: Sequence[str]
) -> Iterator[tuple[Program, Sequence[str]]]:
    """Start an engine of our own."""
    with start() as program:
        yield program, network


def ask(program: Program, network: Sequence[str], archive: Path) -> None:
    """Load the image, run it, ask it something, and leave nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options = [f"--env=HELLO_PORT={port}", *(each.replace("PORT", str(port)) for each in network)]
    console.print(f"  [dim]$ {Path(program.prefix[0]).name} run {NAME}[/]")
    program("load", "--input", archive)
    container = program("run", "--detach", *options, NAME).strip()
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, lambda: program("logs", container))
        for route in ("/", "/greet/you"):
            console.print(f"  [dim]$ curl {url}{route}[/]")
            with urlopen(url + route) as answer:
                console.print(Text(f"  {answer.read().decode()}", style="green"))
    finally:
        program("rm", "--force", container)
        program("rmi", "--force", NAME)


def wait_for(url: str, logs: Callable[[], str]) -> None:
    """Return as soon as somebody answers."""
    until = time.monotonic() + ANSWERS_WITHIN
    while time.monotonic() < until:
        with suppress(OSError), urlopen(url):
            return
        time.sleep(0.1)
    raise Unavailable(f"The service does not answer: {logs()}")


if __name__ == "__main__":
    sys.exit(main())
