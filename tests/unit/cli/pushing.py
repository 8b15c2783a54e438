"""Projects that are built and pushed to registries in memory, each time from an empty store."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from builders import Item
from fakes.registry import FakeRegistry
from images import Member, MemoryLayer, folder, link, make_image, make_layer
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.images import Images
from projects import LockedProject
from unit.cli.program import Ended, Program

BASE_NAME = "library/python"
"""The repository of a base image."""

LARGE = 300 << 10
"""Of a wheel that has a layer of its own, in bytes."""

GLIBC = b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"
SYSTEM = [
    link("lib", "usr/lib"),
    Member("usr/lib/x86_64-linux-gnu/libc.so.6", data=GLIBC),
    folder("opt"),
]
REUSED = ["registry", "registry", "registry", "registry", "made"]
"""Skeleton, the large wheel, two groups of small ones, and the files of the project."""


def python_layer(version: str = "3.12.4", more: bytes = b"") -> MemoryLayer:
    """Return a layer with an interpreter, as far as anything can be seen of it."""
    minor = version.rpartition(".")[0]
    define = f'#define PY_VERSION "{version}"\n'.encode()
    return make_layer(
        Member(f"usr/local/bin/python{minor}", data=b"\0/lib64/ld-linux-x86-64.so.2\0" + more),
        link("usr/local/bin/python3", f"python{minor}"),
        Member(f"usr/local/include/python{minor}/patchlevel.h", data=define),
    )


def base_image(
    *above: MemoryLayer, architecture: str = "amd64", media_type: str = mediatype.LAYER_GZIP
) -> Image:
    """Return an image to build upon."""
    config = ImageConfig(architecture, env={"PATH": "/usr/local/bin:/usr/bin", "LANG": "C.UTF-8"})
    layers = (make_layer(*SYSTEM, media_type=media_type), *(above or (python_layer(),)))
    return make_image(*layers, config=config)


def put(server: FakeRegistry, name: str, tag: str, *images: Image) -> Digest:
    """Put images into a registry under a tag, as somebody else would; return the digest."""
    both = Images.of(*images)
    for image in images:
        server.add_blob(name, image.raw_config)
        for layer in image.layers:
            with layer.open() as blob:
                server.add_blob(name, blob.read())
    for described, data in both.documents:
        digest = str(described.digest)
        server.contents(name).manifests[digest] = (described.media_type, data)
    server.contents(name).tags[tag] = str(both.descriptor.digest)
    return both.descriptor.digest


@dataclass
class Pushing:
    """A project, and the program that pushes it."""

    locked: LockedProject
    program: Program
    server: FakeRegistry
    name: str = "team/app"
    base: str = "scratch"
    stores: Iterable[int] = field(default_factory=itertools.count)

    def with_wheels(self) -> Pushing:
        """Lock a large wheel, and two small ones."""
        self.locked.wheel("large", Item("large.bin", bytes(LARGE), method=0))
        self.locked.wheel("one", Item("one.py", b"ONE = 1\n"))
        self.locked.wheel("two", Item("two.py", b"TWO = 2\n"))
        self.locked.write()
        (self.locked.folder / "main.py").write_text("VERSION = 1\n")
        return self

    def bump(self, text: str = "VERSION = 2\n") -> None:
        """Change the project alone."""
        (self.locked.folder / "main.py").write_text(text)

    def lose_wheels(self) -> None:
        """Delete the files of all wheels, so that nothing can be made of them."""
        for path in self.locked.folder.glob("*.whl"):
            path.unlink()

    def run(self, tag: str, *args: str, name: str = "") -> Ended:
        """Build and push from an empty store."""
        store = f"store{next(iter(self.stores))}"
        reference = f"{self.server.host}/{name or self.name}:{tag}"
        self.server.asked.clear()
        command = ("build", "project", "--store", store, "--base", self.base, "--json")
        return self.program(*command, "-t", reference, "--push", *args)

    def push(self, tag: str, *args: str, name: str = "") -> Any:
        """Build and push, which must end well; return the report."""
        ended = self.run(tag, *args, name=name)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def manifest(self, tag: str, name: str = "") -> dict[str, Any]:
        """Return what a tag leads to."""
        contents = self.server.contents(name or self.name)
        document = json.loads(contents.manifests[contents.tags[tag]][1])
        assert isinstance(document, dict)
        return document

    def config(self, tag: str) -> dict[str, Any]:
        """Return the config of the image of a tag."""
        digest = self.manifest(tag)["config"]["digest"]
        document = json.loads(self.server.contents(self.name).blobs[digest])
        assert isinstance(document, dict)
        return document

    def replace_manifest(self, tag: str, document: Any) -> None:
        """Let a tag lead to another manifest."""
        data = json.dumps(document).encode()
        contents, digest = self.server.contents(self.name), str(Digest.of(data))
        contents.manifests[digest] = (document.get("mediaType", ""), data)
        contents.tags[tag] = digest


def origins(report: Any, platform: int = 0) -> list[str]:
    """Return where each layer came from, lowest first."""
    return [layer["origin"] for layer in report["platforms"][platform]["layers"]]


def digests(report: Any, platform: int = 0) -> list[str]:
    """Return the digests of the layers, lowest first."""
    return [layer["digest"] for layer in report["platforms"][platform]["layers"]]


def blobs_read(server: FakeRegistry) -> list[str]:
    """Return which blobs a registry was asked for."""
    return [str(each) for each in server.asked if each.method == "GET" and "/blobs/" in each.target]
