"""What a manifest says of a layer of ours, for whoever reads manifests alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from lamina.plan.contents import Contents
from lamina.plan.key import InvalidKey, LayerKey

KEY = "dev.lamina.key"
DISTRIBUTIONS = "dev.lamina.distributions"
"""A list of ``[name, version, size of the wheel]``; what is too much for one goes on in ``.2``."""

_LONGEST = 4000
"""Of a value, in bytes: some registries refuse 4 KiB."""


def layer_annotations(key: LayerKey, contents: Contents) -> dict[str, str]:
    """Return the annotations of a layer's descriptor (image-spec, annotations.md)."""
    rows = ([each.name, each.version, each.size] for each in contents.distributions)
    values = enumerate(_packed(json.dumps(row, separators=(",", ":")) for row in rows), start=1)
    named = {
        DISTRIBUTIONS if number == 1 else f"{DISTRIBUTIONS}.{number}": value
        for number, value in values
    }
    return {KEY: str(key), **named}


def annotated_key(given: Mapping[str, str]) -> LayerKey | None:
    """Return the key that annotations tell, if they do."""
    try:
        return LayerKey.parse(given.get(KEY, ""))
    except InvalidKey:
        return None


def _packed(rows: Iterable[str]) -> Iterator[str]:
    """Give lists of the rows, as few as may be, none of them too long."""
    held: list[str] = []
    for row in rows:
        if held and sum(map(len, held)) + len(held) + len(row) + 2 > _LONGEST:
            yield f"[{','.join(held)}]"
            held = []
        held.append(row)
    if held:
        yield f"[{','.join(held)}]"
