"""What ``lamina lock`` does: what there is now is pinned, where nothing is yet."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import click

from lamina.cli.image_ground import image_ground
from lamina.cli.lock import LockOptions
from lamina.cli.locked import pinned, read_lock
from lamina.cli.locking_file import write_pins
from lamina.cli.locking_report import Outcome, document, lines, mismatch_document
from lamina.cli.options import PlanOptions, read_options
from lamina.cli.orders import base_name, configured, platforms_of
from lamina.cli.pinned_trees import pinned_trees
from lamina.cli.pinning import asked_of, lock_command, pins_path, read_pins
from lamina.cli.plan import command as plan_command
from lamina.cli.project import read_project
from lamina.cli.wanted import as_configured, building_of
from lamina.errors import LaminaError
from lamina.pins.changes import changes
from lamina.pins.matching import PinsDoNotMatch, mismatches
from lamina.pins.model import Asked, Pins
from lamina.pins.names import check_names
from lamina.pins.write import write
from lamina.reuse.known import Known


class PinsNotFound(LaminaError):
    """There is no lock, and one was to be checked."""


def run(options: LockOptions) -> int:
    """Pin, and say what has changed."""
    plan = _as_plan(options)
    project = read_project(plan, plan.folder)
    plan = as_configured(plan, project.config)
    config = configured(project.config, plan)
    before = read_pins(project)
    with image_ground(options) as images:
        on = images.ground
        lock = read_lock(project, is_checked=not plan.frozen)
        pin = pinned(project, on.observer)
        base = base_name(plan, project, lock, config, None if pin is None else pin.version)
        building = building_of(plan, lock, os.environ, Path.home(), project)
        trees = pinned_trees(config, project, lock, building)
        asked = asked_of(base, platforms_of(config), config, trees, building)
        check_names(options.upgrade or (), before, asked)
        if options.check and options.upgrade is None and not options.with_layers:
            return _check(before, asked, pins_path(project), options)
        # Here, since a mere check needs none of it.
        from lamina.cli.locking_pins import Pinning, backend_of

        known = Known.nothing(on.observer)
        workshop = images.workshop(project, config, known, is_fresh=False, pins=before)
        version = config.python or (None if pin is None else pin.version)
        pinning = Pinning(
            options=options,
            asked=asked,
            base=base,
            config=config,
            folder=project.folder,
            before=before,
            workshop=workshop,
            backend=backend_of(project, trees, version, workshop),
        )
        after = pinning.pins()
        if options.with_layers:
            from lamina.cli.locking_layers import verified_layers

            layers = verified_layers(plan, project, lock, config, images, after, options.cache_from)
            after = replace(after, layers=layers)
        outcome = Outcome(changes(before, after), after, before, is_checked=options.check)
        if outcome.has_changed and not options.check:
            write_pins(pins_path(project), write(after))
        for line in lines(outcome, is_verbose=options.verbose):
            on.observer.note(line)
    if options.as_json:
        click.echo(json.dumps(document(outcome), indent=2))
    return 1 if options.check and outcome.has_changed else 0


def _as_plan(options: LockOptions) -> PlanOptions:
    """Return the options of a build that would obey the lock."""
    with plan_command.make_context("lock", [*options.pinning]) as context:
        return PlanOptions(**read_options(context))


def _check(before: Pins | None, asked: Asked, path: Path, options: LockOptions) -> int:
    """Say whether a lock answers, by itself: what there is now is asked of nobody."""
    command = lock_command(options.pinning)
    if before is None:
        raise PinsNotFound(f"Unable to find `{path}`", hint=f"To create it, run `{command}`")
    found = mismatches(before, asked, is_exact=True)
    if options.as_json:
        click.echo(json.dumps(mismatch_document(found), indent=2))
    if found:
        raise PinsDoNotMatch(found, hint=f"To bring it up to date, run `{command}`")
    return 0
