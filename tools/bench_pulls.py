"""What engines pull that hold the image before: seconds, and bytes by the registry's own log."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_seed import Bench, amount
from engines import (
    Unavailable,
    containerd_store,
    docker_engine,
    podman_storage,
)
from lamina.bases.base import FileLayer
from lamina.bases.layout import read_layout
from lamina.destinations.base import closing
from lamina.destinations.choose import destination_at
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import assemble
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.location import Location
from registry_log import Log

Pull = Callable[[str], object]
Tell = Callable[[str, str, str, str, str], None]
"""Takes what was measured, our figure, Docker's, the bar, and a note."""

_BAR = "the project's layer, the config"


@dataclass(frozen=True)
class Pushed:
    """An image in the registry."""

    title: str
    name: str
    layers: Sequence[dict[str, Any]]
    """As the report of its build has them."""


def measure_pulls(images: Sequence[Pushed], log: Log, tell: Tell) -> None:
    """Let each engine pull the images; the first of them is the one that all others follow."""
    started: dict[str, Callable[[], AbstractContextManager[Pull]]] = {
        "docker pull": _docker,
        "podman pull": _podman,
        "ctr images pull": _containerd,
    }
    for title, start in started.items():
        try:
            with start() as pull:
                measure_engine(title, images, pull, log, tell)
        except Unavailable as error:
            tell(title, "", "", "", str(error).partition("\n")[0])


def measure_engine(
    title: str,
    images: Sequence[Pushed],
    pull: Pull,
    log: Log,
    tell: Tell,
) -> None:
    """Pull all images in turn."""
    kinds = {layer["digest"]: layer["kind"] for image in images for layer in image.layers}
    for index, image in enumerate(images):
        os.sync()
        log.take()
        started = time.monotonic()
        pull(image.name)
        seconds = time.monotonic() - started
        blobs = log.take().blobs
        found = Counter(kinds.get(digest, "config") for digest in blobs)
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))
        note = f"{amount(sum(blobs.values()))}: {what or 'nothing'}"
        bar = _BAR if index == 1 else ""
        tell(f"{title}, {image.title}", f"{seconds:.1f} s", "", bar, note)


@contextmanager
def _docker() -> Iterator[Pull]:
    with docker_engine() as engine:
        yield lambda name: engine("pull", "--quiet", name)


@contextmanager
def _podman() -> Iterator[Pull]:
    with podman_storage() as podman:
        yield lambda name: podman("pull", "--quiet", "--tls-verify=false", name)


@contextmanager
def _containerd() -> Iterator[Pull]:
    with containerd_store() as ctr:
        yield lambda name: ctr("images", "pull", "--plain-http", name)


def other_base(bench: Bench) -> str:
    """Return another base, as ``DIR:TAG``: the same, but for one file more in its lowest layer."""
    base = read_layout(Location.parse(f"oci:{bench.base}"), Platform("linux", "amd64"))
    changed = with_one_more(base.layers[0], bench.folder)
    image = assemble(base.config, [changed, *base.layers[1:]])
    layout = f"{bench.folder / 'other-base'}:1"
    with closing(destination_at(Location.parse(f"oci:{layout}"))) as destination:
        destination.write(Images.of(image), names=())
    return layout


def with_one_more(layer: Layer, folder: Path) -> Layer:
    """Return a layer with a file more than another has."""
    tar, blob = folder / "base.tar", folder / "base.tar.gz"
    with layer.open() as compressed, gzip.open(compressed) as content, tar.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    with tarfile.open(tar, "a") as archive:
        archive.addfile(tarfile.TarInfo("etc/changed"))
    with tar.open("rb") as content, gzip.open(blob, "wb", compresslevel=1) as packed:
        shutil.copyfileobj(content, packed, 1 << 20)
    diff_id = DiffID(digest_of(tar))
    tar.unlink()
    return FileLayer(
        Descriptor(mediatype.LAYER_GZIP, digest_of(blob), blob.stat().st_size), diff_id, blob
    )


def digest_of(path: Path) -> Digest:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return Digest("sha256", hashlib.file_digest(file, "sha256").hexdigest())
