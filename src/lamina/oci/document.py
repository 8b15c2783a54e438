"""JSON documents: written in one way, read with suspicion."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from lamina.errors import LaminaError
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest, InvalidDigest

SIZE_LIMIT = 4 << 20
"""Registries take manifests of up to 4 MiB (distribution-spec, "Pushing Manifests")."""

_SIZES = 1 << 63
"""Sizes are numbers of 64 bits (image-spec, descriptor.md); higher ones cannot even be shown."""

_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number"}


class MalformedDocument(LaminaError):
    """A manifest, an index or a config that is not what the image-spec says it is."""


def encode(document: Mapping[str, object]) -> bytes:
    """Serialize JSON the one way we ever do, so that digests can be trusted.

    >>> encode({"b": [1, None], "a": "x"})
    b'{"a":"x","b":[1,null]}'
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a document, whose fields are read with the type that each must have.

    ``null`` counts as absent, since Go writes it for an empty list or object.
    """

    what: str
    """Names the document in errors, such as ``image config``."""
    place: str
    """Where in the document the object lies, such as ``config.``; empty for the whole."""
    values: Mapping[str, object]

    def refuse(self, key: str, expected: str) -> NoReturn:
        """Say that the field is not as expected."""
        got = self.values.get(key)
        shown = _KINDS.get(type(got), "nothing" if got is None else "a fraction")
        raise MalformedDocument(
            f"Malformed {self.what}: expected {expected} at `{self.place}{key}`, got: {shown}"
        )

    def _typed(self, key: str, kind: type) -> object | None:
        value = self.values.get(key)
        if value is not None and type(value) is not kind:
            self.refuse(key, _KINDS[kind])
        return value

    def text(self, key: str) -> str:
        """Return the text, empty where the field is absent."""
        value = self._typed(key, str) or ""
        assert isinstance(value, str)
        if not _is_unicode(value):
            self.refuse(key, "text in Unicode")
        return value

    def number(self, key: str) -> int:
        """Return the whole number, 0 where the field is absent."""
        value = self._typed(key, int) or 0
        assert isinstance(value, int)
        return value

    def flag(self, key: str) -> bool:
        """Return the claim, false where the field is absent."""
        return bool(self._typed(key, bool))

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return the list of texts, or ``None`` where the field is absent."""
        values = self._typed(key, list)
        if values is None:
            return None
        assert isinstance(values, list)
        if not all(isinstance(value, str) and _is_unicode(value) for value in values):
            raise MalformedDocument(
                f"Malformed {self.what}: expected only text in the list `{self.place}{key}`"
            )
        return tuple(values)

    def object(self, key: str) -> Fields:
        """Return the object, an empty one where the field is absent."""
        value = self._typed(key, dict) or {}
        assert isinstance(value, dict)
        return Fields(self.what, f"{self.place}{key}.", value)

    def objects(self, key: str) -> list[Fields]:
        """Return the list of objects, an empty one where the field is absent."""
        values = self._typed(key, list) or []
        assert isinstance(values, list)
        found = []
        for number, value in enumerate(values):
            place = f"{self.place}{key}[{number}]"
            if not isinstance(value, dict):
                raise MalformedDocument(
                    f"Malformed {self.what}: expected an object at `{place}`, "
                    f"got: {_KINDS.get(type(value), 'nothing')}"
                )
            found.append(Fields(self.what, f"{place}.", value))
        return found

    def text_map(self, key: str) -> dict[str, str]:
        """Return the object whose values are all text."""
        inner = self.object(key)
        return {name: inner.text(name) for name in inner.values}

    def digest(self, key: str) -> Digest:
        """Return the digest, which must be there."""
        text = self.text(key)
        try:
            return Digest.parse(text)
        except InvalidDigest:
            raise MalformedDocument(
                f"Malformed {self.what}: expected a digest at `{self.place}{key}`, got: {text!r}"
            ) from None

    def platform(self) -> Platform:
        """Read this object as a platform."""
        return Platform(self.text("os"), self.text("architecture"), self.text("variant"))

    def descriptor(self) -> Descriptor:
        """Read this object as a descriptor (image-spec, descriptor.md)."""
        if not 0 <= self.number("size") < _SIZES or "size" not in self.values:
            self.refuse("size", "a size of at least 0")
        if not self.text("mediaType"):
            self.refuse("mediaType", "a media type")
        return Descriptor(
            self.text("mediaType"),
            self.digest("digest"),
            self.number("size"),
            self.text_map("annotations"),
            self.object("platform").platform() if self.values.get("platform") else None,
        )


def parse_document(data: bytes, what: str) -> Fields:
    """Read an object of JSON; ``what`` names the document in errors."""
    if len(data) > SIZE_LIMIT:
        raise MalformedDocument(f"Refused {what} of {len(data)} bytes: the limit is {SIZE_LIMIT}")
    try:
        values = json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise MalformedDocument(f"Malformed {what}: not JSON") from None
    if not isinstance(values, dict):
        raise MalformedDocument(f"Malformed {what}: expected an object")
    return Fields(what, "", values)


def _refuse(text: str) -> object:
    """Refuse what Python takes for JSON and nobody else: ``NaN``, ``Infinity``."""
    raise ValueError(text)


def _finite(text: str) -> float:
    """Read a number that can be written again."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _is_unicode(text: str) -> bool:
    """Say whether the text can be written: JSON can escape half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
