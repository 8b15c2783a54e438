"""A distribution built of its sources, which are brought here for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from lamina.lock.model import Sdist
from lamina.lock.select import Distribution
from lamina.lock.source import Git
from lamina.make.archives import Archives
from lamina.make.tools import git_of, workbench_of
from lamina.make.workshop import Workshop
from lamina.observer import Download, Traffic
from lamina.project.backend import make_wheel
from lamina.project.sdist import unpack_sdist
from lamina.project.subject import Subject, UnreadableSource
from lamina.project.workbench import BackendSettings
from lamina.pythons.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of one distribution: an sdist, or a commit."""

    distribution: Distribution
    inner: str
    """The path of what is meant within an sdist; empty for all of it."""
    title: str
    """What errors call the distribution."""
    workshop: Workshop
    archives: Archives

    def wheel(self, settings: BackendSettings, interpreter: Callable[[], Interpreter]) -> Path:
        """Let the build backend make the wheel, run by the interpreter, in the scratch folder.

        One that lies in a repository is taken as it is.
        """
        folder = self.workshop.scratch.folder()
        artifact, version = self.distribution.artifact, self.distribution.version
        if isinstance(artifact, Git) and (artifact.path or "").endswith(".whl"):
            return self._wheel_of(artifact, folder)
        tree = self._tree(folder)
        name = canonicalize_name(self.distribution.name)
        subject = Subject.of_tree(tree, name, version, f"`{self.title}`")
        if isinstance(artifact, Sdist):
            subject = replace(subject, reads_history=False)
        bench = workbench_of(self.workshop, interpreter())
        return make_wheel(tree, subject, folder / "made", bench, settings).path

    def _wheel_of(self, source: Git, folder: Path) -> Path:
        """Return the wheel that lies in a repository, which must be of the locked distribution."""
        tree = git_of(self.workshop).check_out(self.distribution.name, source, folder)
        path = _within(tree, source.path or "", self.title)
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            name, version = None, None
        wanted = self.distribution.version
        if not path.is_file() or name != self.distribution.name or wanted not in (None, version):
            raise UnreadableSource(
                f"Unable to use `{source.path}` from {source}: it is no wheel of `{self.title}`"
            )
        return path

    def _tree(self, folder: Path) -> Path:
        """Bring the sources here, and return their tree."""
        artifact, limit = self.distribution.artifact, self.workshop.wheel_limit
        if isinstance(artifact, Sdist):
            archive = self._fetch(artifact)
            top = unpack_sdist(archive, artifact.filename, folder / "sdist", limit=limit)
            self.workshop.scratch.drop(archive)
            return _within(top, self.inner, self.title)
        assert isinstance(artifact, Git), "a source tree has a layer of its own"
        tree = git_of(self.workshop).check_out(self.distribution.name, artifact, folder)
        if artifact.path is None:
            return tree
        archive = _within(tree, artifact.path, self.title)
        return unpack_sdist(archive, archive.name, folder / "sdist", limit=limit)

    def _fetch(self, sdist: Sdist) -> Path:
        hash_ = self.archives.hash(sdist)
        kept = self.archives.kept(sdist, hash_)
        if kept is not None:
            return kept
        observer = self.workshop.observer
        download = Download(f"{self.title} (sdist)", Traffic.DEPENDENCY, sdist.size)
        observer.downloading(download)
        path = self.archives.fetch(sdist, hash_, partial(observer.received, download))
        observer.downloaded(download)
        return path


def _within(tree: Path, inner: str, title: str) -> Path:
    """Return what lies in a tree; a link may not lead out of it."""
    path = Path(os.path.realpath(tree / inner))
    if not path.exists() or not path.is_relative_to(os.path.realpath(tree)):
        raise UnreadableSource(f"Unable to build `{title}`: its sources have no `{inner}`")
    return path
