"""A forecast as people and as machines read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from lamina.cli.amounts import counted, files, size
from lamina.forecast import (
    Forecast,
    ForecastLayer,
    ForecastPackage,
    ForecastWheel,
    Totals,
    totals,
)
from lamina.stack import Origin


def table(forecasts: Sequence[Forecast], *, is_pushed: bool) -> Iterator[str]:
    """Give the lines of a table: each distribution, each other layer, and the sums."""
    for each in forecasts:
        sent = f"; {size(each.base_sent)} of it to push" if each.base_sent else ""
        yield f"{each.platform} on {each.base} ({size(each.base_size)}{sent})"
        yield ""
        rows = [("", "WHAT", "SIZE", "WHY, OR WHERE IT IS"), *_rows(each)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for name, what, amount, why in rows:
            line = f"{name:<{widths[0]}}  {what:<{widths[1]}}  {amount:>{widths[2]}}  {why}"
            yield line.rstrip()
        yield ""
    yield from _sums(totals(forecasts), is_pushed=is_pushed)


def _rows(forecast: Forecast) -> Iterator[tuple[str, str, str, str]]:
    for layer in forecast.layers:
        if not (layer.wheels or layer.packages):
            amount = "" if layer.size is None else size(layer.size)
            yield (layer.plan.title, _what(layer), amount, _where(layer))
        for each in layer.wheels:
            what = f"download, {_what(layer)}" if each.is_downloaded else _what(layer)
            yield (str(each.wheel), what, size(each.wheel.size), each.reason or _where(layer))
        for deb in layer.packages:
            what = f"download, {_what(layer)}" if deb.is_downloaded else _what(layer)
            name = f"{deb.package.name} {deb.package.version}"
            yield (name, what, size(deb.package.size), _where(layer))


def _what(layer: ForecastLayer) -> str:
    verb = "make" if layer.origin is Origin.MADE else "reuse"
    return f"{verb}, push" if layer.sent else verb


def _where(layer: ForecastLayer) -> str:
    if layer.origin is Origin.MADE:
        return "no such layer yet"
    return layer.where or "the store"


def _sums(sums: Totals, *, is_pushed: bool) -> Iterator[str]:
    yield f"Reused: {counted(sums.layers_reused, 'layer')}, {size(sums.bytes_reused)}"
    come = files(sums.wheels_downloaded, sums.packages_downloaded)
    yield f"To download: {come}, {size(sums.bytes_downloaded)}"
    yield f"To make: {counted(sums.layers_made, 'layer')}"
    if is_pushed:
        made = ", and what is made of the project" if sums.layers_made else ""
        yield f"To push: {size(sums.bytes_pushed)}{made}"


def document(forecasts: Sequence[Forecast]) -> dict[str, object]:
    """Return the document of ``--json``; described in `docs/reference/json.md`."""
    return {
        "platforms": [
            {
                "platform": str(each.platform),
                "base": {"name": each.base, "size": each.base_size, "push": each.base_sent},
                "layers": [_layer(layer) for layer in each.layers],
            }
            for each in forecasts
        ],
        "total": asdict(totals(forecasts)),
    }


def _layer(layer: ForecastLayer) -> dict[str, object]:
    return {
        "kind": layer.plan.kind.value,
        "title": layer.plan.title,
        "key": str(layer.plan.key),
        "origin": "make" if layer.origin is Origin.MADE else layer.origin.value,
        "repository": layer.where or None,
        "size": layer.size,
        "push": layer.sent > 0,
        "distributions": [_wheel(each) for each in layer.wheels],
        "packages": [_package(each) for each in layer.packages],
    }


def _package(each: ForecastPackage) -> dict[str, object]:
    return {
        "name": each.package.name,
        "version": each.package.version,
        "size": each.package.size,
        "download": each.is_downloaded,
    }


def _wheel(each: ForecastWheel) -> dict[str, object]:
    return {
        "name": each.wheel.name,
        "version": each.wheel.version,
        "size": each.wheel.size,
        "download": each.is_downloaded,
        "reason": each.reason or None,
    }
