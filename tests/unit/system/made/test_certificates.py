"""Certificates of authorities, gathered."""

from __future__ import annotations

import base64

import pytest

from lamina.archive.entry import Entry
from lamina.system.made.certificates import certificates
from lamina.system.made.subject_hash import UnreadableCertificate, subject_hash


def der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + length + body


def name(*pairs: tuple[str, int, bytes]) -> bytes:
    """Return a name: each pair in a set of its own, the last part of its type, and the text."""
    return der(
        0x30,
        *(
            der(0x31, der(0x30, der(0x06, bytes([0x55, 4, int(kind)])), der(tag, text)))
            for kind, tag, text in pairs
        ),
    )


def certificate(subject: bytes, *, version: bytes = der(0xA0, der(0x02, b"\x02"))) -> bytes:
    """Return a certificate that is good enough for its subject to be found."""
    fields = (version, der(2, b"\1"), der(0x30), name(), der(0x30), subject, der(0x30))
    body = base64.b64encode(der(0x30, der(0x30, *fields), der(0x30), der(3, b"\0")))
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n"


ONE = certificate(name(("6", 0x13, b"XX"), ("3", 0x0C, b"One Root")))
SAME = certificate(name(("6", 0x0C, b" xx "), ("3", 0x13, b"one   ROOT")), version=b"")
TWO = certificate(name(("3", 0x0C, "Zw\u00f6i".encode())))
SHARE = "usr/share/ca-certificates"
LOCAL = "usr/local/share/ca-certificates"


def test_case_space_and_type_of_text_do_not_change_the_hash() -> None:
    assert subject_hash(ONE) == subject_hash(SAME)
    assert subject_hash(ONE) != subject_hash(TWO)


@pytest.mark.parametrize(
    "pem", [b"", ONE + TWO, b"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----"]
)
def test_what_is_not_one_certificate_has_no_hash(pem: bytes) -> None:
    with pytest.raises(UnreadableCertificate):
        subject_hash(pem)


def found(entries: list[Entry]) -> dict[str, str]:
    return {
        entry.path: entry.target or b"".join(entry.content.chunks()).decode() for entry in entries
    }


def test_each_certificate_is_listed_bundled_and_linked() -> None:
    packages = {f"{SHARE}/m/One (A).crt": ONE.rstrip(), f"{SHARE}/m/Two.crt": TWO}

    made = found(certificates({}, packages))

    assert made.pop("etc/ca-certificates.conf").endswith("#\nm/One (A).crt\nm/Two.crt\n")
    assert made == {
        "etc/ssl/certs": "",
        LOCAL: "",
        "etc/ssl/certs/ca-certificates.crt": (ONE + TWO).decode(),
        "etc/ssl/certs/One_=A=.pem": f"/{SHARE}/m/One (A).crt",
        "etc/ssl/certs/Two.pem": f"/{SHARE}/m/Two.crt",
        f"etc/ssl/certs/{subject_hash(ONE)}.0": "One_=A=.pem",
        f"etc/ssl/certs/{subject_hash(TWO)}.0": "Two.pem",
    }


def test_what_the_base_deselects_stays_so() -> None:
    base = {"etc/ca-certificates.conf": b"!m/One.crt\nm/Gone.crt"}

    made = found(certificates(base, {f"{SHARE}/m/One.crt": ONE, f"{SHARE}/m/Two.crt": TWO}))

    assert made["etc/ca-certificates.conf"] == "!m/One.crt\nm/Gone.crt\nm/Two.crt\n"
    assert made["etc/ssl/certs/ca-certificates.crt"] == TWO.decode()


def test_certificates_of_the_administrator_follow_whatever_the_list_says() -> None:
    made = found(certificates({f"{LOCAL}/x/Two.crt": TWO}, {f"{SHARE}/One.crt": ONE}))

    assert made["etc/ssl/certs/ca-certificates.crt"] == (ONE + TWO).decode()
    assert made["etc/ssl/certs/Two.pem"] == f"/{LOCAL}/x/Two.crt"


def test_equal_subjects_are_counted_and_equal_certificates_are_not() -> None:
    packages = {
        f"{SHARE}/{each}.crt": data for each, data in zip("abc", (ONE, SAME, ONE), strict=True)
    }

    made = found(certificates({}, packages))

    hashed = {path: target for path, target in made.items() if subject_hash(ONE) in path}
    assert hashed == {
        f"etc/ssl/certs/{subject_hash(ONE)}.0": "a.pem",
        f"etc/ssl/certs/{subject_hash(ONE)}.1": "b.pem",
    }


def test_a_file_with_several_certificates_has_no_hash_but_is_bundled() -> None:
    made = found(certificates({}, {f"{SHARE}/a.crt": ONE + TWO}))

    assert set(made) == {
        "etc/ca-certificates.conf",
        "etc/ssl/certs",
        LOCAL,
        "etc/ssl/certs/ca-certificates.crt",
        "etc/ssl/certs/a.pem",
    }
