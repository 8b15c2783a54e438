"""Where the files of a wheel go in the environment (binary-distribution-format, PyPA)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from lamina.errors import LaminaError
from lamina.wheel.errors import WheelError
from lamina.wheel.scripts import check_script_name, command_of_script

_UNTIDY = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
_PREFIX_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f:'!\\]")
_MINOR = re.compile(r"3\.(?:0|[1-9][0-9]?)")


class InvalidPrefix(LaminaError):
    """A path where no environment can be."""


class Placement(NamedTuple):
    """Where a member goes."""

    destination: str
    """Relative to the image's root, no ``/`` before it."""
    record: str
    """The path that RECORD gives it, relative to site-packages."""
    is_script: bool
    """Whether it is of ``.data/scripts``: executable, and its first line may change."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """The folders of an environment at ``prefix`` for Python ``python`` ("3.12").

    All paths that it gives are relative to the image's root, without a ``/`` before them.
    """

    prefix: str
    python: str
    free_threaded: bool = False
    is_movable: bool = False
    """Whether scripts find their interpreter beside them, so that the folder may be moved."""

    def __post_init__(self) -> None:
        prefix = self.prefix.strip("/")
        if not self.prefix.startswith("/") or not prefix or _UNTIDY.search(prefix):
            raise InvalidPrefix(
                f"Unable to make an environment at `{self.prefix}`: "
                "not an absolute, normalized path"
            )
        if found := _PREFIX_REFUSED.search(prefix):
            raise InvalidPrefix(
                f"Unable to make an environment at `{self.prefix}`: "
                f"the character {found[0]!r} has a meaning in `PATH` or in shells"
            )
        if not _MINOR.fullmatch(self.python):
            raise ValueError(f"python must be like 3.12, got {self.python}")
        object.__setattr__(self, "prefix", f"/{prefix}")

    @property
    def root(self) -> str:
        """The environment's own folder, where ``.data/data`` goes."""
        return self.prefix[1:]

    @property
    def library(self) -> str:
        """The folder of this Python, such as ``lib/python3.13t``, relative to the prefix."""
        return f"lib/python{self.python}{'t' if self.free_threaded else ''}"

    @property
    def site_packages(self) -> str:
        """Where purelib and platlib go, which are one folder here."""
        return f"{self.root}/{self.library}/site-packages"

    @property
    def bin(self) -> str:
        """Where scripts go."""
        return f"{self.root}/bin"

    @property
    def interpreter(self) -> str:
        """The interpreter that every script names: its absolute path, or `python` beside it."""
        return "python" if self.is_movable else f"{self.prefix}/bin/python"

    def script(self, name: str) -> Placement:
        """Return where a generated script goes."""
        check_script_name(name)
        return Placement(f"{self.bin}/{name}", f"../../../bin/{name}", True)

    def headers(self, project: str) -> str:
        """Return where the C headers of ``project`` (its normalized name) go."""
        return f"{self.root}/include/site/python{self.python}/{project}"


@dataclass(frozen=True, slots=True)
class Placer:
    """Places the members of one wheel.

    ``data`` is the wheel's data folder (``foo-1.0.data``; only this one has a meaning),
    ``project`` the normalized name, ``commands`` the names of the entry points.
    """

    scheme: Scheme
    data: str
    project: str
    commands: frozenset[str] = frozenset()
    _data_slash: str = field(init=False)
    _site_packages: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_data_slash", f"{self.data}/")
        object.__setattr__(self, "_site_packages", f"{self.scheme.site_packages}/")

    def file(self, member: str) -> Placement | None:
        """Return where the file ``member`` goes; nothing for a script of an entry point's name.

        The path must be normalized and without ``..``, as `WheelFile` gives it.
        """
        if not member.startswith(self._data_slash):
            return Placement(self._site_packages + member, member, False)
        kind, _, path = member[len(self._data_slash) :].partition("/")
        if kind in ("purelib", "platlib") and path:
            return Placement(self._site_packages + path, path, False)
        if kind == "scripts" and path:
            return self._script(path)
        if kind == "headers" and path:
            below = f"include/site/python{self.scheme.python}/{self.project}/{path}"
            return self._below_root(below)
        if kind == "data" and path:
            return self._below_root(path)
        raise _unknown_kind(member)

    def directory(self, member: str) -> str | None:
        """Return where the directory ``member`` goes, nothing if it is only structure."""
        if not f"{member}/".startswith(self._data_slash):
            return self._site_packages + member
        kind, _, path = member[len(self._data_slash) :].partition("/")
        if kind == "scripts" and path:
            raise WheelError(f"`{member}` is a folder among scripts")
        if kind not in ("", "purelib", "platlib", "scripts", "headers", "data"):
            raise _unknown_kind(member)
        if not path:
            return None
        if kind == "data":
            return f"{self.scheme.root}/{'lib' if path == 'lib64' else self._on_disk(path)}"
        if kind == "headers":
            return f"{self.scheme.headers(self.project)}/{path}"
        return self._site_packages + path

    def _script(self, name: str) -> Placement | None:
        if "/" in name:
            raise WheelError(f"`{self.data}/scripts/{name}` is in a folder among scripts")
        if command_of_script(name) in self.commands:
            return None
        return self.scheme.script(name)

    def _below_root(self, path: str) -> Placement:
        actual = self._on_disk(path)
        if f"{self.scheme.library}/site-packages/".startswith(f"{actual}/") or actual == "bin":
            raise _replaces(path)
        # RECORD keeps the wheel's spelling, `lib64` too: it names the same file.
        record = posixpath.relpath(f"/{path}", f"/{self.scheme.library}/site-packages")
        return Placement(f"{self.scheme.root}/{actual}", record, False)

    def _on_disk(self, path: str) -> str:
        """Return where a path below the prefix is, if it leaves the skeleton whole."""
        first, _, rest = path.partition("/")
        if first == "bin" and rest:
            check_script_name(rest.partition("/")[0])
        if first == "pyvenv.cfg" or path == "lib64":
            raise _replaces(path)
        # The environment's `lib64` is a link to its `lib`.
        return f"lib/{rest}" if first == "lib64" else path


def _replaces(path: str) -> WheelError:
    return WheelError(f"`{path}` would replace a part of the environment")


def _unknown_kind(member: str) -> WheelError:
    return WheelError(f"`{member}` is of no known kind (data, headers, platlib, purelib, scripts)")
