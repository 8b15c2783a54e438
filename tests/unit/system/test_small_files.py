"""Which files of a base are read."""

from __future__ import annotations

import pytest

from lamina.system.small_files import is_wanted


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/keyrings/debian-archive-keyring.pgp",
        "usr/share/keyrings/without-ending",
        "usr/local/share/keyrings/company.asc",
        "etc/apt/keyrings/company.asc",
        "etc/apt/company.asc",
        "etc/apt/trusted.gpg.d/company.asc",
        "etc/company/archive.gpg",
        "usr/lib/company/archive.gpg",
    ],
)
def test_keyrings_lie_in_many_places(path: str) -> None:
    assert is_wanted(path)


@pytest.mark.parametrize("path", ["usr/share/doc/x/key.asc", "var/lib/x.gpg", "etc/apt/auth.conf"])
def test_what_is_no_keyring_is_left_alone(path: str) -> None:
    assert not is_wanted(path)
