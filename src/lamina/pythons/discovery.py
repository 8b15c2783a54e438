"""Find the Python that was asked for: where uv looks, in uv's order, and then where pyenv does.

1. a path, or a program on the `PATH`, if one was named
2. those that uv installed, the newest first
3. each folder of the `PATH`: by the names that fit, those that say the version first
4. those that pyenv installed, the newest first; uv sees of them what pyenv puts on the `PATH`

uv's preferences change that: those of its own come after the others, or alone, or not at all. An
environment on the `PATH` is passed over, for it is a copy of the Python under it. Of the others
the first that fits is taken; a pre-release only if nothing else fits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from packaging.version import InvalidVersion, Version

from lamina.errors import LaminaError
from lamina.pythons.interpreter import Interpreter, ask
from lamina.pythons.request import PythonRequest

_NAMED = re.compile(r"python(3\.[0-9]+t?)")
_INSTALLED = re.compile(
    r"(?:cpython-)?(?P<version>3\.[0-9]+\.[0-9]+[a-z0-9]*?)(?P<free>\+freethreaded|t)?(?:-.+)?"
)
_KEY = re.compile(r"cpython-(3\.[0-9]+)\.[0-9]+[a-z0-9]*((?:\+freethreaded)?-.+)")
Ask = Callable[[str, Mapping[str, str]], Interpreter | None]
"""Returns what an executable says of itself; see `ask`."""
_SHIMS = "shims"
"""The folder that pyenv puts on the `PATH`."""


class NoFittingPython(LaminaError):
    """No Python of this machine is what was asked for."""


class Preference(Enum):
    """Whether those that uv installed are taken; its own names for it."""

    ONLY_MANAGED = "only-managed"
    MANAGED = "managed"
    SYSTEM = "system"
    ONLY_SYSTEM = "only-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPlaces:
    """Where Pythons are."""

    path: str
    """The `PATH`."""
    managed: Path
    """Where uv installs them."""
    pyenv: Path
    """Where pyenv installs them."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the interpreters, when they are asked."""
    preference: Preference = Preference.MANAGED
    ask: Ask = ask


def discover(request: PythonRequest, places: PythonPlaces) -> Interpreter:
    """Return the Python that was asked for. Raises `NoFittingPython`."""
    if request.path is not None:
        return _at(request, request.path, places)
    if request.name is not None:
        return _of_name(request, request.name, places)
    second: Interpreter | None = None
    for found in _found(request, places):
        if not request.fits(found):
            continue
        if not request.is_second_choice(found):
            return _lasting(found, request, places)
        second = second or found
    if second is not None:
        return _lasting(second, request, places)
    raise NoFittingPython(_none_fits(request, places), hint=_HINT)


_HINT = (
    "To install one, run `pyenv install` or `uv python install`; "
    "or name an interpreter by its path, with `--python`"
)


def _at(request: PythonRequest, path: Path, places: PythonPlaces) -> Interpreter:
    program = path
    if path.is_dir():
        names = ("python", "python3")
        programs = [each for name in names if (each := path / "bin" / name).exists()]
        if not programs:
            raise NoFittingPython(
                f"No Python in the folder `{request.text}`: it has no `bin/python`",
                hint="Name the folder of an environment or an installation, or an interpreter",
            )
        program = programs[0]
    elif not path.exists():
        raise NoFittingPython(
            f"No Python at `{request.text}`: there is nothing",
            hint="Name a version such as `3.12`, or the path of an interpreter",
        )
    if (found := _ask(program, places)) is None:
        raise NoFittingPython(
            f"No Python at `{request.text}`: it does not answer like a CPython 3.8 or later",
            hint="Name a version such as `3.12`, or the path of an interpreter",
        )
    return found


def _of_name(request: PythonRequest, name: str, places: PythonPlaces) -> Interpreter:
    programs = [each for folder in _folders(places.path) if _is_program(each := folder / name)]
    for program in programs:
        if (found := _ask(program, places)) is not None:
            return found
    why = (
        f"`{programs[0]}` does not answer like a CPython 3.8 or later"
        if programs
        else "no program on the `PATH` is called so, and it is no version"
    )
    raise NoFittingPython(
        f"No Python `{request.text}`: {why}",
        hint="Name a version such as `3.12`, or the path of an interpreter",
    )


def _found(request: PythonRequest, places: PythonPlaces) -> Iterator[Interpreter]:
    managed = _installed(request, places.managed, places)
    match places.preference:
        case Preference.ONLY_MANAGED:
            yield from managed
        case Preference.MANAGED:
            yield from managed
            yield from _of_system(request, places)
        case Preference.SYSTEM:
            yield from _of_system(request, places)
            yield from managed
        case Preference.ONLY_SYSTEM:
            inner = places.managed.resolve()
            for found in _of_system(request, places):
                # uv puts links to its own on the `PATH`.
                if not Path(found.base).resolve().is_relative_to(inner):
                    yield found


