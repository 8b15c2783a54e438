"""As many layers as the engine takes, and not one more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from engines import Engine
from images import Member, make_image, make_layer, write_layout
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

MOST = 125


def wheels(count: int) -> list[LocalWheel]:
    """Return wheels that want a layer each, two of which own one file, and a few small ones."""
    large = [
        LocalWheel(
            f"large{number:03}",
            [module(f"large{number:03}"), noise(f"large{number:03}")]
            + [Item("shared.py", f"owner = {number}".encode())] * (number < 2),
        )
        for number in range(count)
    ]
    return [*large, *(LocalWheel(f"small{number:02}") for number in range(40))]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("many") / "project", wheels(120))


def layers(report: dict[str, Any]) -> list[dict[str, Any]]:
    (platform,) = report["platforms"]
    found: list[dict[str, Any]] = platform["layers"]
    return found


def test_the_engine_runs_an_image_of_all_layers_that_there_may_be(
    lamina: Lamina, engine: Engine, project: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"

    report = lamina.build(
        project, "--base", "debian:bookworm", "--layers", str(MOST),
        "-o", f"docker-archive:{archive}", "-t", "lamina-most:1",
    )  # fmt: skip
    engine("load", "--input", archive)

    assert len(layers(report)) == MOST
    assert [layer["kind"] for layer in layers(report)].count("overrides") == 1
    (document,) = json.loads(engine("image", "inspect", "lamina-most:1"))
    assert len(document["RootFS"]["Layers"]) == MOST
    script = (
        "import importlib, shared\n"
        "for number in range(120): importlib.import_module(f'large{number:03}')\n"
        "for number in range(40): importlib.import_module(f'small{number:02}')\n"
        "print(shared.owner)"
    )
    said = engine("run", "--rm", "--network=none", "lamina-most:1", "python", "-c", script)
    assert said == "1\n"


def test_without_being_asked_we_leave_room_for_more(
    lamina: Lamina, project: Path, tmp_path: Path
) -> None:
    report = lamina.build(project, "--base", "debian:bookworm", "-o", f"oci:{tmp_path / 'image'}")

    assert len(layers(report)) <= 100
    assert len([layer for layer in layers(report) if len(layer["distributions"]) == 1]) >= 60


def test_one_layer_more_is_refused(lamina: Lamina, project: Path, tmp_path: Path) -> None:
    output = f"oci:{tmp_path / 'image'}"

    done = lamina.run("build", project, "--base", "scratch", "--layers", "126", "-o", output)

    assert done.returncode == 2
    assert ": 126 is not in the range 1<=x<=125\n" in done.stderr


def test_one_layer_more_is_refused_in_the_configuration(lamina: Lamina, tmp_path: Path) -> None:
    rest = "[tool.lamina]\nlayers = 126"
    project = write_project(tmp_path / "project", [LocalWheel("demo")], rest)

    error = lamina.refused("build", project, "--base", "scratch", "-o", f"oci:{tmp_path / 'image'}")

    assert error == (
        "error: Unable to read `pyproject.toml`\n  tool.lamina.layers: expected 1 to 125\n"
    )


def test_copies_that_leave_no_layer_are_refused(lamina: Lamina, tmp_path: Path) -> None:
    copies = ", ".join(f'{{ from = "x", to = "/srv/{number}" }}' for number in range(123))
    rest = f"[tool.lamina]\nlayers = 125\ncopy = [{copies}]"
    project = write_project(tmp_path / "project", [LocalWheel("demo")], rest, ["x"])

    error = lamina.refused("build", project, "--base", "scratch", "-o", f"oci:{tmp_path / 'image'}")

    assert error == (
        "error: No layer is left for the dependencies: the limit is 125, and the base, "
        "the copied files and the environment take 125\n\n"
        "hint: Copy in fewer entries\n"
    )


def test_a_base_that_leaves_no_layer_is_refused(lamina: Lamina, tmp_path: Path) -> None:
    image = make_image(*(make_layer(Member(f"f{number}")) for number in range(123)))
    write_layout(tmp_path / "base", [("", image)])
    project = write_project(tmp_path / "project", [LocalWheel("demo")], "[tool.lamina]\ncopy = []")

    error = lamina.refused(
        "build", project, "--base", f"oci:{tmp_path / 'base'}", "--layers", "125",
        "-o", f"oci:{tmp_path / 'image'}",
    )  # fmt: skip

    assert error.startswith("error: No layer is left for the dependencies: the limit is 125, ")
