"""What a runner that starts empty finds in a real registry, and what other tools did to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engines import Engine, Program, Registry
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

WHEELS = [
    LocalWheel("large", [module("large", "WORD = 'large'\n"), noise("large")]),
    LocalWheel("other", [module("other", "WORD = 'other'\n"), noise("other", 400 << 10)]),
    *(LocalWheel(f"small{number}") for number in range(6)),
]
SETTINGS = """
[tool.lamina]
copy = [{ from = "word.txt", to = "." }]
"""
CLOSED = "http://127.0.0.1:9"
_ASKED = re.compile(r'"([A-Z]+) (/v2/\S*) HTTP/1\.1" (\d+) (\d+)')


@dataclass(frozen=True)
class Asked:
    """A line of the registry's own log."""

    method: str
    target: str
    status: int
    size: int
    """Of the answer's body."""


def asked(registry: Registry) -> list[Asked]:
    """Return all that the registry was asked so far."""
    found = _ASKED.findall((registry.folder / "registry.log").read_text())
    return [Asked(method, target, int(code), int(size)) for method, target, code, size in found]


@pytest.fixture(scope="module")
def base(lamina: Lamina, registry: Registry, skopeo: Program, tmp_path_factory: Any) -> str:
    """An image of a registry to build upon: Debian with its Python."""
    folder = tmp_path_factory.mktemp("base")
    project = write_project(
        folder / "project", [], '[tool.lamina]\nvenv = "/srv/base"\ncmd = ["python3"]\n'
    )
    lamina.build(project, "--base", "debian:bookworm", "-o", f"oci:{folder}/base:1")
    name = f"{registry.host}/base/python:3.11"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{folder}/base:1", f"docker://{name}")
    return name


class Runner:
    """A project that is released again and again, each time by a machine that starts empty."""

    def __init__(self, folder: Path, repository: str, base: str) -> None:
        self.folder = folder
        self.repository = repository
        self.base = base
        self.project = write_project(folder / "project", WHEELS, SETTINGS)
        self.runs = 0
        self.edit("first\n")

    def edit(self, text: str) -> None:
        (self.project / "word.txt").write_text(text)

    def machine(self) -> Lamina:
        """Return a program with folders of its own, that reaches no package index."""
        self.runs += 1
        home = self.folder / f"machine{self.runs}"
        for name in ("home", "cache", "config", "tmp"):
            (home / name).mkdir(parents=True)
        return Lamina(home / "store").within(
            HOME=str(home / "home"),
            XDG_CACHE_HOME=str(home / "cache"),
            XDG_CONFIG_HOME=str(home / "config"),
            TMPDIR=str(home / "tmp"),
            UV_DEFAULT_INDEX=f"{CLOSED}/simple",
            PIP_INDEX_URL=f"{CLOSED}/simple",
            PIP_FIND_LINKS=None,
        )

    def push(self, tag: str, *options: str) -> Any:
        name = f"{self.repository}:{tag}"
        return self.machine().build(
            self.project, "--base", self.base, "-t", name, "--push", *options
        )


@pytest.fixture
def runner(registry: Registry, base: str, tmp_path: Path) -> Runner:
    return Runner(tmp_path, f"{registry.host}/{tmp_path.name[:40].rstrip('_-')}", base)


def origins(report: Any) -> set[str]:
    return {layer["origin"] for layer in report["platforms"][0]["layers"]}


def assert_only_the_file_is_made(report: Any) -> None:
    made = [
        layer["kind"]
        for layer in report["platforms"][0]["layers"]
        if layer["origin"] not in ("base", "registry")
    ]
    assert made == ["files"]
    transfer = report["transfer"]
    assert transfer["dependency_bytes_in"] == transfer["wheels_downloaded"] == 0


