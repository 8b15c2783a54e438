"""Source trees of this machine, and the wheels that are built of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.lock.select import Distribution
from lamina.lock.source import Directory, Editable
from lamina.lock.target import Target
from lamina.make.builder import builder_for
from lamina.make.fitting import DoesNotFit, ForeignWheels, check_fits
from lamina.make.workshop import Workshop
from lamina.project.building import Building
from lamina.project.ignore import read_ignore
from lamina.project.source import source_hash
from lamina.project.subject import Subject, UnreadableSource
from lamina.project.workbench import BackendSettings, ProjectWheel, wheel_key


@dataclass(frozen=True, slots=True)
class SourceTree:
    """A folder that is built to a wheel."""

    folder: Path
    subject: Subject
    settings: BackendSettings
    outputs: frozenset[str]
    """Paths in it that are no source."""


@dataclass(frozen=True, slots=True)
class SourceTrees:
    """Builds wheels of the source trees of one project, for one target."""

    workshop: Workshop
    target: Target
    building: Building
    versions: Mapping[str, str]
    """Of what is installed, by name."""
    outputs: tuple[Path, ...] = ()
    """What is written meanwhile, which is no source even if it lies in a tree."""

    def local(self, folder: Path, distribution: Distribution) -> SourceTree:
        """Return the tree of a distribution, whose path is relative to ``folder``.

        Raises `UnreadableSource`.
        """
        artifact, name = distribution.artifact, distribution.name
        assert isinstance(artifact, Directory | Editable), "only these lie in a folder"
        version = distribution.version
        title = f"`{name}`" if version is None else f"`{name} {version}`"
        tree = folder / artifact.path
        if not tree.is_dir():
            raise UnreadableSource(
                f"Unable to build {title}: no folder `{artifact.path}`",
                hint="The lockfile names it by its path; put it there, or run `uv lock`",
            )
        return self.tree(tree, Subject.of_folder(tree, canonicalize_name(name), title))

    def tree(self, folder: Path, subject: Subject) -> SourceTree:
        """Return the tree in a folder."""
        settings = self.building.settings(subject.name, self.versions)
        outputs = read_ignore(folder, self.outputs).outputs
        return SourceTree(folder, subject, settings, outputs)

    def key(self, tree: SourceTree) -> str:
        """Return what stands for the wheel of a tree: all that it is built of, and by what."""
        subject = tree.subject
        hash_ = source_hash(tree.folder, tree.outputs, reads_history=subject.reads_history)
        return self.key_of({"name": subject.name, "tree": hash_}, tree)

    def key_of(self, source: Mapping[str, object], tree: SourceTree) -> str:
        """Return the same for what is not the whole tree."""
        platform = self.workshop.backends.pythons.running.platform
        return wheel_key(source, tree.settings, self.target.python_tag, platform)

    def build(self, tree: SourceTree, *, is_editable: bool = False) -> ProjectWheel:
        """Let the backend make the wheel, in the scratch folder. Raises `ForeignWheels`."""
        # Here, since most builds call none.
        from lamina.make.symbols import needed_glibc
        from lamina.make.tools import workbench_of
        from lamina.project.backend import make_wheel

        workshop, target, subject = self.workshop, self.target, tree.subject
        interpreter = builder_for(target, workshop.backends.pythons)
        made = make_wheel(
            tree.folder,
            subject,
            workshop.scratch.new(),
            workbench_of(workshop, interpreter),
            tree.settings,
            outputs=tree.outputs,
            is_editable=is_editable,
        )
        path, what = made.path, f"{subject.name} {made.version}"
        try:
            check_fits(what, path.name, needed_glibc(path), lambda: interpreter, target)
        except DoesNotFit as misfit:
            raise ForeignWheels(target, [misfit]) from misfit
        return made
