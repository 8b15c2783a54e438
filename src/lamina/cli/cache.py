"""``lamina cache``: the store of layers, looked at and cleaned."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from lamina.cli.amounts import counted, size
from lamina.cli.help import Group
from lamina.cli.settings import store_folder
from lamina.store import prune
from lamina.store.prune import Amount, Holdings, Verified
from lamina.store.store import Store

_DAY = 86400


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all of these commands take."""
    store = click.option(
        "--store",
        metavar="DIR",
        type=click.Path(path_type=Path),
        envvar="LAMINA_STORE",
        show_envvar=True,
        help="The store, instead of the one in the cache folder.",
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
    return store(as_json(function))


@click.group("cache", cls=Group)
def command() -> None:
    """Look at the store of layers and unpacked wheels, and clean it.

    All that it holds can be made again.
    """


@command.command("dir")
@_options
def dir_(store: Path | None, as_json: bool) -> None:
    """Write where the store is."""
    path = _store(store).root
    _write({"store": str(path)}, str(path), as_json=as_json)


@command.command("size")
@_options
def size_(store: Path | None, as_json: bool) -> None:
    """Write how much the store holds, and of what."""
    opened = _store(store)
    held = prune.size(opened)
    rows = [(name, amount) for name, amount in _parts(held)] + [("total", held.total)]
    text = "\n".join(f"{name:<11}{a.count:>7}  {size(a.bytes):>9}" for name, a in rows)
    _write(_holdings(opened, held), text, as_json=as_json)


@command.command("prune")
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=click.FloatRange(0, 36500),
    help="Remove layers and unpacked wheels, too, that were not used for so many days.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Remove all layers and unpacked wheels, too."
)
@_options
def prune_(store: Path | None, as_json: bool, days: float | None, everything: bool) -> None:
    """Remove what is only kept in case that layers must be made again.

    What builds that were killed have left goes, too. Layers and unpacked wheels stay, unless
    options say otherwise.
    """
    if everything and days is not None:
        raise click.UsageError("Only one of --older-than and --all can be meant")
    opened = _store(store)
    unused_for = 0.0 if everything else None if days is None else days * _DAY
    freed = Holdings(*[Amount()] * 5)
    if opened.root.is_dir():
        freed = prune.prune(opened, now=time.time(), unused_for=unused_for)
    parts = ", ".join(f"{name} {size(amount.bytes)}" for name, amount in _parts(freed))
    text = f"Freed {size(freed.total.bytes)} in {counted(freed.total.count, 'file')} ({parts})"
    _write(_holdings(opened, freed), text, as_json=as_json)


@command.command("verify")
@_options
def verify_(store: Path | None, as_json: bool) -> int:
    """Read all that the store holds, and remove what is damaged.

    The exit code is 1 if something was.
    """
    opened = _store(store)
    found = prune.verify(opened) if opened.root.is_dir() else Verified(Amount(), ())
    lines = [f"Removed {each.digest}: it had {each.got}" for each in found.damaged]
    lines += [
        f"Removed the tree of {each.wheel}: `{each.file}` was damaged"
        for each in found.damaged_trees
    ]
    sound = f"{counted(found.sound.count, 'blob')} in order, {size(found.sound.bytes)}"
    if found.trees.count:
        sound += f"; {counted(found.trees.count, 'unpacked file')}, {size(found.trees.bytes)}"
    document = {
        "store": str(opened.root),
        "sound": _amount(found.sound),
        "damaged": [
            {"digest": str(each.digest), "got": each.got, "layer": each.is_layer}
            for each in found.damaged
        ],
        "trees": _amount(found.trees),
        "damaged_trees": [{"wheel": each.wheel, "file": each.file} for each in found.damaged_trees],
    }
    _write(document, "\n".join([*lines, sound]), as_json=as_json)
    return 1 if found.damaged or found.damaged_trees else 0


def _store(given: Path | None) -> Store:
    return Store(store_folder(given))


def _parts(held: Holdings) -> list[tuple[str, Amount]]:
    return [
        ("layers", held.layers),
        ("trees", held.trees),
        ("downloads", held.downloads),
        ("documents", held.documents),
        ("unfinished", held.scratch),
    ]


def _holdings(store: Store, held: Holdings) -> dict[str, object]:
    parts = {name: _amount(amount) for name, amount in _parts(held)}
    return {"store": str(store.root), **parts, "total": _amount(held.total)}


def _amount(amount: Amount) -> dict[str, int]:
    return {"count": amount.count, "bytes": amount.bytes}


def _write(document: Mapping[str, object], text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(document, indent=2) if as_json else text)
