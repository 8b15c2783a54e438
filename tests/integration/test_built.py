"""Distributions that are built of sources: sdists, repositories, folders."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from builders import make_wheel
from fakes.registry import FakeRegistry, serve_registry
from fakes.server import Answer, Server, serve
from integration.lamina_program import Lamina
from lamina.cli import settings
from sources import HERE, PURE, source, tar, zipped

pytestmark = pytest.mark.integration

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYTHONS = settings.pythons(os.environ)
HEAD = 'version = 1\nrevision = 3\nrequires-python = ">=3.8"\n'


@dataclass
class Scene:
    """A project of which the lock is written by hand."""

    root: Path
    lamina: Lamina
    server: Server
    packages: dict[str, str] = field(default_factory=dict)
    uv: str = ""
    config: str = ""
    """What stands in `[tool.lamina]`."""

    @property
    def folder(self) -> Path:
        return self.root / "project"

    def lock(
        self, name: str, source: str, files: str = "", version: str = 'version = "1.0"'
    ) -> None:
        """Lock a distribution; the project needs it."""
        self.packages[name] = (
            f'\n[[package]]\nname = "{name}"\n{version}\nsource = {{ {source} }}\n{files}\n'
        )

    def sdist(self, name: str, data: bytes, kind: str = "tar.gz") -> str:
        """Put an sdist on the index; return its path there."""
        path = f"/{name}-1.0.{kind}"
        self.server.answer(path, Answer(data))
        digest = hashlib.sha256(data).hexdigest()
        self.lock(
            name,
            'registry = "https://index.example/simple"',
            f'sdist = {{ url = "{self.server.address}{path}", hash = "sha256:{digest}" }}',
        )
        return path

    def tree(self, path: str, files: Mapping[str, bytes]) -> Path:
        """Write a source tree."""
        folder = self.folder / path
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        edges = ", ".join(f'{{ name = "{name}" }}' for name in self.packages)
        own = (
            '\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
            f"dependencies = [{edges}]\n"
        )
        (self.folder / "pyproject.toml").write_text(
            '[project]\nname = "app"\nversion = "1.0"\n'
            f"[tool.lamina]\ncopy = []\n{self.config}{self.uv}"
        )
        (self.folder / "uv.lock").write_text(HEAD + own + "".join(self.packages.values()))

    def arguments(self, *more: str, python: str = f"{MINOR}.1") -> list[str]:
        self.write()
        base = ["--base", "scratch", "--python", python, "--frozen"]
        return [os.fspath(self.folder), *base, "-o", f"oci:{self.root / 'out'}", *more]

    def build(self, *more: str, python: str = f"{MINOR}.1") -> dict[str, Any]:
        return self.lamina.build(*self.arguments(*more, python=python))

    def refused(self, *more: str, python: str = f"{MINOR}.1") -> str:
        arguments = self.arguments(*more, python=python)
        return self.lamina.refused("build", *arguments).removeprefix("error: ")

    def files(self) -> dict[str, bytes]:
        """Return what is in site-packages of the image that was built last."""
        found = {}
        index = json.loads((self.root / "out/index.json").read_text())
        manifest = json.loads(self._blob(index["manifests"][0]["digest"]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=io.BytesIO(self._blob(layer["digest"]))) as tar:
                for member in tar:
                    _, inside, path = member.name.partition("/site-packages/")
                    if member.isfile() and inside:
                        content = tar.extractfile(member)
                        assert content is not None
                        found[path] = content.read()
        return found

    def told(self, name: str) -> Any:
        """Return what the backend of a distribution was told."""
        return json.loads(self.files()[f"{name}/told.json"])

    def _blob(self, digest: str) -> bytes:
        return (self.root / "out/blobs/sha256" / digest.partition(":")[2]).read_bytes()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serve() as server:
        yield Scene(tmp_path, Lamina(tmp_path / "store"), server)


@pytest.mark.parametrize(
    ("kind", "data"), [("tar.gz", tar(source("demo"))), ("zip", zipped(source("demo")))]
)
def test_an_sdist_is_built_once(scene: Scene, kind: str, data: bytes) -> None:
    path = scene.sdist("demo", data, kind)

    first = scene.build()
    files = scene.files()
    second = scene.build("--no-cache")
    scene.server.answer(path, Answer(status=404))
    third = scene.build()

    assert files["demo/__init__.py"] == b"x = 1\n"
    assert files["demo-1.0.dist-info/INSTALLER"] == b"lamina"
    assert "demo-1.0.dist-info/direct_url.json" not in files
    assert first["digest"] == second["digest"] == third["digest"]
    assert first["transfer"]["dependency_bytes_in"] == len(data)


def test_what_a_backend_is_told_is_in_the_wheel_and_makes_another(scene: Scene) -> None:
    scene.sdist("demo", tar(source("demo")))
    before = scene.build()
    assert scene.told("demo") == {"config": {}, "python": MINOR, "variable": None}

    scene.uv = (
        "[tool.uv]\nconfig-settings = { a = 'b' }\n"
        "config-settings-package = { demo = { c = 'd' } }\n"
        "[tool.uv.extra-build-variables]\ndemo = { TOLD = 'yes' }\n"
    )
    after = scene.build("-C", "e=f")

    assert scene.told("demo") == {
        "config": {"a": "b", "c": "d", "e": "f"},
        "python": MINOR,
        "variable": "yes",
    }
    assert before["digest"] != after["digest"]


def test_a_direct_archive_is_built_from_its_subdirectory(scene: Scene) -> None:
    inner = {f"packages/demo/{path}": data for path, data in source("demo").items()}
    data = tar(inner)
    scene.server.answer("/demo.tar.gz", Answer(data))
    digest = hashlib.sha256(data).hexdigest()
    scene.lock(
        "demo",
        f'url = "{scene.server.address}/demo.tar.gz", subdirectory = "packages/demo"',
        f'sdist = {{ hash = "sha256:{digest}" }}',
    )

    scene.build()

    assert json.loads(scene.files()["demo-1.0.dist-info/direct_url.json"]) == {
        "url": f"{scene.server.address}/demo.tar.gz",
        "archive_info": {},
        "subdirectory": "packages/demo",
    }


def test_a_local_sdist_is_built(scene: Scene) -> None:
    data = tar(source("demo"))
    scene.tree("", {"demo-1.0.tar.gz": data})
    digest = hashlib.sha256(data).hexdigest()
    scene.lock("demo", 'path = "demo-1.0.tar.gz"', f'sdist = {{ hash = "sha256:{digest}" }}')

    scene.build()

    assert scene.files()["demo-1.0.dist-info/direct_url.json"] == (
        b'{"url":"file:///demo-1.0.tar.gz","archive_info":{}}'
    )


def test_an_sdist_that_is_not_the_locked_one_is_refused(scene: Scene) -> None:
    path = scene.sdist("demo", tar(source("demo")))
    scene.server.answer(path, Answer(tar(source("demo", code="evil = 1\n"))))

    assert scene.refused().startswith("Hash mismatch for `demo-1.0.tar.gz`\n  expected: sha256:")


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *names, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def repository(folder: Path, files: Mapping[str, bytes], tag: str = "v1.0") -> str:
    """Make a repository of one commit, and return that."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


