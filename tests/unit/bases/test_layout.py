from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from images import (
    REF_NAME,
    Member,
    make_image,
    make_layer,
    write_blob,
    write_index,
    write_layout,
)
from lamina.bases.base import BaseError, BaseNotFound
from lamina.bases.layout import read_layout
from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode
from lamina.oci.image import Image
from lamina.oci.index import Index, PlatformNotFound
from lamina.oci.location import Location

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")
LAYER = make_layer(Member("a"))
ONE = make_image(LAYER)
TWO = make_image(LAYER, make_layer(Member("b")))
OTHER = make_image(LAYER, config=ImageConfig("arm64"))


def refused(location: Location, platform: Platform = AMD64) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        read_layout(location, platform)
    return caught.value


def test_the_image_of_a_tag_is_read(tmp_path: Path) -> None:
    write_layout(tmp_path, [("1", ONE), ("2", TWO)])

    base = read_layout(Location("oci", str(tmp_path), "2"), AMD64)

    assert base.name == f"oci:{tmp_path}:2"
    assert base.digest == base.identity == TWO.digest
    assert base.config == TWO.config
    assert [layer.descriptor for layer in base.layers] == [each.descriptor for each in TWO.layers]
    assert [layer.diff_id for layer in base.layers] == list(TWO.config.diff_ids)
    with base.layers[0].open() as blob:
        assert blob.read() == LAYER.blob


def test_the_image_of_a_digest_is_read(tmp_path: Path) -> None:
    write_layout(tmp_path, [("1", ONE), ("2", TWO)])

    base = read_layout(Location("oci", str(tmp_path), digest=ONE.digest), AMD64, name="mine")

    assert (base.name, base.digest) == ("mine", ONE.digest)


def test_the_only_image_needs_no_tag(tmp_path: Path) -> None:
    write_layout(tmp_path, [("", ONE)])

    assert read_layout(Location("oci", str(tmp_path)), AMD64).digest == ONE.digest


def test_images_of_several_platforms_may_share_a_tag(tmp_path: Path) -> None:
    write_layout(tmp_path, [("1", ONE), ("1", OTHER)])

    assert read_layout(Location("oci", str(tmp_path), "1"), ARM64).digest == OTHER.digest


def nested(directory: Path, *images: Image, levels: int = 1) -> None:
    write_layout(directory, [("", image) for image in images])
    inner = Index(tuple(image.descriptor for image in images))
    for _ in range(levels):
        data = inner.encode()
        write_blob(directory, data)
        inner = Index((Descriptor(mediatype.INDEX, Digest.of(data), len(data), platform=AMD64),))
    write_index(directory, [each.to_json() for each in inner.manifests])


def test_an_index_leads_to_the_platform(tmp_path: Path) -> None:
    nested(tmp_path, ONE, OTHER)

    assert read_layout(Location("oci", str(tmp_path)), ARM64).digest == OTHER.digest


def test_indexes_without_end_are_refused(tmp_path: Path) -> None:
    nested(tmp_path, ONE, levels=5)
    location = Location("oci", str(tmp_path))

    assert str(refused(location)) == (
        f"Unable to read the base image `{location}`: indexes within indexes without end"
    )


def test_platforms_that_there_are_are_named(tmp_path: Path) -> None:
    nested(tmp_path, ONE, OTHER)
    location = Location("oci", str(tmp_path))

    error = refused(location, Platform("linux", "s390x"))

    assert isinstance(error, PlatformNotFound)
    assert str(error) == (
        f"No image for linux/s390x in `{location}`: it has linux/amd64, linux/arm64"
    )


def test_an_image_for_another_platform_is_refused(tmp_path: Path) -> None:
    write_layout(tmp_path, [("", ONE)])
    location = Location("oci", str(tmp_path))

    error = refused(location, ARM64)

    assert str(error) == f"No image for linux/arm64 in `{location}`: it has linux/amd64"
    assert error.hint == "Choose another base, or another `--platform`"


def test_tags_that_there_are_are_named(tmp_path: Path) -> None:
    write_layout(tmp_path, [("2", TWO), ("1", ONE)])
    location = Location("oci", str(tmp_path), "3")

    error = refused(location)

    assert isinstance(error, BaseNotFound)
    assert str(error) == f"No such image in the layout: {location}"
    assert error.hint == "It has the tags `1`, `2`"


