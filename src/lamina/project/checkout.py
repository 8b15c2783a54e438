"""The files of a commit, had by the user's own git, which knows how to reach the repository."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli

from lamina.errors import LaminaError
from lamina.lock.source import Git
from lamina.project.program import ProgramFailed, Programs
from lamina.project.subject import stated_version

_OF_ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
"""Variables by which the git that runs us, as in a hook, means its own repository."""
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C.UTF-8"}


_EVERYTHING = ("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*")


class CheckoutFailed(LaminaError):
    """A commit that cannot be had."""


class LargeFilesWanted(LaminaError):
    """A commit whose files Git LFS keeps elsewhere."""

    def __init__(self, name: str, source: Git) -> None:
        super().__init__(
            f"Unable to build `{name}` from {source}: files of Git LFS are not supported",
            hint="Take `lfs = true` out of its source in `[tool.uv.sources]`, or lock a wheel",
        )


@dataclass(frozen=True, slots=True)
class GitProgram:
    """The git of this machine."""

    programs: Programs
    environ: Mapping[str, str]
    """The user's, by which it finds its programs, keys and helpers."""

    def check_out(self, name: str, source: Git, folder: Path) -> Path:
        """Check a commit out below ``folder``; return the tree that is meant.

        No more history is fetched than the version may depend on. Raises `CheckoutFailed` and
        `LargeFilesWanted`.
        """
        if source.has_lfs:
            raise LargeFilesWanted(name, source)
        top = folder / "tree"
        top.mkdir(parents=True)
        try:
            self._fetch(source, top, folder / "log")
        except ProgramFailed as failure:
            raise CheckoutFailed(
                f"Unable to check out {source} for `{name}`: git: {failure.reason}\n"
                f"{failure.output}".rstrip(),
                hint="Git is run as you would run it: see whether it can fetch from there",
            ) from failure
        tree = Path(os.path.realpath(top / (source.subdirectory or "")))
        if not tree.is_dir() or not tree.is_relative_to(os.path.realpath(top)):
            raise CheckoutFailed(
                f"Unable to build `{name}` from {source}: no folder `{source.subdirectory}` in it"
            )
        return tree

    def _fetch(self, source: Git, top: Path, log: Path) -> None:
        def git(*words: str) -> None:
            command: Sequence[str] = ["git", "-c", "advice.detachedHead=false", *words]
            self.programs.run(command, cwd=top, environ=self._environ(), log=log)

        git("init", "--quiet", "--template=")
        # The address goes by a file, since everybody can read the words of a command.
        config = top / ".git" / "config"
        kept = config.read_text()
        address = source.url.replace("\\", "\\\\").replace('"', '\\"')
        config.chmod(0o600)
        config.write_text(f'{kept}[remote "origin"]\n\turl = "{address}"\n')
        try:
            git("fetch", "--quiet", "--depth=1", "--no-tags", "origin", source.commit)
        except ProgramFailed:  # Not every server gives a commit by its name.
            git(*_EVERYTHING)
        git("checkout", "--quiet", "--detach", source.commit)
        if (top / ".git" / "shallow").exists() and not _tells_version(top, source):
            git(*_EVERYTHING, "--unshallow")
        if (top / ".gitmodules").exists():
            git("submodule", "--quiet", "update", "--init", "--recursive")
        config.write_text(kept)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environ.items() if name not in _OF_ANOTHER}
        return {**kept, **_QUIET}


def _tells_version(top: Path, source: Git) -> bool:
    """Say whether the tree has its version in a file, so that no history is needed for it."""
    path = top / (source.subdirectory or "") / "pyproject.toml"
    try:
        return stated_version(tomli.loads(path.read_text(encoding="utf-8"))) is not None
    except (OSError, ValueError, RecursionError):
        return False
