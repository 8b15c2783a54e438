"""The tag of our own, by which the next build finds what this one pushed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from lamina.observer import Observer
from lamina.oci.descriptor import Descriptor
from lamina.oci.images import Images
from lamina.plan.key import LayerKey
from lamina.registry.client import Repository
from lamina.registry.errors import Refused, RegistryError

_UNKNOWN = "the next build may not find what this one pushed"


def plan_tag(tag: str, keys: Iterable[LayerKey]) -> str:
    """Return a tag for one plan alone, where tags cannot be moved: it never need be.

    >>> plan_tag("cache", [])
    'cache-e3b0c44298fc'
    """
    text = "".join(sorted(key.hex for key in keys))
    return f"{tag}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def move(
    repository: Repository, tag: str, images: Images, instead: str | None, observer: Observer
) -> None:
    """Let a tag point to images that the repository has; what goes wrong is a warning.

    Where tags cannot be moved, ``instead`` is pushed, unless it is there already.
    """
    *_, (top, data) = images.documents
    try:
        repository.put_manifest(tag, data, top.media_type)
    except Refused as error:
        if not error.is_about_tag:
            observer.warn(f"{error}; {_UNKNOWN}")
        elif instead is None:
            observer.warn(f"The tag `{tag}` of `{repository.shown}` cannot be moved: it stays")
        else:
            _put_once(repository, tag, instead, top, data, observer)
    except RegistryError as error:
        observer.warn(f"{error}; {_UNKNOWN}")


def _put_once(
    repository: Repository,
    tag: str,
    instead: str,
    top: Descriptor,
    data: bytes,
    observer: Observer,
) -> None:
    """Push a tag that need never move: whatever image of the plan it leads to serves as well."""
    try:
        repository.put_manifest(instead, data, top.media_type)
    except Refused as error:
        if not error.is_about_tag:
            observer.warn(f"{error}; {_UNKNOWN}")
        return
    except RegistryError as error:
        observer.warn(f"{error}; {_UNKNOWN}")
        return
    observer.warn(
        f"The tag `{tag}` of `{repository.shown}` cannot be moved: `{instead}` was pushed "
        "instead; `--cache-to` names another place, or `none`"
    )
