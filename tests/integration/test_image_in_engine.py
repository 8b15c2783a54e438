"""The image of a real web service: the programs of others load, run and unpack it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engines import Engine, Program
from integration import file_trees
from integration.example_image import NAME, Example
from lamina.bases.docker_archive import read_docker_archive
from lamina.bases.layout import read_layout
from lamina.oci import validate
from lamina.oci.descriptor import Platform
from lamina.oci.image import assemble
from lamina.oci.location import Location

pytestmark = [pytest.mark.integration, pytest.mark.network]

AMD64 = Platform("linux", "amd64")
STARTS_WITHIN = 30.0

IMPORT_ALL = """
import importlib, importlib.metadata, json, sys

def top_levels(distribution):
    # The outermost packages, which lie in a namespace at times, and modules beside them.
    for file in distribution.files or ():
        parts = file.parts
        if len(parts) == 1 and file.suffix in (".py", ".so"):
            yield parts[0].partition(".")[0]
        for depth in range(1, len(parts)):
            if not parts[depth - 1].isidentifier():
                break
            if (distribution.locate_file("/".join(parts[:depth])) / "__init__.py").exists():
                yield ".".join(parts[:depth])
                break

found = {each.name: sorted(set(top_levels(each))) for each in importlib.metadata.distributions()}
for name in sum(found.values(), []):
    importlib.import_module(name)
print(json.dumps({"prefix": sys.prefix, "base_prefix": sys.base_prefix, "found": found}))
"""

MADE_BY_DOCKER = {
    ".dockerenv", "dev/console", "dev/pts", "dev/shm", "etc/hostname", "etc/hosts",
    "etc/mtab", "etc/resolv.conf",
}  # fmt: skip
"""What the engine puts into every container."""


def run_python(engine: Engine, image: str, *arguments: str) -> str:
    return engine("run", "--rm", "--network=none", "--entrypoint=python", image, *arguments)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(program: Program, port: int) -> Iterator[None]:
    """Run a container of the example, and end it."""
    command = program.command("run", "--rm", "--network=host", f"--env=HELLO_PORT={port}", NAME)
    environment = {**os.environ, **program.environment}
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield
        finally:
            process.terminate()


def get(port: int, path: str) -> Any:
    """Ask until the service answers."""
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as response:
                return json.load(response)
        except urllib.error.URLError:
            assert time.monotonic() < until, "The service did not start"
            time.sleep(0.05)


def test_the_image_keeps_its_own_promises(example: Example) -> None:
    layout = read_layout(Location("oci", str(example.layout)), AMD64)
    archive = read_docker_archive(Location("docker-archive", str(example.archive)), AMD64)

    validate.image(assemble(layout.config, layout.layers))
    assert archive.config == layout.config


def test_the_service_answers_from_the_engine(engine: Engine, loaded: str) -> None:
    with serving(engine, port := free_port()):
        about, greeting = get(port, "/"), get(port, "/greet/you")

    assert (about["service"], about["environment"]) == ("hello 0.1.0", "/opt/venv")
    assert greeting == {"hello": "you"}


def test_podman_runs_the_same_image(podman: Program, example: Example) -> None:
    podman("load", "--input", example.archive)

    with serving(podman, port := free_port()):
        greeting = get(port, "/greet/you")

    assert greeting == {"hello": "you"}


def test_every_top_level_module_can_be_imported(
    engine: Engine, loaded: str, example: Example
) -> None:
    said = json.loads(run_python(engine, loaded, "-c", IMPORT_ALL))

    assert (said["prefix"], said["base_prefix"]) == ("/opt/venv", "/usr")
    installed = {name.lower().replace("_", "-").replace(".", "-") for name in said["found"]}
    assert installed == example.distributions
    assert "hello" in installed
    modules = {module for names in said["found"].values() for module in names}
    assert {"fastapi", "orjson", "uvicorn", "pydantic_core", "typing_extensions"} <= modules
    assert all(said["found"].values()), said["found"]


def test_each_module_can_be_imported_alone(engine: Engine, loaded: str) -> None:
    found = json.loads(run_python(engine, loaded, "-c", IMPORT_ALL))["found"]
    modules = sorted(module for names in found.values() for module in names)
    script = (
        "import subprocess, sys\n"
        "bad = [name for name in sys.argv[1:]\n"
        "       if subprocess.run(['python', '-c', f'import {name}']).returncode]\n"
        "sys.exit(' '.join(bad) or 0)"
    )

    run_python(engine, loaded, "-c", script, *modules)


def test_console_scripts_run(engine: Engine, loaded: str) -> None:
    said = engine("run", "--rm", "--network=none", "--entrypoint=uvicorn", loaded, "--version")

    assert said.startswith("Running uvicorn ")


def test_what_is_recorded_is_there(engine: Engine, loaded: str) -> None:
    script = """
