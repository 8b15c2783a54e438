"""Which Dockerfiles are meant, and what lies in the folder that goes to the builder with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tomli

from lamina.cli.documents import LOCK, PYPROJECT, ProjectUnreadable, read_text
from lamina.doctor.fences import fenced_dockerfile
from lamina.doctor.subject import Beside
from lamina.errors import LaminaError

REPORTS = frozenset({".md", ".markdown"})
"""How the names of reports end, which quote a Dockerfile."""
_NAMES = ("Dockerfile", "Containerfile")
_PATTERNS = ("Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile.*")


class NoDockerfile(LaminaError):
    """A folder in which no Dockerfile is found."""


@dataclass(frozen=True, slots=True)
class Found:
    """A Dockerfile, and the folder that is sent to the builder with it."""

    path: Path
    shown: str
    text: str
    folder: Path
    beside: Beside
    ignore: Path
    """What says which files are not sent; it may not be there."""


def find(path: Path) -> Found:
    """Return the Dockerfile that a path means."""
    found = _in_folder(path) if path.is_dir() else path
    text = read_text(found, "a Dockerfile", "Name it: `lamina doctor PATH`", newline="")
    if found.suffix.lower() in REPORTS:
        text = _of_report(found, text)
    folder = path if path.is_dir() else _context(found.parent)
    ignore = _ignore(folder, found)
    return Found(found, found.as_posix(), text, folder, _beside(folder, ignore), ignore)


def _of_report(path: Path, text: str) -> str:
    """Return the Dockerfile that a report quotes, with its lines where they are in the report."""
    found = fenced_dockerfile(text)
    if found is None:
        raise NoDockerfile(
            f"Unable to find a Dockerfile in `{path}`: no fenced block of it has one",
            hint="Put it between lines of three backticks",
        )
    return found


def _in_folder(folder: Path) -> Path:
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    others = sorted({each for each in _others(folder) if each.is_file()})
    if len(others) == 1:
        return others[0]
    if others:
        names = ", ".join(f"`{each.name}`" for each in others)
        raise NoDockerfile(
            f"Unable to choose a Dockerfile in `{folder}`: it has {names}",
            hint=f"Name one, or several: `lamina doctor {others[0]}`",
        )
    raise NoDockerfile(
        f"Unable to find a Dockerfile in `{folder}`", hint="Name it: `lamina doctor PATH`"
    )


def _others(folder: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        # What says which files are not sent to the builder is named after the Dockerfile.
        yield from (each for each in folder.glob(pattern) if each.suffix != ".dockerignore")


def _context(folder: Path) -> Path:
    """Return the nearest folder with a project: the Dockerfile may lie in one of its own."""
    for each in (folder, *list(folder.resolve().parents)[:2]):
        if (each / PYPROJECT).is_file() or (each / ".dockerignore").is_file():
            return each
    return folder


def _ignore(folder: Path, dockerfile: Path) -> Path:
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    return own if own.is_file() else folder / ".dockerignore"


def _beside(folder: Path, ignore: Path) -> Beside:
    return Beside(
        dockerignore=_optional(ignore),
        pyproject=_toml(folder / PYPROJECT),
        lock=_toml(folder / LOCK),
        is_folder_known=True,
    )


def _optional(path: Path) -> str | None:
    return read_text(path, "the file", "", newline="") if path.is_file() else None


def _toml(path: Path) -> Mapping[str, object] | None:
    text = _optional(path)
    if text is None:
        return None
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise ProjectUnreadable(f"Unable to parse `{path}`: {error}") from error
