"""What goes wrong with registries, told in their own words but never with a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lamina.errors import LaminaError
from lamina.oci.digest import Digest, InvalidDigest
from lamina.transport.protocol import Interrupted, TransportError

BODY_LIMIT = 64 << 10
"""So much of an error's body is read."""

_LONGEST_MESSAGE = 300
_MOST_SHOWN = 3
_MAY_PASS = frozenset({408, 429})
_FOR_EVER = frozenset({501, 505})
_IMMUTABLE = frozenset({"TAG_INVALID", "PRECONDITION", "CONFLICT", "TAG_IMMUTABLE"})
_MANIFEST_CODES = frozenset({"MANIFEST_INVALID", "MANIFEST_UNVERIFIED", "UNSUPPORTED"})
_NO_TLS = ("wrong version number", "record layer failure")
"""What OpenSSL says of a server that speaks plain HTTP."""
_PLAIN_HTTP = "If the registry speaks plain HTTP, pass `--insecure`"


class RegistryError(LaminaError):
    """A registry that cannot be used as asked."""


class BadAnswer(RegistryError):
    """A registry that answers otherwise than the distribution-spec says."""


class Unreachable(RegistryError):
    """A registry that cannot be reached, or whose answer broke off."""

    def __init__(self, action: str, error: TransportError) -> None:
        said = str(error)
        hint = _PLAIN_HTTP if any(sign in said for sign in _NO_TLS) else error.hint
        super().__init__(f"Failed to {action}: {said[:1].lower()}{said[1:]}", hint=hint)
        self.may_pass = error.may_pass
        self.is_interrupted = isinstance(error, Interrupted)
        self.retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """One of the errors in a registry's answer (distribution-spec, "Error Codes")."""

    code: str
    message: str
    digest: Digest | None = None
    """The blob or manifest that it is about, where the registry says so."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.code, self.message) if part)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not what was asked for."""

    action: str
    """What could not be done, as in ``Failed to ...``."""
    host: str
    """As in a reference."""
    status: int
    body: bytes = field(default=b"", repr=False)
    media_type: str = ""
    who: str = "registry"
    is_known: bool = False
    """Whether credentials were at hand."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """What must not be shown, even if the registry says it."""
    retry_after: float | None = None
    """How long the registry asks to wait, in seconds."""


class Refused(RegistryError):
    """A registry that answers, and does not do it."""

    def __init__(self, refusal: Refusal) -> None:
        self.status = refusal.status
        self.retry_after = refusal.retry_after
        self.complaints = parse_complaints(refusal.body, refusal.secrets)
        self.codes = tuple(complaint.code for complaint in self.complaints)
        said = "; ".join(str(complaint) for complaint in self.complaints[:_MOST_SHOWN])
        if len(self.complaints) > _MOST_SHOWN:
            said += f"; {len(self.complaints) - _MOST_SHOWN} more"
        if not said and "html" in refusal.media_type:
            said = "an HTML page"
        super().__init__(
            f"Failed to {refusal.action}: {refusal.who} answered {refusal.status}"
            + (f" ({said})" if said else ""),
            hint=self._hint(refusal),
        )

    @property
    def may_pass(self) -> bool:
        """Whether another try may do better."""
        return self.status in _MAY_PASS or (self.status >= 500 and self.status not in _FOR_EVER)

    @property
    def is_about_manifest(self) -> bool:
        """Whether it is something in the manifest that the registry does not take."""
        return self.status in (400, 415, 422) and bool(_MANIFEST_CODES & set(self.codes))

    @property
    def is_about_tag(self) -> bool:
        """Whether it is that tags of the repository cannot be moved."""
        return bool(_IMMUTABLE & set(self.codes)) or self.status in (409, 412)

    def _hint(self, refusal: Refusal) -> str | None:
        if self.is_about_tag:
            return "If tags of this repository cannot be moved, push another tag"
        if "NAME_UNKNOWN" in self.codes:
            return "Check the name; some registries want a repository made before the first push"
        if self.status == 413:
            return "The registry, or a proxy before it, takes no uploads of this size"
        if self.status == 429:
            return "The registry is asked too often; log in, or run the command again later"
        if self.status >= 500:
            return "The registry has a fault; run the command again later"
        return None


class Denied(Refused):
    """A registry that wants credentials, or other ones."""

    def _hint(self, refusal: Refusal) -> str | None:
        login = login_command(refusal.host)
        if refusal.is_known:
            return f"The credentials found do not allow it; to log in with others, run `{login}`"
        return f"To log in, run `{login}`"


class NotFound(Refused):
    """A registry that has no such thing."""


class BlobsMissing(Refused):
    """A manifest that names blobs which the repository does not have; push these first."""

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The blobs, as far as the registry names them."""
        return tuple(each.digest for each in self.complaints if each.digest is not None)


def refused(refusal: Refusal) -> Refused:
    """Return the error for an answer."""
    if refusal.status in (401, 403):
        return Denied(refusal)
    error = Refused(refusal)
    if "MANIFEST_BLOB_UNKNOWN" in error.codes:
        return BlobsMissing(refusal)
    return NotFound(refusal) if refusal.status == 404 else error


def login_command(host: str) -> str:
    """Return the command that makes credentials for a registry.

    >>> login_command("docker.io"), login_command("ghcr.io")
    ('docker login', 'docker login ghcr.io')
    """
    return "docker login" if host == "docker.io" else f"docker login {host}"


def parse_complaints(body: bytes, secrets: Iterable[str] = ()) -> tuple[Complaint, ...]:
    """Read the errors of an answer; none, where it is not as the distribution-spec wants it.

    Token servers say ``details``, or ``error`` and ``error_description`` (RFC 6749, 5.2).
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(document, dict):
        return ()
    errors = document.get("errors")
    if isinstance(document.get("error"), str):
        errors = [{"code": document["error"], "message": document.get("error_description")}]
    elif isinstance(document.get("details"), str):
        errors = [{"message": document["details"]}]
    if not isinstance(errors, list):
        return ()
    kept = list(secrets)
    found = [_complaint(error, kept) for error in errors if isinstance(error, dict)]
    return tuple(each for each in found if str(each))


def _complaint(error: Mapping[str, object], secrets: Sequence[str]) -> Complaint:
    detail = error.get("detail")
    # The specification leaves details open; distribution writes its own names in capitals.
    named = detail.get("digest", detail.get("Digest")) if isinstance(detail, dict) else detail
    try:
        digest = Digest.parse(named) if isinstance(named, str) else None
    except InvalidDigest:
        digest = None
    return Complaint(
        _shown(error.get("code"), secrets), _shown(error.get("message"), secrets), digest
    )


def _shown(text: object, secrets: Sequence[str]) -> str:
    """Return a registry's text on one line, without control characters, secrets and length."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        text = text.replace(secret, "****") if secret else text
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}..."
