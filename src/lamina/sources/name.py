"""The names by which images are read, as skopeo writes them: ``[transport:]...``."""

from __future__ import annotations

import difflib
import re

from lamina.errors import LaminaError
from lamina.oci.location import Location
from lamina.oci.reference import InvalidReference, Reference

READABLE = ("oci:DIR[:TAG]", "docker-archive:FILE[:REF]", "docker://REF")

_ON_DISK = ("oci", "docker-archive")
_OTHERS = ("oci-archive", "docker-daemon", "containers-storage", "dir", "ostree", "sif", "tarball")
"""Transports of skopeo that we do not read."""
_NEAR = 0.65
"""Of a transport: so near to one of ours, it is no name of an image; ``oic`` is."""
_PORT = re.compile("[0-9]+/")


class UnreadableImage(LaminaError):
    """A name of a form that is not read."""

    def __init__(self, text: str, hint: str) -> None:
        forms = ", ".join(f"`{form}`" for form in READABLE)
        super().__init__(
            f"Unable to read an image from `{text}`\n"
            f"  expected: {forms}, or the name of an image in a registry",
            hint=hint,
        )


def parse_name(text: str) -> Location | Reference:
    """Read the name of an image. Raises `LaminaError`.

    >>> str(parse_name("oci:out:1.0")), str(parse_name("debian:bookworm"))
    ('oci:out:1.0', 'docker.io/library/debian:bookworm')
    """
    prefix, colon, rest = text.partition(":")
    if text.startswith("docker://"):
        return Reference.parse(text.removeprefix("docker://"))
    if colon and _may_be_transport(prefix, rest):
        if prefix in _ON_DISK:
            return Location.parse(text)
        if prefix in _OTHERS:
            raise UnreadableImage(text, f"To copy it to a layout, run `skopeo copy {text} oci:DIR`")
        near = _near(prefix, is_surely_one=rest.startswith("//"))
        if near is not None:
            raise UnreadableImage(text, near)
    try:
        return Reference.parse(text)
    except InvalidReference as error:
        if text[:1] in ("/", ".", "~"):
            raise InvalidReference(
                str(error), hint=f"For an image layout on this machine, write `oci:{text}`"
            ) from None
        raise


def _may_be_transport(prefix: str, rest: str) -> bool:
    """Say whether what is before the first colon may be a transport, and is no registry."""
    return not set("/.@[") & set(prefix) and not _PORT.match(rest)


def _near(prefix: str, *, is_surely_one: bool) -> str | None:
    """Return what to say of a transport that there is not."""
    known = [*_ON_DISK, *(["docker"] if is_surely_one else [])]
    near = difflib.get_close_matches(prefix.lower(), known, 1, _NEAR)
    if near:
        colon = "://" if near[0] == "docker" else ":"
        return f"Did you mean `{near[0]}{colon}`? An image in a registry is `docker://REF`"
    return "An image in a registry is `docker://REF`" if is_surely_one else None
