from __future__ import annotations

import pytest

from lamina.errors import LaminaError
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from lamina.sources.name import parse_name

HUB = "docker.io"
FORMS = (
    "  expected: `oci:DIR[:TAG]`, `docker-archive:FILE[:REF]`, `docker://REF`, "
    "or the name of an image in a registry"
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("oci:out", Location("oci", "out")),
        ("oci:out/image:1.0", Location("oci", "out/image", "1.0")),
        ("docker-archive:a.tar:app:1", Location("docker-archive", "a.tar", "app:1")),
        ("debian:bookworm", Reference(HUB, "library/debian", "bookworm")),
        ("docker:27-dind", Reference(HUB, "library/docker", "27-dind")),
        ("docker://oic:1", Reference(HUB, "library/oic", "1")),
        ("oic", Reference(HUB, "library/oic")),
        ("oci/app:1", Reference(HUB, "oci/app", "1")),
        ("oci:5000/app", Reference("oci:5000", "app")),
        ("localhost:5000/team/app:1", Reference("localhost:5000", "team/app", "1")),
        ("oci.example:8080/app", Reference("oci.example:8080", "app")),
    ],
)
def test_names_are_read(text: str, name: Location | Reference) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        (
            "oic:out",
            f"Unable to read an image from `oic:out`\n{FORMS}",
            "Did you mean `oci:`? An image in a registry is `docker://REF`",
        ),
        (
            "OCI:out/x",
            f"Unable to read an image from `OCI:out/x`\n{FORMS}",
            "Did you mean `oci:`? An image in a registry is `docker://REF`",
        ),
        (
            "docker-archiv:a.tar",
            f"Unable to read an image from `docker-archiv:a.tar`\n{FORMS}",
            "Did you mean `docker-archive:`? An image in a registry is `docker://REF`",
        ),
        (
            "dcoker://app",
            f"Unable to read an image from `dcoker://app`\n{FORMS}",
            "Did you mean `docker://`? An image in a registry is `docker://REF`",
        ),
        (
            "https://registry.example/app",
            f"Unable to read an image from `https://registry.example/app`\n{FORMS}",
            "An image in a registry is `docker://REF`",
        ),
        (
            "oci-archive:a.tar:1",
            f"Unable to read an image from `oci-archive:a.tar:1`\n{FORMS}",
            "To copy it to a layout, run `skopeo copy oci-archive:a.tar:1 oci:DIR`",
        ),
        (
            "docker-daemon:app:1",
            f"Unable to read an image from `docker-daemon:app:1`\n{FORMS}",
            "To copy it to a layout, run `skopeo copy docker-daemon:app:1 oci:DIR`",
        ),
        (
            "oci:",
            "Expected `transport:path[:name]`, got: oci:",
            "The transports are `oci`, `oci-archive`, `docker-archive`",
        ),
        ("app:", "Invalid tag in reference `app:`: ''", None),
        (
            "./out",
            "Invalid registry in reference `./out`: '.'",
            "For an image layout on this machine, write `oci:./out`",
        ),
        ("App", "Invalid repository in reference `App`: 'App'", "Write it in lower case"),
    ],
)
def test_what_is_no_name_is_explained(text: str, error: str, hint: str | None) -> None:
    with pytest.raises(LaminaError) as caught:
        parse_name(text)

    assert (str(caught.value), caught.value.hint) == (error, hint)
