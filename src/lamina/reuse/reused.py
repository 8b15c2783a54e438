"""A layer that lies in a registry, and is taken as it is."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.archive.blob import Extent
from lamina.observer import Download, Observer, Traffic
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID
from lamina.plan.contents import Contents
from lamina.plan.key import LayerKey
from lamina.registry.client import Repository
from lamina.registry.download import stream
from lamina.registry.layer import replaceable
from lamina.reuse.told import Told
from lamina.store.keeper import Keeper


@dataclass(frozen=True, slots=True)
class ReusedLayer:
    """A layer that lies in a registry and is taken as it is: see `OurLayer`."""

    key: LayerKey
    descriptor: Descriptor
    diff_id: DiffID
    contents: Contents
    repository: Repository = field(repr=False)
    observer: Observer = field(repr=False)
    keeper: Keeper | None = field(default=None, repr=False)
    """What keeps the blob, if it is read on this machine: by an image on disk, or an engine."""
    is_believed: bool = True
    """See `Former.is_believed`."""

    def open(self) -> BinaryIO:
        """See `Layer.open`; checked on the way. Raises `DamagedBlob`, also later, if it is gone.

        For whoever made it once can make it again.
        """
        if self.keeper is None:
            return self._stream()
        return self.keeper.open(self.descriptor.digest, self._stream)

    def read(self, extent: Extent) -> bytes:
        """See `OurLayer.read`."""
        with replaceable(self.descriptor, self.repository):
            part = self._told().read_part(self.descriptor, extent.offset, extent.size)
            return b"".join(part)

    def _stream(self) -> BinaryIO:
        return stream(self._pieces())

    def _pieces(self) -> Generator[bytes]:
        with replaceable(self.descriptor, self.repository):
            yield from self._told().read_blob(self.descriptor)

    def _told(self) -> Repository:
        download = Download(str(self.descriptor.digest), Traffic.DEPENDENCY, self.descriptor.size)
        return self.repository.counting(Told(self.observer, download))
