"""A base in a registry, opened: as an earlier image tells it, or as the registry has it now."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.bases.base import Base
from lamina.bases.registry import read_registry, resolve
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.pulled import PulledLayer
from lamina.observer import Traffic
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference
from lamina.plan.base import BaseFacts
from lamina.store.blobs import draft
from lamina.store.keeper import Keeper


@dataclass(frozen=True, slots=True)
class PulledBase:
    """A base, and what is known already of what lies in it."""

    base: Base
    resolved: Digest
    facts: BaseFacts | None = None
    """Where an earlier image told all of it."""


def pulled_base(
    reference: Reference,
    platform: Platform,
    workshop: ImageWorkshop,
    *,
    is_kept: bool,
    is_told: bool = True,
) -> PulledBase:
    """Return the base that a reference leads to; of one that is unchanged, nothing is read.

    Without ``is_told``, no earlier image is asked for it.
    """
    home = workshop.pull(reference.registry, reference.repository, Traffic.BASE)
    documents = _Documents(workshop)
    if reference not in workshop.resolved:
        workshop.resolved[reference] = resolve(home, reference, documents)
    digest = workshop.resolved[reference]
    keeper = Keeper(workshop.store, workshop.scratch) if is_kept else None

    told = workshop.known.base(digest, platform) if is_told else None
    if told is not None:
        former, there = told
        layers = tuple(
            PulledLayer(
                each.descriptor, each.diff_id, there, workshop.observer, keeper, is_told=True
            )
            for each in former.layers
        )
        base = Base(str(reference), former.record.identity, former.config, layers)
        return PulledBase(base, digest, former.record.facts)

    def open_layer(descriptor: Descriptor, diff_id: DiffID) -> Layer:
        return PulledLayer(descriptor, diff_id, home, workshop.observer, keeper)

    base = read_registry(str(reference), home, digest, platform, documents, open_layer)
    return PulledBase(base, digest)


@dataclass(frozen=True, slots=True)
class _Documents:
    """Manifests and configs of bases, kept in the store: see `KeptDocuments`."""

    workshop: ImageWorkshop

    def get(self, digest: Digest) -> bytes | None:
        path = self.workshop.store.blobs.kept(digest)
        return path.read_bytes() if path is not None else None

    def put(self, digest: Digest, data: bytes) -> None:
        with draft(self.workshop.scratch) as copy:
            copy.write(data)
        self.workshop.store.blobs.adopt(copy.path, digest)
