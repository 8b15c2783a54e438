from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from images import REF_NAME, Member, make_image, make_layer, write_layout
from lamina.bases.base import FileLayer
from lamina.bases.layout import read_layout
from lamina.destinations.base import DestinationError, DestinationUnusable, closing
from lamina.destinations.layout import ImageLayout
from lamina.oci import validate
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Platform
from lamina.oci.document import MalformedDocument
from lamina.oci.image import Image, assemble
from lamina.oci.images import Images
from lamina.oci.location import Location

AMD64 = Platform("linux", "amd64")
LAYER = make_layer(Member("a"))
ONE = make_image(LAYER)
TWO = make_image(LAYER, make_layer(Member("b")))


def write(directory: Path, image: Image, tag: str = "") -> None:
    with closing(ImageLayout(directory, tag=tag)) as destination:
        destination.write(Images.of(image))


def tags(directory: Path) -> list[tuple[str, str]]:
    index = json.loads((directory / "index.json").read_text())
    return [(entry["annotations"][REF_NAME], entry["digest"]) for entry in index["manifests"]]


def test_a_layout_has_the_bytes_that_we_promise(tmp_path: Path) -> None:
    image = make_image()
    write(tmp_path / "out", image)

    assert (tmp_path / "out" / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    assert (tmp_path / "out" / "index.json").read_text() == (
        '{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"latest"},"digest":"'
        + str(image.digest)
        + '","mediaType":"application/vnd.oci.image.manifest.v1+json",'
        '"platform":{"architecture":"amd64","os":"linux"},"size":'
        + str(len(image.raw_manifest))
        + '}],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}'
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "blobs",
        "index.json",
        "oci-layout",
    ]


def test_folders_on_the_way_are_made_and_taken_back(tmp_path: Path) -> None:
    with closing(ImageLayout(tmp_path / "a" / "b")) as destination:
        destination.take(LAYER)
        assert (tmp_path / "a" / "b").is_dir()

    assert list(tmp_path.iterdir()) == []


def test_other_images_of_a_layout_are_kept(tmp_path: Path) -> None:
    write_layout(tmp_path, [("1", ONE)])
    index = json.loads((tmp_path / "index.json").read_text())
    index["manifests"][0]["artifactType"] = "of somebody else"
    index["annotations"] = {"a": "b"}
    (tmp_path / "index.json").write_text(json.dumps(index))

    write(tmp_path, TWO, "2")

    assert tags(tmp_path) == [("1", str(ONE.digest)), ("2", str(TWO.digest))]
    written = json.loads((tmp_path / "index.json").read_text())
    assert written["manifests"][0] == index["manifests"][0]
    assert written["annotations"] == {"a": "b"}
    base = read_layout(Location("oci", str(tmp_path), "1"), AMD64)
    validate.image(assemble(base.config, base.layers))


def test_the_image_of_the_same_tag_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, ONE, "1")
    write(tmp_path, TWO, "2")
    write(tmp_path, TWO, "1")

    assert tags(tmp_path) == [("2", str(TWO.digest)), ("1", str(TWO.digest))]


def stored(directory: Path) -> FileLayer:
    path = directory / "blob"
    path.write_bytes(LAYER.blob)
    path.chmod(0o444)
    return FileLayer(LAYER.descriptor, LAYER.diff_id, path)


def blob_in(directory: Path) -> Path:
    return directory / "blobs" / "sha256" / LAYER.descriptor.digest.hex


def test_a_blob_that_is_a_file_is_linked(tmp_path: Path) -> None:
    layer = stored(tmp_path)

    write(tmp_path / "out", assemble(ImageConfig("amd64"), [layer]))

    assert blob_in(tmp_path / "out").samefile(layer.path)


def test_a_blob_behind_a_symlink_is_linked_itself(tmp_path: Path) -> None:
    layer = stored(tmp_path)
    (tmp_path / "link").symlink_to("blob")

    write(
        tmp_path / "out",
        assemble(ImageConfig("amd64"), [replace(layer, path=tmp_path / "link")]),
    )

    assert not blob_in(tmp_path / "out").is_symlink()
    assert blob_in(tmp_path / "out").samefile(layer.path)


