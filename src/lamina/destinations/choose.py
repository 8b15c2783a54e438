"""Which destination a location names."""

from __future__ import annotations

from pathlib import Path

from lamina.destinations.base import Destination, DestinationError
from lamina.destinations.docker_archive import DockerArchive
from lamina.destinations.layout import ImageLayout
from lamina.destinations.oci_archive import OciArchive
from lamina.oci.location import Location


def destination_at(location: Location) -> Destination:
    """Return the destination at a location, or say at once why nothing can be written there."""
    if location.digest is not None:
        raise DestinationError(f"Unable to write to `{location}`: a digest cannot be chosen")
    path = Path(location.path)
    match location.transport:
        case "oci":
            return ImageLayout(path, tag=location.name)
        case "oci-archive":
            return OciArchive(path, tag=location.name)
        case _:
            return DockerArchive(path, name=location.name)
