"""Images that were built and pushed, looked at and compared where real programs have put them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engines import Engine, Program, Registry
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

SETTINGS = """
[tool.lamina]
base = "debian:bookworm"
copy = [{ from = "word.txt", to = "." }]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["local"]
"""


@dataclass(frozen=True)
class Pushed:
    """Two images of one project in a registry, ``1`` and ``2``, and the reports of their builds."""

    lamina: Lamina
    registry: Registry
    reports: dict[str, Any]

    def name(self, tag: str) -> str:
        return f"{self.registry.host}/inspected:{tag}"

    def document(self, command: str, *names: str) -> Any:
        return json.loads(self.lamina(command, "--json", *names))


@pytest.fixture(scope="module")
def pushed(lamina: Lamina, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    folder = tmp_path_factory.mktemp("inspect") / "project"
    wheels = [LocalWheel("large", [module("large"), noise("large")]), LocalWheel("small")]
    files = ["word.txt", "local/__init__.py"]
    (folder / "local").mkdir(parents=True)
    project = write_project(folder, wheels, SETTINGS, files)
    pushed = Pushed(lamina, registry, {})
    pushed.reports["1"] = lamina.build(project, "-t", pushed.name("1"), "--push")
    (project / "word.txt").write_text("other\n")
    once = ("--push", "--cache-to", "none")
    pushed.reports["2"] = lamina.build(project, "-t", pushed.name("2"), *once)
    return pushed


def test_an_image_in_a_registry_is_what_was_built(pushed: Pushed) -> None:
    found = pushed.document("inspect", pushed.name("1"))

    [built] = pushed.reports["1"]["platforms"]
    assert found["digest"] == pushed.reports["1"]["digest"]
    shared = ("distributions", "kind", "digest", "diff_id", "size")
    assert [{key: layer[key] for key in shared} for layer in found["image"]["layers"]] == [
        {key: layer[key] for key in shared} for layer in built["layers"]
    ]
    kinds = [layer["kind"] for layer in found["image"]["layers"]]
    assert [*dict.fromkeys(kinds)] == ["base", "skeleton", "wheels", "files", "project"]


@pytest.mark.parametrize("form", ["v2s2", "oci"])
def test_a_copy_by_skopeo_tells_the_same(form: str, pushed: Pushed, skopeo: Program) -> None:
    copy = pushed.name(f"by-skopeo-{form}")
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false")

    skopeo("copy", *tls, "--format", form, f"docker://{pushed.name('1')}", f"docker://{copy}")

    ours, theirs = (pushed.document("inspect", name)["image"] for name in (pushed.name("1"), copy))
    told = ("distributions", "kind", "key", "title", "digest", "diff_id", "size")
    assert [{key: layer[key] for key in told} for layer in theirs["layers"]] == [
        {key: layer[key] for key in told} for layer in ours["layers"]
    ]
    assert theirs["is_lamina"]
    assert [line.split()[3:] for line in pushed.lamina("inspect", copy).splitlines()[-6:]] == [
        line.split()[3:] for line in pushed.lamina("inspect", pushed.name("1")).splitlines()[-6:]
    ]
    found = pushed.document("diff", pushed.name("1"), copy)
    assert (found["layers"], found["pull"]["content_addressed"]["layers"]) == ([], 0)
    assert found["equal"] == (form == "oci")


def test_what_is_pulled_is_what_a_push_has_sent(pushed: Pushed) -> None:
    found = pushed.document("diff", pushed.name("1"), pushed.name("2"))

    [change] = found["layers"]
    assert change["kind"] == "files"
    assert found["distributions"] == {"added": [], "removed": [], "changed": []}
    blobs = found["pull"]["content_addressed"]
    assert blobs == {"layers": 1, "bytes": sum(layer["size"] for layer in change["added"])}
    assert found["pull"]["docker_classic"]["layers"] == found["pull"]["layers_unpacked"] == 2
    sent = pushed.reports["2"]["transfer"]["bytes_out"]
    assert sent == blobs["bytes"] + found["pull"]["document_bytes"]


def test_what_the_engine_saves_is_the_same_image(
    pushed: Pushed, engine: Engine, tmp_path: Path
) -> None:
    """It is packed otherwise, so that its blobs are others; its layers are not."""
    archive = tmp_path / "saved.tar"
    engine("pull", "--quiet", pushed.name("1"))
    engine("save", "--output", archive, pushed.name("1"))

    found = pushed.document("diff", pushed.name("1"), f"docker-archive:{archive}")

    assert (found["layers"], found["config"]) == ([], [])
    assert found["distributions"] == {"added": [], "removed": [], "changed": []}
    assert found["pull"]["layers_unpacked"] == 0
    assert found["from"]["image_id"] == found["to"]["image_id"]
    assert "not compressed" in pushed.lamina("inspect", f"docker-archive:{archive}")


def test_docker_pulls_what_lies_above_the_lowest_change(pushed: Pushed, engine: Engine) -> None:
    engine("pull", "--quiet", pushed.name("1"))

    said = engine("pull", pushed.name("2"))

    found = pushed.document("diff", pushed.name("1"), pushed.name("2"))
    assert said.count("Pull complete") == found["pull"]["docker_classic"]["layers"]
    assert said.count("Already exists") == (
        found["to"]["layers"] - found["pull"]["docker_classic"]["layers"]
    )


def test_a_tag_that_is_not_there_is_explained(pushed: Pushed) -> None:
    said = pushed.lamina.refused("inspect", pushed.name("3"))

    assert said.startswith(f"error: Failed to read manifest `3` of `{pushed.registry.host}/")
    assert f"hint: `{pushed.registry.host}/inspected` has `2`, `1`" in said
