"""Images in a registry: a manifest and a config are read, an index where there is one."""

from __future__ import annotations

from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.registry.client import Repository
from lamina.registry.errors import NotFound, RegistryError
from lamina.registry.manifests import RawManifest
from lamina.reuse.search import newest
from lamina.sources.listing import Listing, listing

_MOST_TAGS = 1000


class ImageNotFound(LaminaError):
    """A registry has no image of that name; the hint says which there are."""


def list_registry(repository: Repository, reference: Reference) -> Listing:
    """Return what a reference leads to. Raises `ImageNotFound`, and what `Repository` does."""
    raw = _top(repository, reference)

    def read(descriptor: Descriptor) -> bytes:
        if descriptor.digest == raw.digest:
            return raw.data
        if mediatype.as_oci(descriptor.media_type) == mediatype.CONFIG:
            return b"".join(repository.read_blob(descriptor))
        return repository.manifest(descriptor.digest).data

    top = Descriptor(raw.media_type, raw.digest, len(raw.data))
    return listing(str(reference.tagged()), top, read)


def _top(repository: Repository, reference: Reference) -> RawManifest:
    try:
        return repository.manifest(reference.digest or reference.tag or DEFAULT_TAG)
    except NotFound as error:
        raise ImageNotFound(str(error), hint=_hint(repository)) from error


def _hint(repository: Repository) -> str:
    """Say what there is instead; that fails in silence, since something worse is told already."""
    try:
        tags = repository.tags(_MOST_TAGS)
    except RegistryError:
        tags = ()
    if not tags:
        return f"Check the name: no tag of `{repository.shown}` is known"
    shown = newest(tags) or tags[:1]
    more = f" and {len(tags) - len(shown)} more" if len(tags) > len(shown) else ""
    return f"`{repository.shown}` has {', '.join(f'`{tag}`' for tag in shown)}{more}"
