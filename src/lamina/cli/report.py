"""The report of a build, for machines; described in `docs/reference/json.md`."""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from lamina.build import Built, BuiltImage
from lamina.cli.tally import Tally
from lamina.destinations.base import DestinationUnusable, translated
from lamina.observer import Traffic
from lamina.oci.location import UNFINISHED
from lamina.oci.reference import Reference
from lamina.plan.plan import LayerKind
from lamina.stack import BuiltLayer


def report(
    built: Built,
    tally: Tally,
    names: Sequence[Reference],
    *,
    seconds: float,
) -> dict[str, object]:
    """Return the document of ``--json``."""
    return {
        "digest": str(built.descriptor.digest),
        "references": [str(name.tagged()) for name in names],
        "platforms": [
            {
                "platform": str(each.platform),
                "digest": str(each.image.digest),
                "layers": _layers(each),
            }
            for each in built.each
        ],
        "transfer": {
            "dependency_bytes_in": tally.bytes_in[Traffic.DEPENDENCY],
            "base_bytes_in": tally.bytes_in[Traffic.BASE],
            "package_bytes_in": tally.bytes_in[Traffic.PACKAGE],
            "other_bytes_in": tally.bytes_in[Traffic.OTHER],
            "bytes_out": tally.bytes_out,
            "requests": tally.requests,
            "round_trips": tally.round_trips,
            "wheels_downloaded": tally.wheels_downloaded,
            "packages_downloaded": tally.packages_downloaded,
        },
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak_rss(),
    }


def metadata(built: Built, names: Sequence[Reference]) -> dict[str, object]:
    """Return the document of ``--metadata-file``, with the names that `docker buildx` gives.

    The image ID is the digest of the config; several images have none in common but the index.
    """
    [only, *more] = built.each
    config = built.descriptor.digest if more else only.image.manifest.config.digest
    return {
        "containerimage.digest": str(built.descriptor.digest),
        "containerimage.config.digest": str(config),
        "containerimage.descriptor": built.descriptor.to_json(),
        "image.name": ",".join(str(name.tagged()) for name in names),
    }


def check_results(*paths: Path | None) -> None:
    """Refuse files that cannot be written, before anything is built. Raises `LaminaError`."""
    for path in filter(None, paths):
        with translated(path):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            beside = path.parent / f"{UNFINISHED}{path.name}"
            beside.touch()
            beside.unlink()


def write_result(path: Path, text: str) -> None:
    """Write a small file whole; a reader sees all of it or what was there. Raises `LaminaError`."""
    temporary = path.parent / f"{UNFINISHED}{path.name}"
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DestinationUnusable(path, error) from error


def peak_rss() -> int:
    """Return the most memory that the process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _layers(built: BuiltImage) -> list[dict[str, object]]:
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
        kind = LayerKind.BASE.value
        empty: dict[str, object] = {
            "distributions": [],
            "packages": [],
            "notes": [],
            "warnings": [],
        }
        return {**empty, "key": None, "kind": kind, "origin": "base"}
    said = built.layer.contents.said
    return {
        "distributions": [
            {"name": each.name, "version": each.version, "size": each.size}
            for each in built.layer.contents.distributions
        ],
        "packages": [
            {"name": each.name, "version": each.version, "size": each.size}
            for each in built.plan.packages
        ],
        "notes": list(said.notes),
        "warnings": list(said.warnings),
        "key": str(built.plan.key),
        "kind": built.plan.kind.value,
        "origin": built.origin.value,
    }
