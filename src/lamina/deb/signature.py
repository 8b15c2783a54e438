"""Signatures of archives: a document is believed as far as a key of the keyring signed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pysequoia
from pysequoia.packet import PacketPile, Tag

from lamina.errors import LaminaError

_SIGNED = b"-----BEGIN PGP SIGN"
"""Of a text with its signature, or of the signature alone."""


class BadSignature(LaminaError):
    """A document that no key of the keyring has signed."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Unable to verify the signature of {what}: {reason}",
            hint="The mirror may be damaged, or the keyring older than the archive's keys: update "
            "the package of the keyring, or name another one as `debian-keyring` in "
            "`[tool.lamina]`",
        )


class UnreadableKeyring(LaminaError):
    """A keyring without one OpenPGP certificate in it."""


class _Signed(Protocol):
    """A good signature, by the fingerprints of the certificate and of the key in it."""

    certificate: str
    signing_key: str


@dataclass(frozen=True, slots=True)
class Keyring:
    """The certificates that may have signed a document, at a moment."""

    certificates: Sequence[pysequoia.Cert]
    now: datetime
    only: frozenset[str] = frozenset()
    """If any, fingerprints of the keys that count, of certificates or subkeys, in lower case."""

    @classmethod
    def of(
        cls, keyrings: Sequence[bytes], now: datetime, only: frozenset[str], what: str
    ) -> Keyring:
        """Read the keyrings for a document, armored or not.

        Raises `UnreadableKeyring` if there is nothing in any.
        """
        certificates: list[pysequoia.Cert] = []
        failure: UnreadableKeyring | None = None
        for keyring in keyrings:
            try:
                certificates += _certificates(keyring, what)
            except UnreadableKeyring as error:
                failure = error
        if failure is not None and not certificates:
            raise failure
        return cls(certificates, now, only)

    def doubt(self, signed: _Signed) -> str:
        """Say why a good signature does not count; nothing if it does.

        The library judges a key by the moment of the signature; like apt, we refuse one that is
        expired or revoked by now, whose owner may no longer be the only one to have it.
        """
        if self.only and not self.only & {signed.certificate, signed.signing_key}:
            return f"its key `{signed.signing_key}` is none of those that the source names"
        for certificate in self.certificates:
            if certificate.fingerprint != signed.certificate:
                continue
            if certificate.is_revoked:
                return f"its key `{signed.certificate}` is revoked"
            if certificate.expiration is not None and certificate.expiration <= self.now:
                return (
                    f"its key `{signed.certificate}` expired on {certificate.expiration:%Y-%m-%d}"
                )
        return ""

    def why_not(self, issuers: Sequence[str], error: Exception) -> str:
        """Say why nothing was verified, where that can be told from who signed."""
        known = {key: each for each in self.certificates for key in _keys(each)}
        found = [known[issuer] for issuer in issuers if issuer in known]
        if issuers and not found:
            names = ", ".join(f"`{issuer}`" for issuer in sorted(set(issuers)))
            return f"it is signed by {names}, which the keyring does not have"
        revoked = [each.fingerprint for each in found if each.is_revoked]
        return f"its key `{revoked[0]}` is revoked" if revoked else _first_line(error)


def verify(
    signed: bytes,
    keyrings: Sequence[bytes],
    *,
    what: str,
    now: datetime,
    only: frozenset[str] = frozenset(),
) -> bytes:
    """Return what of ``signed`` the signature covers; what lies around it is left out.

    One good signature by a certificate of ``keyrings`` will do, as for apt: an archive signs with
    the keys of two releases. ``only`` names the keys that count, if not all. ``what`` names the
    document in errors.
    """
    if _SIGNED not in signed:
        raise BadSignature(what, "it is not signed")
    keyring = Keyring.of(keyrings, now, only, what)
    verified = _verified(signed, None, keyring, what)
    if verified.bytes is None:
        raise BadSignature(what, "no valid signatures found")
    return verified.bytes


def verify_detached(
    data: bytes,
    signatures: bytes,
    keyrings: Sequence[bytes],
    *,
    what: str,
    now: datetime,
    only: frozenset[str] = frozenset(),
) -> bytes:
    """Return ``data`` if one of the signatures, which lie in a file of their own, is good."""
    keyring = Keyring.of(keyrings, now, only, what)
    failure = BadSignature(what, "no valid signatures found")
    for signature in _signatures(signatures, what):
        try:
            _verified(data, signature, keyring, what)
        except BadSignature as error:
            failure = error
        else:
            return data
    raise failure


def _verified(
    data: bytes, signature: pysequoia.Sig | None, keyring: Keyring, what: str
) -> pysequoia.Decrypted:
    issuers: list[str] = []

    def certificates(found: list[str]) -> list[pysequoia.Cert]:
        issuers.extend(found)
        return list(keyring.certificates)

    try:
        verified = pysequoia.verify(data, certificates, signature=signature)
    except Exception as error:
        # The library raises RuntimeError and its kin, a stack trace in the text.
        raise BadSignature(what, keyring.why_not(issuers, error)) from None
    doubts = [keyring.doubt(each) for each in verified.valid_sigs]
    if not doubts or all(doubts):
        raise BadSignature(what, (doubts or ["no valid signatures found"])[0])
    return verified


def _signatures(data: bytes, what: str) -> Iterator[pysequoia.Sig]:
    try:
        packets = [bytes(each) for each in PacketPile.from_bytes(data)]
        yield from [pysequoia.Sig.from_bytes(packet) for packet in packets]
    except Exception as error:
        raise BadSignature(what, _first_line(error)) from None


def _certificates(keyring: bytes, what: str) -> list[pysequoia.Cert]:
    where = f"Unable to read the keyring for {what}"
    try:
        certificates = pysequoia.Cert.split_bytes(keyring)
    except Exception as error:
        raise UnreadableKeyring(f"{where}: {_first_line(error)}") from None
    if not certificates:
        raise UnreadableKeyring(f"{where}: no certificate in it")
    return certificates


def _keys(certificate: pysequoia.Cert) -> Iterator[str]:
    """Give the fingerprints and key IDs of a certificate's keys: a signature names either."""
    for packet in PacketPile.from_bytes(bytes(certificate)):
        if packet.tag in (Tag.PublicKey, Tag.PublicSubkey):
            yield from (name for name in (packet.fingerprint, packet.key_id) if name)


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return text.removeprefix("Signature verification failed: ")
