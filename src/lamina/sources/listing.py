"""What a name leads to: one image, or one for each of several platforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, MalformedDocument
from lamina.oci.image import Manifest
from lamina.oci.index import Index, PlatformNotFound, choose, runs

USUAL = Platform("linux", "amd64")
"""Which of several images is meant where nobody says it: what is built by default."""

_MOST_INDEXES = 16
_ATTESTATION = "unknown"
"""The ``os`` of what an index holds besides images."""

ReadDocument = Callable[[Descriptor], bytes]
"""Gives the bytes of a manifest, an index or a config, checked against its digest."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What an image says of itself."""

    manifest: Manifest
    config: ImageConfig
    digest: Digest | None = None
    """Of the manifest; None where it has none, in a docker archive."""
    size: int = 0
    """Of the manifest, in bytes."""


@dataclass(frozen=True, slots=True)
class OneImage:
    """A name that leads to an image."""

    name: str
    documents: Documents

    @property
    def digest(self) -> Digest | None:
        """What the name leads to."""
        return self.documents.digest


@dataclass(frozen=True, slots=True)
class SeveralImages:
    """A name that leads to an index."""

    name: str
    digest: Digest | None
    """Of the index; None where the layout's own names all of them."""
    manifests: tuple[Descriptor, ...]
    read: ReadDocument = field(repr=False)


Listing = OneImage | SeveralImages


def listing(name: str, top: Descriptor, read: ReadDocument) -> Listing:
    """Return what a manifest or an index, which a name leads to, holds."""
    if top.media_type not in mediatype.INDEXES:
        return OneImage(name, _documents(top, read))
    return several(name, top.digest, [top], read)


def several(
    name: str, digest: Digest | None, manifests: Iterable[Descriptor], read: ReadDocument
) -> SeveralImages:
    """Return the images of manifests and of indexes, also of those that indexes name."""
    images = tuple(_images(name, list(manifests), read))
    if not images:
        raise PlatformNotFound(f"No image in `{name}`: it is an index of other things")
    return SeveralImages(name, digest, images, read)


def platforms(found: Listing) -> tuple[Platform, ...]:
    """Return what there are images for, as far as that is told."""
    if isinstance(found, OneImage):
        return (found.documents.config.platform,)
    return tuple(each.platform for each in found.manifests if each.platform is not None)


def image_for(found: Listing, platform: Platform | None) -> Documents:
    """Return the image for a platform; without, the only one, or the `USUAL`, or the first.

    Raises `PlatformNotFound`.
    """
    if isinstance(found, OneImage):
        made = found.documents.config.platform
        if platform is not None and not runs(made, platform):
            raise _not_found(f"No image for {platform} in `{found.name}`: it has {made}")
        return found.documents
    if platform is None and (known := platforms(found)):
        platform = next((each for each in known if runs(each, USUAL)), known[0])
    if platform is None:
        return _documents(found.manifests[0], found.read)
    try:
        return _documents(choose(found.manifests, platform, f"`{found.name}`"), found.read)
    except PlatformNotFound as error:
        raise _not_found(str(error)) from None


def _not_found(text: str) -> PlatformNotFound:
    return PlatformNotFound(text, hint="Choose another `--platform`")


def _images(name: str, left: list[Descriptor], read: ReadDocument) -> Iterator[Descriptor]:
    """Give the manifests of images; indexes are read in the place where they stand."""
    indexes = 0
    while left:
        first = left.pop(0)
        if first.media_type in mediatype.INDEXES:
            indexes += 1
            if indexes > _MOST_INDEXES:
                raise MalformedDocument(f"Refused `{name}`: indexes within indexes without end")
            left[:0] = Index.parse(_read(first, read)).manifests
        elif first.media_type in mediatype.MANIFESTS and _is_image(first):
            yield first


def _is_image(found: Descriptor) -> bool:
    return found.platform is None or found.platform.os != _ATTESTATION


def _documents(found: Descriptor, read: ReadDocument) -> Documents:
    data = _read(found, read)
    manifest = Manifest.parse(data)
    return Documents(
        manifest, ImageConfig.parse(_read(manifest.config, read)), found.digest, len(data)
    )


def _read(descriptor: Descriptor, read: ReadDocument) -> bytes:
    if descriptor.size > SIZE_LIMIT:
        raise MalformedDocument(
            f"Refused {descriptor.digest}: a document of {descriptor.size} bytes; "
            f"the limit is {SIZE_LIMIT}"
        )
    return read(descriptor)
