"""What ``lamina sync`` does: the world is read here, and handed down as values."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from lamina.cli.amounts import counted, duration, size
from lamina.cli.clock import seconds_running
from lamina.cli.environments import Opened, Wanted, find_prefix, held, titled
from lamina.cli.ground import Ground, ground
from lamina.cli.locked import pinned, read_lock, requires_python, wanted
from lamina.cli.memo import Decided, absent_around
from lamina.cli.project import ProjectFolder, has_no_project, no_project, read_project
from lamina.cli.python_places import python_places
from lamina.cli.style import harmless
from lamina.cli.sync import SyncOptions
from lamina.cli.wanted import build_rules, building_of, policy_of
from lamina.environment.create import create
from lamina.environment.place import Existing
from lamina.environment.tree import Fill
from lamina.lock.model import Lock
from lamina.lock.select import select
from lamina.lock.wanted import Wanted as WantedOfLock
from lamina.make.workshop import Workshop
from lamina.observer import Observer
from lamina.pythons.request import parse_request
from lamina.sync.changes import Action, Manner, Step
from lamina.sync.compile import compile_all
from lamina.sync.environment import Environment, target_of
from lamina.sync.link import LinkMode
from lamina.sync.sync import Make, Sync, Synced, SyncOrder

if TYPE_CHECKING:
    from lamina.sync.image import SourceImage


def run(options: SyncOptions, words: Sequence[str]) -> int:
    """Bring an environment up to date, and say what came of it; ``words`` are the command line."""
    absent = absent_around(options.folder, os.environ)
    is_alone = options.image is not None and has_no_project(options, options.folder)
    project = no_project(options.folder) if is_alone else read_project(options, options.folder)
    with ground(options, is_offline=options.offline) as on:
        said = [*_about_variables(on)]
        for text in said:
            on.observer.note(text)
        prefix = find_prefix(os.environ, project.root, active=options.active, observer=on.observer)
        wanting, image = _wanting(options, project, on, is_alone=is_alone)
        is_dry = options.dry_run or options.check
        python = wanting.python()
        prompt = str(project.facts.name) or None
        known, observer = on.store.facts, on.observer
        with held(
            prefix, python, known, os.environ, observer, prompt=prompt, is_dry=is_dry
        ) as opened:
            _tell_anew(opened, observer, is_dry=is_dry)
            make = None if opened.why_anew is None else _making(opened.environment, project)
            order = replace(wanting.order(opened.environment), make=make, image=image)
            workshop = _workshop(project, opened.environment, on)
            sync = Sync.of(_in_manner(options, order), workshop)
            synced = sync.plan() if is_dry else sync.run(opened.lock)
            if options.compile_bytecode and not is_dry:
                compile_all(opened.environment, on.programs, os.environ, on.scratch.new())
        _tell(synced, options, prefix, on)
        said = [] if options.quiet else [*said, _summary(synced, prefix, on, is_dry=is_dry)]
        is_known = synced.image is None and not on.tally.has_warned
        if is_known and isinstance(wanting, _OfLock):
            environment, lock = opened.environment, wanting.lock
            decided = Decided(options, words, project, lock, python, environment, absent)
            decided.remember(synced, map(harmless, said), os.environ)
    if options.as_json:
        click.echo(json.dumps(_document(synced, prefix, on), indent=2))
    return 1 if options.check and synced.has_changed else 0


def _workshop(project: ProjectFolder, environment: Environment, on: Ground) -> Workshop:
    """Return where wheels are had; what is built is built by the Python under the environment.

    It may have headers and libraries that another of its version, such as Lamina's own, lacks.
    """
    interpreter = environment.interpreter
    base = replace(interpreter, executable=interpreter.base)
    led = replace(on, pythons=on.pythons.led_by(base))
    return led.workshop(project, project.config)


class _Wanting(Protocol):
    """Says what an environment is to have."""

    def python(self) -> Wanted:
        """Return which Python that is."""
        ...

    def order(self, environment: Environment) -> SyncOrder:
        """Return what is to be done, in the usual manner."""
        ...


def _wanting(
    options: SyncOptions, project: ProjectFolder, on: Ground, *, is_alone: bool
) -> tuple[_Wanting, Callable[[], SourceImage] | None]:
    """Return what says what is wanted, the lock or the image; and what opens that, if it is named.

    Where a lock says it, an image is opened only if there is something to be had.
    """
    if options.image is None:
        return _OfLock.read(options, project, on.observer), None
    from lamina.cli.syncing_image import OfImage, check_choice, opener

    image = opener(options.image, on, insecure=options.insecure, is_alone=is_alone)
    if not is_alone:
        return _OfLock.read(options, project, on.observer), image
    check_choice(options)
    return OfImage(options, image()), image


@dataclass(frozen=True, slots=True)
class _OfLock:
    """An environment as a lock has it."""

    options: SyncOptions
    project: ProjectFolder
    lock: Lock
    asked: WantedOfLock
    observer: Observer

    @classmethod
    def read(cls, options: SyncOptions, project: ProjectFolder, observer: Observer) -> _OfLock:
        """Read the lock of a project, and what the command line wants of it."""
        lock = read_lock(project, is_checked=not options.frozen)
        asked = wanted(options, project, lock, is_dev_default=True)
        return cls(options, project, lock, asked, observer)

    def python(self) -> Wanted:
        """See `_Wanting.python`."""
        asked, pin = self.options.python, pinned(self.project, self.observer)
        return Wanted(
            None if asked is None else parse_request(asked, Path.cwd()),
            None if pin is None else pin.request,
            requires_python(self.project, self.lock, self.asked),
            python_places(os.environ),
        )

    def order(self, environment: Environment) -> SyncOrder:
        """See `_Wanting.order`."""
        options, project, lock = self.options, self.project, self.lock
        target = target_of(environment.interpreter, os.uname())
        policy = policy_of(options, build_rules(os.environ, Path.home(), project))
        return SyncOrder(
            folder=project.lock_folder,
            environment=environment,
            target=target,
            selection=select(lock, target, self.asked, policy),
            building=building_of(options, lock, os.environ, Path.home(), project),
            is_editable=not options.no_editable,
        )


def _in_manner(options: SyncOptions, order: SyncOrder) -> SyncOrder:
    """Return an order that is carried out as the command line says."""
    manner = Manner(
        is_exact=not options.inexact,
        reinstalls=None if options.reinstall else frozenset(options.reinstall_packages),
        seeds=order.environment.seeds,
    )
    link_mode = LinkMode(options.link_mode) if options.link_mode else None
    return replace(order, manner=manner, link_mode=link_mode)


def _about_variables(on: Ground) -> Iterator[str]:
    if os.environ.get("UV_CACHE_DIR"):
        yield f"`UV_CACHE_DIR` is uv's: what is kept lies in `{on.store.root}`; see `--store`"


def _making(environment: Environment, project: ProjectFolder) -> Make:
    """Return what makes an environment where another one is."""
    prompt = str(project.facts.name) or None

    def make(fill: Fill) -> None:
        create(
            environment.prefix,
            environment.interpreter,
            prompt=prompt,
            existing=Existing.CLEARED,
            fill=fill,
        )

    return make


def _tell_anew(opened: Opened, observer: Observer, *, is_dry: bool) -> None:
    if opened.why_anew is not None:
        environment = opened.environment
        observer.note(
            f"{'Would make' if is_dry else 'Making'} the environment `{environment.prefix}` anew "
            f"with Python {titled(environment.interpreter)}: {opened.why_anew}"
        )


def _tell(synced: Synced, options: SyncOptions, prefix: Path, on: Ground) -> None:
    is_dry = options.dry_run or options.check
    if options.verbose:
        for line in _reasons(synced, is_dry=is_dry):
            on.observer.note(line)
    elif synced.has_changed:
        for step in synced.steps:
            for line in _marks(step, synced):
                on.observer.note(line)
    on.observer.note(_summary(synced, prefix, on, is_dry=is_dry))


def _reasons(synced: Synced, *, is_dry: bool) -> Iterator[str]:
    """Say of each distribution what was done, and why."""
    done = _WOULD if is_dry else _DONE
    for step in synced.steps:
        how = synced.supplied.get(step.name)
        had = f" ({how.how})" if how is not None else ""
        yield f"{done[step.action]} {_title(step, synced)}: {step.why}{had}"


_DONE = {
    Action.KEEP: "Kept",
    Action.INSTALL: "Installed",
    Action.REINSTALL: "Reinstalled",
    Action.REMOVE: "Removed",
    Action.LEAVE: "Left",
}
_WOULD = {
    **{action: f"Would {action.value}" for action in Action},
}


def _title(step: Step, synced: Synced) -> str:
    if step.name in synced.supplied:
        unpacked = synced.supplied[step.name].unpacked
        return f"{unpacked.name}=={unpacked.version}"
    if step.wish is not None:
        return str(step.wish)
    return ", ".join(map(str, step.installed))


def _marks(step: Step, synced: Synced) -> Iterator[str]:
    """Say what has changed as uv does: what went, what came, what came again."""
    title = _title(step, synced)
    gone = [str(each) for each in step.installed]
    if step.removes and (not step.installs or gone != [title]):
        yield from (f" - {each}" for each in gone)
    if step.installs:
        yield f" {'~' if gone == [title] else '+'} {title}"


def _summary(synced: Synced, prefix: Path, on: Ground, *, is_dry: bool) -> str:
    installed = sum(step.installs for step in synced.steps)
    removed = sum(step.action is Action.REMOVE for step in synced.steps)
    kept = sum(step.action is Action.KEEP for step in synced.steps)
    if not synced.has_changed:
        return f"`{prefix}` is as it should be: {counted(kept, 'distribution')}"
    would = "Would install" if is_dry else f"Done in {duration(seconds_running())}: installed"
    text = f"{would} {installed}, {'remove' if is_dry else 'removed'} {removed}, kept {kept}"
    come = sum(on.tally.bytes_in.values())
    return f"{text}; {size(come)} downloaded" if come else text


def _document(synced: Synced, prefix: Path, on: Ground) -> dict[str, object]:
    """Return the report; see docs/reference/json.md."""
    return {
        "environment": str(prefix),
        "from": None if synced.image is None else _named(synced.image),
        "changed": synced.has_changed,
        "made_anew": synced.is_anew,
        "distributions": [_entry(step, synced) for step in synced.steps],
        "bytes_downloaded": sum(on.tally.bytes_in.values()),
        "seconds": round(seconds_running(), 3),
    }


def _named(image: SourceImage) -> dict[str, object]:
    digest = None if image.digest is None else str(image.digest)
    return {"name": image.name, "digest": digest}


def _entry(step: Step, synced: Synced) -> dict[str, object]:
    supplied = synced.supplied.get(step.name)
    version: str | None = None
    if supplied is not None:
        version = supplied.unpacked.version
    elif step.wish is not None and step.wish.distribution.version is not None:
        version = str(step.wish.distribution.version)
    elif step.wish is not None and step.action is Action.KEEP:
        version = step.installed[0].version
    before: Sequence[str] = [each.version for each in step.installed]
    return {
        "name": step.name,
        "version": version,
        "before": before,
        "action": step.action.value,
        "why": step.why,
        "source": supplied.how if supplied is not None else None,
    }
