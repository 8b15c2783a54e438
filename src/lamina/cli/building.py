"""What ``lamina build`` does: the world is read here, and handed down as values."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from lamina.build import Built, build
from lamina.cli import settings
from lamina.cli.amounts import counted, duration, files, size
from lamina.cli.caches import Caches
from lamina.cli.clock import seconds_running
from lamina.cli.ground import Ground
from lamina.cli.image_ground import image_ground
from lamina.cli.locked import read_lock
from lamina.cli.options import BuildOptions
from lamina.cli.orders import configured, orders, platforms_of
from lamina.cli.outputs import destination_of, locations
from lamina.cli.pinning import read_pins
from lamina.cli.project import read_project
from lamina.cli.report import check_results, metadata, report, write_result
from lamina.cli.tally import Tally
from lamina.cli.wanted import as_configured
from lamina.destinations.base import Destination, closing
from lamina.destinations.registry import tags_by_repository
from lamina.oci.reference import Reference
from lamina.plan.collisions import Collision
from lamina.reuse.reused import ReusedLayer
from lamina.reuse.verify import Verify
from lamina.store.keeper import Keeper


def run(options: BuildOptions) -> int:
    """Build, and say what came of it."""
    check_results(options.iidfile, options.metadata_file)
    names = tuple(Reference.parse(tag) for tag in options.tags)
    pushes = tags_by_repository(names) if options.push else {}
    project = read_project(options, options.folder)
    options = as_configured(options, project.config)
    pins = None if options.no_lock else read_pins(project)
    config = configured(project.config, options, max_wheel_size=options.max_wheel_size)
    platforms = platforms_of(config)
    outputs = settings.outputs(os.environ, options.outputs)
    places = locations(
        outputs,
        names,
        is_pushed=options.push,
        is_loaded=options.load,
        is_multiple=len(platforms) > 1,
    )
    caches = Caches.parse(pushes, options.cache_from, options.cache_to)
    verify, is_read = Verify(options.verify), bool(places) or options.load
    with image_ground(options) as images:
        on, connections = images.ground, images.connections
        written = (*(Path(place.path) for place in places), on.store.root)
        with (
            _engines(options, names, on) as engines,
            closing(
                destination_of(places, pushes, connections.push, on.observer, engines)
            ) as destination,
            caches.known(
                connections,
                platforms,
                on.observer,
                is_fresh=options.no_cache,
                verify=verify,
                keeper=Keeper(on.store, on.scratch) if is_read else None,
            ) as known,
        ):
            # Earlier images are read meanwhile.
            lock = read_lock(project, is_checked=not options.frozen)
            workshop = images.workshop(project, config, known, is_fresh=options.no_cache, pins=pins)
            wanted = orders(
                options,
                project,
                lock,
                config,
                workshop,
                outputs=written,
                is_base_kept=is_read,
                pins=pins,
            )
            built = build(wanted, workshop, destination, names)
            caches.remember(built, verify, connections, on.observer)
        _tell(built, names if options.push else (), on)
    _write_files(built, names, options)
    document = report(built, on.tally, names, seconds=seconds_running())
    _print(document, options)
    return 0


def _engines(
    options: BuildOptions, names: Sequence[Reference], on: Ground
) -> AbstractContextManager[tuple[Destination, ...]]:
    """Return the running engine, if the image is to be loaded."""
    if not options.load:
        return nullcontext(())
    from lamina.cli.engines import running_engine  # Here, since few builds need it.

    return running_engine(os.environ, names, on.observer.note)


def _tell(built: Built, pushed: Sequence[Reference], on: Ground) -> None:
    """Say what came of a build, to a person."""
    for line in collision_lines({each for image in built.each for each in image.collisions}):
        on.observer.warn(line)
    for line in other_sources(built, {name.name for name in pushed}):
        on.observer.note(line)
    on.observer.note(summary(built, on.tally, seconds_running()))


def collision_lines(collisions: Iterable[Collision]) -> Iterator[str]:
    """Say which distributions do not agree about what, and whose files are in the image."""
    paths: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for collision in collisions:
        paths[collision.owners].append(collision.path)
    for owners, theirs in sorted(paths.items()):
        example = "" if len(theirs) == 1 else "such as "
        yield (
            f"{', '.join(owners[:-1])} and {owners[-1]} have different content in "
            f"{counted(len(theirs), 'file')}, {example}`{min(theirs)}`; "
            f"the image has that of {owners[-1]}"
        )


def other_sources(built: Built, pushed: Set[str]) -> Iterator[str]:
    """Name the repositories that layers were taken from, besides those that are pushed to."""
    layers = [each.layer for image in built.each for each in image.layers]
    where = {
        layer.descriptor.digest: layer.repository.shown
        for layer in layers
        if isinstance(layer, ReusedLayer)
    }
    found = Counter(where.values())
    for name in sorted(found.keys() - pushed):
        yield f"Reused {counted(found[name], 'layer')} of {name}"


def summary(built: Built, tally: Tally, seconds: float) -> str:
    """Say in one line what came of a build."""
    layers = [layer for image in built.each for layer in image.layers]
    made = sum(each.is_made for each in layers)
    come = sum(tally.bytes_in.values())
    kept = counted(len(layers) - made, "layer")
    come_of = files(tally.wheels_downloaded, tally.packages_downloaded)
    return f"Done in {duration(seconds)}: {kept} reused, {made} made; " + (
        f"{size(come)} downloaded, with {come_of}" if come else "nothing downloaded"
    )


def _write_files(built: Built, names: Sequence[Reference], options: BuildOptions) -> None:
    """Write the files that other tools read, once the image is where it should be."""
    if options.metadata_file is None and options.iidfile is None:
        return
    document = metadata(built, names)
    if options.metadata_file is not None:
        write_result(options.metadata_file, json.dumps(document, indent=2) + "\n")
    if options.iidfile is not None:
        write_result(options.iidfile, str(document["containerimage.config.digest"]))


def _print(document: Mapping[str, object], options: BuildOptions) -> None:
    """Write the result to standard output."""
    click.echo(json.dumps(document, indent=2) if options.as_json else document["digest"])