def test_a_commit_is_built_and_what_moves_afterwards_does_not_matter(scene: Scene) -> None:
    where = scene.root / "repository"
    commit = repository(where, {f"sub/{path}": data for path, data in source("demo").items()})
    (where / "sub/code.py").write_text("later = 1\n")
    git(where, "commit", "--quiet", "-am", "two")
    scene.lock("demo", f'git = "{where.as_uri()}?subdirectory=sub&tag=v1.0#{commit}"')

    scene.build()
    files = scene.files()
    where.rename(scene.root / "gone")
    scene.config = 'venv = "/srv/venv"\n'
    scene.build()

    assert files["demo/__init__.py"] == b"x = 1\n"
    assert json.loads(files["demo-1.0.dist-info/direct_url.json"]) == {
        "url": "file:///repository",
        "vcs_info": {"vcs": "git", "commit_id": commit, "requested_revision": "v1.0"},
        "subdirectory": "sub",
    }


def test_a_repository_whose_version_is_in_its_history_is_had_with_it(scene: Scene) -> None:
    where = scene.root / "repository"
    files = source("demo", "2.5", stated='dynamic = ["version"]')
    described = 'os.popen("git describe --tags").read().strip().lstrip("v").partition("-")[0]'
    backend = files["backend.py"].decode().replace('"2.5"', described)
    repository(where, {**files, "backend.py": backend.encode()}, "v2.5")
    (where / "code.py").write_text("later = 1\n")
    git(where, "commit", "--quiet", "-am", "two")
    commit = git(where, "rev-parse", "HEAD")
    scene.lock("demo", f'git = "{where.as_uri()}#{commit}"', version='version = "2.5"')

    scene.build()

    assert scene.files()["demo/__init__.py"] == b"later = 1\n"


def test_a_commit_that_cannot_be_had_is_explained(scene: Scene) -> None:
    where = scene.root / "nothing"
    commit = "ab" * 20
    scene.lock("demo", f'git = "{where.as_uri()}#{commit}"')

    error = scene.refused()

    assert error.startswith(
        f"Unable to check out git ({where.as_uri()}@abababababab) for `demo`: "
        f"git: exit status 128\n  fatal: '{where}' does not appear to be a git repository\n"
    )
    assert error.endswith(
        "hint: Git is run as you would run it: see whether it can fetch from there\n"
    )


