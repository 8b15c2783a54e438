"""What ``lamina venv`` does: the world is read here, and handed down as values."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.cli.asking import Asked, Surroundings, asked_python, surroundings
from lamina.cli.lines import Lines, Silent, VerboseLines
from lamina.cli.python_places import python_places
from lamina.cli.style import say
from lamina.cli.tally import Tally
from lamina.cli.venv import VenvOptions
from lamina.environment.create import create, scheme_of
from lamina.environment.place import Existing, check
from lamina.observer import Observer
from lamina.pythons.discovery import Preference, discover
from lamina.pythons.interpreter import Interpreter

if TYPE_CHECKING:
    from lamina.make.seeds import Seeds

_DEFAULT = ".venv"
_SCRIPTS = {"fish": "activate.fish", "csh": "activate.csh", "tcsh": "activate.csh"}


def run(options: VenvOptions) -> int:
    """Make an environment, and say how it is entered."""
    observer = _observer(options)
    folder = Path.cwd()
    around = None if options.no_project else surroundings(folder, observer)
    path = options.path or _default(folder, around)
    existing = _existing(options)
    check(path, existing)
    asked = asked_python(options.python, folder, around, observer)
    interpreter = discover(asked.request, python_places(os.environ, _preference(options)))
    _tell_python(interpreter, asked, around, options, observer)
    with ExitStack() as opened:
        seeds = _seeds(options, path, interpreter, around, observer, opened)
        create(
            path,
            interpreter,
            prompt=_prompt(options, folder),
            existing=existing,
            relocatable=options.relocatable,
            system_site_packages=options.system_site_packages,
            packages=seeds.entries if seeds is not None else None,
        )
    _tell(path, seeds, observer)
    return 0


def _observer(options: VenvOptions) -> Observer:
    tally = Tally()
    if options.quiet:
        return Silent(tally)
    return VerboseLines(tally, say) if options.verbose else Lines(tally, say)


def _default(folder: Path, around: Surroundings | None) -> Path:
    """Return where the environment goes if nobody said so; as uv, which heeds it at a root only."""
    if around is not None and around.root == folder:
        return Path(os.environ.get("UV_PROJECT_ENVIRONMENT") or _DEFAULT)
    return Path(_DEFAULT)


def _existing(options: VenvOptions) -> Existing:
    if options.allow_existing:
        return Existing.KEPT
    if options.clear:
        return Existing.DELETED if options.force else Existing.CLEARED
    return Existing.REFUSED


def _preference(options: VenvOptions) -> Preference | None:
    if options.managed_python:
        return Preference.ONLY_MANAGED
    return Preference.ONLY_SYSTEM if options.no_managed_python else None


def _prompt(options: VenvOptions, folder: Path) -> str | None:
    """Return the prompt; that of the default path would say `.venv`, in every project."""
    if options.prompt == "." or (options.prompt is None and options.path is None):
        return folder.name if folder.name.isprintable() else None
    return options.prompt


def _tell_python(
    found: Interpreter,
    asked: Asked,
    around: Surroundings | None,
    options: VenvOptions,
    observer: Observer,
) -> None:
    version = f"{found.version}{'t' if found.free_threaded else ''}"
    why = ""
    if options.verbose:
        why = f": {asked.whose}"
        if asked.request.text and asked.request.text != version:
            why += f", as `{asked.request.text}`"
    observer.note(f"Using Python {version} at `{found.base}`{why}")
    if around is not None and not around.requires.contains(found.version, prereleases=True):
        observer.warn(
            f"Python {version} is {asked.whose}; `requires-python` of the project does not admit "
            f"it: {around.requires}"
        )


def _seeds(
    options: VenvOptions,
    path: Path,
    interpreter: Interpreter,
    around: Surroundings | None,
    observer: Observer,
    opened: ExitStack,
) -> Seeds | None:
    if not options.seed:
        return None
    from lamina.cli.seeding import find_seeds  # Here, since few environments need it.

    scheme = scheme_of(path, interpreter, relocatable=options.relocatable)
    return find_seeds(scheme, interpreter, around, observer, opened, is_offline=options.offline)


def _tell(path: Path, seeds: Seeds | None, observer: Observer) -> None:
    seeded = f", with {', '.join(seeds.titles)}" if seeds is not None else ""
    observer.note(f"Made the environment `{path}`{seeded}")
    shell = Path(os.environ.get("SHELL", "")).name
    script = path / "bin" / _SCRIPTS.get(shell, "activate")
    if script.exists():
        verb = "." if shell in ("dash", "ksh", "mksh", "sh") else "source"
        observer.note(f"To enter it, run: {verb} {shlex.quote(str(script))}")
