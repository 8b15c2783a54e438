"""The fixtures of real programs, each by the smallest thing that it is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines import Engine, Program, ProgramFailed, Registry
from images import Member, make_image, make_layer
from lamina.destinations.base import closing
from lamina.destinations.choose import destination_at
from lamina.oci.images import Images
from lamina.oci.location import Location
from lamina.oci.reference import Reference

pytestmark = pytest.mark.integration

IMAGE = make_image(make_layer(Member("greeting", data=b"hello")))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    location = Location("docker-archive", str(path))
    with closing(destination_at(location)) as destination:
        destination.write(Images.of(IMAGE), names=(Reference.parse("lamina-engines:1"),))
    return path


def test_the_engine_loads_an_image(engine: Engine, archive: Path) -> None:
    said = engine("load", "--input", archive)

    assert "lamina-engines:1" in said
    assert engine.socket.is_relative_to(engine.folder)


def test_the_engine_pulls_from_the_registry(
    engine: Engine, registry: Registry, skopeo: Program, archive: Path
) -> None:
    reference = f"{registry.host}/engines/pulled:1"
    skopeo("copy", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{reference}")

    engine("pull", reference)

    (image,) = json.loads(engine("image", "inspect", reference))
    assert image["RootFS"]["Layers"] == [str(diff_id) for diff_id in IMAGE.config.diff_ids]


def test_podman_loads_an_image(podman: Program, archive: Path) -> None:
    podman("load", "--input", archive)

    assert "lamina-engines" in podman("images")


def test_a_program_that_fails_says_why(podman: Program) -> None:
    with pytest.raises(ProgramFailed, match=r"ended with 125\n.*no-such-image"):
        podman("inspect", "no-such-image")