def test_files_of_git_lfs_are_refused(scene: Scene) -> None:
    commit = "ab" * 20
    scene.lock("demo", f'git = "https://git.example/demo?lfs=true#{commit}"')

    assert scene.refused() == (
        "Unable to build `demo` from git (https://git.example/demo@abababababab): "
        "files of Git LFS are not supported\n\n"
        "hint: Take `lfs = true` out of its source in `[tool.uv.sources]`, or lock a wheel\n"
    )


def test_a_subdirectory_that_is_not_there_is_named(scene: Scene) -> None:
    where = scene.root / "repository"
    commit = repository(where, source("demo"))
    scene.lock("demo", f'git = "{where.as_uri()}?subdirectory=sub#{commit}"')

    assert scene.refused() == (
        f"Unable to build `demo` from git ({where.as_uri()}@{commit[:12]}): no folder `sub` in it\n"
    )


def test_an_sdist_whose_folder_is_named_like_a_wheel_is_an_sdist(scene: Scene) -> None:
    scene.sdist("demo", tar(source("demo"), "demo-1.0-py3-none-any.whl"))

    scene.build()

    assert scene.files()["demo/__init__.py"] == b"x = 1\n"


def test_a_wheel_in_a_repository_is_taken_if_it_is_the_locked_one(scene: Scene) -> None:
    where = scene.root / "repository"
    names = ["demo-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl", "demo.whl"]
    commit = repository(where, {name: make_wheel(name="demo") for name in names})
    good, *wrong = names
    for name in wrong:
        scene.lock("demo", f'git = "{where.as_uri()}?path={name}#{commit}"')
        assert scene.refused() == (
            f"Unable to use `{name}` from git ({where.as_uri()}@{commit[:12]}): "
            "it is no wheel of `demo 1.0`\n"
        )
    scene.lock("demo", f'git = "{where.as_uri()}?path={good}#{commit}"')

    scene.build()

    assert "demo-1.0.dist-info/METADATA" in scene.files()


def test_a_folder_is_built_again_only_if_its_files_change(scene: Scene) -> None:
    """Neither dates nor what lies beside it matter."""
    folder = scene.tree("libs/demo", source("demo"))
    scene.lock("demo", 'editable = "libs/demo"')
    first = scene.build()
    files = scene.files()
    os.utime(folder / "code.py", (1, 1))
    scene.tree("", {"beside.txt": b""})

    second = scene.build()
    (folder / "code.py").write_text("x = 2\n")
    third = scene.build()

    assert files["demo-1.0.dist-info/direct_url.json"] == (
        b'{"url":"file:///demo","dir_info":{"editable":false}}'
    )
    assert first["digest"] == second["digest"] != third["digest"]
    assert scene.files()["demo/__init__.py"] == b"x = 2\n"


def test_a_folder_that_is_gone_is_named(scene: Scene) -> None:
    scene.lock("demo", 'directory = "libs/demo"')

    assert scene.refused() == (
        "Unable to build `demo 1.0`: no folder `libs/demo`\n\n"
        "hint: The lockfile names it by its path; put it there, or run `uv lock`\n"
    )


def test_many_folders_share_layers(scene: Scene) -> None:
    names = [f"demo{number}" for number in range(12)]
    for name in names:
        scene.tree(f"libs/{name}", source(name))
        scene.lock(name, f'directory = "libs/{name}"')

    report = scene.build()

    (platform,) = report["platforms"]
    assert len(platform["layers"]) <= 1 + 8
    assert {name for name in names if f"{name}/__init__.py" in scene.files()} == set(names)


def test_compiled_wheels_for_another_platform_are_refused_all_at_once(scene: Scene) -> None:
    scene.sdist("pure", tar(source("pure")))
    for name in ("one", "two"):
        scene.sdist(name, tar(source(name, tag=HERE)))
    for name in ("three", "local"):
        scene.tree(f"libs/{name}", source(name, tag=PURE if name == "local" else HERE))
        scene.lock(name, f'directory = "libs/{name}"')
    tag = f"cp{MINOR.replace('.', '')}"

    assert scene.refused("--platform", "linux/arm64") == (
        f"What has compiled parts must be built on linux/arm64, Python {MINOR}\n"
        f"  one 1.0     was built as {tag}-{tag}-linux_x86_64\n"
        f"  three 1.0   was built as {tag}-{tag}-linux_x86_64\n"
        f"  two 1.0     was built as {tag}-{tag}-linux_x86_64\n\n"
        "hint: Run `lamina` on such a machine, or lock versions that have wheels for it\n"
    )


