"""Files that are fetched once, and kept in the store by their SHA-256."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lamina.fetch.download import Hashes, Refused, Remote, download
from lamina.observer import Download, Observer, Traffic
from lamina.oci.digest import Digest
from lamina.store.scratch import Scratch, translated
from lamina.store.store import Store
from lamina.transport import Request, Transport

_CHUNK = 1 << 18
_SMALL = 1 << 24


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """Fetches what is not kept yet; for bases and for build backends."""

    store: Store
    scratch: Scratch
    transport: Transport
    observer: Observer
    traffic: Traffic

    def fetch(self, url: str, *, sha256: str, size: int | None, name: str) -> Path:
        """Return a file of that SHA-256 and size; see `lamina.bases.debian.resolve.Fetch`."""
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
                    raise Refused(url, response.status)
            download = Download(Remote(url).name, self.traffic, len(data))
            self.observer.received(download, len(data))
            return bytes(data)

    def _download(self, remote: Remote, path: Path, name: str) -> None:
        told = Download(name, self.traffic, remote.size)
        self.observer.downloading(told)
        download(remote, path, self.transport, lambda count: self.observer.received(told, count))
        self.observer.downloaded(told)

    def _copy(self, url: str, path: Path, hashes: Hashes, size: int | None) -> None:
        source = Path(unquote(urlsplit(url).path))
        with translated(path):
            shutil.copyfile(source, path)
            with path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    hashes.update(piece)
        hashes.check(size)


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
