"""Environments out of the layers of images, beside those that the real uv makes of an index."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from engines import Program, Registry
from fakes.registry import Fault, serve_registry
from integration import file_trees
from integration.lamina_program import Lamina
from integration.oracle import sources, workspaces
from integration.oracle.bench import Bench, Locked, lock, open_bench
from integration.oracle.disk import differences, sync
from integration.oracle.scenario import HEAD, Run, Scenario
from tiny import backend, build_system, dist

pytestmark = pytest.mark.integration

_OF_EVERY_KIND = {
    "address-of-a-wheel",
    "sdists-of-the-index",
    "repositories",
    "a-workspace",
}
SCENARIOS = [
    each
    for each in (*sources.SCENARIOS, *sources.TO_BUILD, *workspaces.SCENARIOS)
    if each.name in _OF_EVERY_KIND
]
_READ = re.compile(r'"GET /v2/\S*/blobs/(\S+) HTTP/1\.1" 200 ')


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench() as opened:
        yield opened


@pytest.mark.scenarios
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_comes_from_layers_is_what_uv_syncs(
    bench: Bench, scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(locked: Locked, run: Run) -> subprocess.CompletedProcess[str]:
        """Sync into an empty store while the index is away."""
        layout = tmp_path / "layout"
        lamina, arguments = locked.command(run, layout)
        lamina.build(*arguments, "--dev")
        with monkeypatch.context() as away:
            away.setattr(bench.server, "files", {})
            return sync(locked, run, "--from", f"oci:{layout}", store=tmp_path / "store")

    found = list(differences(lock(bench, scenario), Run(), install))

    assert not found, "\n".join(found)


@dataclass(frozen=True)
class Released:
    """A project whose image is in a registry, while nobody reaches its index any more."""

    locked: Locked
    lamina: Lamina
    """With a store of its own."""
    image: str

    def sync(self, *more: str) -> Any:
        return json.loads(self.lamina("sync", *self.arguments(*more), "--json"))

    def arguments(self, *more: str) -> list[str]:
        return [str(self.locked.folder), "--frozen", "--from", self.image, *more]

    def uv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        python, _ = self.locked.bench.base(self.locked.scenario.python)
        env = {"UV_PROJECT_ENVIRONMENT": str(self.prefix)}
        return self.locked.bench.uv(self.locked.folder, python, *arguments, env=env)

    @property
    def prefix(self) -> Path:
        return self.locked.folder / ".venv"


def release(bench: Bench, scenario: Scenario, store: Path, repository: str) -> Released:
    """Build and push, and put the index away."""
    locked, image = lock(bench, scenario), f"{repository}:1"
    _, base = bench.base(scenario.python)
    bench.lamina.build(locked.folder, "--base", f"oci:{base}", "-t", image, "--push", "--dev")
    bench.server.files.clear()
    return Released(locked, replace(bench.lamina, store=store), image)


def project(name: str) -> Scenario:
    index = [dist(f"{name} 1.0") for name in ("a", "b", "c", "d")]
    text = HEAD + 'dependencies = ["a", "b", "c"]\n[dependency-groups]\ndev = ["d"]\n'
    files = {**backend(), "src/app/__init__.py": "WORD = 'first'\n"}
    return Scenario(name, text + build_system(), index, files)


def read(registry: Registry) -> list[str]:
    """Return the blobs that the registry has given, as its own log says."""
    return _READ.findall((registry.folder / "registry.log").read_text())


def test_a_registry_is_all_that_is_needed(bench: Bench, registry: Registry, tmp_path: Path) -> None:
    app = release(bench, project("alone"), tmp_path / "store", f"{registry.host}/from/alone")
    before = len(read(registry))

    first = app.sync("--no-editable")

    assert {each["name"]: each["action"] for each in first["distributions"]} == dict.fromkeys(
        ["a", "app", "b", "c", "d"], "install"
    )
    layers = {each["source"].split()[2] for each in first["distributions"]}
    config, *blobs = read(registry)[before:]
    assert config not in layers
    assert sorted(blobs) == sorted(layers)
    checked = app.uv("sync", "--check", "--frozen", "--no-editable")
    assert checked.returncode == 0, checked.stderr
    pip = app.uv("pip", "check", "--python", str(app.prefix / "bin" / "python"))
    assert pip.returncode == 0, pip.stderr
    assert not app.sync("--no-editable")["changed"]
    assert read(registry)[before:] == [config, *blobs]


def test_of_the_project_the_layer_serves_while_its_tree_is_the_same(
    bench: Bench, registry: Registry, tmp_path: Path
) -> None:
    app = release(bench, project("edited"), tmp_path / "store", f"{registry.host}/from/edited")
    app.sync("--no-editable")
    (app.locked.folder / "src" / "app" / "__init__.py").write_text("WORD = 'second'\n")

    second = {each["name"]: each for each in app.sync("--no-editable")["distributions"]}
    third = {each["name"]: each for each in app.sync()["distributions"]}

    assert (second["app"]["why"], second["app"]["source"]) == ("its sources have changed", "built")
    assert (third["app"]["why"], third["app"]["source"]) == ("it came from elsewhere", "built")
    python = str(app.prefix / "bin" / "python")
    said = subprocess.check_output([python, "-c", "import app; print(app.WORD)"], text=True)
    assert said == "second\n"


def test_an_image_without_annotations_is_read(
    bench: Bench, registry: Registry, skopeo: Program, tmp_path: Path
) -> None:
    app = release(bench, project("v2s2"), tmp_path / "store", f"{registry.host}/from/v2s2")
    copy = f"{registry.host}/from/v2s2-copy:1"
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", *tls, "--format", "v2s2", f"docker://{app.image}", f"docker://{copy}")

    assert_read(replace(app, image=copy))


def test_an_image_that_podman_has_packed_anew_is_read(
    bench: Bench, registry: Registry, podman: Program, tmp_path: Path
) -> None:
    app = release(bench, project("packed"), tmp_path / "store", f"{registry.host}/from/packed")
    copy = f"{registry.host}/from/packed-copy:1"
    podman("pull", "--quiet", "--tls-verify=false", app.image)
    podman("tag", app.image, copy)
    podman("push", "--quiet", "--tls-verify=false", copy)

    assert_read(replace(app, image=copy))


def assert_read(app: Released) -> None:
    report = app.sync("--no-editable")
    assert all(each["source"].endswith(f"of `{app.image}`") for each in report["distributions"])
    assert not app.sync("--no-editable")["changed"]


def test_what_was_killed_is_gone_on_with(bench: Bench, tmp_path: Path) -> None:
    with serve_registry() as server:
        app = release(bench, project("killed"), tmp_path / "store", f"{server.host}/killed")
        whole = replace(app, lamina=replace(app.lamina, store=tmp_path / "other"))
        whole.sync("--no-editable")
        goal = file_trees.of_folder(app.prefix)
        shutil.rmtree(app.prefix)
        running: list[subprocess.Popen[str]] = []
        layer = server.contents("killed").manifests
        [last] = [each for each in json.loads(max(layer.values())[1])["layers"][-1:]]
        kill = Fault(before=lambda: os.kill(running[0].pid, signal.SIGKILL))
        server.fail("GET", f"/blobs/{last['digest']}", kill)
        lamina = Lamina(app.lamina.store, app.lamina.environment)
        command = lamina.command("sync", *app.arguments("--no-editable"))
        running.append(subprocess.Popen(command, env=lamina.env(), text=True))

        assert running[0].wait() == -signal.SIGKILL
        app.sync("--no-editable")

        assert file_trees.of_folder(app.prefix) == goal
