"""Paths that several packages bring, or a package and the base: who has them, as for dpkg.

A file is one package's: of two that bring it, one must replace the other (Debian Policy 7.6.1), or
neither is installed. In dpkg's lists it is the winner's alone. Layers are made without regard to
that, since none must depend on what others hold; what the wrong one would show is put again above.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from lamina.archive.rearranged import Rearranged
from lamina.deb.control import Paragraph
from lamina.deb.replaces import Claimant
from lamina.system.base_paths import BasePaths, Claim
from lamina.system.notes import PackageNotes
from lamina.system.placing import PackagesCollide, both_bring


class _What(Enum):
    FILE = "file"
    LINK = "symlink"
    FOLDER = "directory"


@dataclass(frozen=True, slots=True)
class _Brought:
    """A path of a package above the base."""

    notes: PackageNotes
    claimant: Claimant
    path: str
    """As its list has it."""
    what: _What


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of the layers of packages."""

    heights: Mapping[str, int]
    """Of each package's layer."""
    directories: Container[str]
    """Those of the base that are seen when layers are made; see `Rootfs.directories`."""
    rearranged: Rearranged


OwnerOf = Callable[[str], Paragraph | None]
"""Gives what the base's status says of a package, by what dpkg calls its files."""

Claims = Mapping[str, Sequence[_Brought]]
"""What packages bring, by where it lies once the links of the base are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Who has what in the end."""

    notes: list[PackageNotes]
    """Of the packages, in their order, without what others have instead of them."""
    again: Mapping[str, frozenset[str]]
    """By package, its paths that lie below those of who has lost them; relative to the root."""
    again_of_base: frozenset[str]
    """What packages of the base have, though layers above it have it as well."""
    taken: Mapping[str, frozenset[str]]
    """By package of the base, as dpkg calls its files: paths that are not its own any more."""
    obsolete: Mapping[str, frozenset[str]]
    """Those of them that are configuration files of both."""
    kept: Mapping[str, frozenset[str]]
    """By package, configuration files that somebody edited in the base, and that stay so."""


def claims_of(
    notes: Sequence[PackageNotes], base: BasePaths, rearranged: Rearranged
) -> dict[str, list[_Brought]]:
    """Return all that packages bring above a base."""
    found: dict[str, list[_Brought]] = defaultdict(list)
    parents: dict[str, str] = {}
    for each in notes:
        claimant = Claimant.of(each.paragraph)
        for path in each.listed[1:]:
            what = _what(each, path)
            place = path if what is _What.FOLDER else rearranged.place_of(path, claimant.name)
            parent, _, name = place[1:].rpartition("/")
            if parent not in parents:
                parents[parent] = base.resolve(parent)
            where = posixpath.join(parents[parent], name)
            if what is _What.FOLDER and base.leaves.get(where) is not None:
                leads = base.resolve(where)
                where = leads if leads in base.folders else where
            found[where].append(_Brought(each, claimant, path, what))
    return found


def _what(notes: PackageNotes, path: str) -> _What:
    if path in notes.folders:
        return _What.FOLDER
    if path in notes.links:
        return _What.LINK
    return _What.FILE


def settle(
    notes: Sequence[PackageNotes],
    claims: Claims,
    base: BasePaths,
    owner_of: OwnerOf,
    plan: Plan,
) -> Settled:
    """Say who has what of all that packages bring above a base.

    ``owner_of`` gives the packages of the base.
    Raises `PackagesCollide`, which names all that cannot be settled.
    """
    names = {each.name for each in notes}
    all_claims = base.claims(claims, plan.rearranged)
    base_claims = {
        where: [each for each in found if each.info_name.partition(":")[0] not in names]
        for where, found in all_claims.items()
    }
    folders = {
        where
        for where, brought in claims.items()
        if any(each.what is _What.FOLDER for each in brought)
    }
    settling = _Settling(base, base.folders | folders, owner_of, base_claims, all_claims, plan)
    for where, brought in claims.items():
        settling.settle(where, brought)
    if settling.problems:
        raise PackagesCollide(settling.problems)
    return settling.finish(notes)


