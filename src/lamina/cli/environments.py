"""Which environment on the disk is meant, and whether its Python will do; as uv decides it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lamina.environment.create import create
from lamina.environment.place import PlaceTaken
from lamina.observer import Observer
from lamina.pythons.discovery import PythonPlaces, discover
from lamina.pythons.interpreter import Interpreter
from lamina.pythons.request import PythonRequest, requested_by
from lamina.store.documents import Documents
from lamina.sync.environment import Environment, NoEnvironment, open_environment
from lamina.sync.errors import SyncError

_DEFAULT = ".venv"


class OtherPython(SyncError):
    """The environment has another Python than is wanted."""

    def __init__(self, environment: Environment, wanted: str, whose: str) -> None:
        prefix, minor = environment.prefix, environment.interpreter.version
        super().__init__(
            f"The environment at `{prefix}` has another Python than {whose}\n"
            f"  expected: {wanted}\n"
            f"  got:      {minor}{'t' if environment.interpreter.free_threaded else ''}",
            hint="Nothing was changed; to make the environment anew, run "
            f"`lamina venv --clear {prefix}`, with the `--python` that is wanted",
        )


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
    """By `.python-version`."""
    requires: SpecifierSet
    places: PythonPlaces

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


def open_or_make(
    prefix: Path,
    wanted: Wanted,
    known: Documents,
    environ: Mapping[str, str],
    observer: Observer,
    *,
    prompt: str | None,
    is_dry: bool,
) -> Environment:
    """Return the environment in a folder, which is made if nothing is there.

    If ``is_dry``, it is only told. Raises what `open_environment`, `Wanted` and `create` do.
    """
    try:
        return open_environment(prefix, environ, known)
    except NoEnvironment:
        interpreter = wanted.choose()
    observer.note(
        f"{'Would make' if is_dry else 'Making'} the environment `{prefix}` with Python "
        f"{interpreter.version}{'t' if interpreter.free_threaded else ''}"
    )
    if is_dry:
        return Environment(prefix, interpreter, {})
    with suppress(PlaceTaken):  # Another was faster, or it is no environment: that is said next.
        create(prefix, interpreter, prompt=prompt)
    return open_environment(prefix, environ, known)


def check_python(environment: Environment, wanted: Wanted) -> None:
    """Refuse an environment whose Python is not the one that was asked for, or is not admitted."""
    interpreter = environment.interpreter
    if wanted.asked is not None:
        if not wanted.is_of(wanted.asked, interpreter):
            raise OtherPython(environment, wanted.asked.text, "was asked for")
    elif wanted.pinned is not None and not wanted.is_of(wanted.pinned, interpreter):
        raise OtherPython(environment, wanted.pinned.text, "`.python-version` says")
    if not wanted.requires.contains(interpreter.version, prereleases=True):
        raise OtherPython(environment, str(wanted.requires), "`requires-python` admits")


def _absolute(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / text))
