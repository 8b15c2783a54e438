from __future__ import annotations

import json
from dataclasses import replace

import pytest

from images import Member, make_image, make_layer
from lamina.oci import mediatype, validate
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode
from lamina.oci.image import Addition, Image, Manifest, append, assemble

BELOW = make_layer(Member("a"))
ABOVE = make_layer(Member("b"))


def test_an_image_names_its_layers_in_order() -> None:
    image = make_image(BELOW, ABOVE)

    assert image.manifest.layers == (BELOW.descriptor, ABOVE.descriptor)
    assert image.config.diff_ids == (BELOW.diff_id, ABOVE.diff_id)
    validate.image(image)


def test_the_bytes_of_a_manifest_are_promised() -> None:
    image = assemble(ImageConfig("amd64"), [], annotations={"b": "2", "a": "1"})

    assert image.raw_manifest == (
        b'{"annotations":{"a":"1","b":"2"},"config":{"digest":"'
        + str(Digest.of(image.raw_config)).encode()
        + b'","mediaType":"application/vnd.oci.image.config.v1+json","size":90},"layers":[],'
        b'"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}'
    )


def test_the_digest_is_that_of_the_raw_manifest() -> None:
    raw = make_image(BELOW).raw_manifest + b"\n"

    assert Image(raw, b"", ()).digest == Digest.of(raw)


def test_the_descriptor_holds_the_platform() -> None:
    image = make_image(config=ImageConfig("arm64", variant="v8"))

    assert image.descriptor.platform == Platform("linux", "arm64", "v8")
    assert image.descriptor.size == len(image.raw_manifest)


def test_docker_media_types_become_those_of_oci() -> None:
    docker = replace(BELOW, descriptor=replace(BELOW.descriptor, media_type=mediatype.DOCKER_LAYER))

    image = make_image(docker)

    assert image.manifest.layers[0].media_type == mediatype.LAYER_GZIP
    validate.image(image)


def test_annotations_of_a_layer_travel_along() -> None:
    annotated = replace(
        BELOW, descriptor=replace(BELOW.descriptor, annotations={"dev.lamina.key": "k"})
    )

    assert make_image(annotated).manifest.layers[0].annotations == {"dev.lamina.key": "k"}


def test_additions_lie_above_the_base_with_their_own_history() -> None:
    base = ImageConfig("amd64", history=(History("squashed"), History("away")))

    image = append(base, [BELOW], [Addition(ABOVE, History("ours", comment="key"))])

    assert image.layers == (BELOW, ABOVE)
    assert image.config.history == (
        History("squashed", empty_layer=True),
        History("away"),
        History("ours", comment="key"),
    )
    validate.image(image)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schemaVersion": 1}, "expected the number 2 at `schemaVersion`, got: a number"),
        ({"mediaType": mediatype.INDEX}, f"not an image but `{mediatype.INDEX}`"),
        ({"layers": [{}]}, "expected a size of at least 0 at `layers[0].size`, got: nothing"),
        (
            {"layers": [{"size": 10**400}]},
            "expected a size of at least 0 at `layers[0].size`, got: a number",
        ),
        (
            {"config": {"mediaType": "text/plain", "digest": f"sha256:{'0' * 64}", "size": 1}},
            "its config is not that of an image but `text/plain`",
        ),
    ],
)
def test_what_is_no_image_is_refused(change: dict[str, object], text: str) -> None:
    data = encode({**json.loads(make_image(BELOW).raw_manifest), **change})

    with pytest.raises(MalformedDocument) as caught:
        Manifest.parse(data)

    assert str(caught.value) == f"Malformed manifest {Digest.of(data)}: {text}"
