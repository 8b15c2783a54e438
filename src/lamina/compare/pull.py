"""What a node that holds one image downloads for another, and what it unpacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamina.compare.image import InspectedImage, InspectedLayer


@dataclass(frozen=True, slots=True)
class Amount:
    """Some layers of an image."""

    layers: int
    bytes: int
    """Of their blobs, as they are downloaded."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What a node downloads; stores differ in how they know a layer."""

    by_digest: Amount
    """A content-addressed store (containerd, Podman) has each blob by its digest, and downloads
    what it lacks."""
    by_chain: Amount
    """Docker's classic store knows a layer by its chain ID, which stands for all that lies below,
    too; so it downloads everything above the lowest change."""
    unpacked: int
    """Layers that are unpacked anew by either: what is unpacked lies above something, so everybody
    keeps it by its chain ID."""
    documents: int
    """Bytes of manifest and config, which all of them download."""


def pull(held: InspectedImage, wanted: InspectedImage) -> Pull:
    """Return what a node that has the one image downloads for the other."""
    there = {layer.digest for layer in held.layers}
    lacking = {each.digest: each.size for each in wanted.layers if each.digest not in there}
    above = wanted.layers[_common(held, wanted, lambda each: (each.digest, each.diff_id)) :]
    return Pull(
        Amount(len(lacking), sum(lacking.values())),
        Amount(len(above), sum(layer.size for layer in above)),
        len(wanted.layers) - _common(held, wanted, lambda each: each.diff_id),
        sum(size for digest, size in wanted.documents.items() if digest not in held.documents),
    )


def _common(
    one: InspectedImage, other: InspectedImage, identity: Callable[[InspectedLayer], object]
) -> int:
    """Return how many layers are the same from the lowest on; their chain IDs are, too."""
    return _prefix(list(map(identity, one.layers)), list(map(identity, other.layers)))


def _prefix(one: Sequence[object], other: Sequence[object]) -> int:
    """Return the length of the common beginning.

    >>> _prefix("abcd", "abxd"), _prefix("ab", "abc")
    (2, 2)
    """
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
