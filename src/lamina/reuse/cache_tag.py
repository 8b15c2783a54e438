"""The tag of our own, by which the next build finds what this one pushed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from lamina.observer import Observer
from lamina.oci.images import Images
from lamina.plan.key import LayerKey
from lamina.registry.client import Repository
from lamina.registry.errors import Refused, RegistryError


def plan_tag(tag: str, keys: Iterable[LayerKey]) -> str:
    """Return a tag for one plan alone, where tags cannot be moved: it never need be.

    >>> plan_tag("cache", [])
    'cache-e3b0c44298fc'
    """
    text = "".join(sorted(key.hex for key in keys))
    return f"{tag}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def move(
    repository: Repository, tag: str, images: Images, keys: Iterable[LayerKey], observer: Observer
) -> None:
    """Let a tag point to images that the repository has; what goes wrong is a warning.

    ``keys`` are those of the layers of dependencies, in no order.
    """
    *_, (top, data) = images.documents
    try:
        try:
            repository.put_manifest(tag, data, top.media_type)
        except Refused as error:
            if not error.is_about_tag:
                raise
            other = plan_tag(tag, keys)
            repository.put_manifest(other, data, top.media_type)
            observer.warn(
                f"The tag `{tag}` of `{repository.shown}` cannot be moved: `{other}` was pushed "
                "instead; `--cache-to` names another place, or `none`"
            )
    except RegistryError as error:
        observer.warn(f"{error}; the next build may not find what this one pushed")
