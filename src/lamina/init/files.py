"""COPY and ADD as `copy`, and a remark on what of them that cannot say."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from lamina.dockerfile.model.bases import UV_IMAGE, split_reference
from lamina.dockerfile.model.build import StageModel, Step
from lamina.dockerfile.text import Span
from lamina.init.commands import MADE, NO_UV
from lamina.init.copying import MODE, is_for_installing, is_within, refusal, target
from lamina.init.owners import Number, Owners
from lamina.init.remarks import Remarks
from lamina.init.settings import Setting, Value
from lamina.init.tree import Brought, Placed, Trees, expanded

_COPYING = ("ADD", "COPY")
_ROOT = ("0", "0:0")
_ROOTS = "; what is in it belongs to root, and may be read by all"
_UV = frozenset({"uv", "uvx"})
"""The programs of uv, wherever they are taken from."""


@dataclass(slots=True)
class Files:
    """The files of an image, by the stages that it is made of and those that it takes from."""

    chain: Sequence[StageModel]
    builders: Sequence[StageModel]
    trees: Trees
    remarks: Remarks
    notes: list[str] = field(default_factory=list)

    def setting(self, *, is_installed: bool) -> Setting | None:
        """Return `copy`; ``is_installed`` says that a project without it has no files copied."""
        final = self.chain[-1]
        kept = self._kept()
        if not kept and is_installed:
            return None
        owners = Owners(final.after.users)
        entries: list[dict[str, Value]] = []
        for file in kept:
            entry = _entry(file, final.after.workdir or "/", owners)
            if entry not in entries:
                entries.append(entry)
            if not file.is_there:
                self.notes.append(
                    f"`{file.source}` is not in the project's folder now; it must be there when "
                    "the image is built"
                )
        return Setting("copy", tuple(entries))

    def are_below(self, folder: str) -> bool:
        """Say whether a file is copied to a place below a folder of the image."""
        found = self.trees.of(self.chain[-1]).files
        return any(each.path.startswith(f"{folder}/") for each in found)

    def _kept(self) -> list[Placed]:
        """Return what is copied, without what is copied twice and what only installs."""
        found = self.trees.of(self.chain[-1]).files
        files = [each for each in found if not self._is_for_installing(each)]
        return [
            file
            for at, file in enumerate(files)
            if not any(
                _has(each, file) and (other > at or not _has(file, each))
                for other, each in enumerate(files)
                if other != at
            )
        ]

    def _is_for_installing(self, file: Placed) -> bool:
        """Say whether a file is copied because something installs what it says."""
        return self._installs and not file.is_folder and is_for_installing(file.source)

    @property
    def _installs(self) -> bool:
        return any(run.installs for each in (*self.builders, *self.chain) for run in each.runs)

    def remark(self) -> None:
        """Remark on what no `copy` says."""
        for stage in self.chain:
            for step in stage.steps:
                if step.name in _COPYING:
                    self._on(step, stage)
        copied = {file.source for file in self.trees.of(self.chain[-1]).files}
        for stage in self.builders:
            for step in stage.steps:
                if step.name in _COPYING:
                    sources = {file.source for file in self.trees.brought(step).files}
                    if not sources or not sources <= copied:
                        self.remarks.covered(step.instruction.span, alone(stage))

    def _on(self, step: Step, stage: StageModel) -> None:
        span = step.instruction.span
        if (refused := refusal(step)) is not None:
            self.remarks.left(span, refused.why, refused.todo)
            return
        brought = self.trees.brought(step)
        if brought.environments:
            owned = step.instruction.flag("chown") is not None
            self.remarks.covered(span, f"{MADE.why}{_ROOTS if owned else ''}")
        if brought.unknown:
            self.remarks.left(
                span,
                f"it depends on the argument `{brought.unknown}`, which has no value here",
                "Name in `copy` what is to be copied",
            )
        elif brought.missing and step.source_stage is not None:
            self._on_foreign(step, stage, brought)
        elif brought.missing:
            self.remarks.left(
                span,
                f"nothing in the project's folder fits {_listed(brought.missing)}",
                "Name in `copy` what is to be copied",
            )
        self._on_read(span, brought)
        self._on_flags(step, brought)

    def _on_foreign(self, step: Step, stage: StageModel, brought: Brought) -> None:
        """Remark on what is taken from another stage or image, and is no file of the project."""
        span, source = step.instruction.span, self.trees.source(step, stage)
        name = source.base.name if source else expanded(step, step.source_stage or "") or "?"
        programs = {posixpath.basename(each) for each in brought.missing}
        if split_reference(name)[0] == UV_IMAGE or programs <= _UV:
            self.remarks.covered(span, NO_UV.why)
        elif source is not None:
            self.remarks.left(
                span,
                f"commands of the stage `{shown(source)}` make {_listed(brought.missing)}",
                "Run them before `lamina build`, and name what they make in `copy`",
            )
        else:
            self.remarks.left(
                span,
                f"`lamina build` copies nothing of other images: {_listed(brought.missing)}",
                f"Name a base image that has it in `base`, or put what `{name}` has there into the "
                "project",
            )

    def _on_read(self, span: Span, brought: Brought) -> None:
        folders = [each for each in self._kept() if each.is_folder]
        read = [
            each.source
            for each in brought.files
            if self._is_for_installing(each)
            and not any(is_within(each.source, each.path, it.source, it.path) for it in folders)
        ]
        if read:
            self.remarks.covered(
                span, f"`lamina build` reads {_listed(read)}, and puts nothing of it into the image"
            )

    def _on_flags(self, step: Step, brought: Brought) -> None:
        span = step.instruction.span
        files = [each for each in brought.files if not self._is_for_installing(each)]
        if not files:
            return
        mode, owner = files[0].mode, files[0].owner
        if mode and not MODE.fullmatch(mode):
            self.remarks.left(
                span,
                f"`mode` is written in octal digits, and not as `{mode}`",
                "Write it into the entry of `copy`",
            )
        if owner:
            self._on_owner(span, owner, Owners(step.before.users).owner(owner))

    def _on_owner(self, span: Span, owner: str, number: Number | None) -> None:
        if number is None:
            self.remarks.left(
                span,
                f"nothing tells the number of `{owner}`",
                "Write it into the entry of `copy`, as `owner`",
            )
        elif number.is_guess:
            self.remarks.left(
                span,
                f"nothing tells the number of `{owner}`; `owner` has the usual one, {number.text}",
                "Look whether it is right",
            )


def shown(stage: StageModel) -> str:
    """Return how a stage is referred to."""
    return stage.stage.name or str(stage.stage.index)


def alone(stage: StageModel) -> str:
    """Return what is said of a line that concerns nothing but its stage."""
    return f"it is of the stage `{shown(stage)}` alone"


def _entry(file: Placed, workdir: str, owners: Owners) -> dict[str, Value]:
    to = target(file.path, file.source, workdir, is_folder=file.is_folder)
    entry: dict[str, Value] = {"from": file.source, "to": to}
    if MODE.fullmatch(file.mode):
        entry["mode"] = file.mode
    owner = owners.owner(file.owner) if file.owner else None
    if owner is not None and owner.text not in _ROOT:
        entry["owner"] = owner.text
    return entry


def _has(folder: Placed, file: Placed) -> bool:
    """Say whether the copy of a folder has a file, just as its own copy would."""
    is_alike = (folder.mode, folder.owner) == (file.mode, file.owner)
    return (
        folder.is_folder
        and is_alike
        and is_within(file.source, file.path, folder.source, folder.path)
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
