"""Small random archives with bases above which to install, and a check that knows no search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random

from lamina.deb.control import Relation, parse_relations

_RELATIONS = ("<<", "<=", "=", ">=", ">>")
_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(frozen=True)
class Member:
    """One version of a package."""

    name: str
    version: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def indexed(self) -> str:
        """Its paragraph in a Packages index."""
        return self._paragraph(f"Filename: pool/{self.name}.deb\nSize: 1\nSHA256: {_SHA256}\n")

    def installed(self) -> str:
        """Its paragraph in dpkg's status."""
        return self._paragraph("Status: install ok installed\n")

    def _paragraph(self, more: str) -> str:
        return (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: amd64\n"
            "Maintainer: Nobody <nobody@archive.example>\nDescription: a package\n"
            + "".join(f"{key}: {value}\n" for key, value in self.fields.items())
            + more
        )


@dataclass(frozen=True)
class DebianWorld:
    """What archives have, what a base has, and what is asked for."""

    suites: Mapping[str, tuple[Member, ...]]
    base: tuple[Member, ...]
    wishes: tuple[str, ...]

    def packages(self, suite: str) -> bytes:
        """A Packages index."""
        return "\n".join(member.indexed() for member in self.suites[suite]).encode()

    @property
    def status(self) -> bytes:
        """The dpkg status of the base."""
        return "\n".join(member.installed() for member in self.base).encode()


def random_members(random: Random, names: Sequence[str]) -> tuple[Member, ...]:
    """Return some versions of each package, which depend on and exclude one another."""
    found = []
    for name in random.sample(names, len(names)):
        for version in random.choice(("1", "2", "3", "12", "13", "23", "2")):
            found.append(Member(name, version, _fields(random, names)))
    return tuple(found)


def _fields(random: Random, names: Sequence[str]) -> dict[str, str]:
    def relation() -> str:
        name = random.choice([*names, "virtual", "other"])
        if random.random() < 0.4:
            return f"{name} ({random.choice(_RELATIONS)} {random.choice('123')})"
        return name

    def groups(most: int) -> str:
        sizes = [random.choice((1, 1, 2, 3)) for _ in range(random.choice((1, 1, most)))]
        return ", ".join(" | ".join(relation() for _ in range(size)) for size in sizes)

    fields = {}
    if random.random() < 0.6:
        fields["Depends"] = groups(2)
    if random.random() < 0.15:
        fields["Pre-Depends"] = groups(1)
    if random.random() < 0.25:
        excluded = ", ".join(relation() for _ in range(random.choice((1, 2))))
        fields[random.choice(("Conflicts", "Breaks"))] = excluded
    if random.random() < 0.3:
        version = f" (= {random.choice('123')})" if random.random() < 0.4 else ""
        fields["Provides"] = random.choice(("virtual", "other")) + version
    if random.random() < 0.2:
        fields["Priority"] = random.choice(("required", "important", "standard", "extra"))
    if random.random() < 0.3:
        fields["Source"] = f"source-{random.choice('xy')}"
    if random.random() < 0.1:
        fields["Multi-Arch"] = random.choice(("same", "foreign", "allowed"))
    return fields


class PlainRules:
    """The rules of Policy 7 for packages of one architecture, said once more and plainly."""

    def __init__(self, members: Iterable[Member], base: Iterable[Member]) -> None:
        self._members = tuple(members)
        self._base = {member.name: member for member in base}

    def solutions(self, wishes: Sequence[str]) -> Iterator[dict[str, str]]:
        """Try all combinations: of each package the base's version, or none, or a higher one."""
        names = sorted({member.name for member in self._members})
        choices = []
        for name in names:
            of_base = self._base.get(name)
            higher = [
                member
                for member in self._members
                if member.name == name and (of_base is None or member.version > of_base.version)
            ]
            choices.append([of_base, *higher])
        for chosen in product(*choices):
            state = {member.name: member for member in chosen if member is not None}
            if all(wish in state for wish in wishes) and not self.faults(state):
                yield {name: member.version for name, member in state.items()}

    def faults(self, state: Mapping[str, Member]) -> list[str]:
        """Return what is wrong with a state that the base was brought to."""
        after = [*state.values()]
        found = [f"{name} is gone" for name in self._base if name not in state]
        for member in after:
            is_new = self._base.get(member.name) is not member
            for group in _groups(member, "Pre-Depends", "Depends"):
                was_met = _is_met(group, self._base.values())
                if (is_new or was_met) and not _is_met(group, after):
                    found.append(f"{member} lacks {group}")
            for (relation,) in _groups(member, "Conflicts", "Breaks"):
                for other in after:
                    is_other_new = self._base.get(other.name) is not other
                    if other.name != member.name and (is_new or is_other_new):
                        found += [f"{member} excludes {other}"] * _is_met((relation,), [other])
        return found


def _groups(member: Member, *fields: str) -> Iterator[tuple[Relation, ...]]:
    for each in fields:
        yield from parse_relations(member.fields.get(each, ""), where=each)


def _is_met(group: Sequence[Relation], state: Iterable[Member]) -> bool:
    return any(_meets(member, relation) for member in state for relation in group)


def _meets(member: Member, relation: Relation) -> bool:
    if member.name == relation.name and relation.admits(member.version):
        return True
    return any(
        provided.name == relation.name and relation.admits(provided.version or None)
        for (provided,) in _groups(member, "Provides")
    )
