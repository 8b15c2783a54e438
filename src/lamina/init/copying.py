"""What of COPY and ADD is a `copy` of ours, and what is not."""

from __future__ import annotations

import posixpath
import re

from lamina.dockerfile.model.build import Step
from lamina.init.meaning import Meaning

_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|git@", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:tar|tar\.(?:gz|bz2|xz|zst)|tgz|tbz2?|txz)$", re.IGNORECASE)
_FOR_INSTALLING = re.compile(
    r"pyproject\.toml|uv\.lock|uv\.toml|pylock(?:\.[^.]+)?\.toml|poetry\.lock|pdm\.lock"
    r"|requirements[^/]*\.(?:txt|in)|\.python-version"
)
MODE = re.compile(r"[0-7]{3,4}")


def refusal(step: Step) -> Meaning | None:
    """Return why nothing of a COPY or ADD can be copied by a build; None if it may be."""
    instruction = step.instruction
    if instruction.heredocs:
        return Meaning(
            "the file stands in the Dockerfile", "Make it a file, and name that in `copy`"
        )
    for name in ("exclude", "parents"):
        if (flag := instruction.flag(name)) is not None and (
            flag.value is None or flag.value.text.lower() != "false"
        ):
            return Meaning(
                f"`copy` has no `--{name}`",
                "Name what is to be copied in `copy`, and what is not in `.dockerignore`",
            )
    sources = [word.text for word in instruction.words[:-1]]
    if instruction.name == "ADD" and any(_REMOTE.match(source) for source in sources):
        return Meaning(
            "nothing is fetched but distributions and the base",
            "Fetch it before `lamina build`, and name it in `copy`",
        )
    if instruction.name == "ADD" and any(_ARCHIVE.search(source) for source in sources):
        return Meaning(
            "no archive is unpacked by `copy`",
            "Unpack it before `lamina build`, and name the folder",
        )
    return None


def is_for_installing(source: str) -> bool:
    """Say whether a file is one that says what is installed."""
    return _FOR_INSTALLING.fullmatch(posixpath.basename(source)) is not None


def target(path: str, source: str, workdir: str, *, is_folder: bool) -> str:
    """Return where something goes as `to` is written: from the working directory, if below it.

    >>> target("/app", "dist/src", "/app", is_folder=True)
    '.'
    >>> target("/app/run.sh", "docker/run.sh", "/app", is_folder=False)
    '.'
    >>> target("/etc/app.ini", "conf/app.ini", "/app", is_folder=False)
    '/etc/'
    """
    if is_folder:
        return _from(path, workdir)
    folder, name = posixpath.split(path)
    if name != posixpath.basename(source):
        return _from(path, workdir)
    inside = _from(folder, workdir)
    return inside if inside in (".", "/") else f"{inside}/"


def _from(path: str, workdir: str) -> str:
    if workdir == "/":
        return path  # All is below it, and would look as if it were in a folder of its own.
    if path == workdir:
        return "."
    below = f"{workdir}/"
    return path[len(below) :] if path.startswith(below) else path


def is_within(source: str, path: str, other_source: str, other_path: str) -> bool:
    """Say whether something is copied by the copy of a folder as well."""
    inner = posixpath.relpath(path, other_path)
    if inner.split("/")[0] == "..":
        return False
    return posixpath.normpath(posixpath.join(other_source, inner)) == source
