"""Files of mirrors, kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lamina.fetch.download import HashMismatch, Refused, SizeMismatch
from lamina.make.kept import KeptFiles
from lamina.mirrors.fetching import DamagedDownload, Gone

_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class MirrorFiles:
    """Fetches of mirrors what is not kept yet; see `lamina.mirrors.fetching.Fetch`."""

    files: KeptFiles

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        """See `Fetch.fetch`."""
        try:
            return self.files.fetch(url, sha256=sha256, size=size, name=name)
        except HashMismatch as error:
            raise DamagedDownload(name, error.expected, error.got) from error
        except SizeMismatch as error:
            raise DamagedDownload(name, error.expected, error.got, what="Size") from error
        except Refused as error:
            if error.status in _GONE:
                raise Gone(name) from error
            raise

    def read(self, url: str) -> bytes | None:
        """See `Fetch.read`."""
        return self.files.read(url)
