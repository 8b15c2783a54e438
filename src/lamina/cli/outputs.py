"""Where a build writes: one destination, or several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from lamina.destinations.base import Destination
from lamina.destinations.choose import destination_at
from lamina.destinations.daemon import OneLoadOnly
from lamina.destinations.docker_archive import OneImageOnly
from lamina.destinations.registry import Pushed
from lamina.errors import LaminaError
from lamina.observer import Observer
from lamina.oci.descriptor import Descriptor
from lamina.oci.images import Images
from lamina.oci.layer import Layer
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from lamina.registry.client import Connect


class NoOutput(LaminaError):
    """Nothing says where the image goes, or two say the same place."""


def locations(
    outputs: Sequence[str],
    names: Sequence[Reference],
    *,
    is_pushed: bool,
    is_loaded: bool = False,
    is_multiple: bool = False,
) -> tuple[Location, ...]:
    """Return where on the disk the image goes; ``is_multiple`` if there is more than one.

    A layout has tags alone: one that is given without takes the tag of the first of ``names``.
    """
    if not outputs and not is_pushed and not is_loaded:
        raise NoOutput(
            "Nothing says where the image goes",
            hint="Pass `--load`, `-t REGISTRY/NAME:TAG --push`, or `-o oci:DIR`, "
            "`-o oci-archive:FILE` or `-o docker-archive:FILE`",
        )
    if is_loaded and is_multiple:
        raise OneLoadOnly
    found = tuple(_tagged(Location.parse(output), names) for output in outputs)
    paths = [location.path for location in found]
    for location in found:
        if is_multiple and location.transport == "docker-archive":
            raise OneImageOnly
        if paths.count(location.path) > 1:
            raise NoOutput(f"Unable to write the image to `{location.path}` twice")
    return found


def _tagged(location: Location, names: Sequence[Reference]) -> Location:
    if location.transport == "docker-archive" or location.name or location.digest or not names:
        return location
    return replace(location, name=names[0].tag)


class Several:
    """Several destinations as one; each is written whole, or not at all.

    What counts is what the last one says of itself: a registry may refuse annotations.
    """

    def __init__(self, destinations: Sequence[Destination]) -> None:
        self._destinations = destinations

    def take(self, layer: Layer) -> None:
        """See `Destination.take`."""
        for destination in self._destinations:
            destination.take(layer)

    def write(self, images: Images, *, names: Sequence[Reference] = ()) -> Descriptor:
        """See `Destination.write`."""
        descriptor = images.descriptor
        for destination in self._destinations:
            descriptor = destination.write(images, names=names)
        return descriptor

    def abort(self) -> None:
        """See `Destination.abort`."""
        with ExitStack() as stack:
            for destination in self._destinations:
                stack.callback(destination.abort)


def destination_of(
    places: Sequence[Location],
    pushed: Mapping[tuple[str, str], Sequence[str]],
    connect: Connect,
    observer: Observer,
    engines: Sequence[Destination] = (),
) -> Destination:
    """Return the destination of an image that goes to all of these places and repositories."""
    on_disk = [destination_at(place) for place in places]
    first: dict[str, Pushed] = {}
    repositories = []
    for (host, name), tags in pushed.items():
        each = Pushed(connect(host, name), tags, observer, first.get(host))
        first.setdefault(host, each)
        repositories.append(each)
    return Several([*on_disk, *engines, *repositories])
