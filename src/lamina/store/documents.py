"""Small JSON documents that are remembered by name, and can all be made again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from lamina.store.scratch import translated

Document = dict[str, object]


class Documents:
    """Documents of one kind, a file each. Names are digests in hex: short, and safe in a path."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, name: str) -> Document | None:
        """Return a document, or None where there is none or it cannot be read."""
        try:
            document = json.loads((self._root / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def put(self, name: str, document: Mapping[str, object]) -> None:
        """Keep a document; a reader sees the whole of it, or the one before."""
        path = self._root / f"{name}.json"
        with translated(path):
            self._root.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._root, prefix=".")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(document, file, sort_keys=True, separators=(",", ":"))
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def remove(self, name: str) -> None:
        """Forget a document, if it is there."""
        path = self._root / f"{name}.json"
        with translated(path):
            path.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._root.glob("[!.]*.json")):
            yield path.stem