def test_compiled_folders_for_another_platform_are_refused(scene: Scene) -> None:
    for name in ("demo", "other"):
        scene.tree(f"libs/{name}", source(name, tag=HERE))
        scene.lock(name, f'directory = "libs/{name}"')
    tag = f"cp{MINOR.replace('.', '')}"

    assert scene.refused("--platform", "linux/arm64") == (
        f"What has compiled parts must be built on linux/arm64, Python {MINOR}\n"
        f"  demo 1.0    was built as {tag}-{tag}-linux_x86_64\n"
        f"  other 1.0   was built as {tag}-{tag}-linux_x86_64\n\n"
        "hint: Run `lamina` on such a machine, or lock versions that have wheels for it\n"
    )


def test_a_python_of_the_image_builds_if_this_machine_has_one(scene: Scene) -> None:
    """What is compiled must be built by it; else any Python will do."""
    other = next(
        found.minor
        for minor in ("3.13", "3.12", "3.11", "3.10")
        if minor != MINOR and (found := PYTHONS.of_minor(minor)) is not None
    )
    scene.sdist("demo", tar(source("demo", tag=HERE)))

    scene.build(python=f"{other}.0")

    assert scene.told("demo")["python"] == other


def test_without_a_python_of_the_image_what_is_compiled_is_refused(scene: Scene) -> None:
    scene.sdist("pure", tar(source("pure")))
    nowhere = os.fspath(scene.root)
    scene.lamina = scene.lamina.within(
        PATH="/usr/bin/nowhere", PYENV_ROOT=nowhere, UV_PYTHON_INSTALL_DIR=nowhere
    )
    scene.build(python="3.9.1")
    scene.sdist("demo", tar(source("demo", tag=HERE)))

    error = scene.refused(python="3.9.1")

    tag = f"cp{MINOR.replace('.', '')}"
    assert error == (
        "What has compiled parts must be built on linux/amd64, Python 3.9\n"
        f"  demo 1.0   was built as {tag}-{tag}-linux_x86_64: "
        "no Python 3.9 was found to build it with\n\n"
        "hint: Run `lamina` on such a machine, or lock versions that have wheels for it\n"
    )


def test_a_subdirectory_of_an_sdist_that_is_not_there_is_named(scene: Scene) -> None:
    data = tar(source("demo"))
    url = scene.server.answer("/demo.tar.gz", Answer(data))
    digest = hashlib.sha256(data).hexdigest()
    scene.lock(
        "demo", f'url = "{url}", subdirectory = "sub"', f'sdist = {{ hash = "sha256:{digest}" }}'
    )

    assert scene.refused() == "Unable to build `demo 1.0`: its sources have no `sub`\n"


def test_a_pure_wheel_is_built_for_every_platform(scene: Scene) -> None:
    scene.sdist("demo", tar(source("demo")))

    report = scene.build("--platform", "linux/amd64,linux/arm64")

    assert len(report["platforms"]) == 2


def test_a_compiled_wheel_must_find_its_glibc(scene: Scene) -> None:
    """The base has none, and glibc 2.28 is assumed."""
    elf = b"\x7fELF\0GLIBC_2.35\0"
    scene.sdist("demo", tar({**source("demo", tag=HERE), "native.so": elf}))

    assert scene.refused().startswith(
        f"What has compiled parts must be built on linux/amd64, Python {MINOR}\n"
        "  demo 1.0   needs glibc 2.35, the base has glibc 2.28\n"
    )


def test_a_backend_that_fails_is_shown_with_whose_it_is(scene: Scene) -> None:
    files = source("demo")
    scene.sdist("demo", tar({**files, "backend.py": b"raise SystemExit('no compiler found')\n"}))

    error = scene.refused()

    assert error.startswith("Unable to build the wheel of `demo 1.0`: ")
    assert "no compiler found" in error


def test_a_wheel_of_something_else_is_refused(scene: Scene) -> None:
    scene.sdist("demo", tar(source("demo", "2.0")))

    assert scene.refused() == (
        "The build backend made another wheel than expected\n"
        "  expected: demo 1.0\n"
        "  got:      demo 2.0\n"
    )


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


def test_a_fresh_runner_neither_fetches_nor_builds_what_did_not_change(
    scene: Scene, registry: FakeRegistry
) -> None:
    """The sources are not even to be had any more."""
    where = scene.root / "repository"
    commit = repository(where, source("cloned"))
    path = scene.sdist("demo", tar(source("demo")))
    scene.lock("cloned", f'git = "{where.as_uri()}#{commit}"')
    scene.tree("libs/local", source("local"))
    scene.lock("local", 'directory = "libs/local"')
    pushed = ["-t", f"{registry.host}/app:1", "--push"]
    first = scene.build(*pushed)
    where.rename(scene.root / "gone")
    scene.server.answer(path, Answer(status=404))

    second = Lamina(scene.root / "empty").build(*scene.arguments(*pushed))

    assert second["digest"] == first["digest"]
    assert second["transfer"]["dependency_bytes_in"] == 0
    assert {each["origin"] for each in second["platforms"][0]["layers"]} == {"registry"}
