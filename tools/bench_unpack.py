"""How long our layers take to unpack, beside ordinary ones: ``make bench-unpack``. Asserts nothing.

The same tars, once as the layers that Lamina writes (many gzip members, the wheels' own deflate
streams) and once as other tools write them (one gzip member, level 6), in images of nothing else.
Each is pulled from a registry on loopback by Docker with and without pigz, and by Podman, and
loaded from an archive; the median of some rounds, taken in turns, so that what disturbs the machine
disturbs both.

    python tools/bench_unpack.py LAYOUT [NAME...]

LAYOUT is a finished image of the 200 pins (`lamina build -o oci:LAYOUT`); without it, one is built
(see `seed`; 4.2 GB come in). NAMEs are those of distributions with a layer of their own.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from engines import (
    Engine,
    Program,
    ProgramFailed,
    Registry,
    Unavailable,
    docker_engine,
    docker_registry,
    find_program,
    podman_storage,
)
from lamina.bases.base import FileLayer
from lamina.bases.layout import read_layout
from lamina.destinations.base import closing
from lamina.destinations.choose import destination_at
from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.image import assemble
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from seed import find_python, seed_base, seed_project

NAMES = (
    "torch", "plotly", "numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "sympy", "pyarrow",
    "botocore", "streamlit", "networkx", "fonttools", "setuptools", "pygments", "virtualenv",
)  # fmt: skip
ROUNDS = 3
AMD64 = Platform("linux", "amd64")

console = Console(highlight=False, width=max(Console().width, 100))


@dataclass(frozen=True)
class Subject:
    """One image of the two."""

    title: str
    name: str
    layers: Sequence[Layer]
    archive: Path

    @property
    def size(self) -> int:
        """The bytes of its layers."""
        return sum(layer.descriptor.size for layer in self.layers)


@dataclass(frozen=True)
class Way:
    """One way for an image to come to be unpacked."""

    title: str
    take: Callable[[Subject], object]
    drop: Callable[[Subject], object]


def main() -> int:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("layout", nargs="?", type=Path)
    parser.add_argument("names", nargs="*", default=NAMES)
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="lamina-unpack-") as name:
            folder = Path(name)
            layout = given.layout or build_layout(folder)
            layers = chosen(layout, given.names)
            measure(folder, layers)
    except (LaminaError, ProgramFailed, Unavailable) as error:
        console.print(f"error: {error}", markup=False)
        return 1
    return 0


def build_layout(folder: Path) -> Path:
    """Build the image of the 200 pins."""
    project, layout, python = folder / "project", folder / "layout", find_python()
    shutil.copytree(seed_project(), project)
    Program((find_program("uv"),))("lock", "--project", project, "--python", python)
    base = f"oci:{seed_base(folder, python)}"
    lamina = Program((sys.executable, "-m", "lamina"), {"LAMINA_STORE": str(folder / "store")})
    lamina("build", project, "--base", base, "-o", f"oci:{layout}")
    return layout


def chosen(layout: Path, names: Sequence[str]) -> list[Layer]:
    """Return the layers that hold one of some distributions and no other."""
    base = read_layout(Location("oci", str(layout)), AMD64)
    history = [each for each in base.config.history if not each.empty_layer]
    titles = [each.created_by.removeprefix("lamina: ") for each in history]
    found = {
        title.partition("==")[0]: layer
        for title, layer in zip(titles, base.layers, strict=True)
        if ", " not in title
    }
    missing = sorted(set(names) - found.keys())
    if missing:
        raise Unavailable(f"Unable to find a layer of its own in `{layout}`: {', '.join(missing)}")
    return [found[name] for name in names]


def measure(folder: Path, layers: Sequence[Layer]) -> None:
    """Print the table."""
    plain = [in_one_member(layer, folder / "recompressed") for layer in layers]
    with ExitStack() as stack:
        registry = stack.enter_context(docker_registry())
        ours = publish("as Lamina writes them", "lamina", layers, folder, registry)
        theirs = publish("one gzip member each", "plain", plain, folder, registry)
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("")
        for heading in (ours.title, theirs.title, "ratio"):
            table.add_column(heading, justify="right")
        table.add_row("bytes", megabytes(ours.size), megabytes(theirs.size), "")
        for way in ways(stack, folder):
            print(f"Measuring {way.title} ...", file=sys.stderr)
            pairs = rounds(way, ours, theirs)
            a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
            spread = f"{min(x / y for x, y in pairs):.2f} to {max(x / y for x, y in pairs):.2f}"
            table.add_row(way.title, f"{a:.1f} s", f"{b:.1f} s", f"{a / b:.2f} ({spread})")
        console.print(table)


def rounds(way: Way, ours: Subject, theirs: Subject) -> list[tuple[float, float]]:
    """Take both in turns, and return the seconds of each round; the first one is for warmth."""
    found = [(seconds(way, ours), seconds(way, theirs)) for _ in range(ROUNDS + 1)]
    return found[1:]


def seconds(way: Way, subject: Subject) -> float:
    """Return how long an image takes that is not there."""
    os.sync()
    started = time.monotonic()
    way.take(subject)
    taken = time.monotonic() - started
    way.drop(subject)
    return taken


def ways(stack: ExitStack, folder: Path) -> Iterator[Way]:
    """Give the ways in turn, each engine with nothing else running."""
    for title, path in (("with pigz", None), ("without", path_without_pigz(folder))):
        with docker_engine(path=path) as engine:
            yield Way(f"docker pull, {title}", pull(engine), remove(engine))
            yield Way(f"docker load, {title}", load(engine), remove(engine))
    podman = stack.enter_context(podman_storage())
    yield Way("podman pull", pull(podman, "--tls-verify=false"), remove(podman))
    for program in ("gzip", "pigz"):
        yield Way(f"{program} | tar", untar(program, folder / "tree"), untie(folder / "tree"))


def pull(program: Program, *options: str) -> Callable[[Subject], object]:
    """Return what pulls an image."""
    return lambda subject: program("pull", "--quiet", *options, subject.name)


def load(engine: Engine) -> Callable[[Subject], object]:
    """Return what loads an image."""
    return lambda subject: engine("load", "--quiet", "--input", subject.archive)


def remove(program: Program) -> Callable[[Subject], object]:
    """Return what removes an image with its layers."""
    return lambda subject: program("rmi", "--force", subject.name)


def untar(program: str, tree: Path) -> Callable[[Subject], object]:
    """Return what unpacks all layers to a folder, one after the other, with no engine."""
    command = f'"{find_program(program)}" -dc | tar -x -C "{tree}"'

    def run(subject: Subject) -> None:
        tree.mkdir()
        for layer in subject.layers:
            with layer.open() as blob:
                subprocess.run(["sh", "-c", command], stdin=blob, check=True)

    return run


def untie(tree: Path) -> Callable[[Subject], object]:
    """Return what removes what `untar` made."""
    return lambda subject: shutil.rmtree(tree)


def in_one_member(layer: Layer, folder: Path) -> Layer:
    """Return a layer of the same tar, compressed as other tools do."""
    folder.mkdir(exist_ok=True)
    path = folder / layer.descriptor.digest.hex
    with layer.open() as blob, gzip.open(blob) as tar, path.open("wb") as file:
        command = [find_program("gzip"), "-6", "--no-name"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file) as process:
            assert process.stdin is not None
            shutil.copyfileobj(tar, process.stdin, 1 << 20)
    with path.open("rb") as file:
        digest = Digest("sha256", hashlib.file_digest(file, "sha256").hexdigest())
    descriptor = Descriptor(mediatype.LAYER_GZIP, digest, path.stat().st_size)
    return FileLayer(descriptor, layer.diff_id, path)


def publish(
    title: str, label: str, layers: Sequence[Layer], folder: Path, registry: Registry
) -> Subject:
    """Push an image of some layers, and write an archive of it under the same name."""
    built = assemble(ImageConfig("amd64", cmd=("python",)), layers)
    name = f"{registry.host}/bench/{label}:1"
    layout, archive = f"oci:{folder / label}", folder / f"{label}.tar"
    for location in (layout, f"docker-archive:{archive}"):
        with closing(destination_at(Location.parse(location))) as destination:
            destination.write(Images.of(built), names=(Reference.parse(name),))
    skopeo = Program((find_program("skopeo"), "--insecure-policy"))
    skopeo("copy", "--dest-tls-verify=false", layout, f"docker://{name}")
    return Subject(title, name, layers, archive)


def path_without_pigz(folder: Path) -> str:
    """Return a ``PATH`` with all programs of this machine but those that engines unpack with."""
    (links := folder / "programs").mkdir()
    for place in ("/usr/bin", "/usr/sbin"):
        for program in sorted(Path(place).iterdir()):
            if (
                program.name not in ("pigz", "unpigz", "igzip")
                and not (links / program.name).exists()
            ):
                (links / program.name).symlink_to(program)
    find_program("unpigz")  # Else the other measurement would not be what it says.
    return str(links)


def megabytes(count: int) -> str:
    """Return a number of bytes as it is printed."""
    return f"{count / 1e6:,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
