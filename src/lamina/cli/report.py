"""The report of a build, for machines; described in `docs/reference/json.md`."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence

from lamina.build import Built, BuiltLayer
from lamina.cli.tally import Tally
from lamina.observer import Traffic
from lamina.oci.descriptor import Platform
from lamina.oci.reference import Reference


def report(
    built: Built,
    platform: Platform,
    tally: Tally,
    names: Sequence[Reference],
    *,
    seconds: float,
) -> dict[str, object]:
    """Return the document of ``--json``."""
    return {
        "digest": str(built.descriptor.digest),
        "references": [str(name) for name in names],
        "platforms": [
            {
                "platform": str(platform),
                "digest": str(built.image.digest),
                "layers": _layers(built),
            }
        ],
        "transfer": {
            "dependency_bytes_in": tally.bytes_in[Traffic.DEPENDENCY],
            "base_bytes_in": tally.bytes_in[Traffic.BASE],
            "other_bytes_in": tally.bytes_in[Traffic.OTHER],
            "bytes_out": tally.bytes_out,
            "requests": tally.requests,
            "round_trips": tally.round_trips,
            "wheels_downloaded": tally.wheels_downloaded,
        },
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak_rss(),
    }


def peak_rss() -> int:
    """Return the most memory that the process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _layers(built: Built) -> list[dict[str, object]]:
    ours = {id(each.layer): each for each in built.layers}
    rows: list[dict[str, object]] = []
    for layer in built.image.layers:
        descriptor = layer.descriptor
        rows.append(
            {
                **_origin(ours.get(id(layer))),
                "digest": str(descriptor.digest),
                "diff_id": str(layer.diff_id),
                "size": descriptor.size,
            }
        )
    return rows


def _origin(built: BuiltLayer | None) -> dict[str, object]:
    if built is None:
        return {"distributions": [], "key": None, "kind": "base", "origin": "base"}
    return {
        "distributions": [
            {"name": each.name, "version": each.version, "size": each.size}
            for each in built.layer.contents.distributions
        ],
        "key": str(built.plan.key),
        "kind": built.plan.kind.value,
        "origin": "made" if built.is_made else "store",
    }
