"""What a manifest says of a layer of ours: its key.

What is in the layer stands in the config (`lamina.reuse.record`): a manifest goes out with each
tag, so that what it holds is sent several times.
"""

from __future__ import annotations

from collections.abc import Mapping

from lamina.plan.key import InvalidKey, LayerKey

KEY = "dev.lamina.key"


def layer_annotations(key: LayerKey) -> dict[str, str]:
    """Return the annotations of a layer's descriptor (image-spec, annotations.md)."""
    return {KEY: str(key)}


def annotated_key(given: Mapping[str, str]) -> LayerKey | None:
    """Return the key that annotations tell, if they do."""
    try:
        return LayerKey.parse(given.get(KEY, ""))
    except InvalidKey:
        return None
