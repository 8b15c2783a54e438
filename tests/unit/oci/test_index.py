from __future__ import annotations

import pytest

from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode
from lamina.oci.index import Index, PlatformNotFound, choose, runs


def manifest(platform: str) -> Descriptor:
    digest = Digest.of(platform.encode())
    return Descriptor(mediatype.MANIFEST, digest, 1, platform=Platform.parse(platform))


def test_what_was_written_is_read_again() -> None:
    index = Index((manifest("linux/amd64"), manifest("linux/arm64")), {"a": "b"})

    assert Index.parse(index.encode()) == index


def test_a_manifest_is_no_index() -> None:
    data = encode({"schemaVersion": 2, "mediaType": mediatype.MANIFEST})

    with pytest.raises(MalformedDocument) as caught:
        Index.parse(data, "`index.json`")

    assert str(caught.value) == (
        "Malformed `index.json`: not an index but `application/vnd.oci.image.manifest.v1+json`"
    )


def test_another_schema_is_refused() -> None:
    with pytest.raises(MalformedDocument) as caught:
        Index.parse(b"{}", "`index.json`")

    assert str(caught.value) == (
        "Malformed `index.json`: expected the number 2 at `schemaVersion`, got: nothing"
    )


@pytest.mark.parametrize(
    ("made", "machine", "expected"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/aarch64", "linux/arm64", True),
        ("linux/amd64/v1", "linux/amd64", True),
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/7", "linux/arm", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("windows/amd64", "linux/amd64", False),
        ("linux/arm", "linux/arm64", False),
    ],
)
def test_variants_are_compared_as_machines_do(made: str, machine: str, expected: bool) -> None:
    assert runs(Platform.parse(made), Platform.parse(machine)) is expected


def test_of_several_variants_the_newest_that_runs_is_chosen() -> None:
    manifests = [manifest("linux/arm/v5"), manifest("linux/arm/v7"), manifest("linux/arm/v6")]

    assert choose(manifests, Platform("linux", "arm", "v6"), "`x`") == manifests[2]


def test_platforms_that_there_are_are_named() -> None:
    manifests = [manifest("unknown/unknown"), manifest("linux/s390x"), manifest("linux/386")]

    with pytest.raises(PlatformNotFound) as caught:
        choose(manifests, Platform("linux", "amd64"), "`x`")

    assert str(caught.value) == "No image for linux/amd64 in `x`: it has linux/386, linux/s390x"
    assert caught.value.hint == "Choose another base, or another `--platform`"


def test_the_only_image_need_not_name_its_platform() -> None:
    bare = Descriptor(mediatype.MANIFEST, Digest.of(b""), 1)

    assert choose([bare], Platform("linux", "amd64"), "`x`") is bare


def test_of_several_that_name_no_platform_none_is_chosen() -> None:
    bare = Descriptor(mediatype.MANIFEST, Digest.of(b""), 1)

    with pytest.raises(PlatformNotFound) as caught:
        choose([bare, bare], Platform("linux", "amd64"), "`x`")

    assert str(caught.value) == "No image for linux/amd64 in `x`: it has none"
