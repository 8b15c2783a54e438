"""What of a project's git history its version may depend on; read from files, without git."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_GIT = ".git"
_GITFILE = "gitdir:"
_TAGS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working tree and the folder of its history."""

    top: Path
    git: Path

    @property
    def common(self) -> Path:
        """The folder that all worktrees of a repository share (gitrepository-layout(5))."""
        text = _text(self.git / "commondir").strip()
        return Path(os.path.normpath(self.git / text)) if text else self.git


def find_checkout(project: Path) -> Checkout | None:
    """Return the checkout that holds ``project``, which may be a folder within it."""
    project = Path(os.path.realpath(project))
    for top in (project, *project.parents):
        mark = top / _GIT
        if mark.is_dir():
            return Checkout(top, mark)
        if (text := _text(mark)).startswith(_GITFILE):
            # Of a worktree or a submodule: the file names the folder, perhaps relative to itself.
            return Checkout(top, Path(os.path.normpath(top / text[len(_GITFILE) :].strip())))
    return None


def history(checkout: Checkout) -> str:
    """Return a hash of what `git describe` goes by: the commit of HEAD, and all tags."""
    head, tags = references(checkout)
    # Where refs are kept in reftables, this names the state of all of them.
    tables = _text(checkout.common / "reftable" / "tables.list")
    named = [(f"{_TAGS}{name}", commit) for name, commit in tags.items()]
    facts = [head, named, tables]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def references(checkout: Checkout) -> tuple[str, Mapping[str, str]]:
    """Return the commit of HEAD, or what it says instead; and the object of each tag, sorted."""
    refs = _packed(checkout.common)
    for path in sorted((checkout.common / "refs").rglob("*")):
        if path.is_file():
            refs[path.relative_to(checkout.common).as_posix()] = _text(path).strip()
    head = _text(checkout.git / "HEAD").strip()
    name = head.removeprefix("ref:").strip()
    tags = {ref[len(_TAGS) :]: refs[ref] for ref in sorted(refs) if ref.startswith(_TAGS)}
    return refs.get(name, head), tags


def share_history(checkout: Checkout, copy: Path) -> None:
    """Make ``copy`` a working tree of the same history, as `git worktree` would.

    Nothing of the history is copied. HEAD and the index are, since git writes to the index
    whenever it looks at the files; variables such as ``GIT_INDEX_FILE`` would not do, since
    setuptools-scm drops them.
    """
    folder = copy / _GIT
    folder.mkdir()
    (folder / "commondir").write_text(f"{checkout.common}\n", encoding="utf-8")
    for name in ("HEAD", "index"):
        if (checkout.git / name).is_file():
            shutil.copyfile(checkout.git / name, folder / name)


def _packed(common: Path) -> dict[str, str]:
    refs = {}
    for line in _text(common / "packed-refs").splitlines():
        commit, space, name = line.partition(" ")
        if space and not commit.startswith(("#", "^")):
            refs[name] = commit
    return refs


def _text(path: Path) -> str:
    """Return a small file's text, or nothing where there is none to read."""
    try:
        with path.open("rb") as file:
            return file.read(1 << 24).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
