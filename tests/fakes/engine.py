"""A container engine behind a real Unix socket: it keeps images as Docker or Podman does."""

from __future__ import annotations

import gzip
import io
import json
import select
import socket
import socketserver
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from images import MemoryLayer
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import Image, assemble

PING = "/_ping"
LOAD = "/images/load"


@dataclass(frozen=True)
class Kept:
    """An image in the engine."""

    id: str
    raw_config: bytes
    layers: tuple[MemoryLayer, ...]
    tags: frozenset[str] = frozenset()
    created: int = 0

    @property
    def diff_ids(self) -> list[str]:
        return [str(layer.diff_id) for layer in self.layers]

    @property
    def settings(self) -> Any:
        document = json.loads(self.raw_config)
        return document.get("config") if isinstance(document, dict) else None

    @property
    def image(self) -> Image:
        return assemble(ImageConfig.parse(self.raw_config), self.layers)


@dataclass(frozen=True)
class Archive:
    """What was sent to be loaded."""

    size: int
    files: dict[str, int]
    """Sizes by name."""


@dataclass(frozen=True)
class Answer:
    """What is answered in place of the truth."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """All that is said, and then the connection is closed; not HTTP, perhaps."""
    cut: bool = False
    """Whether the connection is closed before the end of the body."""
    hangs: bool = False
    """Whether nothing is answered until the engine ends."""
    reads: bool = True
    """Whether the request's body is read before."""


class Unloadable(Exception):
    """The archive is not as this engine wants it."""


class FakeEngine:
    """The state of an engine; what a test changes, it changes before it asks."""

    def __init__(self, socket: Path, kind: str) -> None:
        self.socket = socket
        self.kind = kind
        """``docker``, ``containerd`` (Docker with the other store), or ``podman``."""
        self.images: dict[str, Kept] = {}
        self.asked: list[str] = []
        self.archives: list[Archive] = []
        self.answers: dict[str, Answer] = {}
        """By the path without its version; first come the truth's exceptions."""
        self.is_silent = threading.Event()
        """Set when an answer begins to hang."""
        self.patience = 0.0
        """For so many seconds it watches whether a client hangs up before it answers a load."""

    @property
    def loads(self) -> list[dict[str, int]]:
        """The layers of each archive, with their sizes."""
        return [
            {name: size for name, size in archive.files.items() if not name.endswith(".json")}
            for archive in self.archives
        ]

    def tags(self) -> set[str]:
        return {tag for kept in self.images.values() for tag in kept.tags}

    def load(self, data: bytes) -> str:
        """Load an archive as this kind of engine does, and return what it says."""
        files = _files(data)
        self.archives.append(
            Archive(len(data), {name: len(content) for name, content in files.items()})
        )
        (manifest,) = json.loads(files["manifest.json"])
        raw_config = files[manifest["Config"]]
        diff_ids = [str(each) for each in ImageConfig.parse(raw_config).diff_ids]
        layers: list[MemoryLayer] = []
        for diff_id, name in zip(diff_ids, manifest["Layers"], strict=True):
            known = self._known([str(layer.diff_id) for layer in layers], diff_id)
            layers.append(self._layer(name, diff_id, files.get(name), known))
        return self.keep(raw_config, tuple(layers), manifest["RepoTags"])

    def keep(self, raw_config: bytes, layers: tuple[MemoryLayer, ...], tags: Sequence[str]) -> str:
        """Enter an image, and say so as this kind of engine does."""
        id_ = str(Digest.of(raw_config))
        if self.kind == "containerd":
            id_ = str(Digest.of(b"manifest of " + raw_config))
        kept = Kept(id_, raw_config, layers, created=len(self.images))
        self.images[id_] = self.images.get(id_, kept)
        for tag in tags:
            self.tag(id_, tag)
        word = "Loaded image ID: " if not tags and self.kind != "podman" else "Loaded image: "
        said = [_short(tag) if self.kind != "podman" else tag for tag in tags] or [id_]
        return "".join(json.dumps({"stream": f"{word}{each}\n"}) + "\r\n" for each in said)

    def tag(self, id_: str, tag: str) -> None:
        for other, kept in self.images.items():
            gained = kept.tags | {tag} if other == id_ else kept.tags - {tag}
            self.images[other] = replace(kept, tags=gained)

    def find(self, name: str) -> Kept | None:
        full = {name, f"docker.io/library/{name}"}
        named = (kept for kept in self.images.values() if full & kept.tags)
        return self.images.get(name) or next(named, None)

    def _known(self, below: list[str], diff_id: str) -> MemoryLayer | None:
        """Return a layer that this kind of engine need not be given."""
        for kept in self.images.values():
            for at, layer in enumerate(kept.layers):
                is_here = self.kind == "podman" or kept.diff_ids[:at] == below
                if str(layer.diff_id) == diff_id and is_here and self.kind != "containerd":
                    return layer
        return None

    def _layer(
        self, name: str, diff_id: str, blob: bytes | None, known: MemoryLayer | None
    ) -> MemoryLayer:
        if blob is None and not (known and self.kind == "docker"):
            raise Unloadable(f"open {name}: no such file or directory")
        if known is not None:
            return known
        assert blob is not None
        tar = gzip.decompress(blob) if blob else b""
        if str(Digest.of(tar)) != diff_id:
            raise Unloadable(f'invalid diffID for layer: expected "{diff_id}"')
        descriptor = Descriptor(mediatype.LAYER_GZIP, Digest.of(blob), len(blob))
        return MemoryLayer(descriptor, DiffID(Digest.parse(diff_id)), blob)


