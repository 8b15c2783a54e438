"""Layers that must be the ones that `lamina.lock` pins, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.oci.layer import Layer
from lamina.pins.file_name import NAME
from lamina.pins.model import PinnedLayer
from lamina.reuse.reused import ReusedLayer


class LayersNotPinned(LaminaError):
    """A registry answers otherwise than it is pinned, or something else was made here."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """One layer, and what is pinned for its key."""

    title: str
    pinned: PinnedLayer
    got: Layer

    def lines(self) -> Iterator[str]:
        """Say in what they differ."""
        yield f"  {self.title}"
        descriptor = self.got.descriptor
        facts: list[tuple[str, object, object]] = [
            ("diff ID", self.pinned.diff_id, self.got.diff_id),
            ("digest", self.pinned.digest, descriptor.digest),
            ("bytes", self.pinned.size, descriptor.size),
        ]
        for what, expected, got in facts if isinstance(self.got, ReusedLayer) else facts[:1]:
            if expected != got:
                yield f"    expected: {expected} ({what})"
                yield f"    got:      {got}"


def is_pinned(pinned: PinnedLayer, layer: Layer) -> bool:
    """Say whether a layer is what is pinned for its key.

    Of one that was made here, its content is; its blob may come of another compressor.
    """
    if layer.diff_id != pinned.diff_id:
        return False
    found = (layer.descriptor.digest, layer.descriptor.size)
    return not isinstance(layer, ReusedLayer) or found == (pinned.digest, pinned.size)


def check_answers(found: Iterable[Unlike]) -> None:
    """Refuse layers of registries that are none of those that are pinned; all are named."""
    by_title = {each.title: each for each in found}
    if not by_title:
        return
    lines = [line for title in sorted(by_title) for line in by_title[title].lines()]
    where = sorted({_where(each.got) for each in by_title.values()})
    raise LayersNotPinned(
        "\n".join([f"{', '.join(where)} has other layers than `{NAME}` pins", *lines]),
        hint="Somebody changed them, or made them anew: to make them here, pass `--no-cache`; to "
        "pin what is made here, run `lamina lock --layers`",
    )


def check_made(found: Iterable[Unlike]) -> None:
    """Refuse layers that were made here and are none of those that are pinned; all are named."""
    by_title = {each.title: each for each in found}
    if by_title:
        lines = [line for title in sorted(by_title) for line in by_title[title].lines()]
        raise LayersNotPinned(
            "\n".join([f"Other layers were made than `{NAME}` pins", *lines]),
            hint="Something that they are made of changed without a trace, or they were made by "
            "another release: to pin what is made here, run `lamina lock --layers`",
        )


def _where(layer: Layer) -> str:
    return f"`{layer.repository.shown}`" if isinstance(layer, ReusedLayer) else "The store"
