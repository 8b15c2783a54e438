"""How commands look at images: a name is read, and what it leads to; no layer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lamina.cli import settings
from lamina.cli.connections import Connections, keychain
from lamina.cli.lines import Silent
from lamina.cli.signals import telling
from lamina.cli.tally import Tally
from lamina.compare.image import InspectedImage, inspect
from lamina.oci.descriptor import Platform
from lamina.oci.index import runs
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from lamina.sources.disk import list_docker_archive, list_layout
from lamina.sources.listing import USUAL, Listing, OneImage, image_for, platforms
from lamina.sources.name import parse_name
from lamina.sources.registry import list_registry
from lamina.transport.http import HttpTransport

Look = Callable[[Location | Reference], Listing]
"""Gives what a name leads to."""


@contextmanager
def looking(*, insecure: bool) -> Iterator[Look]:
    """Give what reads names; connections are closed at the end."""
    http = HttpTransport(settings.network(os.environ))
    try:
        with telling(http.interrupt):
            connections = Connections(http, keychain(os.environ).find, Silent(Tally()), insecure)
            yield lambda name: listing_of(name, connections)
    finally:
        http.close()


def parse_names(texts: Sequence[str]) -> list[Location | Reference]:
    """Read all names, before anybody is asked anything."""
    return [parse_name(text) for text in texts]


def parse_platform(text: str | None) -> Platform | None:
    """Read the platform of an option."""
    return None if text is None else Platform.parse(text)


def inspected(found: Listing, platform: Platform | None) -> InspectedImage:
    """Return what the image for a platform is made of; see `image_for`."""
    documents = image_for(found, platform)
    return inspect(documents.manifest, documents.config, documents.digest, documents.size)


def common_platform(one: Listing, other: Listing) -> Platform | None:
    """Return a platform that two names have images for: the usual one, if both have it.

    None, where each leads to one image: then these two are meant.
    """
    if isinstance(one, OneImage) and isinstance(other, OneImage):
        return None
    # What leads to one image has no choice, so it is asked first.
    first, second = (one, other) if isinstance(one, OneImage) else (other, one)
    fitting = [
        each for each in platforms(first) if any(runs(made, each) for made in platforms(second))
    ]
    usual = [each for each in fitting if runs(each, USUAL)]
    return next(iter([*usual, *fitting, *platforms(first)]), None)


def listing_of(name: Location | Reference, connections: Connections) -> Listing:
    """Return what a name leads to."""
    if isinstance(name, Reference):
        return list_registry(connections.pull(name.registry, name.repository), name)
    return list_layout(name) if name.transport == "oci" else list_docker_archive(name)
