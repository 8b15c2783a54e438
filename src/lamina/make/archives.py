"""Archives on their way to the disk: what the lock does not say of them, and their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lamina.errors import LaminaError
from lamina.fetch.download import (
    Fetched,
    Hashes,
    OnBytes,
    Refused,
    Remote,
    download,
    remote_size,
)
from lamina.lock.model import Archive
from lamina.observer import Download, Observer, Traffic
from lamina.oci.digest import Digest
from lamina.plan.layering import ALONE_FROM
from lamina.store.scratch import Scratch, StoreUnusable
from lamina.store.store import Store
from lamina.transport.protocol import Transport

_CHUNK = 1 << 20


class MissingArchive(LaminaError):
    """A file that the lock has in a folder, and that is not there."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Unable to read `{path}`: {error.strerror}",
            hint="The lockfile names it by its path; put it there, or run `uv lock`",
        )


@dataclass(frozen=True, slots=True)
class Archives:
    """Where wheels and sdists come from: the store, the project's folders, the network."""

    store: Store
    scratch: Scratch
    transport: Transport
    folder: Path
    """Of the lockfile, which local paths are relative to."""
    observer: Observer
    """Is told of what is downloaded to know its hash or its size."""
    told_size: Callable[[str], int | None] = lambda hash_: None
    """Gives the size of an archive by its hash, where an earlier image tells it."""

    def measure(self, archive: Archive) -> tuple[str, int]:
        """Return the hash and the size of an archive, as locked, or asked of whoever has it."""
        if archive.path is not None:
            return self._measure_local(archive)
        if archive.hash is None:
            fetched = self._keep(archive)
            return f"sha256:{fetched.sha256}", fetched.size
        size = archive.size if archive.size is not None else self._remote_size(archive)
        return archive.hash, size

    def hash(self, archive: Archive) -> str:
        """Return the hash of an archive, as locked; what has none must be read for it."""
        return archive.hash or self.measure(archive)[0]

    def kept(self, archive: Archive, hash_: str) -> Path | None:
        """Return a file that need not be downloaded, its hash checked.

        One of the store that is damaged must be downloaded again; one of a folder is an error.
        """
        if archive.path is not None:
            path = self.folder / archive.path
            hashes = _read_local(path, archive.filename, hash_)
            hashes.check(archive.size)
            if archive.hash is not None and archive.size is None:
                self._remember_size(archive, hashes.size)
            return path
        algorithm, _, hex_ = hash_.partition(":")
        if algorithm != "sha256":
            return None
        digest = Digest(algorithm, hex_)
        here = self.store.blobs.path(digest)
        if here is None or _size(here) < ALONE_FROM:
            return self.store.blobs.kept(digest)
        return self.store.blobs.borrow(digest, self.scratch.new())

    def has(self, archive: Archive, hash_: str) -> bool:
        """Say whether a file lies on this machine, without reading it; `kept` may still say no."""
        if archive.path is not None:
            return True
        algorithm, _, hex_ = hash_.partition(":")
        return algorithm == "sha256" and self.store.blobs.path(Digest(algorithm, hex_)) is not None

    def fetch(
        self, archive: Archive, hash_: str, on_bytes: OnBytes, *, is_kept: bool = False
    ) -> Path:
        """Download a file and verify it.

        Small ones are kept, since their group may change; a large one if ``is_kept``.
        """
        fetched = self._download(archive, hash_, on_bytes)
        digest = Digest("sha256", fetched.sha256)
        if fetched.size < ALONE_FROM:
            return self.store.blobs.adopt(fetched.path, digest)
        return self.store.blobs.share(fetched.path, digest) if is_kept else fetched.path

    def release(self, archive: Archive, hash_: str, size: int) -> None:
        """Keep a large file no longer: what was made of it has its bytes.

        Who uses it meanwhile has a name of his own for it.
        """
        algorithm, _, hex_ = hash_.partition(":")
        if archive.path is None and algorithm == "sha256" and size >= ALONE_FROM:
            self.store.blobs.remove(Digest(algorithm, hex_))

    def _keep(self, archive: Archive) -> Fetched:
        told = Download(archive.filename, Traffic.DEPENDENCY, archive.size)
        self.observer.downloading(told)
        fetched = self._download(archive, archive.hash, partial(self.observer.received, told))
        self.observer.downloaded(told)
        path = self.store.blobs.adopt(fetched.path, Digest("sha256", fetched.sha256))
        return Fetched(path, fetched.sha256, fetched.size)

    def _download(self, archive: Archive, hash_: str | None, on_bytes: OnBytes) -> Fetched:
        assert archive.url is not None, "an archive has a path or a URL"
        path = self.scratch.new()
        try:
            return download(
                Remote(archive.url, hash_, archive.size), path, self.transport, on_bytes
            )
        except OSError as error:
            raise StoreUnusable(path, error) from error

    def _remote_size(self, archive: Archive) -> int:
        """Ask the server once, and remember: the size is a fact of the hash."""
        assert archive.url is not None, "an archive has a path or a URL"
        known = self._known_size(archive)
        if known is not None:
            return known
        try:
            size = remote_size(Remote(archive.url, archive.hash), self.transport)
        except Refused:
            size = None
        return self._remember_size(archive, self._keep(archive).size if size is None else size)

    def _measure_local(self, archive: Archive) -> tuple[str, int]:
        """Measure a file, which is read only if the lock does not say its hash.

        What is not made again is not read: the file may even be gone.
        """
        assert archive.path is not None, "an archive has a path or a URL"
        path = self.folder / archive.path
        if archive.hash is None:
            hashes = _read_local(path, archive.filename, None)
            return f"sha256:{hashes.check(archive.size)}", hashes.size
        size = archive.size if archive.size is not None else self._known_size(archive)
        if size is None:
            try:
                size = path.stat().st_size
            except OSError as error:
                raise MissingArchive(path, error) from error
        return archive.hash, size

    def _known_size(self, archive: Archive) -> int | None:
        known = (self.store.facts.get(_size_name(archive)) or {}).get("size")
        if isinstance(known, int) and known > 0:
            return known
        return self.told_size(archive.hash) if archive.hash is not None else None

    def _remember_size(self, archive: Archive, size: int) -> int:
        self.store.facts.put(_size_name(archive), {"size": size})
        return size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _size_name(archive: Archive) -> str:
    return hashlib.sha256(f"size {archive.hash}".encode()).hexdigest()


def _read_local(path: Path, name: str, expected: str | None) -> Hashes:
    hashes = Hashes(name, expected)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashes.update(chunk)
    except OSError as error:
        raise MissingArchive(path, error) from error
    return hashes