def test_a_release_reads_two_documents_and_sends_what_changed(
    runner: Runner, registry: Registry
) -> None:
    runner.push("1.0")
    runner.edit("second\n")
    before = len(asked(registry))

    second = runner.push("1.1")

    assert_only_the_file_is_made(second)
    transfer = second["transfer"]
    assert transfer["base_bytes_in"] == 0
    assert transfer["bytes_out"] < 40_000
    # The registry itself says the same.
    lines = asked(registry)[before:]
    assert len(lines) == transfer["requests"] <= 16
    read = [line for line in lines if line.method == "GET" and "/blobs/sha256:" in line.target]
    assert len(read) == 1
    assert read[0].size < 20_000
    # (It logs a size for HEAD, too, though no body goes out.)
    sizes = [line.size for line in lines if line.method != "HEAD"]
    assert sum(sizes) == transfer["other_bytes_in"]


def test_a_release_waits_ten_times_for_the_registry_at_most(runner: Runner) -> None:
    """The least of some releases: requests that could overlap need not, while others compute."""
    runner.push("1.0")
    waits = []
    for release in range(1, 6):
        runner.edit(f"release {release}\n")
        waits.append(runner.push(f"1.{release}")["transfer"]["round_trips"])
        if waits[-1] <= 10:
            break

    assert min(waits) <= 10, waits


def test_an_engine_that_has_one_release_pulls_little_for_the_next(
    runner: Runner, registry: Registry, engine: Engine
) -> None:
    runner.push("1.0")
    runner.edit("second\n")
    second = runner.push("1.1")
    engine("pull", "--quiet", f"{runner.repository}:1.0")
    before = len(asked(registry))

    engine("pull", "--quiet", f"{runner.repository}:1.1")

    read = {
        line.target.rpartition("/")[2]
        for line in asked(registry)[before:]
        if line.method == "GET" and "/blobs/sha256:" in line.target
    }
    last = second["platforms"][0]["layers"][-1]["digest"]
    assert len(read) == 2
    assert last in read
    said = engine(
        "run", "--rm", "--network=host", f"{runner.repository}:1.1",
        "python", "-c", "import large; print(large.WORD, open('word.txt').read().strip())",
    )  # fmt: skip
    assert said.strip() == "large second"


def test_layers_are_found_after_podman_has_pulled_and_pushed(
    runner: Runner, podman: Program
) -> None:
    """Podman packs layers anew and drops annotations; the config stays as it is."""
    runner.push("1.0", "--cache-to", "none")
    name, copy = f"{runner.repository}:1.0", f"{runner.repository}-podman:1.0"
    podman("pull", "--quiet", "--tls-verify=false", name)
    podman("tag", name, copy)
    podman("push", "--quiet", "--tls-verify=false", copy)
    runner.edit("second\n")
    runner.repository += "-podman"

    second = runner.push("1.1")

    assert_only_the_file_is_made(second)
    assert second["transfer"]["base_bytes_in"] == 0
    podman("pull", "--quiet", "--tls-verify=false", f"{runner.repository}:1.1")
    said = podman(
        "run", "--rm", f"{runner.repository}:1.1",
        "python", "-c", "import other, small3; print(other.WORD)",
    )  # fmt: skip
    assert said.strip() == "other"


@pytest.mark.parametrize("format_", ["v2s2", "oci"])
def test_layers_are_found_after_skopeo_has_copied(
    runner: Runner, skopeo: Program, format_: str
) -> None:
    runner.push("1.0", "--cache-to", "none")
    name, copy = f"{runner.repository}:1.0", f"{runner.repository}-copy:1.0"
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", *tls, "--format", format_, f"docker://{name}", f"docker://{copy}")
    raw = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{copy}"))
    assert ("annotations" in raw["layers"][-1]) is (format_ == "oci")
    runner.edit("second\n")
    runner.repository += "-copy"

    second = runner.push("1.1")

    assert_only_the_file_is_made(second)
    assert second["transfer"]["base_bytes_in"] == 0


def test_another_repository_gives_its_layers_by_mounting(
    runner: Runner, registry: Registry
) -> None:
    runner.push("1.0")
    source = f"{runner.repository}:1.0"
    runner.repository += "-fork"
    before = len(asked(registry))

    forked = runner.push("1.0", "--cache-from", source)

    assert origins(forked) == {"base", "registry"}
    lines = asked(registry)[before:]
    layers = len(forked["platforms"][0]["layers"])
    mounted = [line for line in lines if "mount=sha256" in line.target and line.status == 201]
    assert len(mounted) == layers
    assert forked["transfer"]["bytes_out"] < 40_000


