"""Indexes: one image per platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode, parse_document

_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7"}
_SPELLINGS = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}


class PlatformNotFound(LaminaError):
    """An index has no image for the platform that was asked for."""


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says (image-spec, image-index.md)."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes, what: str = "") -> Index:
        """Read an index, of OCI's media type or Docker's; ``what`` names it in errors."""
        what = what or f"index {Digest.of(data)}"
        document = parse_document(data, what)
        if document.number("schemaVersion") != 2:
            document.refuse("schemaVersion", "the number 2")
        media_type = document.text("mediaType") or mediatype.INDEX
        if media_type not in mediatype.INDEXES:
            raise MalformedDocument(f"Malformed {what}: not an index but `{media_type}`")
        manifests = tuple(entry.descriptor() for entry in document.objects("manifests"))
        return cls(manifests, document.text_map("annotations"))

    def encode(self) -> bytes:
        """Write the index, the one way we ever do."""
        document: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": mediatype.INDEX,
            "manifests": [manifest.to_json() for manifest in self.manifests],
        }
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        return encode(document)


def spelt(platform: Platform) -> Platform:
    """Return the platform with its architecture spelt as images spell it.

    >>> str(spelt(Platform("linux", "x86_64")))
    'linux/amd64'
    """
    architecture = _SPELLINGS.get(platform.architecture, platform.architecture)
    return Platform(platform.os, architecture, platform.variant)


def normalize(platform: Platform) -> Platform:
    """Return the platform with its variant said, as containerd compares them.

    >>> str(normalize(Platform("linux", "aarch64")))
    'linux/arm64/v8'
    """
    architecture = spelt(platform).architecture
    variant = platform.variant or _DEFAULT_VARIANTS.get(architecture, "")
    if variant and variant[0].isdecimal():
        variant = f"v{variant}"
    if (architecture, variant) == ("amd64", "v1"):
        variant = ""
    return Platform(platform.os, architecture, variant)


def runs(image: Platform, on: Platform) -> bool:
    """Say whether an image made for one platform is right for the other.

    An ``arm`` machine runs what was made for an older variant; all else must be equal.
    """
    made, machine = normalize(image), normalize(on)
    if made.architecture == machine.architecture == "arm" and made.os == machine.os:
        return made.variant <= machine.variant
    return made == machine


def choose(manifests: Iterable[Descriptor], platform: Platform, what: str) -> Descriptor:
    """Return the manifest for the platform: of several that run there, the newest variant.

    The first of equals counts, as in other tools. Attestations (platform ``unknown/unknown``)
    never match.
    """
    manifests = list(manifests)
    known = [manifest for manifest in manifests if manifest.platform is not None]
    if not known and len(manifests) == 1:  # Its config will tell (image-spec: "OPTIONAL").
        return manifests[0]
    fitting = [each for each in known if each.platform and runs(each.platform, platform)]
    if not fitting:
        has = sorted({str(each.platform) for each in known} - {"unknown/unknown"})
        raise PlatformNotFound(
            f"No image for {platform} in {what}: it has {', '.join(has) or 'none'}",
            hint="Choose another base, or another `--platform`",
        )
    return max(fitting, key=lambda each: normalize(each.platform).variant if each.platform else "")
