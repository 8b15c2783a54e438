"""What `lamina sync` remembers of an environment in which nothing was to do; see `recall`."""

from __future__ import annotations

import os
import secrets
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import lamina
from lamina.cli.clock import seconds_running
from lamina.cli.documents import LOCK, PYPROJECT
from lamina.cli.environments import Wanted
from lamina.cli.listing import PYLOCK
from lamina.cli.project import ProjectFolder
from lamina.cli.recall import MAGIC, NAME, digest, question, signature
from lamina.cli.sync import SyncOptions
from lamina.cli.uv_files import UV_TOML
from lamina.cli.workspace import has_members
from lamina.lock.model import Lock
from lamina.lock.source import Directory, Editable, Virtual
from lamina.project.ignore import DOCKERIGNORE
from lamina.pythons.pins import NAMES as PINS
from lamina.sync.changes import Wish
from lamina.sync.environment import Environment
from lamina.sync.installed import NOTE
from lamina.sync.sync import Synced

_MARGIN = 2 * 10**9
"""What a file system's dates may be coarse by, in nanoseconds."""
_AT_ANY_HEIGHT = (PYPROJECT, UV_TOML, *PINS)
_LEGACY = (".egg-info", ".egg-link")
_OF_TREE = (PYPROJECT, "setup.py", "setup.cfg", DOCKERIGNORE)


@dataclass(frozen=True, slots=True)
class Decided:
    """All that a sync decided by."""

    options: SyncOptions
    words: Sequence[str]
    """The command line."""
    project: ProjectFolder
    lock: Lock
    python: Wanted
    environment: Environment
    absent: frozenset[str] = frozenset()
    """What was not there before anything was read; see `absent_around`."""

    def remember(self, synced: Synced, said: Iterable[str], environ: Mapping[str, str]) -> None:
        """Note what was said, if nothing was to do and all that this depends on can be watched."""
        with suppress(OSError, ImportError):  # It is only slower, then.
            if self._is_usual(synced):
                paths = {os.path.abspath(path) for path in self._watched(environ)}  # noqa: PTH100
                _write(str(self.environment.prefix), self.words, said, sorted(paths), self.absent)

    def _is_usual(self, synced: Synced) -> bool:
        options = self.options
        is_plain = not (
            synced.has_changed
            or options.dry_run
            or options.check
            or options.verbose
            or options.as_json
            or options.reinstall
            or options.reinstall_packages
            or options.compile_bytecode
        )
        wishes = [step.wish for step in synced.steps if step.wish is not None]
        requests = [each for each in (self.python.asked, self.python.pinned) if each is not None]
        return (
            is_plain
            and all(wish.note is None or _is_watchable(wish) for wish in wishes)
            and all(each.name is None for each in requests)
            and all(each.path is None or each.path.is_file() for each in requests)
            and not has_members(self.project.root_document)  # Others may come to match its globs.
            and bool(self.environment.interpreter.libc)
            and not any(name.endswith(_LEGACY) for name in os.listdir(self._site))  # noqa: PTH208
        )

    def _watched(self, environ: Mapping[str, str]) -> Iterator[Path | str]:
        yield from _code()
        yield from self._of_project()
        yield from _settings(environ)
        for request in (self.python.asked, self.python.pinned):
            if request is not None and request.path is not None:
                yield request.path
        yield from self._of_environment()

    def _of_project(self) -> Iterator[Path]:
        project, given = self.project, self.options.lockfile
        folders = {self.options.folder, project.folder, project.root, project.lock_folder}
        for folder in {each for path in folders for each in (path.absolute(), path.resolve())}:
            yield from (folder / LOCK, folder / PYLOCK)
            if given is not None:
                yield from (given, folder / given)
            yield from (folder / name for name in _AT_ANY_HEIGHT)
            yield from _above(folder)
        for package in self.lock.packages:
            if isinstance(package.source, Directory | Editable | Virtual):
                folder = project.lock_folder / package.source.path
                yield from (folder / name for name in _OF_TREE)

    @property
    def _site(self) -> str:
        return f"/{self.environment.scheme.site_packages}"

    def _of_environment(self) -> Iterator[Path | str]:
        prefix, site = self.environment.prefix, self._site
        yield from (prefix / "pyvenv.cfg", prefix / "bin" / "python", site)
        with os.scandir(site) as found:
            names = [entry.name for entry in found if entry.name.endswith(".dist-info")]
        for name in names:
            yield f"{site}/{name}"
            for file in ("direct_url.json", NOTE):
                if os.path.lexists(f"{site}/{name}/{file}"):
                    yield f"{site}/{name}/{file}"


def absent_around(folder: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Return what is not there of what would count for a project without being in its folder.

    Asked before anything is read: above a project others may write, and settings are anywhere.
    """
    paths = map(str, (*_above(folder.absolute()), *_above(folder.resolve()), *_settings(environ)))
    return frozenset(path for path in paths if signature(path) == "-")


def _above(folder: Path) -> Iterator[Path]:
    for above in folder.parents:
        yield from (above / name for name in _AT_ANY_HEIGHT)


def _is_watchable(wish: Wish) -> bool:
    """Say whether it is known which files tell that a source tree is as it was."""
    return wish.is_editable and not wish.has_keys


def _code() -> Iterator[str]:
    """Give the files of Lamina that have a say, and one of each library."""
    own = f"{os.path.dirname(lamina.__file__)}/"  # noqa: PTH120
    standard = f"{sysconfig.get_path('stdlib')}/"
    for name, module in [*sys.modules.items()]:
        path = getattr(module, "__file__", None) or ""
        is_standard = path.startswith(standard) and "/site-packages/" not in path
        if path.startswith(own) or (path and "." not in name and not is_standard):
            yield path


def _settings(environ: Mapping[str, str]) -> Iterator[Path]:
    """Give where uv's settings are, or may come to be; see `uv_tables`."""
    if named := environ.get("UV_CONFIG_FILE"):
        yield Path(named)
    users = [environ.get("XDG_CONFIG_HOME"), Path.home() / ".config"]
    systems = [*environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"), "/etc"]
    yield from (Path(each, "uv", UV_TOML) for each in [*users, *systems] if each)


def _write(
    prefix: str,
    words: Sequence[str],
    said: Iterable[str],
    paths: Sequence[str],
    absent: Set[str],
) -> None:
    """Write the memo, unless something may have changed since the process began to read.

    What has changed since has a date of since. What is not there has none, but its folder has,
    unless it was not there before either: ``absent``.
    """
    seen = [(path, signature(path)) for path in paths]
    latest = max(_changed(path, now) for path, now in seen if not (now == "-" and path in absent))
    if latest > started() - _MARGIN:
        return
    salt = secrets.token_hex(16)
    parts = [MAGIC, salt, question(words, salt), prefix, "".join(f"{text}\n" for text in said)]
    text = "\0".join([*parts, *(part for each in seen for part in each)])
    data = f"{text}\0{digest(text)}".encode("utf-8", "surrogateescape")
    made = f"{prefix}/{NAME}.{secrets.token_hex(6)}"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(made, f"{prefix}/{NAME}")  # noqa: PTH105
    except BaseException:
        os.unlink(made)  # noqa: PTH108
        raise


def _changed(path: str, seen: str) -> int:
    """Return when a file, or what is nearest above it, was last changed."""
    while seen == "-":
        path = os.path.dirname(path)  # noqa: PTH120
        seen = signature(path)
    *_, modified, changed = map(int, seen.split())
    return max(modified, changed)


def started() -> int:
    """Return when this process began, in nanoseconds since 1970."""
    return time.time_ns() - int(seconds_running() * 10**9)