def test_several_platforms_are_built_without_an_emulator(
    lamina: Lamina, registry: Registry, skopeo: Program, engine: Engine, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "project", WHEELS, SETTINGS)
    (project / "word.txt").write_text("both\n")
    name = f"{registry.host}/platforms:1"

    report = lamina.build(
        project, "--base", "debian:bookworm", "-t", name, "--push",
        "--platform", "linux/amd64,linux/arm64",
    )  # fmt: skip

    raw = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{name}"))
    assert [each["platform"]["architecture"] for each in raw["manifests"]] == ["amd64", "arm64"]
    one, other = (
        {layer["digest"] for layer in each["layers"] if layer["kind"] == "wheels"}
        for each in report["platforms"]
    )
    assert one == other
    engine("pull", "--quiet", name)
    assert "both" in engine("run", "--rm", "--network=host", name, "python", "-c",
                            "print(open('word.txt').read())")  # fmt: skip
    arm = json.loads(
        skopeo("--override-arch", "arm64", "inspect", "--config", "--tls-verify=false",
               f"docker://{name}")
    )  # fmt: skip
    assert arm["architecture"] == "arm64"


def test_two_that_push_one_image_at_once_both_succeed(runner: Runner) -> None:
    machines = [runner.machine() for _ in range(2)]
    name = f"{runner.repository}:1.0"

    def push(machine: Lamina) -> Any:
        return machine.build(runner.project, "--base", runner.base, "-t", name, "--push")

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(push, machines)

    assert one["digest"] == other["digest"]
    assert origins(runner.push("1.1")) == {"base", "registry"}


def test_an_interrupted_push_leaves_no_tag(runner: Runner, skopeo: Program) -> None:
    lamina = runner.machine()
    name = f"{runner.repository}:1.0"
    command = lamina.command(
        "build", runner.project, "--base", runner.base, "-t", name, "--push", "-v"
    )
    with subprocess.Popen(
        command, env=lamina.env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.startswith("Made "))
        os.kill(process.pid, signal.SIGINT)
        rest = process.stderr.read()

    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert rest.endswith("interrupted; what was finished is kept in the store\n")
    with pytest.raises(Exception, match=r"manifest unknown|name unknown"):
        skopeo("inspect", "--tls-verify=false", f"docker://{name}")
    assert origins(runner.push("1.0")) == {"base", "made"}


def test_the_image_is_accepted_by_umoci(
    runner: Runner, skopeo: Program, umoci: Program, tmp_path: Path
) -> None:
    runner.push("1.0")
    layout, bundle = tmp_path / "layout", tmp_path / "bundle"
    skopeo("copy", "--src-tls-verify=false", f"docker://{runner.repository}:1.0", f"oci:{layout}:1")

    umoci("unpack", "--image", f"{layout}:1", str(bundle))

    assert (bundle / "rootfs" / "app" / "word.txt").read_text() == "first\n"
    stat = json.loads(umoci("stat", "--json", "--image", f"{layout}:1"))
    assert sum(not entry.get("empty_layer") for entry in stat["history"]) == len(
        runner.push("1.1")["platforms"][0]["layers"]
    )


@pytest.mark.parametrize("what", ["link", "data"])
def test_layers_that_a_registry_has_lost_are_made_again(
    runner: Runner, registry: Registry, what: str
) -> None:
    first = runner.push("1.0")
    lost = [layer["digest"] for layer in first["platforms"][0]["layers"] if layer["distributions"]]
    root = registry.folder / "data" / "docker" / "registry" / "v2"
    for digest in lost:
        hex_ = digest.removeprefix("sha256:")
        if what == "data":
            (root / "blobs" / "sha256" / hex_[:2] / hex_ / "data").unlink()
        else:
            name = runner.repository.partition("/")[2]
            (root / "repositories" / name / "_layers" / "sha256" / hex_ / "link").unlink()
    runner.edit("second\n")

    second = runner.push("1.1")

    made = {layer["digest"] for layer in second["platforms"][0]["layers"]
            if layer["origin"] == "made"}  # fmt: skip
    assert set(lost) <= made
    assert origins(runner.push("1.2")) == {"base", "registry"}
