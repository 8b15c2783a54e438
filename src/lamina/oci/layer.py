"""The layer, as every part of the pipeline sees it."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID


class Layer(Protocol):
    """One filesystem changeset of an image.

    Implement these three members and nothing more: whatever can be computed
    from them is a function, not a method.
    """

    @property
    def descriptor(self) -> Descriptor:
        """Describe the compressed blob."""
        ...

    @property
    def diff_id(self) -> DiffID:
        """Identify the uncompressed tar."""
        ...

    def open(self) -> BinaryIO:
        """Open the compressed blob from its start; the caller closes it."""
        ...
