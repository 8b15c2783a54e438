"""What ``lamina init`` does: the project is read here, people are asked, the file is written."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from pathlib import Path

import click

from lamina.cli.documents import LOCK, PYPROJECT, read_text, read_toml
from lamina.cli.init import NONE, InitOptions
from lamina.cli.lines import Lines, Silent
from lamina.cli.listing import PYLOCK
from lamina.cli.project import ProjectFolder
from lamina.cli.proposal import change, report, told
from lamina.cli.python import default_base
from lamina.cli.rewriting import read_exactly, rewrite
from lamina.cli.style import is_terminal, say
from lamina.cli.tally import Tally
from lamina.cli.workspace import find_root
from lamina.errors import LaminaError
from lamina.init.context import Folder
from lamina.init.dockerfile import draft_of
from lamina.init.document import has_settings, with_table
from lamina.init.draft import Draft
from lamina.init.project import Candidate, candidates, declared, draft_of_project
from lamina.init.settings import Setting, as_config, table_text
from lamina.init.surroundings import Surroundings
from lamina.project.config import Config
from lamina.project.facts import parse_facts
from lamina.pythons.pins import find_pin

_IGNORE = ".dockerignore"
_DOCKERFILES = ("Dockerfile", "Containerfile")
_NO_PROJECT = "To make the folder a project, run `uv init` there; or name another folder"
_DONE = {
    "kept": "`[tool.lamina]` in `{}` is so already",
    "proposed": "Would write `[tool.lamina]` into `{}`",
    "written": "Wrote `[tool.lamina]` into `{}`",
}


class AlreadyConfigured(LaminaError):
    """There are settings already, and nobody has said that they may go."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Unable to write `[tool.lamina]` into `{path}`: there is one already",
            hint="To replace it, pass `--force`; to see what would change, `--dry-run`",
        )


def run(options: InitOptions) -> int:
    """Propose settings, and write them unless they are only to be seen."""
    project = _project(options.folder)
    path, asks = options.folder / PYPROJECT, _asks(options)
    before = read_exactly(path)
    dockerfile = _dockerfile(options, asks=asks)
    draft = _with_base(_draft(project, dockerfile, options, asks=asks), options.base)
    as_config(draft.settings)
    table = table_text(draft.settings, draft.heading)
    after = with_table(before, table)
    replaces = after != before and has_settings(project.document) and not options.dry_run
    if replaces and not (options.force or asks):
        raise AlreadyConfigured(path)
    name = None if dockerfile is None else _shown(dockerfile)
    _show(change(before, after, PYPROJECT), draft, name, options)
    if replaces and not (options.force or _may_replace()):
        raise AlreadyConfigured(path)
    if after != before and not options.dry_run:
        rewrite(path, before, after)
    outcome = "kept" if after == before else "proposed" if options.dry_run else "written"
    _end(draft, name, table, project, options, outcome)
    return 0


def _draft(
    project: ProjectFolder, dockerfile: Path | None, options: InitOptions, *, asks: bool
) -> Draft:
    pin = find_pin(project.folder.resolve(), project.root.resolve(), _warning(options))
    version = None if pin is None else pin.version
    around = Surroundings(
        context=Folder(options.folder),
        facts=project.facts,
        pyproject=project.document,
        default_base=default_base(None, version, project.facts),
    )
    if dockerfile is None:
        return _of_project(project, around, options, is_pinned=version is not None, asks=asks)
    text = read_text(dockerfile, "a Dockerfile", "Name it with `--from`")
    draft = draft_of(text, _shown(dockerfile), around, options.target)
    return replace(draft, notes=(*draft.notes, *_about_ignored(dockerfile, options.folder)))


def _about_ignored(dockerfile: Path, folder: Path) -> Iterator[str]:
    """Say of a file beside the Dockerfile that Docker heeds, and a build of ours does not."""
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    if own.is_file():
        yield f"`{own}` is not heeded: name what is not to be copied in `{folder / _IGNORE}`"


def _project(folder: Path) -> ProjectFolder:
    """Read a project, and nothing of the settings that it may have."""
    document = read_toml(folder / PYPROJECT, PYPROJECT, "a project", _NO_PROJECT)
    root = find_root(folder, document)
    return ProjectFolder(
        folder=folder,
        document=document,
        root=root,
        root_document=document if root == folder else read_toml(root / PYPROJECT, PYPROJECT),
        config=Config(),
        facts=parse_facts(document),
        default_groups=None,
    )


