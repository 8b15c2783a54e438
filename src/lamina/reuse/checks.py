"""Whether blobs are where manifests say that they are: asked once for each, many at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.registry.client import Repository
from lamina.registry.errors import RegistryError

_QUESTIONS = 48
"""At a time, each of a few bytes: all layers of an image are looked for in two rounds."""


class BlobChecks:
    """Which blobs a repository has, asked once for each, many at a time."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, Digest], Future[int | None]] = {}

    def ask(self, repository: Repository, descriptor: Descriptor) -> Future[int | None]:
        """Begin to ask for a blob's size, unless that was asked before."""
        name = (repository.shown, descriptor.digest)
        with self._lock:
            if name not in self._asked:
                self._asked[name] = self._pool.submit(repository.has_blob, descriptor.digest)
            return self._asked[name]

    def problem(self, repository: Repository, descriptor: Descriptor) -> str | None:
        """Wait, and say what is wrong with a blob; None, where it is there as described."""
        try:
            size = self.ask(repository, descriptor).result()
        except RegistryError as error:
            return str(error)
        if size is None:
            return f"blob {descriptor.digest} is gone from `{repository.shown}`"
        if size != descriptor.size:
            return (
                f"blob {descriptor.digest} in `{repository.shown}` has {size} bytes, "
                f"not {descriptor.size}"
            )
        return None


@contextmanager
def asking() -> Iterator[BlobChecks]:
    """Give checks; at the end, nobody waits for an answer any more."""
    pool = ThreadPoolExecutor(_QUESTIONS, "ask")
    try:
        yield BlobChecks(pool)
    finally:
        pool.shutdown(cancel_futures=True)
