"""Bases in a registry: manifest and config are read, layers by who wants their bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lamina.bases.base import Base, BaseError
from lamina.bases.manifest import read_image
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import SIZE_LIMIT, parse_document
from lamina.oci.layer import Layer
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.registry.client import Repository


class KeptDocuments(Protocol):
    """Documents that were read before, by their digests: they can never have changed."""

    def get(self, digest: Digest) -> bytes | None:
        """Return a document, or None; its bytes have that digest."""
        ...

    def put(self, digest: Digest, data: bytes) -> None:
        """Keep a document."""
        ...


def resolve(repository: Repository, reference: Reference, kept: KeptDocuments) -> Digest:
    """Return the digest that a name leads to now, asking for no more than that.

    Raises `RegistryError`, `NotFound` among others.
    """
    if reference.digest is not None:
        return reference.digest
    tag = reference.tag or DEFAULT_TAG
    digest = repository.resolve(tag)
    if digest is None:  # Some registries do not say it; and reading explains what is wrong.
        raw = repository.manifest(tag)
        kept.put(raw.digest, raw.data)
        digest = raw.digest
    return digest


def read_registry(
    name: str,
    repository: Repository,
    digest: Digest,
    platform: Platform,
    kept: KeptDocuments,
    open_layer: Callable[[Descriptor, DiffID], Layer],
) -> Base:
    """Return the image for a platform that a digest, of a manifest or an index, leads to."""

    def read(descriptor: Descriptor) -> bytes:
        known = kept.get(descriptor.digest)
        if known is not None:
            return known
        if descriptor.size > SIZE_LIMIT:
            raise BaseError(
                f"Unable to use the base image `{name}`: a document of {descriptor.size} bytes"
            )
        if mediatype.as_oci(descriptor.media_type) == mediatype.CONFIG:
            data = b"".join(repository.read_blob(descriptor))
        else:
            data = repository.manifest(descriptor.digest).data
        kept.put(descriptor.digest, data)
        return data

    top = read(Descriptor(mediatype.MANIFEST, digest, 0))
    media_type = mediatype.INDEX if _is_index(top) else mediatype.MANIFEST
    described = Descriptor(media_type, digest, len(top))
    return read_image(name, described, platform, read, open_layer)


def _is_index(data: bytes) -> bool:
    """Say what a document is; the field that would say it is optional (image-spec)."""
    document = parse_document(data, "manifest")
    return document.text("mediaType") in mediatype.INDEXES or "manifests" in document.values
