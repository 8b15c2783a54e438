"""`lamina venv` and `lamina sync` in a Dockerfile, from an image of Lamina that Lamina built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import Engine
from integration.docker_builds import BASE, UV, Builder, add_image, add_shell
from integration.index_server import IndexServer, serve_index
from integration.lamina_program import Lamina
from integration.uv_environment import compare
from integration.uv_oracle import run_uv
from lamina import __version__
from tiny import dist, make_sdist

pytestmark = [pytest.mark.integration, pytest.mark.network]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/dockerfile.md").read_text()
LAMINA, NOTHING = f"lamina:{__version__}", "nothing:1"
REAL = ["click", "orjson", "pyyaml"]
"""Wheels of the package index, two of them compiled."""
SDIST = {
    "PKG-INFO": "Metadata-Version: 2.2\nName: built\nVersion: 1.0\n",
    "pyproject.toml": """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "backend.py": """
import sys, zipfile

def build_wheel(folder, settings=None, metadata=None):
    name, info = "built-1.0-py3-none-any.whl", "built-1.0.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("built.py", f"BY = {[*sys.version_info[:2], sys.base_prefix]}\\n")
        wheel.writestr(f"{info}/METADATA", open("PKG-INFO").read())
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
""",
}
"""What each of the two programs builds by itself; it notes the Python that it is built with."""
PROJECT = """
[project]
name = "app"
version = "{version}"
requires-python = ">=3.10"
dependencies = ["orjson", "pyyaml", "click", "built"]

[dependency-groups]
dev = ["left-out"]
"""
INSTALLED = {"built", "click", "orjson", "pyyaml"}


