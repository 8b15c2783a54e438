"""Which packages of an index wishes come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cmp_to_key

from lamina.deb.binary import BinaryPackage
from lamina.deb.control import compare_versions
from lamina.deb.installed import Installed
from lamina.deb.packages import IndexedPackage, PackagesIndex
from lamina.deb.wish import Wish
from lamina.errors import LaminaError


class UnknownPackages(LaminaError):
    """Wishes that name nothing that an archive has; all of them are named."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = "1 Debian package" if len(problems) == 1 else f"{len(problems)} Debian packages"
        super().__init__(
            f"Unable to find {count} in the archive" + "".join(f"\n  {line}" for line in problems),
            hint="Look names up with `apt-cache search`; the archive may "
            "need another component or suite",
        )


class Asked:
    """What wishes come to: a name each, and the versions that will do."""

    def __init__(
        self, index: PackagesIndex, installed: Installed, architecture: str, wishes: Sequence[Wish]
    ) -> None:
        self._index = index
        self._installed = installed
        self._architecture = architecture
        self.names: dict[Wish, str] = {}
        """The real package that each wish comes to."""
        problems = [problem for wish in wishes if (problem := self._find(wish)) is not None]
        if problems:
            raise UnknownPackages(problems)

    def versions(self, preferred: Mapping[str, str]) -> dict[str, tuple[BinaryPackage, ...]]:
        """Return what fulfils each wish for a version or a suite, the best first.

        The best is what was preferred before, else the highest, as for apt.
        """
        found: dict[str, tuple[BinaryPackage, ...]] = {}
        for wish, name in self.names.items():
            if not (wish.version or wish.suite):
                continue
            admitted = sorted(self._admitted(wish, name), key=_BY_VERSION, reverse=True)
            admitted.sort(key=lambda one: one.version != preferred.get(one.name))
            if name in found:
                admitted = [one for one in found[name] if one in admitted]
            found[name] = tuple(admitted)
        return found

    @property
    def opened(self) -> frozenset[str]:
        """The suites that something was asked from, by name or by a version only they have."""
        return frozenset(
            one.file.suite
            for found in self.versions({}).values()
            for one in found[:1]
            if isinstance(one, IndexedPackage)
        )

    def _find(self, wish: Wish) -> str | None:
        """Note the name that a wish comes to, or return what is wrong with it."""
        if wish.architecture not in ("", "all", "any", "native", self._architecture):
            return f"`{wish}`: the image is of {self._architecture}"
        if any(self._admitted(wish, wish.name)):
            self.names[wish] = wish.name
            return None
        providers = [*dict.fromkeys(self._providers(wish))]
        if len(providers) == 1:
            (self.names[wish],) = providers
            return None
        return f"`{wish}`: {self._problem(wish, providers)}"

    def _admitted(self, wish: Wish, name: str) -> Iterator[BinaryPackage]:
        """Return the versions of ``name`` that a wish admits; what the base has stands first."""
        is_virtual = name != wish.name
        present = {one.version: one for one in self._installed.named(name) if self._fits(one)}
        offers = [one for one in self._index.versions(name) if self._fits(one)]
        if wish.suite:
            offers = [one for one in offers if any(wish.suite in file.suites for file in one.files)]
            found = [present.get(one.version, one) for one in offers]
        else:
            found = [*present.values(), *(one for one in offers if one.version not in present)]
        yield from (one for one in found if is_virtual or wish.admits(one.version))

    def _providers(self, wish: Wish) -> Iterator[str]:
        """Return the names of those that provide what is asked for: candidates, or of the base."""
        for name in self._index.providers(wish.name):
            fitting = (one for one in self._index.versions(name) if self._fits(one))
            candidate = next(fitting, None)
            if candidate is None or candidate.priority <= 0:
                continue
            if _provides(candidate, wish):
                yield candidate.name
        for one in self._installed.providing(wish.name):
            if self._fits(one) and not wish.suite and _provides(one, wish):
                yield one.name

    def _problem(self, wish: Wish, providers: Iterable[str]) -> str:
        offers = [one for one in self._index.versions(wish.name) if self._fits(one)]
        if offers and wish.suite:
            suites = ", ".join(dict.fromkeys(file.suite for one in offers for file in one.files))
            if wish.suite in self._index.suites:
                return f"that suite does not have it, but {suites}"
            near = get_close_matches(wish.suite, sorted(self._index.suites), 1)
            meant = f" (did you mean `{near[0]}`?)" if near else ""
            return f"no apt source names that suite{meant}; {suites} has it"
        if offers:
            return f"the archive has {', '.join(one.version for one in offers)}"
        provided = ", ".join(f"`{name}`" for name in providers)
        if provided:
            return f"a virtual package, provided by {provided}; name one of them"
        close = get_close_matches(wish.name, self._index.names(), n=3, cutoff=0.75)
        names = ", ".join(f"`{name}`" for name in close)
        return f"no such package; there is {names}" if names else "no such package"

    def _fits(self, one: BinaryPackage) -> bool:
        return one.architecture in (self._architecture, "all")


def _provides(one: BinaryPackage, wish: Wish) -> bool:
    return any(
        provided.name == wish.name and wish.admits(provided.version or one.version)
        for provided in one.provides
    )


def _compare(one: BinaryPackage, other: BinaryPackage) -> int:
    return compare_versions(one.version, other.version)


_BY_VERSION = cmp_to_key(_compare)
