"""Do the tools of others read what we write, and do we read what they write?"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from images import Member, folder, link, make_image, make_layer
from lamina.bases.docker_archive import read_docker_archive
from lamina.bases.layout import read_layout
from lamina.destinations.base import closing
from lamina.destinations.choose import destination_at
from lamina.oci import validate
from lamina.oci.descriptor import Platform
from lamina.oci.image import assemble
from lamina.oci.images import Images
from lamina.oci.location import Location

pytestmark = pytest.mark.integration

AMD64 = Platform("linux", "amd64")
IMAGE = make_image(
    make_layer(folder("d"), Member("d/f", data=b"x" * 1000), link("l", "d")),
    make_layer(Member("g", data=b"y")),
)


def skopeo(*arguments: str) -> str:
    command = ["skopeo", "--insecure-policy", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def written(location: str) -> str:
    with closing(destination_at(Location.parse(location))) as destination:
        destination.write(Images.of(IMAGE))
    return location


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_skopeo_reads_our_very_bytes(tmp_path: Path, transport: str) -> None:
    location = written(f"{transport}:{tmp_path / 'out'}:1.0")

    assert skopeo("inspect", "--raw", location).encode() == IMAGE.raw_manifest
    assert skopeo("inspect", "--raw", "--config", location).encode() == IMAGE.raw_config


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_skopeo_copies_the_layers_of_every_form(tmp_path: Path, transport: str) -> None:
    location = written(f"{transport}:{tmp_path / 'out'}:mine:1.0" if transport == "docker-archive"
                       else f"{transport}:{tmp_path / 'out'}:1.0")  # fmt: skip

    skopeo("copy", location, f"oci:{tmp_path / 'copy'}:1")

    base = read_layout(Location("oci", str(tmp_path / "copy"), "1"), AMD64)
    assert base.config.diff_ids == IMAGE.config.diff_ids
    validate.image(assemble(base.config, base.layers))


def test_we_read_the_docker_archive_of_skopeo(tmp_path: Path) -> None:
    location = written(f"oci:{tmp_path / 'out'}:1.0")
    archive = f"docker-archive:{tmp_path / 'archive'}:mine:1.0"

    skopeo("copy", location, archive)

    base = read_docker_archive(Location.parse(archive), AMD64)
    assert base.config.diff_ids == IMAGE.config.diff_ids
    validate.image(assemble(base.config, base.layers))


def test_both_forms_of_a_docker_archive_name_their_image(tmp_path: Path) -> None:
    location = written(f"docker-archive:{tmp_path / 'out'}:mine:1.0")

    assert json.loads(skopeo("list-tags", location.removesuffix(":mine:1.0")))["Tags"] == [
        "docker.io/library/mine:1.0"
    ]
