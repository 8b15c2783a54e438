"""Which layers the Debian packages above a base become, each with its key, before any is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lamina.archive.rearranged import Rearranged
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import PLAIN
from lamina.deb.package import DebianPackage
from lamina.oci.digest import Digest
from lamina.oci.document import encode
from lamina.plan.epoch import EPOCH
from lamina.plan.key import LayerKey
from lamina.plan.layering import Budget, partition

FORMAT = 2
"""Of the content of these layers. It goes up when the same packages would give other entries."""

_STEPS = (8, 32, 48)
"""How many layers packages may have: as many as the first that all builds of sources fit into,
else the last. So few that wheels seldom lose their own by one package more."""
_SHARE = 5
"""What part of the layers packages may have where somebody says how many there are."""


@dataclass(frozen=True, slots=True)
class SystemLayer:
    """Some packages in one layer."""

    key: LayerKey
    packages: tuple[DebianPackage, ...]

    @property
    def title(self) -> str:
        """What the history of the image says of it."""
        return ", ".join(f"{package.name} {package.version}" for package in self.packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPlan:
    """The packages above a base, by name, and what their layers depend on besides."""

    architecture: str
    packages: tuple[DebianPackage, ...]
    base: Digest
    """The identity of the base, whose database is merged with theirs."""
    rootfs: Rootfs
    """Of the base: where its links lead, and which directories are not plain."""
    rearranged: Rearranged = field(default_factory=Rearranged)
    """What its dpkg would heed at each installation."""
    keeps_docs: bool = False
    limit: int | None = None
    """How many layers the whole image may have, if somebody says so."""

    @property
    def layers(self) -> tuple[SystemLayer, ...]:
        """The layers of their files, lowest first: large ones alone, small ones in groups.

        What was built of one source is updated together, so it shares a layer. Where there are
        enough, each source has one of its own.
        """
        builds = self._builds
        budget = _divided(self._most(len(builds)), len(builds))
        return tuple(self._layer(layer) for layer in partition(builds, budget))

    @property
    def configuration(self) -> LayerKey:
        """The key of the layer above them, with what dpkg and scripts would leave behind."""
        return self._key("configuration and what it is made of", self.packages, str(self.base))

    @property
    def spare(self) -> int:
        """How many layers more there may be: kept free, so that a new package moves no wheel."""
        return self._most(len(self._builds)) - len(self.layers)

    @property
    def _builds(self) -> list[_Build]:
        sources: dict[str, list[DebianPackage]] = {}
        for package in self.packages:
            sources.setdefault(package.source, []).append(package)
        return [_Build(name, tuple(packages)) for name, packages in sources.items()]

    def _most(self, builds: int) -> int:
        """Return how many layers that many builds may have."""
        step = next((step for step in _STEPS if builds <= step), _STEPS[-1])
        return step if self.limit is None else min(step, max(1, self.limit // _SHARE))

    def _layer(self, builds: Iterable[_Build]) -> SystemLayer:
        packages = sorted(
            (package for build in builds for package in build.packages),
            key=lambda package: package.name,
        )
        return SystemLayer(self._key("files", packages, self._below()), tuple(packages))

    def _below(self) -> str:
        """Identify what of the base decides where a path goes: updates of it seldom change that."""
        strange = {
            path: [known.mode, known.uid, known.gid]
            for path, known in self.rootfs.directories.items()
            if known != PLAIN
        }
        document = {"links": dict(self.rootfs.links), "directories": strange}
        return str(Digest.of(encode(document | self.rearranged.to_json())))

    def _key(self, what: str, packages: Sequence[DebianPackage], below: str) -> LayerKey:
        return LayerKey.of(
            {
                "system": FORMAT,
                "layer": what,
                "architecture": self.architecture,
                "packages": [package.identity for package in packages],
                "below": below,
                "documentation": self.keeps_docs,
                "date": EPOCH,
            }
        )


def _divided(layers: int, builds: int) -> Budget:
    """Divide layers among builds: if all fit, each is alone, however small.

    Else a quarter is for the largest: a new one in their midst drives another into a group, and
    that is made anew (docs/explanation/layering.md has the figures).

    >>> _divided(48, builds=150)
    Budget(alone=12, groups=36, alone_from=0)
    """
    alone = layers if builds <= layers else layers // 4
    return Budget(alone, layers - alone, alone_from=0)


@dataclass(frozen=True, slots=True)
class _Build:
    """What was built of one source package, as layering looks at it."""

    name: str
    packages: tuple[DebianPackage, ...]

    @property
    def size(self) -> int:
        return sum(package.size for package in self.packages)
