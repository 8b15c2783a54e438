"""Make a virtual environment on this machine, as ``uv venv`` does (PEP 405).

A new one grows beside its place and is moved there when it is whole. Where that cannot be, since
another file system is mounted there or somebody is in the folder, it grows in its place, and gets
the file that makes it an environment last.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina import __version__
from lamina.archive.entry import Entry
from lamina.environment.aside import aside
from lamina.environment.place import SETTINGS, Existing, Found, absolute, check, unusable
from lamina.environment.tree import Fill, fill_nothing, write_tree
from lamina.pythons.interpreter import Interpreter
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import Local, skeleton

_NARROW = ("i386", "i486", "i586", "i686", "armv6l", "armv7l", "armv8l")
"""Machines of 32 bits, as `sysconfig.get_platform` names them."""
_IMMOVABLE = (errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS, errno.EXDEV)
"""What is said where folders cannot be made beside the place, or not be moved there."""
_TRIES = 8


def scheme_of(folder: Path, interpreter: Interpreter, *, relocatable: bool = False) -> Scheme:
    """Return where everything goes in an environment of an interpreter.

    Raises `InvalidPrefix`.
    """
    version = interpreter.minor.removesuffix("t")
    return Scheme(str(absolute(folder)), version, interpreter.free_threaded, relocatable)


def create(
    folder: Path,
    interpreter: Interpreter,
    *,
    prompt: str | None = None,
    existing: Existing = Existing.REFUSED,
    relocatable: bool = False,
    system_site_packages: bool = False,
    packages: Sequence[Entry] | None = None,
    fill: Fill = fill_nothing,
) -> Scheme:
    """Make an environment, and return where everything goes in it.

    ``packages`` are the entries of what is in it from the start, at the paths of `scheme_of`;
    ``fill`` puts more into the folder where it grows, which may be another than it will have.
    Either all of it comes to be, or nothing that looks like an environment. Raises `PlaceTaken`,
    `PlaceUnusable`, what `skeleton` and `Scheme` refuse, and what ``fill`` does.
    """
    scheme = scheme_of(folder, interpreter, relocatable=relocatable)
    local = Local(
        maker=__version__,
        prompt=prompt,
        system_site_packages=system_site_packages,
        seeded=packages is not None,
        has_lib64=_has_lib64(interpreter.platform),
    )
    base = _tidy(interpreter.base)
    entries = [*skeleton(scheme, base, interpreter.version, local), *(packages or ())]
    check(folder, existing)
    try:
        _put(Path(scheme.prefix), _New(entries, scheme.root, fill), existing)
    except OSError as error:
        raise unusable(folder, error) from error
    return scheme


def _has_lib64(platform: str) -> bool:
    return not platform.startswith("macosx") and not platform.endswith(_NARROW)


def _tidy(interpreter: str) -> str:
    """Return a path without dots; a Python names itself as it was called."""
    tidy = Path(os.path.normpath(interpreter))
    return str(tidy if tidy.exists() else Path(interpreter).resolve())


@dataclass(frozen=True, slots=True)
class _New:
    """What an environment will hold."""

    entries: Sequence[Entry]
    root: str
    """Below which they lie."""
    fill: Fill

    def write(self, folder: Path) -> None:
        """Write all of it into a folder that is there."""
        write_tree(folder, self.entries, self.root, self.fill)


def _put(prefix: Path, new: _New, existing: Existing) -> None:
    """Write what is new to the folder, over what is there or instead of it."""
    # A link to the place stays; its folder is what is replaced.
    target = prefix.resolve()
    if check(target, existing) in (Found.ENVIRONMENT, Found.FOLDER) and existing is Existing.KEPT:
        # What is written over is no environment until it is whole again.
        (target / SETTINGS).unlink(missing_ok=True)
        new.write(target)
        return
    if not _is_entered(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _put_aside_first(target, new, existing)
        except OSError as error:
            if error.errno not in _IMMOVABLE or not target.exists():
                raise
        else:
            return
    _put_in_place(target, new, existing)


def _is_entered(target: Path) -> bool:
    """Say whether the folder is mounted, or is where this process is, and the shell that began it.

    That it is replaced would leave them nowhere.
    """
    try:
        return target.is_mount() or Path.cwd().is_relative_to(target)
    except FileNotFoundError:
        return False


def _put_aside_first(target: Path, what: _New, existing: Existing) -> None:
    with aside(target) as beside:
        new = beside / "new"
        new.mkdir()
        what.write(new)
        for tried in range(_TRIES):
            old = beside / f"old{tried}"
            if check(target, existing) is not Found.NOTHING:
                _keep_rights(target, new)
                target.rename(old)
            try:
                new.rename(target)
            except OSError as error:
                # Somebody else was faster.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or tried == _TRIES - 1:
                    if old.exists():
                        old.rename(target)
                    raise
            else:
                break
        _delete(beside)


def _keep_rights(old: Path, new: Path) -> None:
    """Let a folder that was there keep its mode, and its owner where that may be."""
    status = old.stat()
    new.chmod(stat.S_IMODE(status.st_mode))
    if os.geteuid() == 0:
        os.chown(new, status.st_uid, status.st_gid)


def _put_in_place(target: Path, new: _New, existing: Existing) -> None:
    if check(target, existing) is not Found.EMPTY:
        _empty(target)
    try:
        new.write(target)
    except BaseException:
        _empty(target)
        raise


def _empty(folder: Path) -> None:
    """Remove what is in a folder.

    Its settings stay until all else is gone, so that it can be told for what it was; without its
    Python, which goes first, it is no environment that works.
    """
    _delete(folder / "bin")
    for path in folder.iterdir():
        if path.name != SETTINGS:
            _delete(path)
    _delete(folder / SETTINGS)


def _delete(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