def _warning(options: InitOptions) -> Callable[[str], None]:
    """Return what tells of a file that is not as it should be."""
    return (Silent(Tally()) if options.quiet else Lines(Tally(), say)).warn


def _asks(options: InitOptions) -> bool:
    """Say whether somebody is there who can answer."""
    is_person = sys.stdin is not None and sys.stdin.isatty() and is_terminal()
    return is_person and not (options.yes or options.quiet or os.environ.get("CI"))


def _dockerfile(options: InitOptions, *, asks: bool) -> Path | None:
    """Return the Dockerfile that settings are taken from."""
    if options.dockerfile not in (None, NONE):
        return Path(str(options.dockerfile))
    names = () if options.dockerfile == NONE else _DOCKERFILES
    found = [options.folder / name for name in names if (options.folder / name).is_file()]
    if found and (not asks or _confirmed(f"Take the settings from `{found[0].name}`?")):
        return found[0]
    if options.target is not None:
        raise click.UsageError(f"There is no Dockerfile to have the stage `{options.target}`")
    return None


def _shown(dockerfile: Path) -> str:
    """Return how a Dockerfile is called where its lines are named."""
    return dockerfile.name if dockerfile.parent == Path() else str(dockerfile)


def _of_project(
    project: ProjectFolder,
    around: Surroundings,
    options: InitOptions,
    *,
    is_pinned: bool,
    asks: bool,
) -> Draft:
    base = None if is_pinned else around.default_base
    found = candidates(around, _distributions(project))
    command = found[0] if found else None
    if asks and options.base is None:
        answer = click.prompt("Base image", around.default_base, err=True)
        base = base if answer == around.default_base else answer
    if asks and len(found) != 1 and not around.facts.scripts:
        command = _asked_command(command)
    return draft_of_project(around, base=base, command=command)


def _asked_command(proposed: Candidate | None) -> Candidate | None:
    default = shlex.join(proposed.command) if proposed is not None else ""
    answer = click.prompt("Command", default, show_default=bool(default), err=True)
    if answer == default:
        return proposed
    try:
        words = tuple(shlex.split(answer))
    except ValueError:
        # It is written for a shell that understands more, which the image runs then.
        words = ("/bin/sh", "-c", answer)
    return Candidate(words, "What was asked for.")


def _distributions(project: ProjectFolder) -> Set[str]:
    """Return the names of what is locked, or else of what the project itself requires."""
    try:
        return {package.name for package in project.read_lock().packages}
    except LaminaError:
        return declared(project.document)


def _with_base(draft: Draft, base: str | None) -> Draft:
    if base is None:
        return draft
    others = [each for each in draft.settings if each.key != "base"]
    return replace(draft, settings=(Setting("base", base), *others))


def _confirmed(question: str, *, default: bool = True) -> bool:
    return click.confirm(question, default=default, err=True)


def _may_replace() -> bool:
    return _confirmed("Replace the `[tool.lamina]` that is there?", default=False)


def _show(diff: str, draft: Draft, dockerfile: str | None, options: InitOptions) -> None:
    if not options.as_json and not options.quiet:
        click.echo(diff, nl=False)
    if not options.quiet:
        for line in told(draft, dockerfile):
            say(line)


def _end(
    draft: Draft,
    dockerfile: str | None,
    table: str,
    project: ProjectFolder,
    options: InitOptions,
    outcome: str,
) -> None:
    """Say what was done, and what may be run next."""
    commands = _commands(project)
    if options.as_json:
        document = report(draft, dockerfile, table, commands, outcome)
        click.echo(json.dumps(document, indent=2))
    if not options.quiet:
        path = project.folder / PYPROJECT
        steps = ", then ".join(f"`{each}`" for each in commands)
        say(f"{_DONE[outcome].format(path)}; next: {steps}")


def _commands(project: ProjectFolder) -> list[str]:
    """Return what may be run next: the lock is made first, where there is none."""
    where = [] if project.folder == Path() else [str(project.folder)]
    name = project.facts.name or "NAME"
    build = shlex.join(["lamina", "build", *where, "-t", name, "--load"])
    is_locked = any((project.root / each).is_file() for each in (LOCK, PYLOCK))
    return [build] if is_locked else ["uv lock", build]
