"""``lamina lock`` with a real registry: a base under a tag that moves, and pinned layers."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from engines import Program, Registry
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = pytest.mark.integration

WHEELS = [LocalWheel("large", [module("large", "WORD = 'pinned'\n"), noise("large")])]
SETTINGS = """
[tool.lamina]
base = "{base}"
python = "3.12"
platform = ["linux/amd64", "linux/arm64"]
copy = [{{ from = "word.txt", to = "." }}]
"""


def push_base(lamina: Lamina, folder: Path, name: str, word: str) -> str:
    """Push an image for two platforms that others are built upon; return its digest."""
    settings = SETTINGS.format(base="scratch").replace("python =", 'venv = "/opt/below"\npython =')
    project = write_project(folder, [], settings)
    (project / "word.txt").write_text(word)
    return str(lamina.build(project, "-t", name, "--push", "--no-lock")["digest"])


def test_a_tag_may_move_and_the_image_stays(
    lamina: Lamina, registry: Registry, skopeo: Program, tmp_path: Path
) -> None:
    name = f"{registry.host}/base:stable"
    index = push_base(lamina, tmp_path / "below", name, "old")
    project = write_project(tmp_path / "app", WHEELS, SETTINGS.format(base=name))
    (project / "word.txt").write_text("word")
    target = f"oci:{tmp_path / 'out'}"
    assert lamina.run("lock", project).returncode == 0

    before = lamina.build(project, "-o", target)["digest"]
    moved = push_base(lamina, tmp_path / "below2", name, "new")
    other = Lamina(tmp_path / "other-store", lamina.environment)
    after = other.build(project, "-o", target)["digest"]

    document = tomllib.loads((project / "lamina.lock").read_text())
    manifests = json.loads(
        skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{registry.host}/base@{index}")
    )["manifests"]
    assert document["platform"] == [
        {"name": f"linux/{architecture}", "base-digest": each["digest"], "base-index": index}
        for architecture, each in zip(("amd64", "arm64"), manifests, strict=True)
    ]
    assert moved != index
    assert before == after != other.build(project, "-o", target, "--no-lock")["digest"]
    said = lamina.run("lock", project, "--upgrade").stderr
    assert said.startswith(" ~ base sha256:")
    assert said.endswith("Wrote `lamina.lock`: 2 updated\n")


def test_layers_that_are_pinned_are_reused(
    lamina: Lamina, registry: Registry, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "app", WHEELS, SETTINGS.format(base="scratch"))
    (project / "word.txt").write_text("word")
    name = f"{registry.host}/layers"
    first = lamina.build(project, "-t", f"{name}:1", "--push")
    done = lamina.run("lock", project, "--layers", "--cache-from", f"{name}:1")
    assert done.returncode == 0, done.stderr
    pinned = {each["key"] for each in tomllib.loads((project / "lamina.lock").read_text())["layer"]}
    (project / "word.txt").write_text("another")

    second = Lamina(tmp_path / "empty", lamina.environment).build(
        project, "-t", f"{name}:2", "--push"
    )

    layers = second["platforms"][0]["layers"]
    assert [each["origin"] for each in layers if each["key"] in pinned] == ["registry"] * 2
    assert [each["kind"] for each in layers if each["key"] not in pinned] == ["files"]
    assert [each["digest"] for each in layers][:2] == [
        each["digest"] for each in first["platforms"][0]["layers"]
    ][:2]
