from __future__ import annotations

from collections.abc import Mapping

import pytest

from images import Member, make_image, make_layer
from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from lamina.oci.index import Index
from lamina.sources.listing import OneImage, SeveralImages, image_for, listing, platforms

LAYER = make_layer(Member("a"))
AMD, ARM, ARM7 = (
    make_image(LAYER, config=ImageConfig(*parts))
    for parts in (("amd64",), ("arm64",), ("arm", "linux", "v7"))
)
ATTESTATION = Descriptor(
    mediatype.MANIFEST, Digest.of(b"attestation"), 1, platform=Platform("unknown", "unknown")
)


class Documents(dict[Digest, bytes]):
    """Documents by their digests, and which were read."""

    def __init__(self, *images: Image) -> None:
        super().__init__()
        self.read: list[Digest] = []
        for image in images:
            self[image.digest] = image.raw_manifest
            self[image.manifest.config.digest] = image.raw_config

    def add(self, *manifests: Descriptor) -> Descriptor:
        data = Index(manifests).encode()
        self[Digest.of(data)] = data
        return Descriptor(mediatype.INDEX, Digest.of(data), len(data))

    def __call__(self, descriptor: Descriptor) -> bytes:
        self.read.append(descriptor.digest)
        return self[descriptor.digest]


def test_a_manifest_is_one_image() -> None:
    documents = Documents(AMD)

    found = listing("app", AMD.descriptor, documents)

    assert isinstance(found, OneImage)
    assert found.digest == AMD.digest
    assert image_for(found, None) is image_for(found, Platform("linux", "amd64")) is found.documents
    assert found.documents.size == len(AMD.raw_manifest)


def test_of_an_index_only_what_is_chosen_is_read() -> None:
    documents = Documents(AMD, ARM)
    top = documents.add(ARM.descriptor, AMD.descriptor, ATTESTATION)

    found = listing("app", top, documents)
    chosen = image_for(found, Platform("linux", "arm64"))

    assert isinstance(found, SeveralImages)
    assert found.digest == top.digest
    assert platforms(found) == (ARM.config.platform, AMD.config.platform)
    assert chosen.digest == ARM.digest
    assert documents.read == [top.digest, ARM.digest, ARM.manifest.config.digest]


@pytest.mark.parametrize(
    ("images", "chosen"),
    [([ARM, AMD, ARM7], AMD), ([ARM7, ARM], ARM7)],
    ids=["the usual", "the first"],
)
def test_who_chooses_none_gets_one(images: list[Image], chosen: Image) -> None:
    documents = Documents(*images)

    found = listing("app", documents.add(*(each.descriptor for each in images)), documents)

    assert image_for(found, None).digest == chosen.digest


def test_an_index_may_name_indexes_and_tell_no_platform() -> None:
    documents = Documents(AMD)
    bare = Descriptor(mediatype.MANIFEST, AMD.digest, len(AMD.raw_manifest))

    found = listing("app", documents.add(documents.add(bare)), documents)

    assert platforms(found) == ()
    assert image_for(found, None).digest == AMD.digest


def refused(documents: Documents, top: Descriptor, platform: Platform | None = None) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        image_for(listing("app", top, documents), platform)
    return caught.value


def test_a_platform_that_is_not_there_is_named() -> None:
    documents = Documents(AMD, ARM)
    both = documents.add(AMD.descriptor, ARM.descriptor)

    several = refused(documents, both, Platform("linux", "s390x"))
    one = refused(documents, AMD.descriptor, Platform("linux", "s390x"))

    assert str(several) == "No image for linux/s390x in `app`: it has linux/amd64, linux/arm64"
    assert str(one) == "No image for linux/s390x in `app`: it has linux/amd64"
    assert several.hint == one.hint == "Choose another `--platform`"


def test_an_index_of_no_image_is_told() -> None:
    documents = Documents()

    error = refused(documents, documents.add(ATTESTATION))

    assert str(error) == "No image in `app`: it is an index of other things"


def test_indexes_without_end_are_refused() -> None:
    documents = Documents()
    top = documents.add()
    for _ in range(17):
        top = documents.add(top)

    assert str(refused(documents, top)) == "Refused `app`: indexes within indexes without end"


def test_a_document_of_absurd_size_is_not_read() -> None:
    documents: Mapping[Digest, bytes] = Documents(AMD)
    assert isinstance(documents, Documents)
    big = Descriptor(mediatype.MANIFEST, AMD.digest, 1 << 40)

    assert str(refused(documents, big)) == (
        f"Refused {AMD.digest}: a document of 1099511627776 bytes; the limit is 4194304"
    )
    assert documents.read == []