def _files(data: bytes) -> dict[str, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            streams = {info.name: tar.extractfile(info) for info in tar}
            return {name: stream.read() for name, stream in streams.items() if stream}
    except tarfile.ReadError as error:
        raise Unloadable(str(error)) from error


@contextmanager
def serve_engine(kind: str = "docker") -> Iterator[FakeEngine]:
    """Serve at a socket in a new folder (with a short path: it may have 107 bytes)."""
    ended = threading.Event()
    opened: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            opened.append(self.connection)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            path = unquote(url.path).removeprefix("/v1.41")
            engine.asked.append(f"{self.command} {unquote(self.path)}")
            answer = engine.answers.get(path)
            if answer is not None:
                return self._play(answer)
            if path == PING:
                return self._say(b"OK", headers=self._names())
            if path == "/images/json":
                return self._say(json.dumps([*map(_listed, engine.images.values())]).encode())
            if path == LOAD:
                return self._load()
            name, _, verb = path.removeprefix("/images/").rpartition("/")
            kept = engine.find(name)
            if kept is None:
                return self._say(b'{"message":"no such image"}\n', 404)
            if verb == "tag":
                query = parse_qs(url.query)
                engine.tag(kept.id, f"{query['repo'][0]}:{query['tag'][0]}")
                return self._say(b"", 201)
            document = {
                "Id": kept.id,
                "RootFS": {"Type": "layers", "Layers": kept.diff_ids},
                "Config": kept.settings,
            }
            return self._say(json.dumps(document).encode())

        do_POST = do_GET

        def _names(self) -> dict[str, str]:
            libpod = {"Libpod-Api-Version": "4.3.1"} if engine.kind == "podman" else {}
            return {"Api-Version": "1.41", **libpod}

        def _load(self) -> None:
            data = self._body()
            if engine.patience:
                hung_up, _, _ = select.select([self.connection], [], [], engine.patience)
                assert not hung_up, "the client did not wait"
            try:
                said = engine.load(data)
            except Unloadable as error:
                if engine.kind == "podman":
                    text = (
                        f"no such format:\n * oci: none\n * docker-archive: {error}\n * dir: none"
                    )
                    return self._say(json.dumps({"message": text, "response": 500}).encode(), 500)
                said = json.dumps({"errorDetail": {}, "error": str(error)}) + "\r\n"
            return self._say(said.encode())

        def _body(self) -> bytes:
            """Read a body whose pieces come as they are ready."""
            assert self.headers["Transfer-Encoding"] == "chunked"
            found = []
            while size := int(self.rfile.readline(), 16):
                found.append(self.rfile.read(size))
                assert len(found[-1]) == size, "the body broke off"
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(found)

        def _play(self, answer: Answer) -> None:
            if "chunked" in self.headers.get("Transfer-Encoding", "") and answer.reads:
                self._body()
            if answer.hangs:
                engine.is_silent.set()
                ended.wait()
            if answer.raw is not None or answer.hangs:
                self.wfile.write(answer.raw or b"")
                self.close_connection = True
                return
            self._say(answer.body, answer.status, answer.headers, missing=10 if answer.cut else 0)
            self.close_connection |= answer.cut or not answer.reads

        def _say(
            self,
            body: bytes,
            status: int = 200,
            headers: dict[str, str] | None = None,
            missing: int = 0,
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + missing))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client may well hang up; what is wrong with a test shows in its answers."""

    with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        engine = FakeEngine(Path(folder, "engine.sock"), kind)
        with Listener(str(engine.socket), Handler) as listener:
            thread = threading.Thread(target=listener.serve_forever, args=(0.005,))
            thread.start()
            try:
                yield engine
            finally:
                ended.set()
                listener.shutdown()
                thread.join()
                hang_up(opened)


def hang_up(connections: list[socket.socket]) -> None:
    """End what clients keep open, so that nobody waits for them."""
    for each in connections:
        with suppress(OSError):  # It is closed already.
            each.shutdown(socket.SHUT_RDWR)


def _listed(kept: Kept) -> dict[str, object]:
    """Return an entry of the list: Docker writes names short, and one for none."""
    tags = [_short(tag) for tag in sorted(kept.tags)]
    return {"Id": kept.id, "RepoTags": tags or ["<none>:<none>"], "Created": kept.created}


def _short(tag: str) -> str:
    return tag.removeprefix("docker.io/library/")
