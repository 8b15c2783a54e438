"""Signatures: believed is what a key of the keyring signed, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from debs import Mirror
from lamina.deb.signature import BadSignature, UnreadableKeyring, verify

TEXT = b"Origin: Debian\nSuite: stable\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


def test_the_signed_text_is_returned_without_what_lies_around_it(mirror: Mirror) -> None:
    signed = b"Evil: before\n" + mirror.sign(TEXT) + b"Evil: after\n"

    assert verify(signed, [mirror.keyring], what="`x`") == TEXT


def test_one_keyring_of_several_will_do(mirror: Mirror, tmp_path: Path) -> None:
    other = Mirror(tmp_path)

    assert verify(mirror.sign(TEXT), [other.keyring, mirror.keyring], what="`x`") == TEXT
    assert verify(mirror.sign(TEXT), [other.keyring + mirror.keyring], what="`x`") == TEXT


def test_an_armored_keyring_will_do(mirror: Mirror) -> None:
    armored = str(mirror.key.extract_certificate()).encode()

    assert verify(mirror.sign(TEXT), [armored], what="`x`") == TEXT


def test_a_changed_text_is_refused(mirror: Mirror) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(mirror.sign(TEXT).replace(b"stable", b"sta6le"), [mirror.keyring], what="`x`")

    assert str(caught.value) == ("Unable to verify the signature of `x`: no valid signatures found")
    assert caught.value.hint == (
        "The mirror may be damaged, or the keyring older than the archive's keys; update "
        "`debian-archive-keyring`, or name another keyring"
    )


def test_the_signature_of_a_stranger_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(mirror.sign(TEXT), [Mirror(tmp_path).keyring], what="`x`")

    assert str(caught.value) == ("Unable to verify the signature of `x`: no valid signatures found")


@pytest.mark.parametrize("data", [b"", TEXT, b"<html>\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n"])
def test_what_is_not_signed_is_refused_in_one_line(mirror: Mirror, data: bytes) -> None:
    with pytest.raises(BadSignature, match=r"^Unable to verify the signature of `x`: [^\n]+$"):
        verify(data, [mirror.keyring], what="`x`")


def test_a_text_cut_off_before_its_signature_is_refused(mirror: Mirror) -> None:
    cut = mirror.sign(TEXT).partition(b"-----BEGIN PGP SIGNATURE")[0]

    with pytest.raises(BadSignature):
        verify(cut, [mirror.keyring], what="`x`")


@pytest.mark.parametrize("keyring", [b"", b"no keyring"])
def test_a_keyring_that_is_none_is_told(mirror: Mirror, keyring: bytes) -> None:
    with pytest.raises(UnreadableKeyring, match=r"^Unable to read the keyring: [^\n]+$"):
        verify(mirror.sign(TEXT), [keyring], what="`x`")


def test_no_keyring_at_all_verifies_nothing(mirror: Mirror) -> None:
    with pytest.raises(BadSignature):
        verify(mirror.sign(TEXT), [], what="`x`")
