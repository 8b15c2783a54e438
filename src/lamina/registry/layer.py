"""A layer that lies in a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID
from lamina.registry.client import Repository


@dataclass(frozen=True, slots=True)
class RemoteLayer:
    """A layer whose blob is read only by who wants its bytes: see `Layer`.

    Who pushes to the same registry can have it mounted instead.
    """

    descriptor: Descriptor
    diff_id: DiffID
    repository: Repository = field(repr=False)

    def open(self) -> BinaryIO:
        """See `Layer.open`; the bytes are checked on the way."""
        return self.repository.open_blob(self.descriptor)
