"""The part of the Docker Engine API that loads an image; Podman speaks it, too."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

from lamina.engine.errors import EngineRefused, EngineUnreachable, NotAnEngine
from lamina.oci.config import parse_env
from lamina.oci.document import Fields, MalformedDocument, parse_document
from lamina.oci.reference import DEFAULT_TAG, Reference
from lamina.transport.protocol import Request, Response, Transport, TransportError

_ADDRESS = "http://localhost"
_CHUNK = 1 << 16
_LIMIT = 64 << 20
"""Of an answer, in bytes; the list of some thousand images has one or two million."""
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")
_UNUSABLE = "Error unpacking image"
_REASON = re.compile(r"^ \* docker-archive: (.*)$", re.MULTILINE)


class Kind(Enum):
    """Who an engine is."""

    DOCKER = "Docker"
    PODMAN = "Podman"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Listed:
    """An image, as the list of an engine's images has it."""

    id: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """An image that an engine has."""

    id: str
    diff_ids: tuple[str, ...]
    """Of its layers, lowest first."""
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    working_dir: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that has answered once."""

    socket: Path
    transport: Transport
    """Leads through the socket, whatever the URL."""
    kind: Kind
    version: str
    """Of the API."""

    @classmethod
    def connect(cls, socket: Path, transport: Transport) -> Self:
        """Ask who listens at a socket. Raises `EngineUnreachable` and `NotAnEngine`."""
        with _translated(socket), transport.send(_request("GET", "/_ping")) as response:
            _read(response)
            version = response.headers.get("Api-Version", "")
            is_podman = "Libpod-Api-Version" in response.headers
        if response.status != 200 or not _VERSION.fullmatch(version):
            raise NotAnEngine(socket)
        return cls(socket, transport, Kind.PODMAN if is_podman else Kind.DOCKER, version)

    def images(self) -> list[Listed]:
        """Return all images that are no steps of a Docker build, the newest first."""
        body = self._asked("list its images", _request("GET", self._path("/images/json")))
        entries = _list(body, f"answer of {self.kind}")
        newest = sorted(entries, key=lambda entry: entry.number("Created"), reverse=True)
        return [Listed(entry.text("Id"), entry.texts("RepoTags") or ()) for entry in newest]

    def image(self, name: str) -> Held | None:
        """Return the image that has this name or this ID, if there is one."""
        request = _request("GET", self._path(f"/images/{quote(name, safe='/:@')}/json"))
        body = self._asked(f"look for the image {name}", request, accepts=(200, 404))
        if body is None:
            return None
        document = parse_document(body, f"answer of {self.kind}")
        config = document.object("Config")
        return Held(
            document.text("Id"),
            document.object("RootFS").texts("Layers") or (),
            env=parse_env(config),
            user=config.text("User"),
            working_dir=config.text("WorkingDir"),
        )

    def tag(self, image_id: str, name: Reference) -> None:
        """Give an image that the engine has one name more."""
        query = urlencode({"repo": name.name, "tag": name.tag or DEFAULT_TAG})
        url = self._path(f"/images/{image_id}/tag?{query}")
        self._asked(f"tag the image {name.tagged()}", _request("POST", url), (201,))

    def load(self, archive: Iterable[bytes]) -> list[str]:
        """Send a docker archive; return the names and IDs of the images that it said it loaded.

        An engine may need minutes and say nothing meanwhile; no silence is too long. What the
        archive raises while it is sent is passed on as it is.
        """
        failures: list[Exception] = []
        request = replace(
            _request("POST", self._path("/images/load?quiet=1")),
            headers={"Content-Type": "application/x-tar"},
            body=_noting(archive, failures),
            is_patient=True,
        )
        with _translated(self.socket, failures), self.transport.send(request) as response:
            if response.status != 200:
                raise self._refused("load the image", _reason(_read(response)))
            news = [_news(line) for line in _lines(response.chunks(_CHUNK))]
        for each in news:
            said = str(each.get("stream", ""))
            # Docker with containerd's store goes on after that, as if nothing had happened.
            if "error" in each or said.startswith(_UNUSABLE):
                raise self._refused("load the image", str(each.get("error", said)).strip())
        return [name for each in news for name in _LOADED.findall(str(each.get("stream", "")))]

    def _path(self, path: str) -> str:
        # A path without a version is deprecated.
        return f"/v{self.version}{path}"

    def _asked(
        self, action: str, request: Request, accepts: tuple[int, ...] = (200,)
    ) -> bytes | None:
        """Return what is answered; nothing, if that is 404 and no error."""
        with _translated(self.socket), self.transport.send(request) as response:
            body = _read(response)
        if response.status not in accepts:
            raise self._refused(action, _reason(body))
        return None if response.status == 404 else body

    def _refused(self, action: str, reason: str) -> EngineRefused:
        return EngineRefused(f"{self.kind} failed to {action}: {reason}")


def _request(method: str, path: str) -> Request:
    return Request(method, f"{_ADDRESS}{path}", is_once=True)


@contextmanager
def _translated(socket: Path, others: Collection[Exception] = ()) -> Iterator[None]:
    """Tell of what the transport raises; ``others`` it only passes on."""
    try:
        yield
    except TransportError as error:
        if error in others:
            raise
        raise EngineUnreachable(socket, error) from error


def _noting(pieces: Iterable[bytes], failures: list[Exception]) -> Iterator[bytes]:
    """Give the pieces, and note what they raise: a layer may come over the network, too."""
    try:
        yield from pieces
    except Exception as error:
        failures.append(error)
        raise


def _read(response: Response) -> bytes:
    """Return the body; one that is beyond all measure comes cut, and is then no JSON."""
    found = bytearray()
    for chunk in response.chunks(_CHUNK):
        found += chunk
        if len(found) > _LIMIT:
            break
    return bytes(found)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines of a stream, to its end; of one that is beyond all measure, its end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        rest = rest[-_LIMIT:]
    yield rest


def _news(line: bytes) -> Mapping[str, object]:
    """Return what a line of a stream says; a line that is no JSON object says nothing."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _list(body: bytes | None, what: str) -> list[Fields]:
    try:
        values = json.loads(body or b"")
    except (ValueError, RecursionError):
        raise MalformedDocument(f"Malformed {what}: not JSON") from None
    return Fields(what, "", {"images": values}).objects("images")


def _reason(body: bytes) -> str:
    """Return why an engine refuses, in its own words.

    Podman tells of each form of archive why it is none; ours is the one that counts.
    """
    text = str(_news(body).get("message", body[:500].decode(errors="replace"))).strip()
    found = _REASON.search(text)
    return found[1] if found else text
