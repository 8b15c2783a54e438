"""Which Python is asked for: the forms that uv takes (``uv help python``, "Requesting a version").

::

    request  = [ implementation ] version | implementation | range | key | path | name | "any"
    implementation = ( "cpython" | "cp" | "python" ) [ "@" | " " ]
    version  = 3 | 3.12 | 3.12.4 | 312 | 3.14rc1, with "t", "+freethreaded" or "+gil" behind it
    range    = a version specifier (PEP 440), such as >=3.11,<3.13
    key      = cpython-3.12.4-linux-x86_64-gnu, of which parts may be left out at the end
    path     = of an interpreter, or of the folder of an environment or an installation
    name     = of a program on the PATH
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from lamina.errors import LaminaError
from lamina.pythons.interpreter import Interpreter

_OTHERS = re.compile(r"(?:pypy|pp|graalpy|gp|pyodide)(?:[@ -]?[0-9<>=~!].*)?")
_IMPLEMENTATION = re.compile(r"(?:cpython|cp|python)[@ ]?(?=[0-9<>=~!])|(?:cpython|cp)(?=$)")
_KEY = re.compile(r"(?:cpython|cp)-(?=[0-9])(?P<version>[^-]+)(?:-[a-z0-9_]+){0,3}")
_DOTTED = re.compile(
    r"3(?:\.(?P<minor>[0-9]{1,3})(?:\.(?P<patch>[0-9]{1,3}))?|(?P<joined>[0-9]{1,2}))?"
    r"(?P<stage>(?:a|b|rc)[0-9]{1,3})?(?P<variant>t|d|td|\+[a-z+]+)?"
)
_FREE, _WITH_LOCK = ("t", "+freethreaded"), ("", "+gil")


class UnknownRequest(LaminaError):
    """A text that asks for no Python that Lamina knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonRequest:
    """Which Pythons fit, and how they are looked for. Without any demand, every one fits."""

    text: str = ""
    minor: int | None = None
    patch: int | None = None
    stage: str = ""
    """Of a pre-release, as in ``rc1``."""
    specifiers: SpecifierSet | None = None
    free_threaded: bool = False
    path: Path | None = None
    """Of an interpreter, or of a folder with one."""
    name: str | None = None
    """Of a program on the `PATH`."""
    is_any: bool = True
    """Whether nothing is said of the version."""

    def fits(self, found: Interpreter) -> bool:
        """Say whether an interpreter is of the version, and threads as is wanted."""
        version = Version(found.version)
        if found.free_threaded != self.free_threaded and not self.admits(found):
            return False
        if self.specifiers is not None:
            release = version.base_version if version.is_prerelease else found.version
            return self.specifiers.contains(release, prereleases=True)
        if self.minor is not None and version.minor != self.minor:
            return False
        stage = "".join(map(str, version.pre)) if version.pre else ""
        if self.patch is not None or self.stage:
            return (version.micro, stage) == (self.patch or 0, self.stage)
        return True

    def admits(self, found: Interpreter) -> bool:
        """Say whether a free-threaded one does where none was asked for: since 3.14, if need be."""
        return not self.free_threaded and Version(found.version) >= Version("3.14.0a0")

    def is_second_choice(self, found: Interpreter) -> bool:
        """Say whether one that fits is taken only if no other does: a pre-release, for instance."""
        pre = Version(found.version).is_prerelease
        wants_pre = bool(self.stage) or (
            self.specifiers is not None and bool(self.specifiers.prereleases)
        )
        return (pre and not wants_pre) or found.free_threaded != self.free_threaded

    @property
    def programs(self) -> tuple[str, ...]:
        """The names that it may have in a folder of the `PATH`, the likely ones first."""
        suffix = "t" if self.free_threaded else ""
        if self.minor is not None:
            named = [f"python3.{self.minor}{suffix}"]
            return (*named, "python3", "python")
        usual = ("python", "python3") if self.is_any else ("python3", "python")
        return (f"python3{suffix}", *usual) if suffix else usual

    def may_be(self, minor: str) -> bool:
        """Say whether one of a minor version, such as ``3.13t``, can fit."""
        number = int(minor.removesuffix("t").partition(".")[2])
        if self.minor is not None:
            return number == self.minor
        return True


ANY = PythonRequest()


def parse_request(text: str, folder: Path) -> PythonRequest:
    """Read a request; paths are relative to ``folder``. Raises `UnknownRequest`.

    >>> parse_request("cpython@3.13t", Path("/")).programs
    ('python3.13t', 'python3', 'python')
    """
    text = text.strip()
    lowered = text.lower()
    if lowered in ("", "any", "default", "python", "cpython", "cp"):
        return PythonRequest(text=text)
    if (found := _version(text, lowered)) is not None:
        return found
    path = folder / Path(text).expanduser() if text.startswith("~/") else folder / text
    if "/" in text or path.exists():
        return PythonRequest(text=text, path=path)
    if _OTHERS.fullmatch(lowered):
        raise UnknownRequest(
            f"Unable to use the Python `{text}`: only CPython is supported",
            hint="Name a version such as `3.12`",
        )
    return PythonRequest(text=text, name=text)


def _version(text: str, lowered: str) -> PythonRequest | None:
    rest = _IMPLEMENTATION.sub("", lowered, count=1).strip()
    if match := _KEY.fullmatch(lowered):
        rest = match["version"]
    if match := _DOTTED.fullmatch(rest):
        return _plain(text, match)
    if rest[:1] in ("<", ">", "=", "~", "!"):
        return _range(text, rest)
    return None


def _plain(text: str, match: re.Match[str]) -> PythonRequest:
    variant = match["variant"] or ""
    if variant not in (*_FREE, *_WITH_LOCK):
        raise UnknownRequest(
            f"Unable to use the Python `{text}`: builds for debugging are not supported",
            hint="Name a version such as `3.12` or `3.13t`",
        )
    minor = match["minor"] or match["joined"]
    return PythonRequest(
        text=text,
        minor=int(minor) if minor else None,
        patch=int(match["patch"]) if match["patch"] else None,
        stage=match["stage"] or "",
        free_threaded=variant in _FREE,
        is_any=False,
    )


def _range(text: str, rest: str) -> PythonRequest:
    bare, is_free = rest, False
    for suffix in _FREE:
        if bare.endswith(suffix):
            bare, is_free = bare.removesuffix(suffix), True
    try:
        specifiers = SpecifierSet(bare)
    except InvalidSpecifier:
        raise UnknownRequest(
            f"Unable to read the Python `{text}`: not a version specifier",
            hint="Write it as in `>=3.11,<3.13`",
        ) from None
    return PythonRequest(text=text, specifiers=specifiers, free_threaded=is_free, is_any=False)


def requested_by(specifiers: SpecifierSet) -> PythonRequest:
    """Return the request that `requires-python` makes."""
    return PythonRequest(text=str(specifiers), specifiers=specifiers, is_any=False)
