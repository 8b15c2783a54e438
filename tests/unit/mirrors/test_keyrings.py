"""Whose signature is believed for an archive."""

from __future__ import annotations

from lamina.mirrors.keyrings import KeyringNotFound, Keys, named_keys, usual_keys

FILES = {"/a.gpg": b"a", "/b.asc": b"b", "/usr/share/keyrings/debian-archive-keyring.pgp": b"d"}
FINGERPRINT = "4D64FEC119C2029067D6E791F8D2585B8783D481"
ARMORED = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n"


def test_a_source_names_files_or_is_its_key_itself() -> None:
    assert named_keys("/a.gpg /b.asc", FILES.get).keyrings == (b"a", b"b")
    assert named_keys(ARMORED, FILES.get).keyrings == (ARMORED.encode(),)
    assert named_keys("", FILES.get) == Keys()


def test_a_fingerprint_says_which_key_counts() -> None:
    both = named_keys(f"/a.gpg {FINGERPRINT}!", FILES.get)
    alone = named_keys(FINGERPRINT, FILES.get)

    assert (both.keyrings, both.fingerprints) == ((b"a",), frozenset({FINGERPRINT.lower()}))
    assert (alone.keyrings, alone.tried) == ((), ())


def test_debians_keyring_has_two_endings() -> None:
    named = named_keys("/usr/share/keyrings/debian-archive-keyring.gpg", FILES.get)

    assert named.keyrings == (b"d",)
    assert named_keys("/a.pgp", FILES.get).keyrings == ()


def test_the_first_place_that_has_any_counts() -> None:
    assert usual_keys([["/no"], ["/a.gpg", "/x", "/b.asc"], ["/b.asc"]], FILES.get) == Keys(
        (b"a", b"b"), tried=("/no", "/a.gpg", "/x", "/b.asc")
    )


def test_where_none_is_found_the_way_out_is_named() -> None:
    keys = named_keys("/no/such.gpg /nor/this.gpg", FILES.get)
    error = KeyringNotFound("`trixie` at deb.example", keys.tried)

    assert str(error) == (
        "Unable to find the keys that `trixie` at deb.example is signed with; tried\n"
        "  /no/such.gpg\n  /nor/this.gpg"
    )
    assert error.hint == (
        "Name a keyring as `debian-keyring` in `[tool.lamina]`, or in `LAMINA_DEBIAN_KEYRING`; "
        "Debian's is in the package `debian-archive-keyring`"
    )


def test_a_keyring_is_not_shown() -> None:
    assert "secret" not in repr(Keys((b"secret",)))