import base64, hashlib, importlib.metadata
for distribution in importlib.metadata.distributions():
    assert distribution.files, distribution.name
    for file in distribution.files:
        data = file.locate().read_bytes()
        assert file.size in (None, len(data)), (distribution.name, file)
        if file.hash:
            got = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest())
            assert got.rstrip(b"=").decode() == file.hash.value, (distribution.name, file)
    assert distribution.read_text("INSTALLER") == "lamina"
print("sound")
"""

    assert run_python(engine, loaded, "-c", script) == "sound\n"


def test_skopeo_inspects_and_copies_every_form(
    skopeo: Program, example: Example, tmp_path: Path
) -> None:
    layout = f"oci:{example.layout}:1"
    said = json.loads(skopeo("inspect", layout))

    skopeo("copy", layout, f"oci-archive:{tmp_path / 'oci.tar'}:1")
    skopeo("copy", layout, f"docker-archive:{tmp_path / 'docker.tar'}:{NAME}")
    skopeo("copy", layout, f"dir:{tmp_path / 'dir'}")
    skopeo("copy", f"docker-archive:{example.archive}:{NAME}", f"dir:{tmp_path / 'from'}")

    (platform,) = example.report["platforms"]
    assert said["Digest"] == example.report["digest"]
    assert said["Layers"] == [layer["digest"] for layer in platform["layers"]]
    assert "VIRTUAL_ENV=/opt/venv" in said["Env"]
    other = Location("docker-archive", str(tmp_path / "docker.tar"))
    ours = read_layout(Location("oci", str(example.layout)), AMD64)
    assert read_docker_archive(other, AMD64).config.diff_ids == ours.config.diff_ids


def test_gnu_tar_umoci_docker_and_python_unpack_the_same_files(
    engine: Engine, umoci: Program, loaded: str, example: Example, tmp_path: Path
) -> None:
    blobs = file_trees.layer_blobs(example.layout)
    by_python = file_trees.of_layers(blobs)
    assert len(by_python) > 2000

    (by_tar := tmp_path / "tar").mkdir()
    for blob in blobs:
        command = ["tar", "--numeric-owner", "-xpzf", str(blob), "-C", str(by_tar)]
        subprocess.run(command, check=True, umask=0)
    umoci("unpack", "--image", f"{example.layout}:1", tmp_path / "umoci")
    container = engine("create", loaded).strip()
    with subprocess.Popen(engine.command("export", container), stdout=subprocess.PIPE) as export:
        assert export.stdout is not None
        by_docker = file_trees.of_tar(export.stdout)
    engine("rm", container)

    assert list(file_trees.differences(by_python, file_trees.of_folder(by_tar))) == []
    by_umoci = file_trees.of_folder(tmp_path / "umoci" / "rootfs")
    assert list(file_trees.differences(by_python, by_umoci)) == []
    others = {path for path, *_ in file_trees.differences(by_python, by_docker)}
    assert others - MADE_BY_DOCKER == set()


def test_each_layer_is_the_same_to_gnu_tar_and_python(example: Example, tmp_path: Path) -> None:
    for number, blob in enumerate(file_trees.layer_blobs(example.layout)):
        (folder := tmp_path / str(number)).mkdir()
        command = ["tar", "--numeric-owner", "-xpzf", str(blob), "-C", str(folder)]
        subprocess.run(command, check=True, umask=0)

        by_python = file_trees.of_layer(blob)

        by_tar = file_trees.of_folder(folder)
        # A layer need not hold the folders above its files; what unpacks it makes them.
        assert {path: by_tar[path] for path in by_python} == by_python
        assert all(by_tar[path].kind == "directory" for path in by_tar.keys() - by_python.keys())
