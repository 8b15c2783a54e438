"""An image that Lamina has made, as a place that distributions are installed from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property

from packaging.version import InvalidVersion, Version

from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.lock.source import Registry
from lamina.make.trees import project_key
from lamina.make.unlayer import Found
from lamina.oci.digest import Digest
from lamina.plan.contents import InLayer
from lamina.plan.plan import LayerKind
from lamina.plan.wheel import BUILT
from lamina.reuse.former import FormerImage, FormerLayer
from lamina.sources.blobs import OpenBlob
from lamina.sources.listing import Documents
from lamina.sync.changes import Wish
from lamina.sync.errors import SyncError
from lamina.sync.wishes import note_of

_PYTHON = re.compile(r"3\.[0-9]{1,2}t?")
_NAME = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
_KINDS = frozenset({LayerKind.WHEELS, LayerKind.PROJECT})


class NoSource(SyncError):
    """An image that does not say which distributions are in its layers."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"Unable to install from the image `{name}`: {why}",
            hint="Only images that `lamina build` has made say what is in their layers; "
            "`lamina inspect` shows what this one says",
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A distribution in a layer of an image."""

    distribution: InLayer
    layer: FormerLayer
    found: Found
    beside: frozenset[str] = frozenset()
    """The names of those that are installed beside it, and may cover files of it in the layer."""

    @property
    def hash(self) -> str:
        """Of its wheel."""
        return self.distribution.hash

    @property
    def tree(self) -> str:
        """The name of its tree in the store.

        Another one than that of the wheel's own, which whoever may push to a registry is not
        believed to know: so what comes from an image is installed where that image is named.
        """
        told = f"layer {self.layer.diff_id} {self.hash} {sorted(self.beside)}"
        return hashlib.sha256(told.encode()).hexdigest()

    def among(self, names: AbstractSet[str]) -> Held:
        """Return it as it is had where distributions of these names are installed."""
        tops = set(self.distribution.tops)
        rivals = (e.name for e in self.layer.contents.distributions if not tops.isdisjoint(e.tops))
        return replace(self, beside=frozenset({*rivals} & names - {self.distribution.name}))

    @property
    def filename(self) -> str:
        """A name for its wheel, whose own is not told."""
        return wheel_name(self.distribution.name, self.distribution.version)


@dataclass(frozen=True)
class SourceImage:
    """An image, and what is in its layers."""

    name: str
    digest: Digest | None
    former: FormerImage = field(repr=False)
    prefix: str
    """Of its environment."""
    python: str
    """As in its folder ``lib/pythonX.Y[t]``."""
    open: OpenBlob = field(repr=False)

    @classmethod
    def of(cls, name: str, documents: Documents, open_: OpenBlob) -> SourceImage:
        """Return an image as its documents describe it. Raises `NoSource`."""
        former = FormerImage.of(documents.manifest, documents.config)
        if former is None:
            raise NoSource(name, "Lamina has not made it")
        match former.record.recipe:
            case {"prefix": str(prefix), "python": str(python)} if (
                former.record.layers and _PYTHON.fullmatch(python) and prefix.startswith("/")
            ):
                image = cls(name, documents.digest, former, prefix, python, open_)
            case _:
                raise NoSource(name, "it does not say what is in its layers")
        if wrong := [each for each in image.held if not _is_named(each.distribution)]:
            raise NoSource(name, f"{wrong[0].distribution.name!r} is no name of a distribution")
        return image

    @property
    def made_for(self) -> str:
        """What its wheels were chosen for."""
        return f"{self.former.platform} and Python {self.python}"

    @cached_property
    def held(self) -> Sequence[Held]:
        """All distributions in it; those of the base are not ours."""
        return tuple(self._held())

    def holding(self, hash_: str) -> Held | None:
        """Return the distribution whose wheel has a hash."""
        return self._by_hash.get(hash_)

    def named(self, name: str) -> InLayer | None:
        """Return the distribution of a name."""
        return next((e.distribution for e in self.held if e.distribution.name == name), None)

    def of_tree(self, name: str, key: str) -> Held | None:
        """Return what was built of a source tree, which is known by `SourceTrees.key`."""
        layer = project_key(self.former.record.recipe, [key])
        return next(
            (e for e in self.held if e.layer.key == layer and e.distribution.name == name), None
        )

    def wishes(self, left_out: AbstractSet[str], *, with_project: bool) -> list[Wish]:
        """Return a wish for each distribution, but for some.

        ``with_project`` says whether what was built of source trees of the builder is among them.
        """
        return [
            _wish(each)
            for each in self.held
            if each.distribution.name not in left_out
            and (with_project or each.layer.kind is not LayerKind.PROJECT)
        ]

    @cached_property
    def _by_hash(self) -> Mapping[str, Held]:
        return {each.hash: each for each in self.held}

    def _held(self) -> Iterator[Held]:
        for layer in self.former.layers:
            if layer.kind in _KINDS and layer.key is not None:
                found = Found(layer.key, layer.contents, self.prefix, self.python)
                for each in layer.contents.distributions:
                    yield Held(each, layer, found)


def wheel_name(name: str, version: str) -> str:
    """Return the name that a wheel of a distribution might have.

    >>> wheel_name("a-b", "1.0")
    'a_b-1.0-py3-none-any.whl'
    """
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _wish(held: Held) -> Wish:
    """Return the wish for a distribution just as the image has it.

    Which sources it was built of is known by nobody here; its hash tells whether it is the same.
    """
    inside = held.distribution
    artifact = Wheel(held.filename, hash=held.hash)
    distribution = Distribution(inside.name, Version(inside.version), artifact, Registry())
    was_built = held.layer.kind is LayerKind.PROJECT or held.hash.startswith(f"{BUILT}:")
    return Wish(distribution, note=note_of({"hash": held.hash}) if was_built else None)


def _is_named(distribution: InLayer) -> bool:
    try:
        Version(distribution.version)
    except InvalidVersion:
        return False
    return _NAME.fullmatch(distribution.name) is not None
