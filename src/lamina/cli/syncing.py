"""What ``lamina sync`` does: the world is read here, and handed down as values."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from lamina.cli.amounts import counted, duration, size
from lamina.cli.clock import seconds_running
from lamina.cli.environments import Opened, Wanted, find_prefix, held, titled
from lamina.cli.ground import Ground, ground
from lamina.cli.orders import pinning_folder, read_lock, requires_python, wanted
from lamina.cli.project import ProjectFolder, read_project
from lamina.cli.python import pinned_version
from lamina.cli.python_places import python_places
from lamina.cli.sync import SyncOptions
from lamina.cli.wanted import build_rules, building_of, policy_of
from lamina.environment.create import create
from lamina.environment.place import Existing
from lamina.environment.tree import Fill
from lamina.lock.model import Lock
from lamina.lock.select import select
from lamina.lock.wanted import Wanted as WantedOfLock
from lamina.observer import Observer
from lamina.pythons.request import parse_request
from lamina.reuse.known import Known
from lamina.sync.changes import Action, Manner, Step
from lamina.sync.compile import compile_all
from lamina.sync.environment import Environment, target_of
from lamina.sync.link import LinkMode
from lamina.sync.sync import Make, Sync, Synced, SyncOrder


def run(options: SyncOptions) -> int:
    """Bring an environment up to date, and say what came of it."""
    project = read_project(options, options.folder)
    with ground(options, is_offline=options.offline) as on:
        _about_variables(on)
        prefix = find_prefix(os.environ, project.root, active=options.active, observer=on.observer)
        lock = read_lock(project, is_checked=not options.frozen)
        is_dry = options.dry_run or options.check
        asked = wanted(options, project, lock, is_dev_default=True)
        python = _python(options, project, lock, asked)
        workshop = on.workshop(project, project.config, Known.nothing(on.observer), is_fresh=False)
        prompt = str(project.facts.name) or None
        known, observer = on.store.facts, on.observer
        with held(
            prefix, python, known, os.environ, observer, prompt=prompt, is_dry=is_dry
        ) as opened:
            _tell_anew(opened, observer, is_dry=is_dry)
            order = _order(options, project, lock, opened, asked)
            sync = Sync.of(order, workshop)
            synced = sync.plan() if is_dry else sync.run(opened.lock)
            if options.compile_bytecode and not is_dry:
                compile_all(opened.environment, on.programs, os.environ, on.scratch.new())
        _tell(synced, options, prefix, on)
    if options.as_json:
        click.echo(json.dumps(_document(synced, prefix, on), indent=2))
    return 1 if options.check and synced.has_changed else 0


def _python(
    options: SyncOptions, project: ProjectFolder, lock: Lock, asked: WantedOfLock
) -> Wanted:
    """Return which Python the environment is to have."""
    pinned = pinned_version(pinning_folder(project))
    here = Path.cwd()
    return Wanted(
        None if options.python is None else parse_request(options.python, here),
        None if pinned is None else parse_request(pinned, here),
        requires_python(project, lock, asked),
        python_places(os.environ),
    )


def _order(
    options: SyncOptions,
    project: ProjectFolder,
    lock: Lock,
    opened: Opened,
    asked: WantedOfLock,
) -> SyncOrder:
    environment = opened.environment
    target = target_of(environment.interpreter, os.uname())
    policy = policy_of(options, build_rules(os.environ, Path.home(), project))
    names = frozenset(options.reinstall_packages)
    return SyncOrder(
        folder=project.lock_folder,
        environment=environment,
        make=None if opened.why_anew is None else _making(environment, project),
        target=target,
        selection=select(lock, target, asked, policy),
        building=building_of(options, lock, os.environ, Path.home(), project),
        manner=Manner(
            is_exact=not options.inexact,
            reinstalls=None if options.reinstall else names,
            seeds=environment.seeds,
        ),
        link_mode=LinkMode(options.link_mode) if options.link_mode else None,
        is_editable=not options.no_editable,
    )


def _about_variables(on: Ground) -> None:
    if os.environ.get("UV_CACHE_DIR"):
        on.observer.note(
            f"`UV_CACHE_DIR` is uv's: what is kept lies in `{on.store.root}`; see `--store`"
        )


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
        "changed": synced.has_changed,
        "made_anew": synced.is_anew,
        "distributions": [_entry(step, synced) for step in synced.steps],
        "bytes_downloaded": sum(on.tally.bytes_in.values()),
        "seconds": round(seconds_running(), 3),
    }


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
