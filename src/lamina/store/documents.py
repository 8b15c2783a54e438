"""Small JSON documents that are remembered by name, and can all be made again."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from lamina.oci.document import encode
from lamina.store.scratch import translated

Document = dict[str, object]


class Documents:
    """Documents of one kind, a file each. Names are digests in hex: short, and safe in a path.

    The date of a document's file says when it was last used.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, name: str) -> Document | None:
        """Return a document, or None where there is none or it cannot be read."""
        document = self.peek(name)
        if document is not None:
            with suppress(OSError):  # A store that cannot be written can still be used.
                os.utime(self.path(name))
        return document

    def peek(self, name: str) -> Document | None:
        """Return a document as `get` does, but not as one that is used."""
        try:
            document = json.loads(self.path(name).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def put(self, name: str, document: Mapping[str, object]) -> None:
        """Keep a document; a reader sees the whole of it, or the one before."""
        temporary = self.root / f".{secrets.token_hex(8)}"
        with translated(self.path(name)):
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:
                    file.write(encode(document))
                temporary.replace(self.path(name))
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def path(self, name: str) -> Path:
        """Return the file of a document, whether there is one or not."""
        return self.root / f"{name}.json"

    def remove(self, name: str) -> None:
        """Forget a document, if it is there."""
        with translated(self.path(name)):
            self.path(name).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self.root.glob("[!.]*.json")):
            yield path.stem
