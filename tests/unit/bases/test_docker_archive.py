from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from images import Member, hard, link, make_image, make_layer, make_tar
from lamina.bases.base import BaseError, BaseNotFound
from lamina.bases.docker_archive import read_docker_archive
from lamina.errors import LaminaError
from lamina.oci import mediatype, validate
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.image import assemble
from lamina.oci.location import Location

AMD64 = Platform("linux", "amd64")
PLAIN = make_layer(Member("a"), media_type=mediatype.LAYER)
PACKED = make_layer(Member("b"))


def write(path: Path, manifest: object, *members: Member) -> Location:
    listed = Member("manifest.json", data=json.dumps(manifest).encode())
    path.write_bytes(make_tar(listed, *members))
    return Location("docker-archive", str(path))


def image(
    layers: list[str], tags: list[str] | None = None, **changes: object
) -> Mapping[str, object]:
    return {"Config": "c.json", "RepoTags": tags, "Layers": layers, **changes}


def config(*layers: object) -> Member:
    return Member("c.json", data=make_image(*layers).raw_config)  # type: ignore[arg-type]


def refused(location: Location) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        read_docker_archive(location, AMD64)
    return caught.value


def test_plain_layers_become_blobs_whose_digest_is_the_diff_id(tmp_path: Path) -> None:
    location = write(
        tmp_path / "a.tar",
        [image(["x/layer.tar"])],
        config(PLAIN),
        Member("x/layer.tar", data=PLAIN.blob),
    )

    base = read_docker_archive(location, AMD64)

    [layer] = base.layers
    assert layer.descriptor.media_type == "application/vnd.oci.image.layer.v1.tar"
    assert layer.descriptor.digest == layer.diff_id == PLAIN.diff_id
    assert base.digest is None
    assert base.identity == Digest.of(base.config.encode())
    validate.image(assemble(base.config, base.layers))


def test_equal_layers_may_be_links(tmp_path: Path) -> None:
    location = write(
        tmp_path / "a.tar",
        [image(["x/layer.tar", "y/layer.tar", "z/layer.tar"])],
        config(PLAIN, PLAIN, PLAIN),
        Member("x/layer.tar", data=PLAIN.blob),
        link("y/layer.tar", "../x/layer.tar"),
        hard("z/layer.tar", "y/layer.tar"),
    )

    validate.image(assemble((base := read_docker_archive(location, AMD64)).config, base.layers))


def test_compressed_layers_are_taken_as_they_are(tmp_path: Path) -> None:
    name = f"blobs/sha256/{PACKED.descriptor.digest.hex}"
    location = write(
        tmp_path / "a.tar",
        [image([name, "x.tar.gz"])],
        config(PACKED, PACKED),
        Member(name, data=PACKED.blob),
        Member("x.tar.gz", data=PACKED.blob),
    )

    base = read_docker_archive(location, AMD64)

    assert [layer.descriptor for layer in base.layers] == [PACKED.descriptor] * 2
    validate.image(assemble(base.config, base.layers))


def test_a_layer_that_is_named_by_its_digest_need_not_be_read(tmp_path: Path) -> None:
    named = f"{'ab' * 32}.tar.gz"
    location = write(
        tmp_path / "a.tar", [image([named])], config(PACKED), Member(named, data=PACKED.blob)
    )

    [layer] = read_docker_archive(location, AMD64).layers

    assert str(layer.descriptor.digest) == f"sha256:{'ab' * 32}"


def test_an_image_is_found_by_any_spelling_of_its_name(tmp_path: Path) -> None:
    location = write(
        tmp_path / "a.tar",
        [image([], ["other:1"], Config="none"), image([], ["-", "docker.io/library/mine:latest"])],
        config(),
    )

    base = read_docker_archive(Location("docker-archive", location.path, "mine"), AMD64)

    assert base.name == f"docker-archive:{location.path}:mine"


@pytest.mark.parametrize(
    ("images", "name", "text", "hint"),
    [
        ([], "", "No such image in the archive", "It names none"),
        (
            [image([], ["b:1"]), image([], ["a:1"])],
            "",
            "More than one image in the archive",
            "It has `a:1`, `b:1`",
        ),
        ([image([], ["b:1"])], "b:2", "No such image in the archive", "It has `b:1`"),
    ],
)
def test_names_that_there_are_are_told(
    tmp_path: Path, images: list[object], name: str, text: str, hint: str
) -> None:
    path = write(tmp_path / "a.tar", images).path
    location = Location("docker-archive", path, name)

    error = refused(location)

    assert isinstance(error, BaseNotFound)
    assert str(error) == f"{text}: {location}"
    assert error.hint == hint


def test_a_missing_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"

    assert str(refused(Location("docker-archive", str(path)))) == f"No docker archive at `{path}`"


@pytest.mark.parametrize("data", [b"", b"junk" * 1000, b"\x1f\x8b" + bytes(1000)])
def test_what_is_no_tar_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(data)

    error = refused(Location("docker-archive", str(path)))

    assert str(error) == f"Unable to read the docker archive `{path}`: not a tar that is whole"
    assert error.hint == "A compressed one must be unpacked first"


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    assert str(refused(Location("docker-archive", str(tmp_path)))) == (
        f"Unable to read the docker archive `{tmp_path}`: Is a directory"
    )


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    location = write(tmp_path / "a.tar", [image(["x", "y"])], config(PLAIN, PLAIN), link("x", "x"))

    error = refused(location)

    assert isinstance(error, BaseError)
    assert str(error) == f"Unable to read the docker archive `{location.path}`: it has no file 'x'"


def test_a_manifest_of_other_types_is_refused(tmp_path: Path) -> None:
    location = write(tmp_path / "a.tar", {"Config": "c.json"})

    error = refused(location)

    assert isinstance(error, MalformedDocument)
    assert str(error) == (
        f"Malformed `manifest.json` of `{location.path}`: "
        "expected a list at `images`, got: an object"
    )


def test_a_document_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    location = write(tmp_path / "a.tar", [image([])], Member("c.json", data=bytes((4 << 20) + 1)))

    assert str(refused(location)) == (
        f"Unable to read the docker archive `{location.path}`: 'c.json' has 4194305 bytes"
    )


def test_layers_without_diff_ids_are_refused(tmp_path: Path) -> None:
    location = write(tmp_path / "a.tar", [image(["x"])], config(), Member("x"))

    assert str(refused(location)) == (
        f"Unable to read the base image `{location}`: manifest and config disagree on its layers\n"
        "  manifest: 1\n  config:   0"
    )
