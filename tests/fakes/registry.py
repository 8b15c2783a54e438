"""A registry in memory behind a real socket of loopback, good or with faults as a script says.

    with serve_registry() as registry:
        registry.fail("GET", "/blobs/", Fault(status=500))      # the next one only
        registry.fail("PUT", "/uploads/", Fault(takes=1000))    # then the connection is reset

It keeps the distribution-spec as far as clients can see, and real registries pass the same tests.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"

_ROUTE = re.compile(r"/v2/(.+?)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    status: int | None = None
    """This is answered, and nothing done."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    takes: int | None = None
    """So many bytes of the request's body are taken, then the connection is reset."""
    forgets: bool = False
    """Whether the bytes taken are lost."""
    cut: int | None = None
    """After so many bytes of the answer's body the connection is closed."""
    claims: int | None = None
    """The ``Content-Length`` of the answer, in truth or not; below 0, none is told."""
    alters: Callable[[bytes], bytes] | None = None
    """Makes another body of the answer's."""
    is_mute: bool = False
    """All is done, and no answer given."""
    before: Callable[[], object] | None = None
    """Happens when the request comes; it is then served as always."""


@dataclass(frozen=True)
class Asked:
    """One request, as it came over the socket."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    size: int
    """Of the body that came."""

    def __str__(self) -> str:
        return f"{self.method} {self.target.partition('?')[0]}"


@dataclass
class Contents:
    """What one repository holds."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the registry says."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def complaint(status: int, code: str, message: str = "", **detail: str) -> Answer:
    """Return an answer of the form that the distribution-spec gives to errors."""
    error: dict[str, object] = {"code": code, "message": message or code.lower()}
    body = json.dumps({"errors": [error | ({"detail": detail} if detail else {})]}).encode()
    return Answer(status, body, {"Content-Type": "application/json"})


