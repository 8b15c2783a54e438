"""Images loaded into real engines: what is sent, and what stands there afterwards."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engines import Engine as DockerEngine
from engines import Program, Registry, podman_service
from fakes.engine import LOAD, Answer, serve_engine
from fakes.relay import relay_to
from images import Member, make_image, make_layer
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project
from lamina.destinations.daemon import Loaded, Loading
from lamina.engine.client import Engine, Kind
from lamina.oci.config import ImageConfig
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.reference import Reference
from lamina.transport.http import HttpTransport, Network

pytestmark = pytest.mark.integration

ENDS_WITHIN = 60.0
WHEELS = [LocalWheel("large", [module("large", "WORD = 'loaded'\n"), noise("large", 4 << 20)])]
SETTINGS = """
[tool.lamina]
base = "debian:bookworm"
copy = [{ from = "word.txt", to = "." }]
"""


@dataclass(frozen=True)
class Running:
    """An engine that runs: its client, and its socket."""

    client: Program
    socket: Path
    kind: Kind

    def inspect(self, name: str) -> Any:
        (document,) = json.loads(self.client("image", "inspect", name))
        return document

    def image_id(self, name: str) -> str:
        return "sha256:" + str(self.inspect(name)["Id"]).removeprefix("sha256:")

    def tags(self, name: str) -> set[str]:
        tags = self.inspect(name)["RepoTags"]
        return {tag.removeprefix("docker.io/library/") for tag in tags}

    def run(self, name: str, *command: str) -> str:
        return self.client("run", "--rm", "--network=host", name, *command).strip()


@pytest.fixture(scope="module")
def podman_socket(podman: Program) -> Iterator[Path]:
    with podman_service(podman) as path:
        yield path


@pytest.fixture(params=["docker", "podman"])
def running(request: pytest.FixtureRequest) -> Running:
    """One of the engines. The tests share it: none depends on what another has left."""
    if request.param == "docker":
        docker: DockerEngine = request.getfixturevalue("engine")
        return Running(docker, docker.socket, Kind.DOCKER)
    socket: Path = request.getfixturevalue("podman_socket")
    return Running(request.getfixturevalue("podman"), socket, Kind.PODMAN)


def load(running: Running, image: Image, name: str) -> Loading:
    told: list[Loading] = []
    with closing(HttpTransport(Network(socket=running.socket))) as transport:
        destination = Loaded(Engine.connect(running.socket, transport), told.append)
        destination.write(Images.of(image), names=[Reference.parse(name)] if name else [])
    (loading,) = told
    assert loading.kind is running.kind
    return loading


def config_digest(layout: Path, digest: str) -> str:
    manifest = json.loads((layout / "blobs" / digest.replace(":", "/")).read_bytes())
    return str(manifest["config"]["digest"])


@pytest.mark.network
def test_what_is_loaded_runs_and_what_changed_alone_is_sent_later(
    lamina: Lamina, running: Running, tmp_path: Path
) -> None:
    kind = running.kind.value.lower()
    project = write_project(tmp_path / "project", WHEELS, SETTINGS)
    (project / "word.txt").write_text(f"old {kind}\n")
    layout, name = tmp_path / "layout", f"load-{kind}"
    with relay_to(running.socket) as relay:
        mine = lamina.within(DOCKER_HOST=f"unix://{relay.path}")

        def build(tag: str) -> str:
            command = ("--load", "-t", f"{name}:{tag}", "-o", f"oci:{layout}")
            return config_digest(layout, mine.build(project, *command)["digest"])

        first, first_sent = build("1"), relay.sent
        (project / "word.txt").write_text(f"new {kind}\n")
        second, second_sent = build("2"), relay.sent - first_sent
        third, third_sent = build("3"), relay.sent - first_sent - second_sent

    assert running.image_id(f"{name}:1") == first
    assert running.image_id(f"{name}:2") == second == third
    assert running.tags(f"{name}:2") == {f"{name}:2", f"{name}:3"}
    program = "import large; print(large.WORD, open('word.txt').read())"
    assert running.run(f"{name}:1", "python", "-c", program) == f"loaded old {kind}"
    assert running.run(f"{name}:2", "python", "-c", program) == f"loaded new {kind}"
    assert first_sent > 4 << 20
    assert second_sent < 200_000
    assert third_sent < 2_000


A, B, C, D = (make_layer(Member(name, data=name.encode() * 50_000)) for name in "abcd")


def files_of(running: Running, name: str, folder: Path) -> set[str]:
    """Return what is in an image, as the engine itself would give it away."""
    archive = folder / f"{name.replace(':', '-')}.tar"
    running.client("save", "--output", archive, name)
    found: set[str] = set()
    with tarfile.open(archive) as saved:
        for layer in json.loads(content(saved, "manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(content(saved, layer))) as tar:
                found |= set(tar.getnames())
    return found


def content(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read()


def image_of(*layers: Any) -> Image:
    # Of this test alone, so that no engine has it from another.
    return make_image(*layers, config=ImageConfig("amd64", author="test_load"))


def test_each_engine_is_sent_what_it_lacks(running: Running, tmp_path: Path) -> None:
    load(running, image_of(A, B, C), "lacks:1")

    above = load(running, image_of(A, B, D), "lacks:2")
    between = load(running, image_of(A, D, C), "lacks:3")

    is_docker = running.kind is Kind.DOCKER
    assert (above.layers, between.layers) == (1, 2 if is_docker else 0)
    assert files_of(running, "lacks:2", tmp_path) == {"a", "b", "d"}
    assert files_of(running, "lacks:3", tmp_path) == {"a", "c", "d"}


def test_an_image_that_is_there_gets_its_name_alone(running: Running) -> None:
    image = image_of(B)

    unnamed = load(running, image, "")
    again = load(running, image, "named:1")

    assert unnamed.image_id == again.image_id == str(image.manifest.config.digest)
    assert (again.layers, again.size) == (0, 0)
    assert running.image_id("named:1") == again.image_id


def test_what_podman_was_not_sent_can_be_pushed_from_it(
    podman: Program, podman_socket: Path, registry: Registry, skopeo: Program
) -> None:
    """Podman writes down the size of the empty file; what it gives away is right all the same."""
    running = Running(podman, podman_socket, Kind.PODMAN)
    load(running, image_of(C, A), "whole:1")
    loading = load(running, image_of(C, A, B), "parts:1")
    name = f"{registry.host}/parts:1"

    podman("push", "--quiet", "--tls-verify=false", "parts:1", name)

    assert loading.layers <= 1
    raw = json.loads(skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}"))
    assert all(layer["size"] > 0 for layer in raw["layers"])
    config = json.loads(skopeo("inspect", "--tls-verify=false", "--config", f"docker://{name}"))
    assert config["rootfs"]["diff_ids"] == [str(each.diff_id) for each in (C, A, B)]


def test_a_load_is_interrupted_though_the_engine_is_silent(lamina: Lamina, tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", [])
    with serve_engine() as fake:
        fake.answers[LOAD] = Answer(hangs=True)
        mine = lamina.within(DOCKER_HOST=f"unix://{fake.socket}")
        command = mine.command("build", project, "--base", "scratch", "--load")

        with subprocess.Popen(command, env=mine.env(), stderr=subprocess.PIPE) as process:
            fake.is_silent.wait(ENDS_WITHIN)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=ENDS_WITHIN)

    assert process.returncode == 130, said
    assert b"Traceback" not in said
