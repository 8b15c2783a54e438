"""Signatures: believed is what a key of the keyring signed, and only that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest

from debs import Mirror
from lamina.deb.signature import BadSignature, UnreadableKeyring, verify, verify_detached

NOW = datetime(2026, 9, 13, tzinfo=UTC)
TEXT = b"Origin: Debian\nSuite: stable\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


def test_the_signed_text_is_returned_without_what_lies_around_it(mirror: Mirror) -> None:
    signed = b"Evil: before\n" + mirror.sign(TEXT) + b"Evil: after\n"

    assert verify(signed, [mirror.keyring], what="`x`", now=NOW) == TEXT


def test_one_keyring_of_several_will_do(mirror: Mirror, tmp_path: Path) -> None:
    other = Mirror(tmp_path)

    assert verify(mirror.sign(TEXT), [other.keyring, mirror.keyring], what="`x`", now=NOW) == TEXT
    assert verify(mirror.sign(TEXT), [other.keyring + mirror.keyring], what="`x`", now=NOW) == TEXT


def test_an_armored_keyring_will_do(mirror: Mirror) -> None:
    armored = str(mirror.key.extract_certificate()).encode()

    assert verify(mirror.sign(TEXT), [armored], what="`x`", now=NOW) == TEXT


def test_a_changed_text_is_refused(mirror: Mirror) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(
            mirror.sign(TEXT).replace(b"stable", b"sta6le"), [mirror.keyring], what="`x`", now=NOW
        )

    assert str(caught.value) == ("Unable to verify the signature of `x`: no valid signatures found")
    assert caught.value.hint == (
        "The mirror may be damaged, or the keyring older than the archive's keys: update "
        "the package of the keyring, or name another one as `debian-keyring` in `[tool.lamina]`"
    )


def test_the_signature_of_a_stranger_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(mirror.sign(TEXT), [Mirror(tmp_path).keyring], what="`x`", now=NOW)

    assert str(caught.value) == (
        f"Unable to verify the signature of `x`: it is signed by `{mirror.signer}`, which the "
        "keyring does not have"
    )


def test_one_signature_of_several_will_do(mirror: Mirror, tmp_path: Path) -> None:
    other = Mirror(tmp_path)
    both = _detached(other) + _detached(mirror)

    found = verify_detached(TEXT, both, [mirror.keyring], what="`x`", now=NOW)
    armored = pysequoia.armor(both, pysequoia.ArmorKind.Signature).encode()

    assert found == TEXT
    assert verify_detached(TEXT, armored, [mirror.keyring], what="`x`", now=NOW) == TEXT


@pytest.mark.parametrize("signature", [b"", b"nonsense", b"-----BEGIN PGP SIGNATURE-----\n"])
def test_a_signature_in_a_file_of_its_own_must_be_one(mirror: Mirror, signature: bytes) -> None:
    with pytest.raises(BadSignature, match=r"^Unable to verify the signature of `x`: [^\n]+$"):
        verify_detached(TEXT, signature, [mirror.keyring], what="`x`", now=NOW)


def test_a_signature_of_another_text_is_refused(mirror: Mirror) -> None:
    with pytest.raises(BadSignature, match="no valid signatures found"):
        verify_detached(TEXT + b"x", _detached(mirror), [mirror.keyring], what="`x`", now=NOW)


def test_a_key_that_is_expired_by_now_is_refused(mirror: Mirror) -> None:
    certificate = mirror.key.extract_certificate()
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    keyring = bytes(certificate.set_expiration(ends, mirror.key.certifier()))
    signed = mirror.sign(TEXT)

    assert verify(signed, [keyring], what="`x`", now=ends - timedelta(seconds=1)) == TEXT
    with pytest.raises(BadSignature) as caught:
        verify(signed, [keyring], what="`x`", now=ends)

    assert str(caught.value) == (
        f"Unable to verify the signature of `x`: its key `{certificate.fingerprint}` expired on "
        f"{ends:%Y-%m-%d}"
    )


def test_a_key_that_is_revoked_is_refused(mirror: Mirror) -> None:
    certificate = mirror.key.extract_certificate()
    keyring = bytes(certificate) + bytes(certificate.revoke(mirror.key.certifier()))

    with pytest.raises(BadSignature) as caught:
        verify(mirror.sign(TEXT), [keyring], what="`x`", now=NOW)

    assert str(caught.value) == (
        f"Unable to verify the signature of `x`: its key `{certificate.fingerprint}` is revoked"
    )


def test_a_source_may_name_the_keys_that_count(mirror: Mirror, tmp_path: Path) -> None:
    other = Mirror(tmp_path)
    keyrings = [mirror.keyring + other.keyring]
    certificate = mirror.key.extract_certificate().fingerprint

    for only in (certificate, mirror.signer):
        verify(mirror.sign(TEXT), keyrings, what="`x`", now=NOW, only=frozenset({only}))
    with pytest.raises(BadSignature) as caught:
        verify(other.sign(TEXT), keyrings, what="`x`", now=NOW, only=frozenset({certificate}))

    assert str(caught.value) == (
        f"Unable to verify the signature of `x`: its key `{other.signer}` is none of those that "
        "the source names"
    )


def test_an_unreadable_keyring_beside_a_good_one_does_no_harm(mirror: Mirror) -> None:
    assert verify(mirror.sign(TEXT), [b"junk", mirror.keyring], what="`x`", now=NOW) == TEXT


@pytest.mark.parametrize("data", [b"", TEXT, b"<html>\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n"])
def test_what_is_not_signed_is_refused_in_one_line(mirror: Mirror, data: bytes) -> None:
    with pytest.raises(BadSignature, match=r"^Unable to verify the signature of `x`: [^\n]+$"):
        verify(data, [mirror.keyring], what="`x`", now=NOW)


def test_a_text_cut_off_before_its_signature_is_refused(mirror: Mirror) -> None:
    cut = mirror.sign(TEXT).partition(b"-----BEGIN PGP SIGNATURE")[0]

    with pytest.raises(BadSignature):
        verify(cut, [mirror.keyring], what="`x`", now=NOW)


@pytest.mark.parametrize("keyring", [b"", b"no keyring"])
def test_a_keyring_that_is_none_is_told(mirror: Mirror, keyring: bytes) -> None:
    with pytest.raises(UnreadableKeyring, match=r"^Unable to read the keyring for `x`: [^\n]+$"):
        verify(mirror.sign(TEXT), [keyring], what="`x`", now=NOW)


def test_no_keyring_at_all_verifies_nothing(mirror: Mirror) -> None:
    with pytest.raises(BadSignature):
        verify(mirror.sign(TEXT), [], what="`x`", now=NOW)


def _detached(mirror: Mirror) -> bytes:
    mode = pysequoia.SignatureMode.DETACHED
    return bytes(pysequoia.sign(mirror.key.signer(), TEXT, mode=mode, armor=False))