def test_where_links_are_refused_the_blob_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)

    write(tmp_path / "out", assemble(ImageConfig("amd64"), [stored(tmp_path)]))

    assert blob_in(tmp_path / "out").read_bytes() == LAYER.blob
    assert stat.S_IMODE(blob_in(tmp_path / "out").stat().st_mode) & 0o600 == 0o600


def test_a_blob_of_another_size_is_not_linked_but_read(tmp_path: Path) -> None:
    layer = stored(tmp_path)
    layer.path.chmod(0o644)
    layer.path.write_bytes(b"torn")

    with closing(ImageLayout(tmp_path / "out")) as destination, pytest.raises(DamagedBlob):
        destination.take(layer)

    assert not (tmp_path / "out").exists()


def test_a_blob_of_another_size_in_the_layout_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    blob_in(tmp_path).write_bytes(b"torn")

    write(tmp_path, ONE)

    assert blob_in(tmp_path).read_bytes() == LAYER.blob


def test_two_builds_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with (
        closing(ImageLayout(tmp_path, tag="1")) as first,
        closing(ImageLayout(tmp_path, tag="2")) as second,
    ):
        first.take(LAYER)
        second.take(LAYER)
        second.write(Images.of(TWO))
        first.write(Images.of(ONE))

    assert tags(tmp_path) == [("2", str(TWO.digest)), ("1", str(ONE.digest))]


def test_one_build_that_ends_early_does_not_disturb_the_other(tmp_path: Path) -> None:
    with closing(ImageLayout(tmp_path, tag="1")) as first:
        with closing(ImageLayout(tmp_path, tag="2")) as second:
            second.take(LAYER)
            first.take(LAYER)
        first.write(Images.of(ONE))

    base = read_layout(Location("oci", str(tmp_path), "1"), AMD64)
    validate.image(assemble(base.config, base.layers))


def test_an_empty_folder_may_become_a_layout(tmp_path: Path) -> None:
    write(tmp_path, ONE)

    assert tags(tmp_path) == [("latest", str(ONE.digest))]


def test_what_a_killed_build_has_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".lamina-0123").mkdir()

    write(tmp_path, ONE)

    assert tags(tmp_path) == [("latest", str(ONE.digest))]


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(DestinationError) as caught:
        ImageLayout(tmp_path)

    assert str(caught.value) == (
        f"Unable to write a layout to `{tmp_path}`: it holds something else"
    )
    assert caught.value.hint == "Choose a new or an empty folder"


def test_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(DestinationError) as caught:
        ImageLayout(path)

    assert str(caught.value) == f"Unable to write a layout to `{path}`: not a folder"


def test_a_layout_with_a_broken_index_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    write_layout(tmp_path, [])
    (tmp_path / "index.json").write_text("[]")

    with pytest.raises(MalformedDocument) as caught:
        ImageLayout(tmp_path)

    assert str(caught.value) == f"Malformed `{tmp_path / 'index.json'}`: expected an object"


def test_a_path_through_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "out"

    with pytest.raises(DestinationUnusable) as caught, closing(ImageLayout(path)) as destination:
        destination.take(LAYER)

    assert str(caught.value) == f"Unable to write to `{path}`: Not a directory"


@pytest.mark.parametrize("names", [["blobs"], ["blobs", "oci-layout"]])
def test_what_a_killed_build_has_begun_is_finished(tmp_path: Path, names: list[str]) -> None:
    whole = tmp_path / "whole"
    write(whole, ONE)
    for name in names:
        (tmp_path / "begun").mkdir(exist_ok=True)
        (whole / name).rename(tmp_path / "begun" / name)

    write(tmp_path / "begun", ONE)

    assert (tmp_path / "begun" / "index.json").is_file()
    assert (tmp_path / "begun" / "oci-layout").is_file()