def test_of_several_images_one_must_be_named(tmp_path: Path) -> None:
    entries = [
        {**image.descriptor.to_json(), "platform": None, "annotations": {REF_NAME: tag}}
        for tag, image in (("1", ONE), ("2", TWO))
    ]
    write_index(tmp_path, entries)
    location = Location("oci", str(tmp_path))

    assert str(refused(location)) == f"More than one image in the layout: {location}"


def test_two_tags_for_one_platform_are_no_image_for_several(tmp_path: Path) -> None:
    write_layout(tmp_path, [("1", ONE), ("2", TWO)])
    location = Location("oci", str(tmp_path))

    error = refused(location)

    assert str(error) == f"More than one image in the layout: {location}"
    assert error.hint == "It has the tags `1`, `2`"


def test_an_empty_layout_has_no_tag(tmp_path: Path) -> None:
    write_layout(tmp_path, [])

    assert refused(Location("oci", str(tmp_path))).hint == "It has no tag"


def test_a_folder_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    assert str(refused(Location("oci", str(tmp_path)))) == (
        f"Not an OCI image layout: `{tmp_path}` has no `oci-layout`"
    )


def test_a_file_is_no_layout(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    assert str(refused(Location("oci", str(path)))) == (
        f"Unable to read `{path / 'oci-layout'}`: Not a directory"
    )


def test_a_layout_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')

    assert str(refused(Location("oci", str(tmp_path)))) == (
        f"Unsupported version of the image layout `{tmp_path}`: '2.0.0'"
    )


def test_a_broken_index_is_named(tmp_path: Path) -> None:
    write_layout(tmp_path, [("", ONE)])
    (tmp_path / "index.json").write_text("{")

    error = refused(Location("oci", str(tmp_path)))

    assert isinstance(error, MalformedDocument)
    assert str(error) == f"Malformed `{tmp_path / 'index.json'}`: not JSON"


def test_a_damaged_manifest_is_noticed(tmp_path: Path) -> None:
    write_layout(tmp_path, [("", ONE)])
    blob = tmp_path / "blobs" / "sha256" / ONE.digest.hex
    blob.write_bytes(ONE.raw_manifest.replace(b"2", b"3"))

    error = refused(Location("oci", str(tmp_path)))

    assert isinstance(error, DamagedBlob)
    assert error.digest == ONE.digest


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    write_layout(tmp_path, [("", ONE)])
    blob = tmp_path / "blobs" / "sha256" / ONE.digest.hex
    blob.unlink()

    assert str(refused(Location("oci", str(tmp_path)))) == (
        f"Unable to read `{blob}`: No such file or directory"
    )


def test_a_manifest_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    write_index(tmp_path, [{**ONE.descriptor.to_json(), "size": 1 << 40}])

    assert str(refused(Location("oci", str(tmp_path)))) == (
        f"Refused blob {ONE.digest}: a document of 1099511627776 bytes"
    )


def test_all_layers_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    layers = [make_layer(Member(name)) for name in ("gone", "torn", "foreign")]
    foreign = replace(layers[2], descriptor=replace(layers[2].descriptor, media_type="text/plain"))
    image = make_image(layers[0], layers[1], foreign)
    write_layout(tmp_path, [("", image)])
    blobs = tmp_path / "blobs" / "sha256"
    (blobs / layers[0].descriptor.digest.hex).unlink()
    (blobs / layers[1].descriptor.digest.hex).write_bytes(b"short")
    location = Location("oci", str(tmp_path))

    error = refused(location)

    lines = sorted(
        [
            f"layer {layers[0].descriptor.digest} cannot be read: No such file or directory",
            f"layer {layers[1].descriptor.digest} has 5 bytes, not {len(layers[1].blob)}",
            f"layer {layers[2].descriptor.digest} is not a tar but `text/plain`",
        ]
    )
    assert isinstance(error, BaseError)
    assert str(error) == "\n  ".join([f"Unable to use the base image `{location}`", *lines])


def test_layers_without_diff_ids_are_refused(tmp_path: Path) -> None:
    manifest = json.loads(ONE.raw_manifest)
    manifest["layers"] = []
    raw = encode(manifest)
    write_layout(tmp_path, [("", Image(raw, ONE.raw_config, ()))])
    location = Location("oci", str(tmp_path))

    assert str(refused(location)) == (
        f"Unable to read the base image `{location}`: manifest and config disagree on its layers\n"
        "  manifest: 0\n  config:   1"
    )
