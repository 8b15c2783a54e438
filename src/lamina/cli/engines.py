"""Which container engine is meant: where its socket is, as Docker and Podman are told it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lamina.cli import settings
from lamina.cli.amounts import counted, size
from lamina.cli.signals import telling
from lamina.destinations.base import Destination
from lamina.destinations.daemon import Loaded, Loading
from lamina.destinations.docker_archive import repo_tag
from lamina.engine.client import Engine
from lamina.engine.errors import START
from lamina.errors import LaminaError
from lamina.oci.document import SIZE_LIMIT, Fields, parse_document
from lamina.oci.reference import Reference
from lamina.transport.http import HttpTransport
from lamina.urls import redacted

_UNIX = "unix://"
_DEFAULT = "var/run/docker.sock"


class EngineNotFound(LaminaError):
    """No engine runs here, or the one that is named cannot be used."""


@contextmanager
def running_engine(
    environ: Mapping[str, str], names: Sequence[Reference], say: Callable[[str], None]
) -> Iterator[tuple[Destination, ...]]:
    """Give the engine as a destination; it is asked at once whether it is there."""
    with connected(environ) as engine:
        yield (Loaded(engine, lambda loading: say(loaded_line(loading, names))),)


@contextmanager
def connected(environ: Mapping[str, str]) -> Iterator[Engine]:
    """Give the engine that is meant.

    Raises `EngineNotFound`, `EngineUnreachable` and `NotAnEngine`.
    """
    path = socket_of_engine(environ, Path.home(), Path("/"))
    transport = HttpTransport(replace(settings.network(environ), socket=path))
    try:
        with telling(transport.interrupt):
            yield Engine.connect(path, transport)
    finally:
        transport.close()


def loaded_line(loading: Loading, names: Sequence[Reference]) -> str:
    """Say where the image is now, and what that took."""
    called = ", ".join(map(repo_tag, names))
    named = called or f"{loading.image_id}, which has no name; `-t NAME` gives one"
    sent = f"{counted(loading.layers, 'layer')} sent, {size(loading.size)}"
    took = sent if loading.size else "it was there, nothing was sent"
    return f"Loaded into {loading.kind} ({took}): {named}"


def socket_of_engine(environ: Mapping[str, str], home: Path, root: Path) -> Path:
    """Return the socket of the engine that is meant, else of the first that there is."""
    if host := environ.get("DOCKER_HOST"):
        return _path(host, "`DOCKER_HOST`", root)
    if context := _context(environ, home, root):
        return context
    if host := environ.get("CONTAINER_HOST"):
        return _path(host, "`CONTAINER_HOST`", root)
    for path in _usual_places(environ, home, root):
        if _is_socket(path):
            return path
    raise EngineNotFound("Unable to find a running Docker or Podman", hint=START)


def _usual_places(environ: Mapping[str, str], home: Path, root: Path) -> Iterator[Path]:
    yield root / _DEFAULT
    yield home / ".docker/run/docker.sock"
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "docker.sock")
        yield Path(runtime, "podman/podman.sock")
    yield root / "run/podman/podman.sock"


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # A folder that is not ours to look into.
        return False


def _path(host: str, where: str, root: Path) -> Path:
    """Return the path of a socket's URL; without one, Docker means the usual place."""
    if not host.startswith(_UNIX):
        raise EngineNotFound(
            f"Unable to load an image into `{redacted(host)}`, as {where} says: "
            "only `unix://` is supported",
            hint="Push the image, or write `-o docker-archive:FILE` and load that there",
        )
    path = host.removeprefix(_UNIX)
    return Path(path) if path else root / _DEFAULT


def _context(environ: Mapping[str, str], home: Path, root: Path) -> Path | None:
    """Return the socket of Docker's current context, unless that is the default one."""
    folder = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    name = environ.get("DOCKER_CONTEXT")
    if not name:
        config = _document(folder / "config.json")
        name = config.text("currentContext") if config else ""
    if name in ("", "default"):
        return None
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()
    meta = _document(folder / "contexts" / "meta" / digest / "meta.json")
    host = meta.object("Endpoints").object("docker").text("Host") if meta else ""
    if not host:
        raise EngineNotFound(
            f"Unable to find the engine of the Docker context `{name}`",
            hint="To see which there are, run `docker context ls`; to choose one, "
            "set `DOCKER_CONTEXT`",
        )
    return _path(host, f"the Docker context `{name}`", root)


def _document(path: Path) -> Fields | None:
    """Read a file of Docker's settings, if it is there for us."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError:
        return None
    return parse_document(data, f"`{path}`")
