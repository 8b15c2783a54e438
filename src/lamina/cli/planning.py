"""What ``lamina plan`` does: a build up to where it would make something, shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from lamina.cli.caches import Caches
from lamina.cli.foretelling import document, table
from lamina.cli.image_ground import image_ground
from lamina.cli.locked import read_lock
from lamina.cli.options import PlanOptions
from lamina.cli.orders import configured, orders, platforms_of
from lamina.cli.pinning import read_pins
from lamina.cli.project import read_project
from lamina.cli.wanted import as_configured
from lamina.destinations.registry import HasRepository, tags_by_repository
from lamina.forecast import Forecast, forecast
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.overrides import agree, find_overrides
from lamina.oci.layer import Layer
from lamina.oci.reference import Reference
from lamina.plan.contents import OurLayer
from lamina.plan.plan import LayerPlan
from lamina.prepare import Order, Prepared, prepare
from lamina.registry.client import Repository
from lamina.reuse.checks import BlobChecks, asking


def run(options: PlanOptions) -> int:
    """Plan, and show it."""
    names = tuple(Reference.parse(tag) for tag in options.tags)
    pushes = tags_by_repository(names) if options.push else {}
    project = read_project(options, options.folder)
    options = as_configured(options, project.config)
    pins = None if options.no_lock else read_pins(project)
    config = configured(project.config, options)
    caches = Caches.parse(pushes, options.cache_from, options.cache_to)
    platforms, fresh = platforms_of(config), options.no_cache
    with (
        image_ground(options) as images,
        caches.known(
            images.connections,
            platforms,
            images.ground.observer,
            is_fresh=fresh,
            is_strict=True,
        ) as known,
        asking() as checks,
    ):
        lock = read_lock(project, is_checked=not options.frozen)
        workshop = images.workshop(project, config, known, is_fresh=fresh, pins=pins)
        push, kept = images.connections.push, images.ground.store.root
        firsts = dict(reversed([(host, push(host, name)) for host, name in pushes]))
        presence = _Presence(list(firsts.values()), checks)
        wanted = orders(
            options,
            project,
            lock,
            config,
            workshop,
            outputs=(kept,),
            is_base_kept=True,
            pins=pins,
        )
        found = [_forecast(order, workshop, presence) for order in wanted]
    if options.as_json:
        click.echo(json.dumps(document(found), indent=2))
    else:
        click.echo("\n".join(table(found, is_pushed=bool(pushes))))
    return 0


def _forecast(order: Order, workshop: ImageWorkshop, presence: _Presence) -> Forecast:
    prepared = prepare(order, workshop)
    had = _had(prepared, workshop)
    presence.ask([*order.base.base.layers, *(layer for layer in had.values() if layer)])
    missing = [plan for plan, layer in had.items() if layer is None]
    why = workshop.why(missing, prepared.site.recipe)
    return forecast(prepared, had, why, presence.count_sent, workshop.store.has_file)


def _had(prepared: Prepared, workshop: ImageWorkshop) -> dict[LayerPlan, OurLayer | None]:
    """Return the layers that are had, in the order of the image; the overrides if they show."""
    had = workshop.had_all(prepared.layers)
    layers = [layer for plan in prepared.plans if (layer := had[plan]) is not None]
    if len(layers) < len(prepared.plans):
        return had
    site, wheels = prepared.site, prepared.wheels
    agreements = agree(layers, wheels, site.recipe, site.scheme, workshop.known.agreement)
    overrides = find_overrides(agreements, layers, wheels, site.recipe)
    if overrides is None:
        return had
    top = {part.plan: had.pop(part.plan) for part in prepared.top}
    return {**had, **workshop.had_all([overrides.plan]), **top}


@dataclass(frozen=True, slots=True)
class _Presence:
    """What the registries that are pushed to have already."""

    homes: Sequence[Repository]
    """The first repository of each; within one registry, the others get layers mounted."""
    checks: BlobChecks

    def ask(self, layers: Iterable[Layer]) -> None:
        """Begin to look for blobs, so that `count_sent` need not wait for each."""
        for layer in layers:
            for home in self.homes:
                if not self._is_mounted(layer, home):
                    self.checks.ask(home, layer.descriptor)

    def count_sent(self, layer: Layer | None) -> int:
        """Say to how many a layer goes over the network; None stands for one still to be made."""
        return sum(layer is None or not self._has(home, layer) for home in self.homes)

    def _has(self, home: Repository, layer: Layer) -> bool:
        is_there = self._is_mounted(layer, home)
        return is_there or self.checks.problem(home, layer.descriptor) is None

    def _is_mounted(self, layer: Layer, home: Repository) -> bool:
        return isinstance(layer, HasRepository) and layer.repository.host == home.host
