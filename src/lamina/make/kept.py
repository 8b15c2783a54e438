"""Files that are fetched once, and kept in the store by their SHA-256."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from lamina.errors import LaminaError
from lamina.fetch.download import Hashes, Refused, Remote, download
from lamina.observer import Download, Observer, Traffic
from lamina.oci.digest import Digest
from lamina.store.scratch import Scratch, translated
from lamina.store.store import Store
from lamina.transport.protocol import Request, Transport
from lamina.urls import redacted

_CHUNK = 1 << 18
_SMALL = 1 << 24


class MissingFile(LaminaError):
    """A file of this machine that cannot be read."""

    def __init__(self, url: str, error: OSError) -> None:
        super().__init__(f"Unable to read `{redacted(url)}`: {error.strerror}")


class TooLarge(LaminaError):
    """A document that is far larger than any of its kind."""

    def __init__(self, url: str) -> None:
        super().__init__(f"Unable to read `{redacted(url)}`: it has more than {_SMALL} bytes")


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """Fetches what is not kept yet; for bases and for build backends."""

    store: Store
    scratch: Scratch
    transport: Transport
    observer: Observer
    traffic: Traffic

    def fetch(self, url: str, *, sha256: str, size: int | None, name: str) -> Path:
        """Return a file of that SHA-256 and size; see `lamina.mirrors.fetching.Fetch`."""
        digest = Digest("sha256", sha256)
        kept = self.store.blobs.kept(digest)
        if kept is not None:
            return kept
        path = self.scratch.new()
        if urlsplit(url).scheme == "file":
            self._copy(url, path, Hashes(name, f"sha256:{sha256}"), size)
        else:
            self._download(Remote(url, f"sha256:{sha256}", size), path, name)
        return self.store.blobs.adopt(path, digest)

    def read(self, url: str) -> bytes | None:
        """Return a small document as it is now; None if the server has none there."""
        with self.transport.send(Request("GET", url)) as response:
            if response.status in (404, 410):
                return None
            if response.status != 200:
                raise Refused(url, response.status)
            data = bytearray()
            for piece in response.chunks(_CHUNK):
                data += piece
                if len(data) > _SMALL:
                    raise TooLarge(url)
            download = Download(Remote(url).name, self.traffic, len(data))
            self.observer.received(download, len(data))
            return bytes(data)

    def _download(self, remote: Remote, path: Path, name: str) -> None:
        told = Download(name, self.traffic, remote.size)
        self.observer.downloading(told)
        with translated(path):
            download(remote, path, self.transport, partial(self.observer.received, told))
        self.observer.downloaded(told)

    def _copy(self, url: str, path: Path, hashes: Hashes, size: int | None) -> None:
        with _open(url) as source, translated(path), path.open("wb") as copy:
            while piece := source.read(_CHUNK):
                hashes.update(piece)
                copy.write(piece)
        hashes.check(size)


def _open(url: str) -> BinaryIO:
    try:
        return Path(unquote(urlsplit(url).path)).open("rb")
    except OSError as error:
        raise MissingFile(url, error) from error


@dataclass(frozen=True, slots=True)
class BackendStore:
    """What build backends need, kept; see `lamina.project.requirements.BuildStore`."""

    store: Store
    files: KeptFiles

    def find_resolution(self, key: str) -> Mapping[str, object] | None:
        """See `BuildStore.find_resolution`."""
        return self.store.facts.get(key)

    def keep_resolution(self, key: str, document: Mapping[str, object]) -> None:
        """See `BuildStore.keep_resolution`."""
        self.store.facts.put(key, document)

    def wheel(self, url: str, sha256: str, filename: str) -> Path:
        """See `BuildStore.wheel`."""
        return self.files.fetch(url, sha256=sha256, size=None, name=filename)
