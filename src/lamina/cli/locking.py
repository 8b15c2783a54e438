"""What ``lamina lock`` does: what there is now is pinned, where nothing is yet."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from lamina.cli.image_ground import image_ground
from lamina.cli.lock import LockOptions
from lamina.cli.locked import pinned, read_lock
from lamina.cli.locking_layers import verified_layers
from lamina.cli.locking_report import Outcome, document, lines, mismatch_document
from lamina.cli.options import PlanOptions, read_options
from lamina.cli.orders import base_name, configured, platforms_of
from lamina.cli.pinning import asked_of, backend_settings, lock_command, pins_path, read_pins
from lamina.cli.plan import command as plan_command
from lamina.cli.project import ProjectFolder, read_project
from lamina.cli.wanted import as_configured, building_of
from lamina.errors import LaminaError
from lamina.lock.model import Lock
from lamina.make.base import follow, identify
from lamina.make.build_releases import BackendReleases
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.source_trees import SourceTree
from lamina.oci.descriptor import Platform
from lamina.oci.index import normalize
from lamina.oci.location import UNFINISHED
from lamina.pins.changes import changes
from lamina.pins.matching import PinsDoNotMatch, mismatches
from lamina.pins.model import Asked, PinnedBase, PinnedLayer, PinnedRelease, Pins, PlatformPins
from lamina.pins.names import check_names
from lamina.pins.write import write
from lamina.project.building import Building
from lamina.project.ignore import read_ignore
from lamina.project.subject import Subject
from lamina.reuse.known import Known


class PinsUnwritable(LaminaError):
    """The lock cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"Unable to write `{path}`: {error.strerror}")


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
        asked = asked_of(base, platforms_of(config), project, lock, building)
        check_names(options.upgrade or (), before, asked)
        if options.check and options.upgrade is None and not options.with_layers:
            return _check(before, asked, pins_path(project), options)
        workshop = images.workshop(project, config, Known.nothing(on.observer), is_fresh=False)
        version = config.python or (None if pin is None else pin.version)
        backend = _backend(project, lock, building, version, workshop)
        after = _Pinning(options, asked, base, before, workshop, backend).pins()
        if options.with_layers:
            layers = verified_layers(plan, project, lock, config, images, after, options.cache_from)
            after = replace(after, layers=layers)
        outcome = Outcome(changes(before, after), after, before, is_checked=options.check)
        if outcome.has_changed and not options.check:
            _write(pins_path(project), write(after))
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


def _write(path: Path, text: str) -> None:
    """Write a lock whole: a reader, or a crash, sees all of it or the one before."""
    temporary = path.parent / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        try:
            with temporary.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PinsUnwritable(path, error) from error


def _backend(
    project: ProjectFolder,
    lock: Lock,
    building: Building,
    version: str | None,
    workshop: ImageWorkshop,
) -> BackendReleases | None:
    """Return what finds releases for the project's own backend; ``version`` is of the Python."""
    settings = backend_settings(project, lock, building)
    if project.facts.build_system is None or settings is None:
        return None
    outputs = read_ignore(project.folder, [pins_path(project), workshop.store.root]).outputs
    tree = SourceTree(project.folder, Subject.of_project(project.facts), settings, outputs)
    pythons = workshop.backends.pythons
    minor = ".".join((version or "").removesuffix("t").split(".")[:2])
    found = pythons.of_minor(minor + "t" * (version or "").endswith("t")) if minor else None
    return BackendReleases(tree, found or pythons.running, workshop)


def _of_backend(asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return asked.build_requires, asked.build_constraints


@dataclass(frozen=True, slots=True)
class _Pinning:
    """What is pinned: as before, or as it is now."""

    options: LockOptions
    asked: Asked
    base: str
    """By the name that leads to it from here."""
    before: Pins | None
    workshop: ImageWorkshop
    backend: BackendReleases | None

    def pins(self) -> Pins:
        """Return a lock that answers what is asked."""
        return Pins(
            asked=self.asked,
            platforms=tuple(map(self._platform, self.asked.platforms)),
            releases=self._releases(),
            layers=self._layers(),
        )

    def _layers(self) -> tuple[PinnedLayer, ...]:
        """Return those that were pinned: their keys say what they are made of, whatever else is."""
        if self.before is None or self.options.with_layers is False:
            return ()
        return self.before.layers

    def _releases(self) -> tuple[PinnedRelease, ...]:
        if self.backend is None:
            return ()
        if self.before is None:
            return self.backend.find(())
        had = self.before.releases
        kept = tuple(each for each in had if not self.options.upgrades(each.name))
        is_same = _of_backend(self.before.asked) == _of_backend(self.asked)
        return self.backend.keep(had) if kept == had and is_same else self.backend.find(kept)

    def _platform(self, platform: Platform) -> PlatformPins:
        return PlatformPins(platform=platform, base=self._base(platform))

    def _base(self, platform: Platform) -> PinnedBase | None:
        kept = self._kept_bases()
        had = next((each for each in kept if normalize(each.platform) == normalize(platform)), None)
        if had is not None:
            return had.base
        # What is pinned for one platform leads to the same release for another.
        for base in (each.base for each in kept):
            if base is not None and base.index is not None:
                follow(self.base, base, self.workshop)
        return identify(self.base, platform, self.workshop)

    def _kept_bases(self) -> Sequence[PlatformPins]:
        before = self.before
        if before is None or before.asked.base != self.asked.base or self.options.upgrades("base"):
            return ()
        return [each for each in before.platforms if each.base is not None]
