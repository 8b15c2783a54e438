"""What ``lamina inspect`` writes: as text, and as the document of ``docs/reference/json.md``."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.cli.amounts import counted, size
from lamina.cli.columns import heading, table, terminal_width
from lamina.compare.image import InspectedBase, InspectedImage, InspectedLayer, layer_history
from lamina.oci.digest import Digest
from lamina.sources.listing import Listing, OneImage

_HEAD = ("SIZE", "DIGEST", "KIND", "CONTENT")


def short(digest: Digest) -> str:
    """Return as much of a digest as people compare.

    >>> short(Digest.of(b""))
    'e3b0c44298fc'
    """
    return digest.hex[:12]


def base_name(base: InspectedBase) -> str:
    """Return the name of a base with its digest, or what of these is known."""
    return "@".join(str(part) for part in (base.name, base.digest) if part)


def lines(found: Listing, image: InspectedImage) -> list[str]:
    """Return what is shown of an image."""
    width = terminal_width()
    rows = [_HEAD, *(_row(each) for each in image.layers)]
    cut = {number for number, each in enumerate(image.layers, 1) if not each.distributions}
    if not image.is_lamina:
        rows = [_HEAD, *_history(image)]
        cut = set(range(len(rows)))
    title, *layers = table(rows, right={0}, cut=cut, width=width)
    summary = table(list(_summary(found, image)))
    return [*summary, "", heading(title), *layers]


def _summary(found: Listing, image: InspectedImage) -> Iterator[tuple[str, str]]:
    yield "name", found.name
    several = None if isinstance(found, OneImage) else found
    if several is not None and several.digest is not None:
        yield "index", str(several.digest)
    if image.digest is not None:
        yield "digest", str(image.digest)
    yield "image ID", str(image.manifest.config.digest)
    more = ", of several: `--platform` shows another" if several is not None else ""
    yield "platform", f"{image.config.platform}{more}"
    for each in several.manifests if several is not None else ():
        if each.digest != image.digest:
            yield "besides", f"{each.platform or 'unknown platform'}, {each.digest}"
    if image.config.created:
        yield "created", image.config.created
    if image.base is not None:
        yield "base", base_name(image.base)
    packed = "compressed" if image.is_packed else "not compressed"
    yield "layers", f"{len(image.layers)}, {size(image.size)} {packed}"
    if image.is_lamina:
        yield "contents", counted(len(image.distributions), "distribution")
    else:
        yield "contents", "unknown: this is no image of Lamina's; its history is below"


def _row(layer: InspectedLayer) -> tuple[str, str, str, str]:
    named = ", ".join(f"{each.name} {each.version}" for each in layer.distributions)
    return size(layer.size), short(layer.digest), layer.kind.value, named or layer.title


def _history(image: InspectedImage) -> Iterator[tuple[str, str, str, str]]:
    """Give a row for each step of the history, also for those that have no layer."""
    layers = iter(image.layers)
    if layer_history(image.config) is None:
        yield from map(_row, layers)
        return
    for step in image.config.history:
        if step.empty_layer:
            yield "", "", "config", step.created_by
        else:
            yield _row(next(layers))


def document(found: Listing, image: InspectedImage) -> dict[str, object]:
    """Return the document of ``--json``."""
    if isinstance(found, OneImage):
        there = [(str(image.config.platform), found.digest)]
    else:
        there = [(str(each.platform or ""), each.digest) for each in found.manifests]
    return {
        "name": found.name,
        "digest": _text(found.digest),
        "platforms": [
            {"platform": platform or None, "digest": _text(digest)} for platform, digest in there
        ],
        "image": {
            "platform": str(image.config.platform),
            "digest": _text(image.digest),
            "image_id": str(image.manifest.config.digest),
            "created": image.config.created or None,
            "is_lamina": image.is_lamina,
            "base": base_document(image.base),
            "size": image.size,
            "layers": [layer_document(layer) for layer in image.layers],
            "history": [step.to_json() for step in image.config.history],
        },
    }


def layer_document(layer: InspectedLayer) -> dict[str, object]:
    """Return what the documents say of a layer: as the report of a build does, and its title."""
    return {
        "distributions": [
            {"name": each.name, "version": each.version, "size": each.size}
            for each in layer.distributions
        ],
        "key": _text(layer.key),
        "kind": layer.kind.value,
        "title": layer.title,
        "digest": str(layer.digest),
        "diff_id": str(layer.diff_id),
        "size": layer.size,
        "media_type": layer.descriptor.media_type,
    }


def base_document(base: InspectedBase | None) -> dict[str, object] | None:
    """Return what the documents say of a base."""
    return None if base is None else {"name": base.name or None, "digest": _text(base.digest)}


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
