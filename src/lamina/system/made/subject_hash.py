"""The hash of a certificate's subject, by which OpenSSL finds it (openssl-rehash(1))."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.+?)-----END", re.DOTALL)
_SEQUENCE, _SET, _VERSION, _UTF8 = 0x30, 0x31, 0xA0, 0x0C
_ENCODINGS = {
    0x0C: "utf-8",
    0x13: "latin-1",
    0x14: "latin-1",
    0x16: "latin-1",
    0x1A: "latin-1",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""The types of text that are compared without regard to case and space, and how each is read."""
_SPACE = re.compile(rb"[\t-\r ]+")


class UnreadableCertificate(ValueError):
    """Bytes that are no certificate in PEM; the caller knows which file they are of."""


def subject_hash(pem: bytes) -> str:
    """Return the hash of the subject of the one certificate in ``pem``: eight digits.

    Raises `UnreadableCertificate`; a file with several certificates is none either, as for
    OpenSSL, which has no link to such a file.
    """
    found = _PEM.findall(pem)
    if len(found) != 1:
        raise UnreadableCertificate("expected one certificate")
    try:
        subject = _subject(base64.b64decode(found[0]))
        canonical = b"".join(_canonical_set(rdn) for _, rdn in _elements(subject))
    except (IndexError, ValueError, binascii.Error) as error:
        raise UnreadableCertificate(str(error)) from None
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return digest[:4][::-1].hex()


def _subject(der: bytes) -> bytes:
    """Return the subject: after the serial, the algorithm, the issuer, the dates (RFC 5280 4.1)."""
    (_, certificate), *_ = _elements(der)
    (_, to_be_signed), *_ = _elements(certificate)
    fields = list(_elements(to_be_signed))
    return fields[5 if fields[0][0] == _VERSION else 4][1]


def _canonical_set(rdn: bytes) -> bytes:
    pairs = sorted(_canonical_pair(pair) for _, pair in _elements(rdn))
    return _encoded(_SET, b"".join(pairs))


def _canonical_pair(pair: bytes) -> bytes:
    (type_tag, type_), (tag, value) = _elements(pair)
    if tag in _ENCODINGS:
        text = value.decode(_ENCODINGS[tag]).encode()
        value = _SPACE.sub(b" ", text.strip(b"\t\n\v\f\r ")).lower()
        tag = _UTF8
    return _encoded(_SEQUENCE, _encoded(type_tag, type_) + _encoded(tag, value))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the tag and the content of each element of DER."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("it ends too early")
        yield tag, der[at : at + length]
        at += length


def _encoded(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content
