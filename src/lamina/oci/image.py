"""Images, read from their raw bytes, and assembled from a config and layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig, fit_history
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode, parse_document
from lamina.oci.layer import Layer

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says (image-spec, manifest.md), of OCI's media types or Docker's."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest, refusing an index, schema 1 and what is no image."""
        what = f"manifest {Digest.of(data)}"
        document = parse_document(data, what)
        if document.number("schemaVersion") != 2:
            document.refuse("schemaVersion", "the number 2")
        media_type = document.text("mediaType") or mediatype.MANIFEST
        if media_type not in mediatype.MANIFESTS:
            raise MalformedDocument(f"Malformed {what}: not an image but `{media_type}`")
        config = document.object("config").descriptor()
        if mediatype.as_oci(config.media_type) != mediatype.CONFIG:
            raise MalformedDocument(
                f"Malformed {what}: its config is not that of an image but `{config.media_type}`"
            )
        layers = tuple(layer.descriptor() for layer in document.objects("layers"))
        return cls(media_type, config, layers, document.text_map("annotations"))


@dataclass(frozen=True, slots=True)
class Image:
    """One image for one platform.

    The raw bytes are the truth and everything else is read from them: an image that came from a
    registry keeps its digest because nobody writes it again.
    """

    raw_manifest: bytes
    raw_config: bytes
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> Digest:
        """The digest of the manifest: what ``@sha256:...`` pins."""
        return Digest.of(self.raw_manifest)

    @property
    def config(self) -> ImageConfig:
        """What the config says; parsed at each call."""
        return ImageConfig.parse(self.raw_config)

    @property
    def manifest(self) -> Manifest:
        """What the manifest says; parsed at each call."""
        return Manifest.parse(self.raw_manifest)

    @property
    def descriptor(self) -> Descriptor:
        """Describe the manifest, with its platform, as an index does."""
        platform = self.config.platform
        media_type = self.manifest.media_type
        size = len(self.raw_manifest)
        return Descriptor(media_type, self.digest, size, platform=platform)


@dataclass(frozen=True, slots=True)
class Addition:
    """A layer to put above others, with the one history entry that tells of it."""

    layer: Layer
    history: History


def assemble(
    config: ImageConfig, layers: Sequence[Layer], *, annotations: Mapping[str, str] = _NOTHING
) -> Image:
    """Write manifest and config of an image of just these layers.

    Diff IDs are the layers', and the history is made to fit them. The media types are OCI's, since
    one manifest must not mix two families. The layers' annotations travel along.
    """
    raw_config = replace(
        config,
        diff_ids=tuple(layer.diff_id for layer in layers),
        history=fit_history(config.history, len(layers)),
    ).encode()
    described = Descriptor(mediatype.CONFIG, Digest.of(raw_config), len(raw_config))
    manifest: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": mediatype.MANIFEST,
        "config": described.to_json(),
        "layers": [_as_oci(layer.descriptor).to_json() for layer in layers],
    }
    if annotations:
        manifest["annotations"] = dict(annotations)
    return Image(encode(manifest), raw_config, tuple(layers))


def append(
    config: ImageConfig,
    layers: Sequence[Layer],
    additions: Sequence[Addition],
    *,
    annotations: Mapping[str, str] = _NOTHING,
) -> Image:
    """Put ``additions`` above the layers of a base; ``config`` is the base's, changed as wanted.

    The base's history is repaired first, so that each new entry tells of its own layer.
    """
    history = fit_history(config.history, len(layers))
    return assemble(
        replace(config, history=(*history, *(addition.history for addition in additions))),
        [*layers, *(addition.layer for addition in additions)],
        annotations=annotations,
    )


def _as_oci(descriptor: Descriptor) -> Descriptor:
    """Return the descriptor as a manifest of ours holds it."""
    return replace(descriptor, media_type=mediatype.as_oci(descriptor.media_type))
