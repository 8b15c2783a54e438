"""What travels with an image, in a field of its config.

In the config, since registries and engines pass it on byte for byte, while annotations are dropped
by some (a conversion to Docker's manifests, ``podman push``). The image-spec says of such fields
that whoever does not know them must ignore them (config.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lamina.oci.config import ImageConfig
from lamina.oci.digest import Digest
from lamina.oci.document import Fields, MalformedDocument, encode
from lamina.plan.base import BaseFacts
from lamina.plan.collisions import Collision
from lamina.plan.contents import NOTHING, Contents
from lamina.plan.key import InvalidKey, LayerKey
from lamina.plan.plan import LayerKind

FIELD = "dev.lamina"
"""Of the config."""

_FORMAT = 1
_MOST_COLLISIONS = 100
"""Of one circle of distributions; where more disagree, they are compared again."""
_WHAT = "record of an earlier build"
_KINDS = frozenset(kind.value for kind in LayerKind)


@dataclass(frozen=True, slots=True)
class BaseRecord:
    """What was known of the base."""

    identity: Digest
    """See `Base.identity`."""
    facts: BaseFacts
    layers: int
    config: ImageConfig | None = None
    """Without layers and history, which the image itself has; only of a base in a registry."""
    resolved: Digest | None = None
    """What its name led to: its manifest, or the index above that."""

    def to_json(self) -> dict[str, object]:
        """Return the object that travels."""
        document: dict[str, object] = {
            "identity": str(self.identity),
            "facts": self.facts.to_json(),
            "layers": self.layers,
        }
        if self.config is not None:
            bare = replace(self.config, diff_ids=(), history=(), extra=_without(self.config.extra))
            document["config"] = json.loads(bare.encode())
        if self.resolved is not None:
            document["resolved"] = str(self.resolved)
        return document

    @classmethod
    def parse(cls, fields: Fields) -> BaseRecord:
        """Read what `to_json` gave."""
        config = fields.object("config").values
        return cls(
            fields.digest("identity"),
            BaseFacts.parse(encode(fields.object("facts").values)),
            fields.number("layers"),
            ImageConfig.parse(encode(config)) if config else None,
            fields.digest("resolved") if fields.text("resolved") else None,
        )


@dataclass(frozen=True, slots=True)
class LayerRecord:
    """What is known of a layer besides its key, which stands in the history."""

    size: int
    """Of its blob, in bytes. Where a manifest says otherwise, somebody packed it anew, or lies."""
    kind: LayerKind
    contents: Contents = NOTHING

    def to_json(self) -> list[object]:
        """Return the row that travels."""
        return [self.size, self.kind.value, *self.contents.to_json()]

    @classmethod
    def parse(cls, row: object) -> LayerRecord:
        """Read what `to_json` gave."""
        match row:
            case [int(size), str(kind), *distributions] if kind in _KINDS:
                return cls(size, LayerKind(kind), Contents.from_json(distributions))
            case _:
                raise MalformedDocument(f"Malformed {_WHAT}: expected size and kind of a layer")


@dataclass(frozen=True, slots=True)
class Record:
    """What a build knew, and another one need not find out."""

    recipe: Mapping[str, object] = field(default_factory=dict)
    """How its wheels became layers: see `Recipe.to_json`."""
    base: BaseRecord | None = None
    layers: tuple[LayerRecord, ...] = ()
    """Of all layers of the image, lowest first, those of the base too."""
    agreements: Mapping[LayerKey, tuple[Collision, ...]] = field(default_factory=dict)
    """What distributions that share names do not agree on: see `lamina.make.overrides`."""

    def within(self, config: ImageConfig) -> ImageConfig:
        """Return the config with this record in it."""
        return replace(config, extra={**config.extra, FIELD: self.to_json()})

    def to_json(self) -> dict[str, object]:
        """Return the object that travels."""
        document: dict[str, object] = {
            "format": _FORMAT,
            "recipe": dict(self.recipe),
            "layers": [each.to_json() for each in self.layers],
            "agreements": {
                str(key): [[each.path, list(each.owners)] for each in found]
                for key, found in self.agreements.items()
                if len(found) <= _MOST_COLLISIONS
            },
        }
        return document | ({"base": self.base.to_json()} if self.base is not None else {})

    @classmethod
    def of(cls, config: ImageConfig) -> Record | None:
        """Return the record of an image, or None where it has none that this release reads.

        Raises `MalformedDocument`.
        """
        if FIELD not in config.extra:
            return None
        fields = Fields(_WHAT, "", config.extra).object(FIELD)
        if fields.number("format") != _FORMAT:
            return None
        agreements = fields.object("agreements")
        return cls(
            fields.object("recipe").values,
            BaseRecord.parse(fields.object("base")) if fields.values.get("base") else None,
            tuple(map(LayerRecord.parse, _list(fields.values.get("layers")))),
            {_key(key): _collisions(rows) for key, rows in agreements.values.items()},
        )


def _without(extra: Mapping[str, object]) -> dict[str, object]:
    """Drop the record of a base that is an image of ours."""
    return {key: value for key, value in extra.items() if key != FIELD}


def _key(text: str) -> LayerKey:
    try:
        return LayerKey.parse(text)
    except InvalidKey as error:
        raise MalformedDocument(f"Malformed {_WHAT}: {error}") from None


def _collisions(rows: object) -> tuple[Collision, ...]:
    return tuple(map(_collision, _list(rows)))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise MalformedDocument(f"Malformed {_WHAT}: expected a list")
    return value


def _collision(row: object) -> Collision:
    match row:
        case [str(path), [_, _, *_] as owners] if _are_texts(owners):
            return Collision(path, tuple(map(str, owners)))
        case _:
            raise MalformedDocument(f"Malformed {_WHAT}: expected a path and its owners")


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
