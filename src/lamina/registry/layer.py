"""A layer that lies in a registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID
from lamina.registry.client import Repository
from lamina.registry.errors import RegistryError


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


@contextmanager
def replaceable(descriptor: Descriptor, repository: Repository) -> Iterator[None]:
    """Raise `DamagedBlob` for what fails at a registry while a blob is read.

    For a blob that can be had otherwise: made again, or read where it comes from.
    """
    try:
        yield
    except RegistryError as error:
        size, why = f"{descriptor.size} bytes", f"an error ({error})"
        raise DamagedBlob(descriptor.digest, size, why, repository.shown) from error