class FakeRegistry:
    """The registry's state and its switches; tests turn them at any time."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.repositories: dict[str, Contents] = {}
        self.asked: list[Asked] = []
        self.connections = 0
        self.users: dict[str, str] = {}
        """Passwords; with none, everybody may do everything."""
        self.identity_tokens: set[str] = set()
        self.scheme = "basic"
        """Or ``bearer``: tokens come from ``realm``."""
        self.realm = f"{address}/token"
        self.is_public = False
        """Whether everybody may pull."""
        self.mounts = self.chunks = self.ranges = self.referrers = self.creates = True
        self.resumes = True
        self.immutable = self.relative = False
        self.largest_put: int | None = None
        self.page = 100
        self.most_tags = 1000
        self._uploads: dict[str, bytearray] = {}
        self.sign: Callable[[frozenset[tuple[str, str]]], str] | None = None
        """Makes the tokens, where another registry is to believe them."""
        self._tokens: dict[str, frozenset[tuple[str, str]]] = {}
        self._faults: list[tuple[str, str, Fault]] = []
        self._made = 0
        self._lock = threading.RLock()

    @property
    def host(self) -> str:
        """The registry of a reference."""
        return self.address.removeprefix("http://")

    def contents(self, name: str) -> Contents:
        """Return what a repository holds, which is made if need be."""
        return self.repositories.setdefault(name, Contents())

    def add_blob(self, name: str, data: bytes) -> str:
        """Put a blob there; return its digest."""
        digest = _digest(data)
        self.contents(name).blobs[digest] = data
        return digest

    def fail(self, method: str, path: str, *faults: Fault) -> None:
        """Let the next requests of a method whose path holds a text fail, one by each fault."""
        self._faults += [(method, path, fault) for fault in faults]

    def expire_tokens(self) -> None:
        """Know no token any more."""
        with self._lock:
            self._tokens.clear()

    def trace(self) -> list[str]:
        """Return what was asked, without queries."""
        return [str(asked) for asked in self.asked]

    def fault(self, method: str, target: str) -> Fault:
        """Return what goes wrong with a request."""
        with self._lock:
            for entry in self._faults:
                if entry[0] == method and entry[1] in target:
                    self._faults.remove(entry)
                    return entry[2]
        return Fault()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        with self._lock:
            path, query = target.partition("?")[0], parse_qs(urlsplit(target).query)
            if path == urlsplit(self.realm).path and self.scheme == "bearer":
                return self._token(method, query, headers, body)
            if refusal := self._refusal(method, path, query, headers.get("authorization", "")):
                return refusal
            if path == "/v2/":
                return Answer(200, b"{}")
            match = _ROUTE.fullmatch(path)
            if match is None:
                return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})
            name, kind, last = match.groups()
            if not self.creates and name not in self.repositories:
                return complaint(404, "NAME_UNKNOWN", "repository name not known to registry")
            if kind == "blobs/uploads":
                return self._upload(method, name, last, query, headers, body)
            if kind == "blobs":
                return self._blob(name, last, headers)
            if kind == "manifests":
                put = method == "PUT"
                return self._put(name, last, headers, body) if put else self._manifest(name, last)
            return self._tags(name, query) if kind == "tags" else self._referrers(name, last)

    def _upload(
        self,
        method: str,
        name: str,
        session: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        if method == "POST":
            return self._begin(name, query)
        if session not in self._uploads:
            return complaint(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        came = self._uploads[session]
        place = {"Location": self._location(name, session), "Range": f"0-{max(0, len(came) - 1)}"}
        if method == "GET":
            return Answer(204, headers=place)
        if method == "PATCH":
            if not self.chunks:
                return complaint(405, "UNSUPPORTED", "chunked upload is unsupported")
            start = headers.get("content-range", "").partition("-")[0]
            if start != str(len(came)):
                return Answer(416, headers=place)
            came += body
            return Answer(202, headers={**place, "Range": f"0-{len(came) - 1}"})
        if self.largest_put is not None and len(body) > self.largest_put:
            return Answer(413, b"<html>too large</html>", {"Content-Type": "text/html"})
        came += body
        digest = query["digest"][0]
        if _digest(bytes(came)) != digest:
            return complaint(400, "DIGEST_INVALID", "provided digest did not match the content")
        self.contents(name).blobs[digest] = bytes(self._uploads.pop(session))
        return Answer(201, headers={"Docker-Content-Digest": digest, "Location": "/somewhere"})

    def _begin(self, name: str, query: Mapping[str, list[str]]) -> Answer:
        mount, source = query.get("mount", [""])[0], query.get("from", [""])[0]
        there = self.repositories.get(source, Contents()).blobs
        if mount in there and self.mounts:
            self.contents(name).blobs[mount] = there[mount]
            return Answer(201, headers={"Docker-Content-Digest": mount})
        self.contents(name)
        session = self._new("session")
        self._uploads[session] = bytearray()
        place = self._location(name, session)
        return Answer(202, headers={"Location": place, "Range": "0-0"})

    def keep(self, target: str, data: bytes) -> None:
        """Keep what came of a body that was broken off."""
        session = target.partition("?")[0].rpartition("/")[2]
        with self._lock:
            if session in self._uploads and self.resumes:
                self._uploads[session] += data
            elif not self.resumes:
                self._uploads.pop(session, None)

    def _location(self, name: str, session: str) -> str:
        path = f"/v2/{name}/blobs/uploads/{session}?_state=opaque%3D"
        return path if self.relative else self.address + path

    def _blob(self, name: str, digest: str, headers: Mapping[str, str]) -> Answer:
        data = self.repositories.get(name, Contents()).blobs.get(digest)
        if data is None:
            return complaint(404, "BLOB_UNKNOWN", "blob unknown to registry", digest=digest)
        said = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if match is None or not self.ranges:
            return Answer(200, data, said)
        start, end = int(match[1]), min(int(match[2]), len(data) - 1)
        if start >= len(data):
            return Answer(416, headers={"Content-Range": f"bytes */{len(data)}"})
        said["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return Answer(206, data[start : end + 1], said)

    def _manifest(self, name: str, reference: str) -> Answer:
        contents = self.repositories.get(name, Contents())
        digest = contents.tags.get(reference, reference)
        if digest not in contents.manifests:
            return complaint(404, "MANIFEST_UNKNOWN", "manifest unknown")
        media_type, data = contents.manifests[digest]
        return Answer(200, data, {"Docker-Content-Digest": digest, "Content-Type": media_type})

    def _put(self, name: str, reference: str, headers: Mapping[str, str], body: bytes) -> Answer:
        contents, digest = self.contents(name), _digest(body)
        document = json.loads(body)
        blobs = [*document.get("layers", []), *filter(None, [document.get("config")])]
        for blob in blobs:
            if blob["digest"] not in contents.blobs:
                missing = blob["digest"]
                code, text = "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"
                return complaint(400, code, text, digest=missing)
        if self.immutable and contents.tags.get(reference, digest) != digest:
            return complaint(400, "TAG_INVALID", f"tag {reference} is immutable")
        contents.manifests[digest] = (headers.get("content-type", ""), body)
        if ":" not in reference:
            contents.tags[reference] = digest
        return Answer(201, headers={"Docker-Content-Digest": digest, "Location": "/somewhere"})

    def _tags(self, name: str, query: Mapping[str, list[str]]) -> Answer:
        if name not in self.repositories:
            return complaint(404, "NAME_UNKNOWN", "repository name not known to registry")
        if int(query["n"][0]) > self.most_tags:
            return complaint(400, "PAGINATION_NUMBER_INVALID", "invalid number of results")
        tags = sorted(self.repositories[name].tags)
        rest = [tag for tag in tags if tag > query.get("last", [""])[0]]
        shown = rest[: min(self.page, int(query["n"][0]))]
        headers = {"Content-Type": "application/json"}
        if len(shown) < len(rest):
            url = f"/v2/{name}/tags/list?last={quote(shown[-1])}&n={query['n'][0]}"
            headers["Link"] = f'<{url}>; rel="next"'
        return Answer(200, json.dumps({"name": name, "tags": shown}).encode(), headers)

    def _referrers(self, name: str, digest: str) -> Answer:
        if not self.referrers:
            return Answer(404, b"404 page not found\n")
        found = []
        for own, (media_type, data) in self.contents(name).manifests.items():
            if (json.loads(data).get("subject") or {}).get("digest") == digest:
                found.append({"mediaType": media_type, "digest": own, "size": len(data)})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
        return Answer(200, json.dumps(index).encode(), {"Content-Type": INDEX})

    def _refusal(
        self, method: str, path: str, query: Mapping[str, list[str]], authorization: str
    ) -> Answer | None:
        """Say no to who may not; the scopes are those of distribution's token specification."""
        if not (self.users or self.identity_tokens):
            return None
        wanted = set()
        if match := _ROUTE.fullmatch(path):
            actions = ("pull",) if method in ("GET", "HEAD") else ("pull", "push")
            wanted = {(f"repository:{match[1]}", action) for action in actions}
        wanted |= {(f"repository:{name}", "pull") for name in query.get("from", [])}
        if self.scheme == "basic":
            if self._user(authorization) is not None:
                return None
            challenge = 'Basic realm="Registry Realm"'
        else:
            granted = self._tokens.get(authorization.removeprefix("Bearer "))
            if granted is not None and wanted <= granted:
                return None
            challenge = f'Bearer realm="{self.realm}",service="{self.host}"'
            if wanted:
                challenge += f',scope="{_scopes(wanted)}"'
            if granted is not None:
                challenge += ',error="insufficient_scope"'
        refusal = complaint(401, "UNAUTHORIZED", "authentication required")
        return Answer(401, refusal.body, {**refusal.headers, "WWW-Authenticate": challenge})

    def _user(self, authorization: str) -> str | None:
        kind, _, text = authorization.partition(" ")
        user, _, password = base64.b64decode(text).decode().partition(":")
        known = kind == "Basic" and user in self.users and self.users[user] == password
        return user if known else None

    def _token(
        self, method: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Give a token for the scopes asked for, as far as who asks may have them."""
        authorization = headers.get("authorization", "")
        if method == "POST":
            form = parse_qs(body.decode())
            is_user = form["refresh_token"][0] in self.identity_tokens
            scopes, key = form.get("scope", [""])[0].split(" "), "access_token"
        else:
            is_user = self._user(authorization) is not None
            scopes, key = query.get("scope", []), "token"
        if not is_user and (method == "POST" or authorization or not self.is_public):
            body = json.dumps({"details": "incorrect username or password"}).encode()
            return Answer(401, body, {"Content-Type": "application/json"})
        pairs = frozenset(
            (scope.rpartition(":")[0], action)
            for scope in scopes
            for action in scope.rpartition(":")[2].split(",")
            if is_user or action == "pull"
        )
        token = self.sign(pairs) if self.sign else self._new("token")
        self._tokens[token] = pairs
        return Answer(200, json.dumps({key: token, "expires_in": 300}).encode())

    def _new(self, what: str) -> str:
        self._made += 1
        return f"{what}{self._made}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _scopes(pairs: set[tuple[str, str]]) -> str:
    resources = sorted({resource for resource, _ in pairs})
    return " ".join(
        f"{resource}:{','.join(sorted(action for each, action in pairs if each == resource))}"
        for resource in resources
    )


@contextmanager
def serve_registry() -> Iterator[FakeRegistry]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers are not to wait for the client's acknowledgement.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            registry.connections += 1

        def serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault = registry.fault(self.command, self.path)
            size = int(headers.get("content-length", "0"))
            if fault.takes is not None:
                data = self.rfile.read(min(size, fault.takes))
                registry.asked.append(Asked(self.command, self.path, headers, len(data)))
                if not fault.forgets:
                    registry.keep(self.path, data)
                return self._reset()
            body = self.rfile.read(size)
            registry.asked.append(Asked(self.command, self.path, headers, len(body)))
            if fault.before is not None:
                fault.before()
            if fault.status is not None:
                answer = Answer(fault.status, fault.body, fault.headers)
            else:
                answer = registry.answer(self.command, self.path, headers, body)
            return self._reset() if fault.is_mute else self._say(answer, fault)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        def _say(self, answer: Answer, fault: Fault) -> None:
            body = fault.alters(answer.body) if fault.alters else answer.body
            length = len(body) if fault.claims is None else fault.claims
            self.send_response(answer.status)
            for name, value in {**answer.headers, **fault.headers}.items():
                self.send_header(name, value)
            if answer.status != 204 and length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: fault.cut])
            self.close_connection |= fault.cut is not None or fault.claims is not None

        def _reset(self) -> None:
            """Close at once: what is under way is lost, and the client is told so (RST)."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        # Connections that clients keep open must not hold up the end.
        block_on_close = False
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client may well hang up; what is wrong with a test shows in its answers."""

        def shutdown_request(self, request: Any) -> None:
            # Not `shutdown`, which would end a connection in order that is to be reset.
            self.close_request(request)

    listener = Listener(("127.0.0.1", 0), Handler)
    registry = FakeRegistry(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, args=(0.005,))
    thread.start()
    try:
        yield registry
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
