"""The small layer above Debian packages: of the packages, and of what is known of the base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from lamina.archive.entry import Entry, Kind, file
from lamina.archive.rootfs import place
from lamina.deb.control import Paragraph, parse_paragraph
from lamina.deb.installed import Installed
from lamina.deb.soundness import check, package_of
from lamina.deb.status import STATUS, with_obsolete
from lamina.make.debs import Debs
from lamina.make.system import System
from lamina.plan.said import Said
from lamina.system.base_paths import BasePaths
from lamina.system.configuration import BaseUntold, Below, configure
from lamina.system.notes import PackageNotes
from lamina.system.overlaps import Plan, Settled, claims_of, settle, shorter_lists
from lamina.system.placing import Placing
from lamina.system.plan import SystemPlan
from lamina.system.telling import KnownBase, telling
from lamina.system.unpacking import SETID, entries_at


def configured(
    notes: Sequence[PackageNotes], system: System, debs: Debs
) -> tuple[list[Entry], Said]:
    """Return what is above the packages, and what is to be said of it.

    The base is read only if nobody tells enough of it.
    """
    told = system.told_base()
    if told is not None:
        with suppress(BaseUntold):
            return _configured_above(told, notes, system, debs)
    return _configured_above(system.base(), notes, system, debs)


def _configured_above(
    base: KnownBase, noted: Sequence[PackageNotes], system: System, debs: Debs
) -> tuple[list[Entry], Said]:
    installed = Installed.parse(base.files.statuses.values(), where="the base")
    new = [package_of(each.paragraph) for each in noted]
    check(new, installed, system.plan.architecture, system.wishes)
    settled = _settled(noted, system.plan, base.paths, installed)
    notes = settled.notes
    below = Below(
        files=replace(base.files, files=_without(base.files.files, settled.obsolete)),
        rootfs=system.plan.rootfs,
        architecture=system.plan.architecture,
    )
    changed = [*_put_again(settled, system, debs), *_lists(settled, base.paths)]
    made = configure(notes, below, system.keep, changed)
    told = [*_notes(notes, installed, made.entries), *_kept(settled)]
    said = Said(tuple(told), tuple(made.warnings))
    there = {each.path for each in made.entries}
    tells = place([telling(noted, base, made.entries)], below.rootfs)
    return [*made.entries, *(each for each in tells if each.path not in there)], said


def _settled(
    notes: Sequence[PackageNotes], system: SystemPlan, base: BasePaths, installed: Installed
) -> Settled:
    """Say who has what."""

    def owner_of(info_name: str) -> Paragraph | None:
        name, _, architecture = info_name.partition(":")
        for each in installed.named(name):
            if architecture in ("", each.architecture):
                where = f"the entry of `{name}` in the base's status"
                return parse_paragraph(each.paragraph, where=where)
        return None

    heights = {
        package.name: height
        for height, layer in enumerate(system.layers)
        for package in layer.packages
    }
    plan = Plan(heights, system.rootfs.directories, system.rearranged)
    return settle(notes, claims_of(notes, base, system.rearranged), base, owner_of, plan)


def _put_again(settled: Settled, system: System, debs: Debs) -> Iterator[Entry]:
    """Give what lies below the files of packages that have lost them."""
    packages = [each for each in system.plan.packages if each.name in settled.again]
    paths = debs.fetch_all(packages)
    keep = system.keep
    for package in packages:
        for entry in entries_at(package, paths[package], settled.again[package.name]):
            if keep(entry.path, entry.kind):
                placing = Placing(system.plan.rootfs, system.plan.rearranged)
                yield from placing.place(package.name, entry)
    if settled.again_of_base:
        yield from system.base_entries(settled.again_of_base)


def _lists(settled: Settled, base: BasePaths) -> Iterator[Entry]:
    """Give the lists of packages of the base that have lost files."""
    for path, text in shorter_lists(settled.taken, base):
        yield file(path, text.encode("utf-8", "surrogateescape"))


def _without(
    files: Mapping[str, bytes], obsolete: Mapping[str, Collection[str]]
) -> dict[str, bytes]:
    """Return the files of a base, its status with what is obsolete of configuration files."""
    status = files.get(STATUS)
    if status is None or not obsolete:
        return dict(files)
    text = with_obsolete(status.decode("utf-8", "surrogateescape"), obsolete)
    return {**files, STATUS: text.encode("utf-8", "surrogateescape")}


def _notes(
    notes: Iterable[PackageNotes], installed: Installed, entries: Iterable[Entry]
) -> Iterator[str]:
    if updates := list(_updates(notes, installed)):
        yield (
            f"Newer than in the base: {', '.join(updates)}; what only the older ones had of "
            "files stays below"
        )
    for path, what in sorted(_privileged(entries)):
        yield f"As a script of its package would, `{path}` is {what}"


def _kept(settled: Settled) -> Iterator[str]:
    """Tell which configuration stays as somebody edited it."""
    for name, paths in sorted(settled.kept.items()):
        listed = ", ".join(f"`{path}`" for path in sorted(paths))
        yield f"Edited in the base, and kept instead of what {name} brings: {listed}"


def _privileged(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """Tell which programs get more rights than their users by what scripts do."""
    for entry in entries:
        if entry.kind is Kind.FILE and entry.mode & SETID:
            yield f"/{entry.path}", "made setuid or setgid"
        if entry.capabilities:
            yield f"/{entry.path}", "given capabilities"


def _updates(notes: Iterable[PackageNotes], installed: Installed) -> Iterator[str]:
    """Tell which packages of the base are replaced by other versions."""
    for each in notes:
        version = each.paragraph["Version"]
        for old in installed.named(each.name):
            if old.version != version:
                yield f"{each.name} {version} (was {old.version})"
