"""Wheels on their way to the disk: what the lock does not say of them, and their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
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
from lamina.lock.model import Wheel
from lamina.oci.digest import Digest
from lamina.plan.layering import ALONE_FROM
from lamina.plan.plan import PlannedWheel
from lamina.store.scratch import Scratch, StoreUnusable
from lamina.store.store import Store
from lamina.transport.protocol import Transport

_CHUNK = 1 << 20


class MissingWheel(LaminaError):
    """A wheel that the lock has in a folder, and that is not there."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Unable to read wheel `{path}`: {error.strerror}",
            hint="The lockfile names it by its path; put it there, or run `uv lock`",
        )


@dataclass(frozen=True, slots=True)
class Wheels:
    """Where wheels come from: the store, the project's folders, the network."""

    store: Store
    scratch: Scratch
    transport: Transport
    folder: Path
    """Of the lockfile, which local paths are relative to."""
    told_size: Callable[[str], int | None] = lambda hash_: None
    """Gives the size of a wheel by its hash, where an earlier image tells it."""

    def measure(self, wheel: Wheel) -> tuple[str, int]:
        """Return the hash and the size of a wheel, as locked, or asked of whoever has it."""
        if wheel.path is not None:
            return self._measure_local(wheel)
        if wheel.hash is None:
            fetched = self._keep(wheel)
            return f"sha256:{fetched.sha256}", fetched.size
        size = wheel.size if wheel.size is not None else self._remote_size(wheel)
        return wheel.hash, size

    def kept(self, wheel: PlannedWheel) -> Path | None:
        """Return the file of a wheel that need not be downloaded, its hash checked.

        One of the store that is damaged must be downloaded again; one of a folder is an error.
        """
        if wheel.wheel.path is not None:
            path = self.folder / wheel.wheel.path
            hashes = _read_local(path, wheel.wheel.filename, wheel.hash)
            hashes.check(wheel.wheel.size)
            if wheel.wheel.hash is not None and wheel.wheel.size is None:
                self._remember_size(wheel.wheel, hashes.size)
            return path
        algorithm, _, hex_ = wheel.hash.partition(":")
        if algorithm != "sha256":
            return None
        return self.store.blobs.kept(Digest(algorithm, hex_))

    def has(self, wheel: PlannedWheel) -> bool:
        """Say whether a wheel lies on this machine, without reading it; `kept` may still say no."""
        if wheel.wheel.path is not None:
            return True
        algorithm, _, hex_ = wheel.hash.partition(":")
        return algorithm == "sha256" and self.store.blobs.path(Digest(algorithm, hex_)) is not None

    def fetch(self, wheel: PlannedWheel, on_bytes: OnBytes) -> Path:
        """Download a wheel and verify it; small ones are kept, since their group may change."""
        fetched = self._download(wheel.wheel, wheel.hash, on_bytes)
        if fetched.size >= ALONE_FROM:
            return fetched.path
        return self.store.blobs.adopt(fetched.path, Digest("sha256", fetched.sha256))

    def _keep(self, wheel: Wheel) -> Fetched:
        fetched = self._download(wheel, wheel.hash, lambda count: None)
        path = self.store.blobs.adopt(fetched.path, Digest("sha256", fetched.sha256))
        return Fetched(path, fetched.sha256, fetched.size)

    def _download(self, wheel: Wheel, hash_: str | None, on_bytes: OnBytes) -> Fetched:
        assert wheel.url is not None, "a wheel has a path or a URL"
        path = self.scratch.new(".whl")
        try:
            return download(Remote(wheel.url, hash_, wheel.size), path, self.transport, on_bytes)
        except OSError as error:
            raise StoreUnusable(path, error) from error

    def _remote_size(self, wheel: Wheel) -> int:
        """Ask the server once, and remember: the size is a fact of the hash."""
        assert wheel.url is not None, "a wheel has a path or a URL"
        known = self._known_size(wheel)
        if known is not None:
            return known
        try:
            size = remote_size(Remote(wheel.url, wheel.hash), self.transport)
        except Refused:
            size = None
        return self._remember_size(wheel, self._keep(wheel).size if size is None else size)

    def _measure_local(self, wheel: Wheel) -> tuple[str, int]:
        """Measure a file, which is read only if the lock does not say its hash.

        What is not made again is not read: the file may even be gone.
        """
        assert wheel.path is not None, "a wheel has a path or a URL"
        path = self.folder / wheel.path
        if wheel.hash is None:
            hashes = _read_local(path, wheel.filename, None)
            return f"sha256:{hashes.check(wheel.size)}", hashes.size
        size = wheel.size if wheel.size is not None else self._known_size(wheel)
        if size is None:
            try:
                size = path.stat().st_size
            except OSError as error:
                raise MissingWheel(path, error) from error
        return wheel.hash, size

    def _known_size(self, wheel: Wheel) -> int | None:
        known = (self.store.facts.get(_size_name(wheel)) or {}).get("size")
        if isinstance(known, int) and known > 0:
            return known
        return self.told_size(wheel.hash) if wheel.hash is not None else None

    def _remember_size(self, wheel: Wheel, size: int) -> int:
        self.store.facts.put(_size_name(wheel), {"size": size})
        return size


def _size_name(wheel: Wheel) -> str:
    return hashlib.sha256(f"size {wheel.hash}".encode()).hexdigest()


def _read_local(path: Path, name: str, expected: str | None) -> Hashes:
    hashes = Hashes(name, expected)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashes.update(chunk)
    except OSError as error:
        raise MissingWheel(path, error) from error
    return hashes