def page_dockerfile() -> str:
    """Return the Dockerfile that the page shows."""
    (text,) = re.findall(r"^```dockerfile\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def uv_dockerfile() -> str:
    """Return the same with uv, as it was before."""
    text = page_dockerfile()
    for ours, theirs in (
        (LAMINA, UV),
        ("/lamina/bin/lamina ", "/lamina/uv "),
        ("/root/.cache/lamina", "/root/.cache/uv"),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    return text


@pytest.fixture(scope="module")
def builder(
    engine: Engine,
    lamina: Lamina,
    docker_builds: Builder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Builder:
    folder = tmp_path_factory.mktemp("bases")
    own = str(Path(sys.executable).parent)
    environment = {"DOCKER_HOST": engine.host, "PATH": f"{own}:{os.environ['PATH']}"}
    subprocess.run(
        [str(ROOT / "tools" / "make-image"), "-q", "--load", "-t", LAMINA],
        env=lamina.within(**environment).env(),
        check=True,
    )
    add_shell(folder / "nothing" / "bin")
    add_image(engine, folder / "nothing", NOTHING, "ENV PATH=/bin")
    return docker_builds


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    """An index with the real wheels, whose every request is known."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--only-binary=:all:", "--python-version=3.10", f"--dest={folder}"]
    subprocess.run([*pip, *options, *REAL], check=True)
    with serve_index() as server:
        (folder / "built-1.0.tar.gz").write_bytes(make_sdist("built-1.0", SDIST))
        server.add_index("all", [dist("left-out 1.0")], sorted(folder.iterdir()))
        yield server


@pytest.fixture(scope="module")
def project(index: IndexServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dockerfile") / "app"
    (folder / "dist" / "src").mkdir(parents=True)
    (folder / "docker").mkdir()
    (folder / "dist" / "src" / "main.py").write_text(
        "import built, click, orjson, yaml\nprint(built.BY)\n"
    )
    (folder / "docker" / "run.sh").write_text("exec python main.py\n")
    lock(folder, "1.0.0", index)
    return folder


def lock(folder: Path, version: str, index: IndexServer) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.format(version=version))
    done = run_uv(folder, "lock", "--default-index", f"{index.address}/all/simple")
    assert done.returncode == 0, done.stderr


def steps(said: str) -> dict[str, bool]:
    """Return the instructions of a build, each with whether BuildKit had its result already."""
    titles = dict(re.findall(r"^#([0-9]+) \[(?:builder|runtime) [0-9]+/[0-9]+\] (.*)$", said, re.M))
    kept = set(re.findall(r"^#([0-9]+) CACHED$", said, re.M))
    return {title: number in kept for number, title in titles.items()}


def test_the_dockerfile_of_the_page_makes_what_uv_makes_and_a_bump_downloads_nothing(
    builder: Builder, project: Path, index: IndexServer, tmp_path: Path
) -> None:
    said = builder.build(project, page_dockerfile(), "ours:1")
    builder.build(project, uv_dockerfile(), "theirs:1")

    assert "Using Python 3.10." in said
    assert re.search(r" Done in .*: installed 4, removed 0, kept 0; .* downloaded\n", said), said
    ours = builder.environment_of("ours:1", tmp_path / "ours")
    theirs = builder.environment_of("theirs:1", tmp_path / "theirs")
    assert {path.name.split("-")[0] for path in ours.glob("lib/*/*/*.dist-info")} == INSTALLED
    found = compare(ours, theirs).unexplained
    assert [each for each in found if not each.startswith("pyvenv.cfg: ")] == []
    assert settings(ours) == settings(theirs)
    ran = builder.engine("run", "--rm", "--network=none", "ours:1", "sh", "run.sh")
    assert ran == "[3, 10, '/usr/local']\n"

    lock(project, "1.0.1", index)
    index.asked.clear()
    said = builder.build(project, page_dockerfile(), "ours:2")

    assert index.asked == []
    assert re.search(r" Done in .*: installed 4, removed 0, kept 0\n", said), said
    assert said.count("it is not installed (it was in the store)") == 4
    install, copy = "lamina sync ", "COPY --from=builder "
    assert {
        word: is_kept
        for title, is_kept in steps(said).items()
        for word in (install, copy)
        if word in title
    } == {install: False, copy: True}


def settings(environment: Path) -> list[str]:
    """Return the lines of `pyvenv.cfg`, that of the program that made it without its name."""
    lines = (environment / "pyvenv.cfg").read_text().splitlines()
    return [re.sub(r"^(uv|lamina) = .*", "maker", line) for line in lines]


WITHOUT_C_LIBRARY = f"""
FROM {LAMINA} AS lamina
FROM {NOTHING}
RUN --mount=from=lamina,target=/mnt/lamina /mnt/lamina/bin/lamina --version
RUN --mount=from=lamina,target=./there cd / && ln -s there/bin/lamina l && ./l venv /venv || true
"""


def test_lamina_runs_where_there_is_no_c_library(builder: Builder, tmp_path: Path) -> None:
    said = builder.build(tmp_path, WITHOUT_C_LIBRARY, "nothing:2")

    assert f" lamina {__version__}\n" in said
    # It found no Python there: its own is none that an environment could be made with.
    assert "error: No Python: there is none on the `PATH`" in said


AS_SOMEBODY = f"""
FROM {LAMINA} AS lamina
FROM {BASE}
RUN mkdir -m 777 /app
USER 1234:1234
WORKDIR /app
COPY pyproject.toml uv.lock ./
ENV UV_NO_DEV=1 UV_NO_INSTALL_PROJECT=1 UV_PYTHON=3.11
RUN --mount=from=lamina,target=/lamina /lamina/bin/lamina sync --frozen || true
RUN --mount=from=lamina,target=/lamina env -u HOME /lamina/bin/lamina sync --frozen || true
RUN --mount=from=lamina,target=/lamina --mount=type=cache,target=/store,uid=1234 \\
    /lamina/bin/lamina sync --frozen --store /store --only-install-package built
RUN .venv/bin/python -c 'import built, os; print(built.BY, os.getuid())'
"""


def test_another_user_than_root_is_told_to_bring_a_store(builder: Builder, project: Path) -> None:
    said = builder.build(project, AS_SOMEBODY, "somebody:1")

    assert "error: Unable to write to `/.cache/lamina`: Permission denied" in said
    assert "hint: To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`" in said
    assert "Traceback" not in said
    # The stage's own Python has built the sdist, though that of Lamina is of this version, too.
    assert " [3, 11, '/usr'] 1234\n" in said


def test_the_image_is_a_program_too(builder: Builder, project: Path) -> None:
    run = ["run", "--rm", "--network=host", "--user=1234:1234", f"--volume={project}:/work:ro"]

    planned = builder.engine(*run, LAMINA, "plan", "--base=scratch", "--python=3.10")

    assert "orjson" in planned
    labels = builder.engine("image", "inspect", "--format={{json .Config.Labels}}", LAMINA)
    assert f'"org.opencontainers.image.version":"{__version__}"' in labels
