"""Which environment on the disk is meant, and whether its Python will do; as uv decides it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.environment.create import create
from lamina.environment.place import PlaceTaken
from lamina.observer import Observer
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter, ask
from lamina.store.documents import Documents
from lamina.sync.environment import Environment, NoEnvironment, open_environment
from lamina.sync.errors import SyncError

_DEFAULT = ".venv"
_VERSION = re.compile(r"(?:cpython|python|cp)?[-@]?(3(?:\.[0-9]+){0,2})(t|\+freethreaded)?")


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


class NoPythonForIt(SyncError):
    """No Python of this machine will do for an environment that is to be made."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"Unable to make the environment: no Python of this machine is {wanted}",
            hint="Install one, such as by `uv python install`, or name one with `--python`",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which Python the environment is to have."""

    asked: str | None
    """By the command line: a version, or the path of an interpreter."""
    pinned: str | None
    """By `.python-version`."""
    requires: SpecifierSet

    def choose(self, pythons: Pythons, environ: Mapping[str, str]) -> Interpreter:
        """Return the Python for an environment that is to be made. Raises `NoPythonForIt`."""
        found = ask(self.asked, environ) if self.asked and "/" in self.asked else None
        found = found or pythons.find(self._fits)
        if found is None:
            said = self.asked or self.pinned
            raise NoPythonForIt(" and ".join(filter(None, [said, str(self.requires)])) or "usable")
        return found

    def _fits(self, interpreter: Interpreter) -> bool:
        said = self.asked or self.pinned
        is_said = is_asked(interpreter, said) if said else not interpreter.free_threaded
        return is_said and self.requires.contains(interpreter.version, prereleases=True)


def open_or_make(
    prefix: Path,
    wanted: Wanted,
    known: Documents,
    pythons: Pythons,
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
        interpreter = wanted.choose(pythons, environ)
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
        if not is_asked(interpreter, wanted.asked):
            raise OtherPython(environment, wanted.asked, "was asked for")
    elif wanted.pinned is not None and not is_asked(interpreter, wanted.pinned):
        raise OtherPython(environment, wanted.pinned, "`.python-version` says")
    if not wanted.requires.contains(interpreter.version, prereleases=True):
        raise OtherPython(environment, str(wanted.requires), "`requires-python` admits")


def is_asked(interpreter: Interpreter, asked: str) -> bool:
    """Say whether an interpreter is what a version, a range of them, or a path asks for."""
    if match := _VERSION.fullmatch(asked):
        parts = match[1].split(".")
        same = re.split(r"\.", interpreter.version)[: len(parts)] == parts
        return same and bool(match[2]) == interpreter.free_threaded
    if "/" in asked:
        named = os.path.realpath(asked)
        return named in (
            os.path.realpath(interpreter.executable),
            os.path.realpath(interpreter.base),
        )
    try:
        return SpecifierSet(asked).contains(interpreter.version, prereleases=True)
    except InvalidSpecifier:
        return False


def _absolute(folder: Path, text: str) -> Path:
    return Path(os.path.normpath(folder / text))
