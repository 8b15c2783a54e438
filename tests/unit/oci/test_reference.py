from __future__ import annotations

import pytest

from lamina.oci.digest import Digest
from lamina.oci.reference import InvalidReference, Reference

HEX = "ab" * 32
DIGEST = Digest("sha256", HEX)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", Reference("docker.io", "library/python")),
        ("python:3.12-slim", Reference("docker.io", "library/python", "3.12-slim")),
        ("me/app", Reference("docker.io", "me/app")),
        ("docker.io/python", Reference("docker.io", "library/python")),
        ("index.docker.io/me/app", Reference("docker.io", "me/app")),
        ("localhost/app:1", Reference("localhost", "app", "1")),
        ("localhost:5000/app", Reference("localhost:5000", "app")),
        ("ghcr.io/a/b/c:t", Reference("ghcr.io", "a/b/c", "t")),
        ("[::1]:5000/app:1", Reference("[::1]:5000", "app", "1")),
        ("Registry/app", Reference("Registry", "app")),
        (f"app@sha256:{HEX}", Reference("docker.io", "library/app", "", DIGEST)),
        (f"r.example/app:1@sha256:{HEX}", Reference("r.example", "app", "1", DIGEST)),
        ("a__b/c-d--e.f_g", Reference("docker.io", "a__b/c-d--e.f_g")),
    ],
)
def test_a_reference_is_completed_as_docker_does(text: str, expected: Reference) -> None:
    assert Reference.parse(text) == expected
    assert Reference.parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "Invalid repository in reference ``: ''", None),
        ("App", "Invalid repository in reference `App`: 'App'", "Write it in lower case"),
        ("a b", "Invalid repository in reference `a b`: 'a b'", None),
        ("app:", "Invalid tag in reference `app:`: ''", None),
        ("app:-x", "Invalid tag in reference `app:-x`: '-x'", None),
        ("a..b", "Invalid repository in reference `a..b`: 'a..b'", None),
        ("a//b", "Invalid repository in reference `a//b`: 'a//b'", None),
        ("r.example/", "Invalid repository in reference `r.example/`: ''", None),
        ("-r.example/a", "Invalid registry in reference `-r.example/a`: '-r.example'", None),
        (
            "app@sha256:x",
            "Invalid digest in reference `app@sha256:x`: "
            "Expected 64 lowercase hex digits in `sha256:x`",
            None,
        ),
        (
            "me:open@sesame@r.example/app:1",
            "Invalid reference to `r.example/app:1`: user and password are no part of one",
            "Leave them out, and keep them with `docker login r.example`",
        ),
        (
            HEX,
            f"Invalid repository in reference `{HEX}`: 64 hexadecimal digits are an image ID",
            None,
        ),
        (
            "a" * 256,
            f"Invalid repository in reference `{'a' * 256}`: over 255 characters",
            None,
        ),
    ],
)
def test_what_no_registry_could_have_is_refused(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)

    assert str(caught.value) == message
    assert caught.value.hint == hint


def test_a_tag_is_added_only_where_nothing_pins() -> None:
    assert str(Reference.parse("app").tagged()) == "docker.io/library/app:latest"
    assert str(Reference.parse("app:1").tagged()) == "docker.io/library/app:1"
    assert Reference.parse(f"app@{DIGEST}").tagged().tag == ""
