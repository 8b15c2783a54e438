"""What the last `lamina sync` found in an environment: that nothing was to do.

If all that it decided by is as it was, so is the answer, and that is given before anything else of
Lamina is imported. Whatever is unusual, unknown or unreadable is no answer: then the command runs.
So this imports next to nothing. What is remembered is written by `lamina.cli.memo`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

NAME = ".lamina-sync"
"""Of the memo, in the environment's folder."""
MAGIC = "lamina sync 1"
_LOCK = ".lock"
_LARGEST = 16 << 20
_PASSING = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "WINDOWID"})
_PASSING_TOO = ("HYPERFINE_", "MAKE", "SSH_", "TERM_", "TMUX")
"""Variables, and beginnings of their names, that shells, terminals and timers set as they go."""
_HARMLESS = ("--check", "--dry-run")
"""If there is nothing to do, they change nothing."""


def recalled(words: Sequence[str]) -> int | None:
    """Answer a command line, and return its exit code; None, if it must be run."""
    if words[:1] != ["sync"] or sys.stderr is None:
        return None
    try:
        for prefix in _places(words, os.getcwd(), os.environ):  # noqa: PTH109
            said = recall(prefix, words)
            if said is not None:
                sys.stderr.write(said)
                sys.stderr.flush()
                return 0
    except (OSError, ValueError, ImportError, RuntimeError):
        return None
    return None


def recall(prefix: str, words: Sequence[str]) -> str | None:
    """Return what was said of an environment, if all is as it was then."""
    memo = _read(f"{prefix}/{NAME}")
    if memo is None:
        return None
    magic, salt, asked, place, said, *seen = memo
    if magic != MAGIC or place != prefix or asked != question(words, salt):
        return None
    with _Locked(prefix):
        paths = iter(seen)
        if all(signature(path) == before for path, before in zip(paths, paths, strict=True)):
            return said
    return None


def question(words: Sequence[str], salt: str) -> str:
    """Return what stands for a command line and all of the process that may count for it.

    Of the variables, which may be secrets, nothing can be learned from it.
    """
    if words[1:2] and words[1] in _HARMLESS:
        words = [words[0], *words[2:]]
    variables = sorted(item for item in os.environ.items() if not _is_passing(item[0]))
    program = (sys.version, sys.executable, sys.prefix, *os.uname(), str(os.getuid()))
    here = os.getcwd()  # noqa: PTH109
    parts = [*words, "", here, *program, *(part for item in variables for part in item)]
    return digest("\0".join(parts), salt)


def _is_passing(name: str) -> bool:
    return name in _PASSING or name.startswith(_PASSING_TOO)


def signature(path: str) -> str:
    """Return what tells whether a file is another than before, or that there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    return (
        f"{found.st_dev} {found.st_ino} {found.st_mode} {found.st_size} "
        f"{found.st_mtime_ns} {found.st_ctime_ns}"
    )


def digest(text: str, salt: str = "") -> str:
    """Return a hash, in hex; `hashlib` takes longer to import than all else here."""
    from _blake2 import blake2b

    key = salt.encode("utf-8", "surrogateescape")[:64]
    return blake2b(text.encode("utf-8", "surrogateescape"), key=key, digest_size=32).hexdigest()


def _places(words: Sequence[str], here: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Give where the environment that is meant may be; the memo says whether it is that one."""
    name = environ.get("UV_PROJECT_ENVIRONMENT") or ".venv"
    named = [os.path.join(here, word) for word in words if os.path.isdir(word)]  # noqa: PTH112, PTH118
    folders = [*named, here]
    while folders[-1] != "/":
        folders.append(os.path.dirname(folders[-1]))  # noqa: PTH120
    places = [os.path.normpath(os.path.join(folder, name)) for folder in folders]  # noqa: PTH118
    if entered := environ.get("VIRTUAL_ENV"):
        places.append(os.path.normpath(os.path.join(here, entered)))  # noqa: PTH118
    yield from dict.fromkeys(places)


def _read(path: str) -> list[str] | None:
    """Return the parts of a memo; None, where it is not as it was written."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read(_LARGEST)
    except OSError:
        return None
    text, _, end = data.decode("utf-8", "surrogateescape").rpartition("\0")
    parts = text.split("\0")
    return parts if len(parts) >= 5 and end == digest(text) else None


class _Locked:
    """Nobody changes an environment meanwhile; raises `OSError` if somebody does."""

    def __init__(self, prefix: str) -> None:
        self._path = f"{prefix}/{_LOCK}"

    def __enter__(self) -> None:
        import fcntl

        self._file = os.open(self._path, os.O_RDWR)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(self._file)
            raise

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
