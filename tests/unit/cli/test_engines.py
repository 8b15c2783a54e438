"""Which engine is meant, and `--load` as a person sees it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes.engine import LOAD, Answer, serve_engine
from lamina.cli.engines import EngineNotFound, socket_of_engine
from lamina.engine.errors import START
from projects import LockedProject
from unit.cli.program import Program


@pytest.fixture
def root() -> Iterator[Path]:
    """A machine with nothing on it; the path of a socket may have 107 bytes."""
    with TemporaryDirectory(prefix="lamina-") as folder:
        yield Path(folder)


def bind(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return path


def found(root: Path, **environ: str) -> Path:
    return socket_of_engine(environ, root / "home", root)


def write_context(folder: Path, name: str, document: object) -> None:
    meta = folder / "contexts" / "meta" / sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps(document))


def context_at(host: str) -> dict[str, object]:
    return {"Name": "mine", "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}


def refused(root: Path, **environ: str) -> tuple[str, str | None]:
    with pytest.raises(EngineNotFound) as caught:
        found(root, **environ)
    return str(caught.value), caught.value.hint


def test_what_is_said_counts_more_than_what_is_there(root: Path) -> None:
    docker = root / "home" / ".docker"
    bind(root / "var/run/docker.sock")
    write_context(docker, "mine", context_at("unix:///mine.sock"))
    write_context(docker, "other", context_at("unix:///other.sock"))
    (docker / "config.json").write_text('{"currentContext": "mine"}')

    everything = {"CONTAINER_HOST": "unix:///podman.sock", "DOCKER_CONTEXT": "other"}

    assert found(root, **everything, DOCKER_HOST="unix:///docker.sock") == Path("/docker.sock")
    assert found(root, **everything) == Path("/other.sock")
    assert found(root, CONTAINER_HOST="unix:///podman.sock") == Path("/mine.sock")
    (docker / "config.json").write_text('{"currentContext": "default"}')
    assert found(root, CONTAINER_HOST="unix:///podman.sock") == Path("/podman.sock")
    assert found(root) == root / "var/run/docker.sock"


def test_the_default_context_is_none(root: Path) -> None:
    (root / "config.json").write_text('{"currentContext": "mine"}')
    path = bind(root / "var/run/docker.sock")

    assert found(root, DOCKER_CONTEXT="default", DOCKER_CONFIG=str(root)) == path


def test_settings_may_lie_elsewhere(root: Path) -> None:
    write_context(root / "settings", "mine", context_at("unix:///mine.sock"))

    assert found(root, DOCKER_CONTEXT="mine", DOCKER_CONFIG=str(root / "settings")) == Path(
        "/mine.sock"
    )


def test_a_variable_that_is_empty_says_nothing(root: Path) -> None:
    path = bind(root / "var/run/docker.sock")

    nothing = dict.fromkeys(("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST"), "")
    assert found(root, **nothing, DOCKER_CONFIG="", XDG_RUNTIME_DIR="") == path
    assert found(root, DOCKER_HOST="unix://") == path


def test_the_first_place_with_a_socket_is_taken(root: Path) -> None:
    places = [
        "var/run/docker.sock",
        "home/.docker/run/docker.sock",
        "runtime/docker.sock",
        "runtime/podman/podman.sock",
        "run/podman/podman.sock",
    ]
    sockets = [bind(root / place) for place in places]

    while sockets:
        assert found(root, XDG_RUNTIME_DIR=str(root / "runtime")) == sockets[0]
        # What is no socket is passed over.
        sockets[0].unlink()
        sockets.pop(0).mkdir()

    message = "Unable to find a running Docker or Podman"
    assert refused(root, XDG_RUNTIME_DIR=str(root / "runtime")) == (message, START)
    assert refused(root) == (message, START)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_folder_that_is_not_ours_is_passed_over(root: Path) -> None:
    bind(root / "run/podman/podman.sock").parent.chmod(0o700)
    root.chmod(0o755)

    os.seteuid(65534)
    try:
        message, _ = refused(root)
    finally:
        os.seteuid(0)

    assert message == "Unable to find a running Docker or Podman"


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "CONTAINER_HOST"])
@pytest.mark.parametrize(
    "host", ["tcp://engine.example:2376", "ssh://engine.example", "npipe:///x"]
)
def test_an_engine_elsewhere_is_refused(root: Path, variable: str, host: str) -> None:
    assert refused(root, **{variable: host}) == (
        f"Unable to load an image into `{host}`, as `{variable}` says: only `unix://` is supported",
        "Push the image, or write `-o docker-archive:FILE` and load that there",
    )


def test_a_context_elsewhere_is_refused_and_no_password_shown(root: Path) -> None:
    write_context(root, "far", context_at("ssh://me:secret@engine.example"))

    message, _ = refused(root, DOCKER_CONTEXT="far", DOCKER_CONFIG=str(root))

    assert message == (
        "Unable to load an image into `ssh://engine.example`, as the Docker context `far` says: "
        "only `unix://` is supported"
    )


def test_a_context_that_is_not_there_is_told(root: Path) -> None:
    write_context(root, "empty", {"Name": "empty", "Endpoints": {}})

    for name in ("gone", "empty"):
        assert refused(root, DOCKER_CONTEXT=name, DOCKER_CONFIG=str(root)) == (
            f"Unable to find the engine of the Docker context `{name}`",
            "To see which there are, run `docker context ls`; to choose one, set `DOCKER_CONTEXT`",
        )


@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_an_image_is_loaded_and_said_to_be(
    program: Program, locked: LockedProject, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    locked.write()
    with serve_engine(kind) as fake:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{fake.socket}")
        command = ("build", "project", "--base", "scratch", "--load")

        ended = program(*command, "-t", "app:1", "-t", "registry.example/app")
        assert (ended.code, ended.out.count("sha256:")) == (0, 1), ended.err
        (archive,) = fake.archives
        (kept,) = fake.images.values()
        assert kept.tags == {"docker.io/library/app:1", "registry.example/app:latest"}
        names = "docker.io/library/app:1, registry.example/app:latest"
        who = kind.title()
        size = f"{archive.size / 1000:.1f} kB"
        assert f"\nLoaded into {who} (2 layers sent, {size}): {names}\n" in ended.err

        again = program(*command)
        named = f"{kept.id}, which has no name; `-t NAME` gives one"
        assert f"\nLoaded into {who} (it was there, nothing was sent): {named}\n" in again.err


def test_an_engine_that_is_not_there_is_told_before_anything_is_made(
    program: Program, locked: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.write()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{program.root}/gone")

    said = program.refused("--load")

    assert (
        said == f"error: Unable to reach `ROOT/gone`: No such file or directory\n\nhint: {START}\n"
    )
    assert not (program.root / "out").exists()


def test_an_engine_that_refuses_fails_the_build(
    program: Program, locked: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.write()
    with serve_engine() as fake:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{fake.socket}")
        fake.answers[LOAD] = Answer(body=b'{"error":"no space left on device"}')

        said = program.refused("--load")

    assert said.endswith("error: Docker failed to load the image: no space left on device\n")
