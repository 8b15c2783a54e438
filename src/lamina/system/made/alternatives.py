"""Alternatives: the links and the files that `update-alternatives` keeps (update-alternatives(1)).

Nothing is ever taken away, since layers have no whiteouts: a slave of the alternative that was
chosen before stays where the new one has none of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lamina.archive.entry import Entry, directory, file, symlink
from lamina.errors import LaminaError
from lamina.system.scripts.deeds import Alternative, Slave

ADMIN = "var/lib/dpkg/alternatives"
CHOSEN = "etc/alternatives"


class MalformedAlternatives(LaminaError):
    """A file of `update-alternatives` that cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"Unable to read the alternatives in `/{path}` of the base image: {problem}",
            hint="To see what is wrong, run `update-alternatives --query` in the base image",
        )


def alternatives(
    base: Mapping[str, bytes], wanted: Iterable[Alternative], exists: Callable[[str], bool]
) -> list[Entry]:
    """Return the entries that `update-alternatives --install` would have made, one after another.

    ``base`` has the files of the base by path, those below `ADMIN` among them. ``exists`` says
    whether the image has a file at an absolute path: a slave without its file, such as a manual
    page that is kept out, gets no link.
    """
    groups: dict[str, _Group] = {}
    for each in wanted:
        if each.name not in groups:
            path = f"{ADMIN}/{each.name}"
            known = _Group.parse(base[path], path) if path in base else _Group(each.link)
            groups[each.name] = known
        groups[each.name].install(each)
    entries = [directory(CHOSEN), directory(ADMIN)] if groups else []
    for name, group in sorted(groups.items()):
        entries += group.entries(name, exists)
    return entries


@dataclass(slots=True)
class _Group:
    """The alternatives of one name, as its file keeps them."""

    link: str
    is_auto: bool = True
    slaves: dict[str, str] = field(default_factory=dict)
    """The links by name."""
    choices: list[Alternative] = field(default_factory=list)
    best: Alternative | None = None
    before: Alternative | None = None
    """What the base chose."""

    @classmethod
    def parse(cls, data: bytes, path: str) -> _Group:
        """Read a file: the mode, the link, the slaves, an empty line, then the choices."""
        lines = iter(data.decode("utf-8", "surrogateescape").split("\n"))

        def line() -> str:
            text = next(lines, None)
            if text is None:
                raise MalformedAlternatives(path, "it ends too early")
            return text

        mode = line()
        if mode not in ("auto", "manual"):
            raise MalformedAlternatives(path, f"expected `auto` or `manual`, got: {mode}")
        group = cls(line(), mode == "auto")
        while slave := line():
            group.slaves[slave] = line()
        while choice := line():
            try:
                priority = int(line())
            except ValueError:
                raise MalformedAlternatives(path, f"`{choice}` has no priority") from None
            slaves = ((name, link, line()) for name, link in group.slaves.items())
            kept = tuple(Slave(*slave) for slave in slaves if slave[2])
            group.choices.append(Alternative("", group.link, choice, priority, kept))
        group.before = group.best = group._highest() if group.choices else None
        return group

    def install(self, new: Alternative) -> None:
        """Take one more choice, or another of the same path in its place."""
        self.link = new.link
        self.slaves |= {slave.name: slave.link for slave in new.slaves}
        paths = [choice.path for choice in self.choices]
        if new.path in paths:
            self.choices[paths.index(new.path)] = new
        else:
            self.choices.append(new)
        self.best = self._highest()
        self.choices.sort(key=lambda choice: choice.path)

    def _highest(self) -> Alternative:
        # Of equals, the one that has been there before.
        return max(self.choices, key=lambda choice: choice.priority)

    def entries(self, name: str, exists: Callable[[str], bool]) -> Iterator[Entry]:
        """Give the file, and the links where another choice is the best one now."""
        yield file(f"{ADMIN}/{name}", self._text().encode("utf-8", "surrogateescape"))
        best = self.best
        if not self.is_auto or best is None or best == self.before:
            return
        yield from _links(name, self.link, best.path)
        for slave in sorted(best.slaves, key=lambda slave: slave.name):
            if exists(slave.path):
                yield from _links(slave.name, self.slaves[slave.name], slave.path)

    def _text(self) -> str:
        used = {slave.name for choice in self.choices for slave in choice.slaves}
        names = sorted(self.slaves.keys() & used)
        lines = ["auto" if self.is_auto else "manual", self.link]
        for name in names:
            lines += [name, self.slaves[name]]
        lines.append("")
        for choice in self.choices:
            paths = {slave.name: slave.path for slave in choice.slaves}
            lines += [choice.path, str(choice.priority), *(paths.get(name, "") for name in names)]
        return "\n".join([*lines, "", ""])


def _links(name: str, link: str, path: str) -> Iterator[Entry]:
    yield symlink(f"{CHOSEN}/{name}", path)
    yield symlink(link.lstrip("/"), f"/{CHOSEN}/{name}")
