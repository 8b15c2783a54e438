"""`lamina init` from a Dockerfile: the image of it beside the one that Docker builds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dockerfiles import whole_report
from integration import file_trees
from integration.docker_builds import BASE, SLIM, UV, Builder, add_slim
from integration.index_server import IndexServer, serve_index
from integration.lamina_program import Lamina
from integration.uv_environment import compare
from integration.uv_oracle import find_python, run_uv
from tiny import dist

pytestmark = [pytest.mark.integration, pytest.mark.network]

PROJECT = """\
[project]
name = "genetic-scheduling"
version = "0.3.7"
requires-python = ">=3.10,<3.12"
dependencies = ["first"]

[project.optional-dependencies]
web = ["second"]

[dependency-groups]
dev = ["left-out"]

[[tool.uv.index]]
url = "{address}"
default = true
"""
OF_ONE_STAGE = f"""\
FROM {BASE}
COPY --from={UV} /uv /bin/
WORKDIR /srv/app
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 PORT=8000
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-install-project --no-dev --extra web
COPY --chown=1000:1001 dist/src src
COPY docker/*.sh /usr/local/bin/
ENV GREETING="$PORT {{}} \\$x" PATH="/srv/app/.venv/bin:$PATH"
USER 1000
EXPOSE 8000
VOLUME /data
HEALTHCHECK --interval=30s --retries=2 CMD python -c ''
LABEL maintainers="us"
STOPSIGNAL SIGINT
ENTRYPOINT ["uv", "run", "--no-sync"]
CMD ["python", "src/main.py"]
"""
LEFT_BY_APT = re.compile(
    r"var/(cache/(apt|debconf|ldconfig)|lib/apt|log)/.*|var/lib/dpkg/(status-old|lock.*)"
    r"|var/lib/lamina(/.*)?"
)
"""What apt and dpkg note for themselves, of which an image has no use, and what Lamina does."""
COMPARED = (
    "Env", "WorkingDir", "User", "Entrypoint", "Cmd", "ExposedPorts", "Volumes", "Healthcheck",
    "StopSignal",
)  # fmt: skip


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    with serve_index() as server:
        server.add_index("all", [dist("first 1.0"), dist("second 1.0"), dist("left-out 1.0")])
        yield server


@pytest.fixture
def project(index: IndexServer, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dist" / "src" / "inner").mkdir(parents=True)
    (folder / "docker").mkdir()
    (folder / "pyproject.toml").write_text(PROJECT.format(address=f"{index.address}/all/simple"))
    (folder / "dist" / "src" / "main.py").write_text("import first\nprint(first.__file__)\n")
    (folder / "dist" / "src" / "inner" / "data.txt").write_text("data\n")
    (folder / "docker" / "run.sh").write_text("exec python main.py\n")
    (folder / "docker" / "run.sh").chmod(0o755)
    (folder / ".dockerignore").write_text(".venv\n")
    done = run_uv(folder, "lock", env={"UV_PYTHON": find_python("3.10")})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def base(docker_builds: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that the Dockerfiles begin with, as a file."""
    archive = tmp_path_factory.mktemp("base") / "base.tar"
    docker_builds.engine("save", "--output", archive, BASE)
    return archive


@pytest.fixture(scope="module")
def slim_base(docker_builds: Builder, slim: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base that has apt, which Dockerfiles can begin with, as a file."""
    folder = tmp_path_factory.mktemp("slim")
    add_slim(docker_builds.engine, slim, folder / "root")
    docker_builds.engine("save", "--output", folder / "base.tar", SLIM)
    return folder / "base.tar"


@dataclass(frozen=True)
class Both:
    """The image that Docker builds, and ours, in one engine."""

    builder: Builder
    lamina: Lamina
    project: Path
    base: Path
    at: Path

    def build(self, dockerfile: str, for_docker: str) -> str:
        """Build and unpack both, and return what `lamina init` said."""
        self.builder.build(self.project, for_docker, "theirs:1")
        (self.project / "Dockerfile").write_text(dockerfile)
        said = self.lamina.run("init", self.project)
        assert said.returncode == 0, said.stderr
        upon = ("--base", f"docker-archive:{self.base}")
        lamina = self.lamina.within(DOCKER_HOST=self.builder.engine.host)
        lamina("build", self.project, *upon, "--load", "-t", "ours:1")
        for name in ("ours", "theirs"):
            self.builder.unpack(f"{name}:1", self.at / name)
        return said.stderr

    def configs(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how each runs, ours first."""
        return self._config("ours:1"), self._config("theirs:1")

    def _config(self, image: str) -> dict[str, Any]:
        (document,) = json.loads(self.builder.engine("image", "inspect", image))
        found = {key: document["Config"].get(key) for key in COMPARED}
        return {**found, "Env": dict(each.split("=", 1) for each in found["Env"])}

    def different_files(self, venv: str) -> list[str]:
        """Return the paths outside of the environment at which they differ."""
        ours, theirs = (file_trees.of_folder(self.at / name) for name in ("ours", "theirs"))
        found = [path for path, *_ in file_trees.differences(ours, theirs)]
        # Of one that uv runs in, a lock of uv's is left in `/tmp`.
        found = [path for path in found if not path.startswith((f"{venv}/", "tmp/uv-"))]
        return [path for path in found if not LEFT_BY_APT.fullmatch(path)]

    def run(self, *command: str) -> list[str]:
        """Return what a command says in each, ours first."""
        return [
            self.builder.engine("run", "--rm", "--network=none", f"{name}:1", *command)
            for name in ("ours", "theirs")
        ]

    def unexplained(self, venv: str) -> tuple[str, ...]:
        """Return how the environments differ in another way than is listed."""
        return compare(self.at / "ours" / venv, self.at / "theirs" / venv).unexplained


@pytest.fixture
def both(docker_builds: Builder, lamina: Lamina, project: Path, base: Path, tmp_path: Path) -> Both:
    return Both(docker_builds, lamina, project, base, tmp_path)


def other_name(name: str, own: str = "python3.10") -> str:
    """Return how a link to the interpreter differs: uv's has the name by which it was found."""
    ours, theirs = (
        f"Node(kind='symlink', mode=511, owner=(0, 0), content='/usr/local/bin/{each}')"
        for each in (own, name)
    )
    return f"bin/python: {ours} instead of {theirs}"


def as_docker_can(dockerfile: str) -> str:
    """Return the report's Dockerfile upon a base and a uv that are here, without its mirror."""
    text = dockerfile.replace("ghcr.io/astral-sh/uv:0.7.8", UV).replace(BASE, SLIM)
    return re.sub(r"^.*(sources\.list|index\.example).*\n", "", text, flags=re.MULTILINE)


def test_the_reports_image_is_the_one_that_docker_builds(both: Both, slim_base: Path) -> None:
    both = replace(both, base=slim_base)

    said = both.build(whole_report(), as_docker_can(whole_report()))

    ours, theirs = both.configs()
    assert ours == theirs
    assert (ours["WorkingDir"], ours["Cmd"]) == ("/app", ["bash", "run.sh"])
    assert ours["Env"]["TZ"] == "Asia/Shanghai"
    # Both say the same in another order, and by another writer: see below.
    assert both.different_files("opt/venv") == ["etc/ld.so.cache", "var/lib/dpkg/status"]
    assert both.unexplained("opt/venv") == (other_name("python", "python3.11"),)
    assert said.startswith("2 lines of `")
    assert "usr/lib/x86_64-linux-gnu/libgomp.so.1" in file_trees.of_folder(both.at / "ours")
    for shown in both.run("dpkg", "-s", "libgomp1"):
        assert "\nStatus: install ok installed\n" in shown
    assert both.run("dpkg", "--verify", "libgomp1") == ["", ""]
    packages, cached = both.run("dpkg-query", "-W"), both.run("ldconfig", "-p")
    assert packages[0] == packages[1]
    assert cached[0].partition("Cache generated")[0] == cached[1].partition("Cache generated")[0]
    assert both.run("python", "-c", "import ctypes; ctypes.CDLL('libgomp.so.1')") == ["", ""]


def test_an_image_of_one_stage_differs_in_what_is_told(both: Both) -> None:
    said = both.build(OF_ONE_STAGE, OF_ONE_STAGE)

    ours, theirs = both.configs()
    own = theirs["Env"]
    assert {own.pop("UV_LINK_MODE"), own.pop("UV_NO_CACHE")} == {"copy", "1"}
    assert ours["Env"].pop("VIRTUAL_ENV") == "/srv/app/.venv"
    assert theirs.pop("Entrypoint") == ["uv", "run", "--no-sync"]
    assert not ours.pop("Entrypoint")
    assert ours == theirs
    assert both.different_files("srv/app/.venv") == [
        "srv/app/pyproject.toml", "srv/app/uv.lock", "usr/bin/uv",
    ]  # fmt: skip
    assert both.unexplained("srv/app/.venv") == (other_name("python3"),)
    for told in ("COPY pyproject.toml uv.lock ./", f"COPY --from={UV} /uv /bin/", "UV_LINK_MODE"):
        assert told in said
    assert "no equivalent" not in said