def _of_system(request: PythonRequest, places: PythonPlaces) -> Iterator[Interpreter]:
    asked: set[Path] = set()
    for folder in _folders(places.path):
        for program in _programs(request, folder):
            # A shim is one program under many names, and each of them is another Python.
            real = program if folder.name == _SHIMS else program.resolve()
            if real in asked:
                continue
            asked.add(real)
            found = _ask(program, places)
            if found is not None and not _is_environment(found):
                yield found
    yield from _installed(request, places.pyenv, places)


def _programs(request: PythonRequest, folder: Path) -> Iterator[Path]:
    """Give what may be the Python in a folder of the `PATH`."""
    names = [*request.programs]
    if request.minor is not None and folder.name == _SHIMS:
        # Each of pyenv's shims starts a shell; what version there is, its name says.
        names = names[:1]
    elif request.minor is None and folder.name != _SHIMS:
        listed = [path.name for path in _listed(folder)]
        more = (name for name in listed if (found := _NAMED.fullmatch(name)) is not None
                and request.may_be(found[1]))  # fmt: skip
        names += sorted(more, key=lambda name: (len(name), name))
    for name in dict.fromkeys(names):
        if _is_program(program := folder / name):
            # Most are links to a file whose name says what it is, which spares the question.
            real = _NAMED.fullmatch(program.resolve().name)
            if real is None or request.may_be(real[1]):
                yield program


def _installed(request: PythonRequest, root: Path, places: PythonPlaces) -> Iterator[Interpreter]:
    """Give those of a folder with a folder for each version, as uv and pyenv have it."""
    versions: list[tuple[Version, bool, Path]] = []
    for path in _listed(root):
        match = _INSTALLED.fullmatch(path.name)
        # uv's links by minor version lead to what is listed under its whole name.
        if match is None or path.is_symlink():
            continue
        try:
            version = Version(match["version"])
        except InvalidVersion:
            continue
        minor = f"3.{version.minor}{'t' if match['free'] else ''}"
        if request.may_be(minor):
            program = path / "bin" / f"python{minor}"
            versions.append((version, not match["free"], program))
    for _, _, program in sorted(versions, reverse=True):
        if _is_program(program) and (found := _ask(program, places)) is not None:
            yield found


def _lasting(found: Interpreter, request: PythonRequest, places: PythonPlaces) -> Interpreter:
    """Return a Python of uv's by its minor version, which stays when uv installs the next patch.

    That is what uv does unless the patch was asked for.
    """
    base = Path(found.base)
    if request.patch is not None or not base.is_relative_to(places.managed):
        return found
    folder, _, inner = base.relative_to(places.managed).as_posix().partition("/")
    match = _KEY.fullmatch(folder)
    link = places.managed / (f"cpython-{match[1]}{match[2]}" if match else folder)
    if link.is_symlink() and link.resolve() == (places.managed / folder).resolve():
        return replace(found, base=str(link / inner))
    return found


_NEITHER = "there is none on the `PATH`, and uv and pyenv have installed none"
_NOWHERE = {
    Preference.ONLY_MANAGED: "uv has installed none, and others are not to be taken",
    Preference.MANAGED: _NEITHER,
    Preference.SYSTEM: _NEITHER,
    Preference.ONLY_SYSTEM: "there is none on the `PATH`, and pyenv has installed none; "
    "those of uv are not to be taken",
}


def _none_fits(request: PythonRequest, places: PythonPlaces) -> str:
    """Return the message, with all that there are."""
    everything = PythonRequest()
    there: dict[Path, Interpreter] = {}
    for found in _found(everything, places):
        there.setdefault(Path(found.base).resolve(), found)
    wanted = f"No Python fits `{request.text}`" if request.text else "No Python"
    if not there:
        return f"{wanted}: {_NOWHERE[places.preference]}"
    rows = sorted(
        (Version(each.version), "t" if each.free_threaded else "", each.base)
        for each in there.values()
    )
    listed = "\n".join(f"  {version}{suffix}   {base}" for version, suffix, base in rows)
    return f"{wanted}; there are\n{listed}"


def _ask(program: Path, places: PythonPlaces) -> Interpreter | None:
    return places.ask(str(program), places.environ)


def _is_environment(found: Interpreter) -> bool:
    return (Path(found.executable).parent.parent / "pyvenv.cfg").is_file()


def _folders(path: str) -> list[Path]:
    return [Path(each) for each in dict.fromkeys(path.split(os.pathsep)) if each]


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
