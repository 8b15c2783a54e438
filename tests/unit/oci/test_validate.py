from __future__ import annotations

import json
from dataclasses import replace

import pytest

from images import PACKERS, Member, folder, hard, make_image, make_layer, make_tar, pack
from lamina.oci import mediatype, validate
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import encode
from lamina.oci.image import Image
from lamina.oci.validate import InvalidImage

GOOD = make_layer(folder("d"), Member("d/f", data=b"x"))


def problems(image: Image) -> tuple[str, ...]:
    with pytest.raises(InvalidImage) as caught:
        validate.image(image)
    assert list(caught.value.problems) == sorted(caught.value.problems)
    lines = "".join(f"\n  {problem}" for problem in caught.value.problems)
    assert str(caught.value) == f"Image {image.digest} does not keep its promises{lines}"
    return caught.value.problems


@pytest.mark.parametrize("media_type", sorted(PACKERS))
def test_an_image_that_keeps_its_promises_passes(media_type: str) -> None:
    validate.image(make_image(make_layer(folder("d"), Member("d/f"), media_type=media_type)))


def test_equal_directories_may_stand_there_twice() -> None:
    validate.image(make_image(make_layer(folder("d"), folder("./d/"))))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([Member("/f")], "absolute path '/f'"),
        ([Member("a/../../f")], "path that leaves the root: 'a/../../f'"),
        ([hard("h", "../f")], "path that leaves the root: 'h'"),
        ([Member("./")], "path without a name: './'"),
        ([Member("f"), Member("./f")], "path that stands there twice: 'f'"),
        ([folder("d"), folder("d", 0o700)], "path that stands there twice: 'd'"),
    ],
)
def test_paths_must_mean_the_same_to_everybody(members: list[Member], expected: str) -> None:
    assert problems(make_image(make_layer(*members))) == (f"layers[0]: {expected}",)


def test_a_hidden_tail_is_told() -> None:
    tar = make_tar(Member("f")) + b"hidden"

    assert problems(make_image(pack(tar))) == ("layers[0]: bytes behind the end of its tar",)


def test_a_blob_that_is_not_as_described_is_told() -> None:
    other = make_layer(Member("other", data=b"longer than the first"))
    image = make_image(replace(GOOD, blob=other.blob))

    assert set(problems(image)) == {
        f"layers[0]: blob has digest {other.descriptor.digest}, not {GOOD.descriptor.digest}",
        f"layers[0]: blob has {len(other.blob)} bytes, not {len(GOOD.blob)}",
        f"layers[0]: diff ID is {other.diff_id}, not {GOOD.diff_id}",
    }


def test_a_broken_stream_is_told_together_with_its_digest() -> None:
    torn = GOOD.blob[:-4]

    assert set(problems(make_image(replace(GOOD, blob=torn)))) == {
        "layers[0]: Truncated gzip stream",
        f"layers[0]: blob has digest {Digest.of(torn)}, not {GOOD.descriptor.digest}",
        f"layers[0]: blob has {len(torn)} bytes, not {len(GOOD.blob)}",
    }


def test_of_a_broken_tar_the_blob_is_still_read_to_its_end() -> None:
    broken = pack(b"\1" * 300_000, mediatype.LAYER)

    assert problems(make_image(broken)) == (
        f"layers[0]: A header of its tar has no number for its checksum: {bytes([1] * 8)!r}",
    )


def test_a_media_type_that_lies_is_told() -> None:
    lying = replace(GOOD, descriptor=replace(GOOD.descriptor, media_type=mediatype.LAYER))

    assert problems(make_image(lying)) == ("layers[0]: blob is packed by gzip, not by nothing",)


def test_lists_that_do_not_fit_are_told() -> None:
    image = make_image(GOOD)
    config = json.loads(image.raw_config)
    config["history"] = []
    config["rootfs"]["diff_ids"] = [str(DiffID(Digest.of(b"another")))]
    raw_config = encode(config)
    manifest = json.loads(image.raw_manifest)
    manifest["layers"].append({**manifest["layers"][0], "mediaType": "text/plain"})
    manifest["mediaType"] = mediatype.DOCKER_MANIFEST

    broken = Image(encode(manifest), raw_config, image.layers)

    was = image.manifest.config
    assert set(problems(broken)) == {
        f"config: has digest {Digest.of(raw_config)}, not {was.digest}",
        f"config: has {len(raw_config)} bytes, not {was.size}",
        "config: its history tells of 0 layers, not 1",
        "config: lists other diff IDs than the layers have",
        "layers[1]: unknown media type `text/plain`",
        f"manifest: of Docker's media type `{mediatype.DOCKER_MANIFEST}`",
        "manifest: names other layers than the image has",
    }


def test_a_manifest_that_cannot_be_read_is_told() -> None:
    assert problems(Image(b"{}", b"", ())) == (
        f"Malformed manifest {Digest.of(b'{}')}: "
        "expected the number 2 at `schemaVersion`, got: nothing",
    )
