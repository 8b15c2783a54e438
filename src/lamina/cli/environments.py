"""Which environment on the disk is meant, and whether its Python will do; as uv decides it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lamina.environment.aside import sweep
from lamina.environment.create import create
from lamina.environment.place import SETTINGS, Existing, PlaceTaken, check
from lamina.observer import Observer
from lamina.pythons.discovery import PythonPlaces, discover
from lamina.pythons.interpreter import Interpreter
from lamina.pythons.request import PythonRequest, requested_by
from lamina.store.documents import Documents
from lamina.sync.environment import (
    Environment,
    InterpreterGone,
    NoEnvironment,
    locked,
    open_environment,
)
from lamina.sync.errors import SyncError
from lamina.sync.interpreters import Remembered

_DEFAULT = ".venv"


def find_prefix(
    environ: Mapping[str, str], root: Path, *, active: bool | None, observer: Observer
) -> Path:
    """Return the folder of the environment that is meant; nothing need be there."""
    given = environ.get("UV_PROJECT_ENVIRONMENT") or _DEFAULT
    own = _absolute(root.absolute(), given)
    text = environ.get("VIRTUAL_ENV")
    if not text:
        return own
    entered = _absolute(Path.cwd(), text)
    if active:
        return entered
    if active is None and entered.resolve() != own.resolve():
        observer.warn(
            f"`VIRTUAL_ENV={text}` is not the environment of the project, `{given}`, and is passed "
            "over; to use it, pass `--active`"
        )
    return own


class NotAdmitted(SyncError):
    """The Python that an environment would be made with is none of the project's."""

    def __init__(self, found: Interpreter, requires: SpecifierSet) -> None:
        super().__init__(
            f"Unable to make the environment with Python {found.version}: `requires-python` does "
            f"not admit it: {requires}",
            hint="Name another one with `--python`, or in `.python-version`",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which Python the environment is to have."""

    asked: PythonRequest | None
    """By the command line."""
    pinned: PythonRequest | None
    """By `.python-version`, or what `pinned_by` tells."""
    requires: SpecifierSet
    places: PythonPlaces
    pinned_by: str = "`.python-version` says"

    def choose(self) -> Interpreter:
        """Return the Python for an environment that is to be made.

        Raises `NoFittingPython` and `NotAdmitted`.
        """
        found = discover(self.asked or self.pinned or requested_by(self.requires), self.places)
        if not self.requires.contains(found.version, prereleases=True):
            raise NotAdmitted(found, self.requires)
        return found

    def is_of(self, request: PythonRequest, interpreter: Interpreter) -> bool:
        """Say whether an interpreter is what a request asks for."""
        if request.path is None and request.name is None:
            return request.fits(interpreter)
        named = discover(request, self.places)
        return os.path.realpath(named.base) == os.path.realpath(interpreter.base)


@dataclass(frozen=True, slots=True)
class Opened:
    """The environment that is brought up to date."""

    environment: Environment
    why_anew: str | None = None
    """Why it is to be made anew, if it is; what is at its place has another Python, or none."""
    lock: int | None = None
    """The file that keeps others from changing it."""


@contextmanager
def held(
    prefix: Path,
    wanted: Wanted,
    known: Documents,
    environ: Mapping[str, str],
    observer: Observer,
    *,
    prompt: str | None,
    is_dry: bool,
) -> Iterator[Opened]:
    """Give the environment in a folder, which nobody else changes meanwhile.

    If nothing is there, it is made first. If ``is_dry``, that is only told. Raises what
    `open_environment`, `Wanted` and `create` do.
    """

    def wait() -> None:
        observer.note(f"Waiting for another process that changes `{prefix}`")

    remembered = Remembered(known)
    wanted = replace(wanted, places=replace(wanted.places, ask=remembered))
    while True:
        seen = _identity(prefix)
        opened = _open(prefix, wanted, environ, known) or _make(
            prefix, wanted, remembered, observer, prompt=prompt, is_dry=is_dry
        )
        with locked(prefix, wait) as lock:
            # Another may have made it anew before it could be locked.
            if opened is not None and _identity(prefix) == seen:
                if not is_dry:
                    with suppress(OSError):
                        sweep(prefix.resolve())
                yield replace(opened, lock=lock)
                return


def _open(
    prefix: Path, wanted: Wanted, environ: Mapping[str, str], known: Documents
) -> Opened | None:
    """Return the environment in a folder, or the one to replace it; None if there is none."""
    try:
        environment = open_environment(prefix, environ, known)
    except NoEnvironment:
        return None
    except InterpreterGone:
        why: str | None = "its Python is gone"
    else:
        why = misfit(environment.interpreter, wanted)
        if why is None:
            return Opened(environment)
    return Opened(Environment(prefix, wanted.choose(), {}), why)


def _make(
    prefix: Path,
    wanted: Wanted,
    remembered: Remembered,
    observer: Observer,
    *,
    prompt: str | None,
    is_dry: bool,
) -> Opened | None:
    """Make an environment where nothing is, and return None; or return what would be made."""
    interpreter = wanted.choose()
    if is_dry:
        check(prefix, Existing.REFUSED)
    observer.note(
        f"{'Would make' if is_dry else 'Making'} the environment `{prefix}` with Python "
        f"{titled(interpreter)}"
    )
    if is_dry:
        return Opened(Environment(prefix, interpreter, {}))
    try:
        create(prefix, interpreter, prompt=prompt)
    except PlaceTaken:
        if not (prefix / SETTINGS).is_file():
            raise
        # Another was faster.
    else:
        remembered.made(prefix, interpreter)
    return None


def misfit(interpreter: Interpreter, wanted: Wanted) -> str | None:
    """Say why the Python of an environment is not the one that is wanted; None if it is."""
    has = f"it has Python {titled(interpreter)}"
    if wanted.asked is not None:
        if not wanted.is_of(wanted.asked, interpreter):
            return f"{has}, and `--python` asks for {wanted.asked.text}"
    elif wanted.pinned is not None and not wanted.is_of(wanted.pinned, interpreter):
        return f"{has}, and {wanted.pinned_by} {wanted.pinned.text}"
    if not wanted.requires.contains(interpreter.version, prereleases=True):
        return f"{has}, and `requires-python` admits {wanted.requires}"
    return None


def titled(interpreter: Interpreter) -> str:
    """Return the version of an interpreter as people write it."""
    return f"{interpreter.version}{'t' if interpreter.free_threaded else ''}"


def _identity(prefix: Path) -> tuple[int, int] | None:
    """Return what tells one environment at a place from the next."""
    try:
        found = (prefix / SETTINGS).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _absolute(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / text))
