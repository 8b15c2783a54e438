"""An OCI image layout on disk as a destination (image-spec, image-layout.md)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lamina.destinations.base import DestinationError, HasPath, blob_of, translated
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, encode, parse_document
from lamina.oci.images import Images
from lamina.oci.index import Index
from lamina.oci.layer import Layer
from lamina.oci.location import UNFINISHED
from lamina.oci.reference import DEFAULT_TAG, Reference

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that holds a tag in an image layout (image-spec, annotations.md)."""

LAYOUT = encode({"imageLayoutVersion": "1.0.0"})
"""What the file ``oci-layout`` holds."""


_BEGUN = frozenset({"blobs", "oci-layout"})
"""What a build that is killed may leave of a new layout."""


class ImageLayout:
    """One tag of a layout; what else the layout holds is kept.

    Blobs are gathered in a folder of our own beside the layout's, and moved when all are there; the
    index is replaced last. So an interrupted build changes nothing, and builds that write to one
    layout at once do not disturb each other. A blob that is a file on this file system is linked,
    and then not read; one that the layout has with the same size is believed.
    """

    def __init__(self, directory: Path, *, tag: str = "") -> None:
        self._directory = directory
        self._tag = tag or DEFAULT_TAG
        self._staged: set[Digest] = set()
        self._staging: Path | None = None
        self._made: list[Path] = []
        _check(directory)

    def take(self, layer: Layer) -> None:
        """See `Destination.take`."""
        descriptor = layer.descriptor
        if descriptor.digest in self._staged:
            return
        with translated(self._directory):
            if not _has(self._final(descriptor.digest), descriptor.size):
                target = self._stage() / str(descriptor.digest)
                if not (isinstance(layer, HasPath) and _link(layer.path, target, descriptor.size)):
                    _write(target, blob_of(layer))
        self._staged.add(descriptor.digest)

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`; ``names`` are not used, since a layout has tags alone."""
        for layer in images.layers:
            self.take(layer)
        with translated(self._directory):
            staging = self._stage()
            documents = {described.digest: data for described, data in images.documents}
            for digest, data in {**images.configs, **documents}.items():
                _write(staging / str(digest), [data])
            with _locked(self._directory):
                self._move(staging)
                self._enter(images.descriptor, staging)
        self._made = []
        self.abort()
        return images.descriptor

    def abort(self) -> None:
        """See `Destination.abort`."""
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)
            self._staging = None
        self._staged.clear()
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):  # Somebody else has put something there.
                folder.rmdir()
        self._made = []

    def _final(self, digest: Digest) -> Path:
        return self._directory / "blobs" / digest.algorithm / digest.hex

    def _stage(self) -> Path:
        """Return our own folder, on the file system of the layout."""
        if self._staging is None:
            for folder in (*reversed(self._directory.parents), self._directory):
                if not folder.exists():
                    folder.mkdir(exist_ok=True)
                    self._made.append(folder)
            self._staging = self._directory / f"{UNFINISHED}{secrets.token_hex(8)}"
            self._staging.mkdir()
        return self._staging

    def _move(self, staging: Path) -> None:
        for path in sorted(staging.iterdir()):
            final = self._final(Digest.parse(path.name))
            final.parent.mkdir(parents=True, exist_ok=True)
            path.replace(final)

    def _enter(self, descriptor: Descriptor, staging: Path) -> None:
        """Replace the index by one that has our tag; the marker of a layout comes before it."""
        marker, index = self._directory / "oci-layout", self._directory / "index.json"
        if index.exists():
            document = _entered(index.read_bytes(), index, descriptor, self._tag)
        else:
            document = layout_index(descriptor, self._tag)
        if not marker.exists():
            _write(staging / marker.name, [LAYOUT])
            (staging / marker.name).replace(marker)
        _write(staging / index.name, [document])
        (staging / index.name).replace(index)


def layout_index(descriptor: Descriptor, tag: str) -> bytes:
    """Return the index of a layout that holds nothing else than what is described."""
    return Index((replace(descriptor, annotations={REF_NAME: tag}),)).encode()


def _entered(data: bytes, path: Path, descriptor: Descriptor, tag: str) -> bytes:
    """Return the index with one entry more; those of other tags stay as they are."""
    document = parse_document(data, f"`{path}`")
    kept = [
        dict(entry.values)
        for entry in document.objects("manifests")
        if entry.object("annotations").values.get(REF_NAME) != tag
    ]
    tagged = replace(descriptor, annotations={REF_NAME: tag}).to_json()
    return encode({**document.values, "manifests": [*kept, tagged]})


def _check(directory: Path) -> None:
    """Refuse a folder that holds anything but a layout, before anything is made for it."""
    with translated(directory):
        if not directory.exists() and not directory.is_symlink():
            return
        if not directory.is_dir():
            raise DestinationError(f"Unable to write a layout to `{directory}`: not a folder")
        names = {path.name for path in directory.iterdir() if not path.name.startswith(UNFINISHED)}
        if names <= _BEGUN:
            return
        if not {"oci-layout", "index.json"} <= names:
            raise DestinationError(
                f"Unable to write a layout to `{directory}`: it holds something else",
                hint="Choose a new or an empty folder",
            )
        index = directory / "index.json"
        with index.open("rb") as file:
            Index.parse(file.read(SIZE_LIMIT + 1), f"`{index}`")


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _link(source: Path, target: Path, size: int) -> bool:
    """Link a blob, and say whether the file system allows it; one of another size is not linked."""
    try:
        source = source.resolve(strict=True)
        if source.stat().st_size != size:
            return False
        os.link(source, target)
    except OSError:
        return False
    return True


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a new file; what is there if that fails does not stay."""
    try:
        with path.open("xb") as file:
            file.writelines(pieces)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the layout, so that no other build of ours loses what this one enters."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # Some network file systems have no locks.
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
