"""Signatures of the archive: InRelease is believed as far as a key of the keyring signed it."""

from __future__ import annotations

from collections.abc import Sequence

import pysequoia

from lamina.errors import LaminaError


class BadSignature(LaminaError):
    """A document that no key of the keyring has signed."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"Unable to verify the signature of {what}: {reason}",
            hint="The mirror may be damaged, or the keyring older than the archive's keys; update "
            "`debian-archive-keyring`, or name another keyring",
        )


class UnreadableKeyring(LaminaError):
    """A keyring without one OpenPGP certificate in it."""


def verify(signed: bytes, keyrings: Sequence[bytes], *, what: str) -> bytes:
    """Return what of ``signed`` the signature covers; what lies around it is left out.

    One good signature by a certificate of ``keyrings`` will do, as for apt: an archive signs with
    the keys of two releases. ``what`` names the document in errors.
    """
    certificates = [one for keyring in keyrings for one in _certificates(keyring)]
    try:
        verified = pysequoia.verify(signed, lambda _issuers: certificates)
    except Exception as error:
        # The library raises RuntimeError and its kin, a stack trace in the text.
        raise BadSignature(what, _first_line(error)) from None
    if not verified.valid_sigs or verified.bytes is None:
        raise BadSignature(what, "no valid signatures found")
    return verified.bytes


def _certificates(keyring: bytes) -> list[pysequoia.Cert]:
    try:
        certificates = pysequoia.Cert.split_bytes(keyring)
    except Exception as error:
        raise UnreadableKeyring(f"Unable to read the keyring: {_first_line(error)}") from None
    if not certificates:
        raise UnreadableKeyring("Unable to read the keyring: no certificate in it")
    return certificates


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return text.removeprefix("Signature verification failed: ")
