"""Where an image lies, or goes, written as skopeo writes it: ``transport:path[:name]``."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.oci.digest import Digest

UNFINISHED = ".lamina-"
"""How the name of what is being written beside its place begins."""

TRANSPORTS = ("oci", "oci-archive", "docker-archive")


class InvalidLocation(LaminaError):
    """A location that names no transport, or no path."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place on disk, with the name of one image there.

    >>> Location.parse("oci:out/image:1.0")
    Location(transport='oci', path='out/image', name='1.0', digest=None)
    """

    transport: str
    path: str
    name: str = ""
    """A tag in an image layout, a reference in an archive; empty where none is given."""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read ``transport:path[:name]`` or ``transport:path@digest``; a path has no colon."""
        transport, colon, rest = text.partition(":")
        rest, at, digest = rest.partition("@sha256:")
        path, separator, name = rest.partition(":")
        named = bool(name or at) if separator or at else True
        if transport not in TRANSPORTS or not (colon and path and named):
            raise InvalidLocation(
                f"Expected `transport:path[:name]`, got: {text}",
                hint=f"The transports are {', '.join(f'`{each}`' for each in TRANSPORTS)}",
            )
        return cls(transport, path, name, Digest.parse(f"sha256:{digest}") if at else None)

    def __str__(self) -> str:
        name = f":{self.name}" if self.name else ""
        return f"{self.transport}:{self.path}{name}" + (f"@{self.digest}" if self.digest else "")