@dataclass(slots=True)
class _Settling:
    base: BasePaths
    folders: frozenset[str]
    """All directories there are in the end."""
    owner_of: OwnerOf
    base_claims: Mapping[str, Sequence[Claim]]
    """Of packages that are not replaced by another version."""
    all_claims: Mapping[str, Sequence[Claim]]
    """Of those that are, too."""
    plan: Plan
    problems: list[str] = field(default_factory=list)
    diverted_to: dict[str, str] = field(init=False)
    """By where files of packages lie instead, where they would."""
    lost: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By package, its paths at which lies what another has."""
    delisted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Those of them that the other has by the same name, as dpkg compares them."""
    obsolete: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    again: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    again_of_base: set[str] = field(default_factory=set)
    taken: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    taken_obsolete: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    kept: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        diversions = self.plan.rearranged.diversions
        self.diverted_to = {each.to: path for path, each in diversions.items()}

    def settle(self, where: str, brought: Sequence[_Brought]) -> None:
        """Say who has what lies at one path."""
        for each in brought:
            if each.what is not _What.FOLDER and each.path in self.diverted_to:
                self.problems.append(
                    f"`{each.path}`: `{each.claimant.name}` brings it, and "
                    f"`{self.diverted_to[each.path]}` is diverted to it in the base"
                )
        others = [each for each in brought if each.what is not _What.FOLDER]
        if where in self.base.folders:
            self._over_folder(where, others)
            return
        if not others:
            if where in self.base.leaves:
                self._against_base(where, brought[0])
            return
        if len(others) < len(brought):
            folder = next(each for each in brought if each.what is _What.FOLDER)
            self.problems.append(
                f"`/{where}`: a directory in `{folder.claimant.name}`, "
                f"a {others[0].what.value} in `{others[0].claimant.name}`"
            )
            return
        if self._is_shared_link(where, others):
            return
        if (winner := self._winner(where, others)) is not None:
            self._against_base(where, winner)

    def _over_folder(self, where: str, others: Sequence[_Brought]) -> None:
        """Let nothing hide what lies in a directory of the base.

        dpkg leaves out a link in the place of one, and so do layers, as far as they know of it.
        """
        for each in others:
            if _turns_to_link(each):
                continue
            is_left = where in self.plan.directories or not self.base.has_below(where)
            if each.what is not _What.LINK or not is_left:
                self.problems.append(
                    f"`/{where}`: a {each.what.value} in `{each.claimant.name}`, "
                    "a directory of the base image"
                )

    def _is_shared_link(self, where: str, brought: Sequence[_Brought]) -> bool:
        """Say whether all are one link to a directory of the base, which dpkg leaves alone."""
        targets = [each.notes.links.get(each.path) for each in brought]
        there = self.base.leaves.get(where)
        leads = {
            self.base.resolve(posixpath.join("/", posixpath.dirname(where), target or ""))
            for target in (*targets, *([there] if there is not None else []))
        }
        return None not in targets and len(leads) == 1 and leads <= self.folders

    def _winner(self, where: str, brought: Sequence[_Brought]) -> _Brought | None:
        """Return who has a path of all that bring it; None, once told, if nobody can say."""
        winner, *rest = brought
        losers = []
        for each in rest:
            if each.claimant.wins_over(winner.claimant):
                winner, loser = each, winner
            elif winner.claimant.wins_over(each.claimant):
                loser = each
            else:
                names = (f"`{one.claimant.name}`" for one in (winner, each))
                self.problems.append(both_bring(where, *names))
                return None
            losers.append(loser)
        for loser in losers:
            self._lose(loser, winner.path, set(winner.notes.conffiles))
            if self._height(loser) > self._height(winner):
                self.again[winner.claimant.name].add(winner.path[1:])
        return winner

    def _height(self, brought: _Brought) -> int:
        return self.plan.heights[brought.claimant.name]

    def _lose(self, loser: _Brought, path: str, conffiles: set[str]) -> None:
        """Note that a package has not got what it brings; ``path`` is what the winner calls it."""
        name = loser.claimant.name
        self.lost[name].add(loser.path)
        if loser.path == path:
            self.delisted[name].add(path)
            if path in loser.notes.conffiles and path in conffiles:
                self.obsolete[name].add(path)

    def _against_base(self, where: str, brought: _Brought) -> None:
        if self._is_edited(where, brought):
            self.lost[brought.claimant.name].add(brought.path)
            self.kept[brought.claimant.name].add(brought.path)
            self.again_of_base.add(where)
        for claim in self.base_claims.get(where, ()):
            if (paragraph := self.owner_of(claim.info_name)) is None:
                continue
            owner = Claimant.of(paragraph)
            if brought.claimant.replaces(owner):
                if claim.path == brought.path:
                    self.taken[claim.info_name].add(claim.path)
                    if claim.path in brought.notes.conffiles:
                        self.taken_obsolete[claim.info_name].add(claim.path)
            elif owner.replaces(brought.claimant) and brought.what is not _What.FOLDER:
                self._lose(brought, claim.path, _conffiles(paragraph))
                if where in self.base.leaves:
                    self.again_of_base.add(where)
            else:
                name = f"`{owner.name}` {owner.version} of the base"
                self.problems.append(both_bring(where, f"`{brought.claimant.name}`", name))

    def _is_edited(self, where: str, brought: _Brought) -> bool:
        """Say whether the base has configuration there that dpkg would not overwrite unasked.

        It is neither as the package brings it nor as dpkg noted that it brought it before (dpkg(1),
        ``--force-confold``).
        """
        md5, there = brought.notes.conffiles.get(brought.path), self.base.edited.get(where)
        if md5 is None or there is None or md5 == there:
            return False
        owners = {each.info_name.partition(":")[0] for each in self.all_claims.get(where, ())}
        return owners <= {brought.claimant.name}

    def finish(self, notes: Sequence[PackageNotes]) -> Settled:
        """Return what was found out."""
        return Settled(
            notes=[self._without_lost(each) for each in notes],
            again=_frozen(self.again),
            again_of_base=frozenset(self.again_of_base),
            taken=_frozen(self.taken),
            obsolete=_frozen(self.taken_obsolete),
            kept=_frozen(self.kept),
        )

    def _without_lost(self, notes: PackageNotes) -> PackageNotes:
        name = notes.name
        lost, delisted, obsolete = self.lost[name], self.delisted[name], self.obsolete[name]
        if not lost:
            return notes
        return replace(
            notes,
            listed=tuple(path for path in notes.listed if path not in delisted),
            conffiles={
                path: f"{md5} obsolete" if path in obsolete else md5
                for path, md5 in notes.conffiles.items()
            },
            privileged=tuple(path for path in notes.privileged if path not in lost),
            captured={
                path: data for path, data in notes.captured.items() if f"/{path}" not in lost
            },
            libraries=tuple(each for each in notes.libraries if f"/{each.path}" not in lost),
            library_links={
                path: target
                for path, target in notes.library_links.items()
                if f"/{path}" not in lost
            },
        )


def _turns_to_link(brought: _Brought) -> bool:
    """Say whether a script takes the directory away for a link (dpkg-maintscript-helper(1))."""
    path = re.escape(brought.path)
    pattern = re.compile(rf"dir_to_symlink\s+[\"']?{path}/?[\"'\s]".encode())
    scripts = (brought.notes.control.get(name, b"") for name in ("preinst", "postinst"))
    return brought.what is _What.LINK and any(pattern.search(text) for text in scripts)


def _conffiles(paragraph: Paragraph) -> set[str]:
    lines = paragraph.get("Conffiles", "").splitlines()
    return {words[0] for line in lines if len(words := line.split()) == 2}


def _frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(paths) for name, paths in sets.items()}


def shorter_lists(
    taken: Mapping[str, frozenset[str]], base: BasePaths
) -> Iterator[tuple[str, str]]:
    """Give dpkg's lists of packages of the base without what is not theirs any more, by path."""
    for info_name, paths in sorted(taken.items()):
        file = f"var/lib/dpkg/info/{info_name}.list"
        if (text := base.lists.get(file)) is not None:
            lines = (line for line in text.splitlines() if line not in paths)
            yield file, "".join(f"{line}\n" for line in lines)
