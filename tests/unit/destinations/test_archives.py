from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from images import Member, make_image, make_layer
from lamina.destinations.base import DestinationError, DestinationUnusable, closing
from lamina.destinations.choose import destination_at
from lamina.oci import mediatype
from lamina.oci.digest import Digest
from lamina.oci.images import Images
from lamina.oci.location import InvalidLocation, Location
from lamina.oci.reference import InvalidReference, Reference

PACKED = make_layer(Member("a"))
PLAIN = make_layer(Member("b"), media_type=mediatype.LAYER)
ZSTD = make_layer(Member("c"), media_type=mediatype.LAYER_ZSTD)
IMAGE = make_image(PACKED, PLAIN, ZSTD, PACKED)


def write(location: str, *names: str) -> None:
    with closing(destination_at(Location.parse(location))) as destination:
        destination.write(Images.of(IMAGE), names=[Reference.parse(name) for name in names])


def members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path, "r:") as tar:
        return tar.getmembers()


def content(path: Path, name: str) -> bytes:
    with tarfile.open(path, "r:") as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_a_docker_archive_lists_names_config_and_layers(tmp_path: Path) -> None:
    path = tmp_path / "out.tar"

    write(f"docker-archive:{path}:mine", "r.example/team/app:1", f"mine@{Digest.of(b'')}")

    hex_ = [layer.descriptor.digest.hex for layer in IMAGE.layers]
    config = f"{Digest.of(IMAGE.raw_config).hex}.json"
    layers = [f"{hex_[0]}.tar.gz", f"{hex_[1]}.tar", f"{hex_[2]}.tar.zst"]
    assert [member.name for member in members(path)] == [*layers, config, "manifest.json"]
    assert json.loads(content(path, "manifest.json")) == [
        {
            "Config": config,
            "RepoTags": ["docker.io/library/mine:latest", "r.example/team/app:1"],
            "Layers": [*layers, layers[0]],
        }
    ]
    assert content(path, config) == IMAGE.raw_config
    assert content(path, layers[0]) == PACKED.blob


def test_an_oci_archive_is_a_layout_in_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "out.tar"

    write(f"oci-archive:{path}:1.0")

    digests = [layer.descriptor.digest for layer in IMAGE.layers[:3]]
    documents = [Digest.of(IMAGE.raw_config), IMAGE.digest]
    assert [member.name for member in members(path)] == [
        *(f"blobs/sha256/{digest.hex}" for digest in (*digests, *documents)),
        "index.json",
        "oci-layout",
    ]
    [entry] = json.loads(content(path, "index.json"))["manifests"]
    assert entry["digest"] == str(IMAGE.digest)
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "1.0"}


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_nothing_of_the_builder_leaks_in(tmp_path: Path, transport: str) -> None:
    write(f"{transport}:{tmp_path / 'out'}")

    for member in members(tmp_path / "out"):
        assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
        assert (member.uname, member.gname) == ("", "")


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_an_archive_may_be_read_by_whom_the_umask_lets(tmp_path: Path, transport: str) -> None:
    before = os.umask(0o027)
    try:
        write(f"{transport}:{tmp_path / 'out'}")
    finally:
        os.umask(before)

    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_an_archive_is_not_seen_before_it_is_whole(tmp_path: Path, transport: str) -> None:
    path = tmp_path / "out"
    path.write_text("of yesterday")

    with closing(destination_at(Location(transport, str(path)))) as destination:
        for layer in IMAGE.layers:
            destination.take(layer)
        assert path.read_text() == "of yesterday"
        destination.write(Images.of(IMAGE))

    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    assert members(path)


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_a_folder_is_refused(tmp_path: Path, transport: str) -> None:
    with pytest.raises(DestinationError) as caught:
        destination_at(Location(transport, str(tmp_path)))

    assert str(caught.value) == f"Unable to write an archive to `{tmp_path}`: it is a folder"


def test_a_missing_folder_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as caught:
        destination_at(Location("docker-archive", str(tmp_path / "gone" / "out")))

    assert str(caught.value) == (
        f"Unable to write an archive to `{tmp_path}/gone/out`: there is no folder `{tmp_path}/gone`"
    )


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 256)

    with (
        pytest.raises(DestinationUnusable) as caught,
        closing(destination_at(Location("oci-archive", str(path)))) as destination,
    ):
        destination.take(PACKED)

    assert str(caught.value) == f"Unable to write to `{path}`: File name too long"


def test_a_digest_cannot_be_chosen() -> None:
    location = Location.parse(f"oci:out@{Digest.of(b'')}")

    with pytest.raises(DestinationError) as caught:
        destination_at(location)

    assert str(caught.value) == f"Unable to write to `{location}`: a digest cannot be chosen"


def test_a_name_that_is_none_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidReference) as caught:
        destination_at(Location("docker-archive", str(tmp_path / "out"), "No Name"))

    assert str(caught.value) == "Invalid repository in reference `No Name`: 'No Name'"


def test_another_transport_is_refused() -> None:
    with pytest.raises(InvalidLocation):
        Location.parse("ostree:out")
