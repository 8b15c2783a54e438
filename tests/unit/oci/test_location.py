from __future__ import annotations

import pytest

from lamina.oci.digest import Digest
from lamina.oci.location import InvalidLocation, Location

DIGEST = Digest.of(b"x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oci:out", Location("oci", "out")),
        ("oci:/a/b:1.0", Location("oci", "/a/b", "1.0")),
        (f"oci:a@{DIGEST}", Location("oci", "a", "", DIGEST)),
        ("oci-archive:a.tar", Location("oci-archive", "a.tar")),
        (
            "docker-archive:a.tar:r.example:5000/b:c",
            Location("docker-archive", "a.tar", "r.example:5000/b:c"),
        ),
    ],
)
def test_a_location_is_read_as_skopeo_does(text: str, expected: Location) -> None:
    assert Location.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["", "oci", "oci:", "oci::tag", "oci:a:", "docker:a", "a/b"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidLocation) as caught:
        Location.parse(text)

    assert str(caught.value) == f"Expected `transport:path[:name]`, got: {text}"
    assert caught.value.hint == "The transports are `oci`, `oci-archive`, `docker-archive`"
