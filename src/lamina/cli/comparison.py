"""What ``lamina diff`` writes: as text, and as the document of ``docs/reference/json.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamina.cli.amounts import counted, size
from lamina.cli.columns import heading, signed, table, terminal_width
from lamina.cli.inspection import base_document, base_name, layer_document, short
from lamina.compare.difference import Change, Difference, LayerChange
from lamina.compare.image import Distribution, InspectedImage, InspectedLayer
from lamina.compare.pull import Amount, Pull
from lamina.plan.plan import LayerKind


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two images, and its name."""

    name: str
    image: InspectedImage


def lines(before: Side, after: Side, difference: Difference) -> list[str]:
    """Return what is shown of a difference."""
    head = table([("A", *_named(before)), ("B", *_named(after))])
    if difference.is_equal:
        return [
            *head,
            "",
            "The images are equal: a node that holds one pulls nothing for the other",
        ]
    return [
        *head,
        "",
        heading("Distributions"),
        *_distributions(before, after, difference.distributions),
        "",
        heading("Layers"),
        *_layers(after, difference),
        "",
        heading("A node that holds A pulls for B"),
        *_pull(difference.pull, len(after.image.layers)),
    ]


def _named(side: Side) -> tuple[str, str, str]:
    digest = side.image.digest or side.image.manifest.config.digest
    return short(digest), str(side.image.config.platform), side.name


def _distributions(before: Side, after: Side, changes: Sequence[Change] | None) -> list[str]:
    if changes is None:
        strange = [name for name, side in (("A", before), ("B", after)) if not side.image.is_lamina]
        who = "A and B are no images" if len(strange) > 1 else f"{strange[0]} is no image"
        return [f"  not known: {who} of Lamina's"]
    rows = [_change(change) for change in changes]
    return [signed(line) for line in table(rows, indent="  ")] or ["  no change"]


def _change(change: Change) -> tuple[str, str, str]:
    match change.before, change.after:
        case None, Distribution(version=version):
            return "+", change.name, version
        case Distribution(version=version), None:
            return "-", change.name, version
        case Distribution(version=old), Distribution(version=new):
            said = f"{new}: another wheel" if change.is_other_wheel else f"{old} -> {new}"
            return "~", change.name, said
        case _:
            raise AssertionError("one of them has it")


def _layers(after: Side, difference: Difference) -> list[str]:
    rows = [row for change in difference.layers for row in _layer_rows(change, after)]
    if difference.is_reordered:
        rows.append(("order", "the same layers lie otherwise above each other"))
    if difference.settings:
        rows.append(("config", f"changed: {', '.join(difference.settings)}"))
    return table(rows, indent="  ", width=terminal_width()) or ["  no change"]


def _layer_rows(change: LayerChange, after: Side) -> Iterator[tuple[str, str]]:
    kind, base = change.kind.value, after.image.base
    if change.kind in (LayerKind.WHEELS, LayerKind.BASE, LayerKind.OTHER, LayerKind.SYSTEM):
        which = f": {base_name(base)}" if change.kind is LayerKind.BASE and base is not None else ""
        yield kind, f"{len(change.added)} new, {len(change.removed)} gone{which}"
        return
    if change.kind in (LayerKind.PROJECT, LayerKind.SKELETON, LayerKind.OVERRIDES):
        yield kind, _one(change.removed, change.added)
        return
    for title in dict.fromkeys(each.title for each in (*change.removed, *change.added)):
        sides = (change.removed, change.added)
        old, new = ([each for each in side if each.title == title] for side in sides)
        yield kind, _one(old, new)


def _one(removed: Sequence[InspectedLayer], added: Sequence[InspectedLayer]) -> str:
    """Say what became of a layer of which there is one in each image, or none."""
    old, new = (_content(each[0]) if each else "" for each in (removed, added))
    if old and new:
        return f"changed: {new}" if old == new else f"changed: {old} -> {new}"
    return f"new: {new}" if new else f"gone: {old}"


def _content(layer: InspectedLayer) -> str:
    if layer.distributions:
        return ", ".join(f"{each.name} {each.version}" for each in layer.distributions)
    return layer.title or short(layer.digest)


def _pull(pulled: Pull, total: int) -> list[str]:
    of = f"of {counted(total, 'layer')}"
    every = "by every runtime"
    rows = [
        ("containerd, Podman", *_amount(pulled.by_digest, of), "the blobs that A lacks"),
        ("Docker's classic store", *_amount(pulled.by_chain, of), "all above the lowest change"),
        ("unpacked again", f"{pulled.unpacked} {of}", "", f"all above the lowest change, {every}"),
        ("config and manifest", "", size(pulled.documents), every),
    ]
    return table(rows, right={2}, indent="  ")


def _amount(amount: Amount, of: str) -> tuple[str, str]:
    return f"{amount.layers} {of}", size(amount.bytes)


def document(before: Side, after: Side, difference: Difference) -> dict[str, object]:
    """Return the document of ``--json``."""
    pulled, changes = difference.pull, difference.distributions
    return {
        "from": _side(before),
        "to": _side(after),
        "equal": difference.is_equal,
        "distributions": None if changes is None else _changes(changes),
        "layers": [
            {
                "kind": change.kind.value,
                "removed": [layer_document(layer) for layer in change.removed],
                "added": [layer_document(layer) for layer in change.added],
            }
            for change in difference.layers
        ],
        "reordered": difference.is_reordered,
        "config": list(difference.settings),
        "pull": {
            "content_addressed": _amount_document(pulled.by_digest),
            "docker_classic": _amount_document(pulled.by_chain),
            "layers_unpacked": pulled.unpacked,
            "document_bytes": pulled.documents,
        },
    }


def _side(side: Side) -> dict[str, object]:
    image = side.image
    return {
        "name": side.name,
        "platform": str(image.config.platform),
        "digest": None if image.digest is None else str(image.digest),
        "image_id": str(image.manifest.config.digest),
        "is_lamina": image.is_lamina,
        "base": base_document(image.base),
        "layers": len(image.layers),
        "size": image.size,
    }


def _changes(changes: Sequence[Change]) -> dict[str, object]:
    return {
        "added": [
            {"name": each.name, "version": each.after.version}
            for each in changes
            if each.after and not each.before
        ],
        "removed": [
            {"name": each.name, "version": each.before.version}
            for each in changes
            if each.before and not each.after
        ],
        "changed": [
            {"name": each.name, "from": each.before.version, "to": each.after.version}
            for each in changes
            if each.before and each.after
        ],
    }


def _amount_document(amount: Amount) -> dict[str, int]:
    return {"layers": amount.layers, "bytes": amount.bytes}
