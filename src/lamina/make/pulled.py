"""A layer of a base in a registry: told of where its bytes are read, and kept where it must be."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.observer import Download, Observer, Traffic
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID
from lamina.registry.client import Repository
from lamina.registry.download import stream
from lamina.registry.layer import replaceable
from lamina.reuse.told import Told
from lamina.store.keeper import Keeper


@dataclass(frozen=True, slots=True)
class PulledLayer:
    """A layer whose bytes come when they are wanted; who pushes it can have it mounted instead.

    With a keeper they come once, and lie in the store from then on; without, they touch no disk.
    """

    descriptor: Descriptor
    diff_id: DiffID
    repository: Repository = field(repr=False)
    observer: Observer = field(repr=False)
    keeper: Keeper | None = field(default=None, repr=False)
    is_told: bool = False
    """Whether an earlier image says that it lies there: then it may be had elsewhere, too."""

    def open(self) -> BinaryIO:
        """See `Layer.open`; the bytes are checked on the way."""
        if self.keeper is None:
            return self._stream()
        return self.keeper.open(self.descriptor.digest, self._stream)

    def _stream(self) -> BinaryIO:
        hex_ = self.descriptor.digest.hex
        name = f"layer {hex_[:12]} of the base"
        return stream(self._pieces(Download(name, Traffic.BASE, self.descriptor.size)))

    def _pieces(self, download: Download) -> Generator[bytes]:
        self.observer.downloading(download)
        told = self.repository.counting(Told(self.observer, download))
        with replaceable(self.descriptor, self.repository) if self.is_told else nullcontext():
            yield from told.read_blob(self.descriptor)
        self.observer.downloaded(download)
