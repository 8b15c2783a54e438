"""Which environment on the disk is meant, and whether its Python will do; as uv decides it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lamina.observer import Observer
from lamina.sync.environment import Environment
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


def check_python(
    environment: Environment, asked: str | None, requires: SpecifierSet, pinned: str | None
) -> None:
    """Refuse an environment whose Python is not the one that was asked for, or is not admitted."""
    version = environment.interpreter.version
    if asked is not None:
        if not _is_asked(environment, asked):
            raise OtherPython(environment, asked, "was asked for")
    elif pinned is not None and not _is_asked(environment, pinned):
        raise OtherPython(environment, pinned, "`.python-version` says")
    if not requires.contains(version, prereleases=True):
        raise OtherPython(environment, str(requires), "`requires-python` admits")


def _is_asked(environment: Environment, asked: str) -> bool:
    interpreter = environment.interpreter
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
