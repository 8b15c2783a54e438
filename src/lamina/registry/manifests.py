"""Documents that a registry gives, checked before anybody believes them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

from lamina.oci import mediatype
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, parse_document
from lamina.registry.errors import BadAnswer
from lamina.registry.exchange import Answer
from lamina.registry.namespace import check_digest

ACCEPTED = (
    mediatype.INDEX,
    mediatype.MANIFEST,
    mediatype.DOCKER_INDEX,
    mediatype.DOCKER_MANIFEST,
)
"""The media types that we read."""

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True)
class RawManifest:
    """A manifest or index as a registry has it: the bytes are the truth."""

    data: bytes = field(repr=False)
    media_type: str
    digest: Digest


def read_manifest(answer: Answer, reference: str | Digest, action: str, host: str) -> RawManifest:
    """Return the manifest of an answer, whose digest is checked against ``reference``."""
    media_type = _media_type(answer, action, host)
    expected = reference if isinstance(reference, Digest) else Digest.of(answer.body)
    got = Digest(expected.algorithm, hashlib.new(expected.algorithm, answer.body).hexdigest())
    if got != expected:
        raise BadAnswer(
            f"Failed to {action}: its bytes are others\n  expected: {expected}\n  got:      {got}"
        )
    check_digest(answer.headers, expected, action)
    return RawManifest(answer.body, media_type, expected)


def read_tags(answer: Answer, action: str, host: str) -> tuple[str, ...]:
    """Return the tags of an answer, in its order, but for what no tag may look like."""
    try:
        tags = parse_document(answer.body, "list of tags").texts("tags") or ()
        return tuple(tag for tag in tags if _TAG.fullmatch(tag))
    except MalformedDocument as error:
        raise BadAnswer(f"Failed to {action}: {error}", hint=_hint(host)) from error


def _media_type(answer: Answer, action: str, host: str) -> str:
    """Return the media type of a manifest: the header's, or its own where a proxy changed that."""
    stated = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if stated in ACCEPTED:
        return stated
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    own = document.get("mediaType") if isinstance(document, dict) else None
    if isinstance(own, str) and own in ACCEPTED:
        return own
    shown = (stated if stated.isprintable() else "")[:100] or "nothing"
    raise BadAnswer(
        f"Failed to {action}: expected a manifest or index, got: {shown}", hint=_hint(host)
    )


def _hint(host: str) -> str:
    return f"Check that `{host}` is a registry"
