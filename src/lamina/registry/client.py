"""The client of a registry: distribution-spec 1.1, pull and push."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import BinaryIO
from urllib.parse import urlencode

from lamina.oci.blob import verified
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest, InvalidDigest
from lamina.oci.document import SIZE_LIMIT
from lamina.oci.index import Index
from lamina.registry.auth import Authenticator, Clock
from lamina.registry.challenge import repository_scopes
from lamina.registry.credentials import FindCredentials, anonymous
from lamina.registry.download import pieces, stream
from lamina.registry.endpoint import Endpoint
from lamina.registry.errors import NotFound, Refused
from lamina.registry.exchange import Answer, Exchange, Meter, NoMeter
from lamina.registry.manifests import ACCEPTED, RawManifest, read_manifest, read_tags
from lamina.registry.namespace import Namespace, check_digest
from lamina.registry.patience import Sleep
from lamina.registry.upload import Source, Upload
from lamina.transport.protocol import Transport

Connect = Callable[[str, str], "Repository"]
"""Gives a repository, by its registry and its name there."""

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_MOST_PAGES = 100
_PAGE = 1000
"""Of the list of tags: registries refuse to give more at once."""
_NO_MOUNT = frozenset({400, 401, 403, 404, 405, 501})


class Registry:
    """One registry; all that is asked of it goes through here. Safe to share among threads."""

    def __init__(
        self,
        host: str,
        transport: Transport,
        *,
        credentials: FindCredentials = anonymous,
        insecure: bool = False,
        plain: bool | None = None,
        meter: Meter | None = None,
        sleep: Sleep | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """``host`` is the registry of a reference; ``insecure`` allows plain HTTP to it.

        ``plain`` says whether it speaks plain HTTP, where that is known: see `registry.plain`.
        ``meter`` counts what no repository's own meter does. Between tries it is ``sleep`` that
        waits, or the transport, which an interruption ends.
        """
        self.endpoint = Endpoint(host, insecure, plain)
        self._transport = transport
        self._credentials = credentials
        self._meter = meter or NoMeter()
        self._sleep = sleep or transport.pause
        self._clock = clock
        self._lock = threading.Lock()
        self._exchanges: dict[str, Exchange] = {}

    def repository(
        self, name: str, *, push: bool = False, meter: Meter | None = None
    ) -> Repository:
        """Return a repository to pull from, and with ``push`` to push to."""
        scopes = repository_scopes(name, ("pull", "push") if push else ("pull",))
        return Repository(Namespace(self._exchange(name), name, scopes, meter or self._meter))

    def _exchange(self, name: str) -> Exchange:
        """Return what asks about a repository, with the credentials that are kept for it."""
        with self._lock:
            if name not in self._exchanges:
                host = self.endpoint.host
                authenticator = Authenticator(
                    Exchange(self.endpoint, self._transport, self._sleep),
                    lambda: self._credentials(host, name),
                    self._clock,
                    self._meter,
                )
                self._exchanges[name] = Exchange(
                    self.endpoint, self._transport, self._sleep, authenticator
                )
            return self._exchanges[name]


class Repository:
    """One repository of a registry. Safe to share among threads.

    Every method raises `RegistryError`: `NotFound`, `Denied` and `Unreachable` where it matters.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._exchange = namespace.exchange
        self._lock = threading.Lock()
        self._sessions: dict[Digest, str] = {}

    @property
    def name(self) -> str:
        """The name without the registry's."""
        return self._namespace.name

    @property
    def host(self) -> str:
        """The registry, as in a reference."""
        return self._exchange.endpoint.host

    @property
    def shown(self) -> str:
        """Registry and name, as in a reference."""
        return f"{self.host}/{self.name}"

    def counting(self, meter: Meter) -> Repository:
        """Return the same repository, whose bytes another meter counts."""
        return Repository(replace(self._namespace, meter=meter))

    def is_same(self, other: Repository) -> bool:
        """Say whether the other is the same repository; two clients may speak to one."""
        return self.shown == other.shown

    def has_blob(self, digest: Digest) -> int | None:
        """Return the size of a blob, or nothing if the repository does not have it."""
        action = f"look for blob {digest} in {self._namespace.shown}"
        answer = self._ask(action, "HEAD", f"blobs/{digest}", {200, 404})
        length = answer.headers.get("Content-Length", "")
        # One whose size is not told is as good as missing: nobody could describe it.
        known = answer.status == 200 and length.isascii() and length.isdecimal()
        return int(length[:18]) if known else None

    def read_blob(self, descriptor: Descriptor) -> Generator[bytes]:
        """Give the bytes of a blob in pieces, going on where a transfer broke off.

        They must not be believed until the end is reached, which raises `DamagedBlob` if they are
        not as described.
        """
        with stream(pieces(self._namespace, descriptor)) as blob:
            yield from verified(blob, descriptor, place=self.shown)

    def open_blob(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob as a file that is read once: see `read_blob`. The caller closes it."""
        return stream(self.read_blob(descriptor))

    def read_part(self, descriptor: Descriptor, start: int, size: int) -> Iterator[bytes]:
        """Give ``size`` bytes of a blob from ``start``.

        A part has no digest: whoever reads it must know by other means whether it is right.
        """
        return pieces(self._namespace, descriptor, start, size)

    def upload(self, descriptor: Descriptor, source: Source, *, chunk: int | None = None) -> None:
        """Push a blob, whose bytes are asked for anew where it must be sent once more.

        All at once, which every registry takes; with ``chunk``, in pieces of that size.
        """
        with self._lock:
            session = self._sessions.pop(descriptor.digest, "")
        Upload(self._namespace, descriptor, source, chunk=chunk, session=session).run()

    def mount(self, digest: Digest, source: str) -> bool:
        """Have a blob taken over from another repository of the registry; say whether it was.

        A registry that does not want to begins an upload instead; `upload` will use it.
        """
        action = f"mount blob {digest} from `{self.host}/{source}` in {self._namespace.shown}"
        query = urlencode({"mount": str(digest), "from": source}, safe=":/")
        url = self._namespace.url(f"blobs/uploads/?{query}")
        try:
            answer = self._exchange.read(
                self._namespace.call(
                    action,
                    "POST",
                    url,
                    scopes=repository_scopes(source, ("pull",)),
                    accepts=frozenset({201, 202}),
                )
            )
        except Refused as error:
            if error.status in _NO_MOUNT:
                return False
            raise
        if answer.status == 201:
            check_digest(answer.headers, digest, action)
            return True
        with self._lock:
            self._sessions[digest] = self._namespace.led(answer.headers, url, action)
        return False

    def manifest(self, reference: str | Digest) -> RawManifest:
        """Return the manifest or index of a tag or digest, whole and checked.

        Raises `NotFound`, also where there is no such repository.
        """
        action = f"read manifest `{reference}` of {self._namespace.shown}"
        headers = {"Accept": ", ".join(ACCEPTED)}
        answer = self._ask(action, "GET", f"manifests/{reference}", {200}, headers=headers)
        return read_manifest(answer, reference, action, self.host)

    def resolve(self, reference: str) -> Digest | None:
        """Return the digest that a tag points to, without reading what it names.

        Nothing, where the registry has no such tag, or does not say its digest.
        """
        action = f"look for manifest `{reference}` in {self._namespace.shown}"
        headers = {"Accept": ", ".join(ACCEPTED)}
        answer = self._ask(action, "HEAD", f"manifests/{reference}", {200, 404}, headers=headers)
        try:
            said = answer.headers.get("Docker-Content-Digest", "")
            return Digest.parse(said) if answer.status == 200 else None
        except InvalidDigest:
            return None

    def put_manifest(self, reference: str | Digest, data: bytes, media_type: str) -> Digest:
        """Push a manifest or index under a tag or by its digest; return the digest.

        Raises `BlobsMissing` where blobs that it names are not there.
        """
        action = f"push manifest `{reference}` to {self._namespace.shown}"
        headers = {"Content-Type": media_type}
        path = f"manifests/{reference}"
        answer = self._ask(action, "PUT", path, {200, 201}, headers=headers, body=data)
        digest = reference if isinstance(reference, Digest) else Digest.of(data)
        check_digest(answer.headers, digest, action)
        return digest

    def tags(self, limit: int = 1000) -> tuple[str, ...]:
        """Return tags in the registry's order, at most ``limit``; none of an unknown repository."""
        action = f"list the tags of {self._namespace.shown}"
        found: list[str] = []
        for answer in self._pages(action, f"tags/list?n={min(limit, _PAGE)}"):
            found += read_tags(answer, action, self.host)
            if len(found) >= limit:
                break
        return tuple(found[:limit])

    def referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        """Return what refers to a manifest (distribution-spec, "Listing Referrers").

        Where the registry does not know the question, from the tag that stands in for it.
        """
        action = f"list the referrers of {digest} in {self._namespace.shown}"
        pages = list(self._pages(action, f"referrers/{digest}"))
        if pages:
            indexes = [page.body for page in pages]
        else:
            try:
                indexes = [self.manifest(f"{digest.algorithm}-{digest.hex[:64]}").data]
            except NotFound:
                return ()
        return tuple(each for index in indexes for each in Index.parse(index, action).manifests)

    def _pages(self, action: str, path: str) -> Iterator[Answer]:
        """Give the pages of a list; none, where the registry does not know it."""
        url, seen = self._namespace.url(path), set[str]()
        while url not in seen and len(seen) < _MOST_PAGES:
            seen.add(url)
            call = self._namespace.call(action, "GET", url, accepts=frozenset({200, 404}))
            answer = self._exchange.read(call, SIZE_LIMIT)
            if answer.status == 404:
                return
            yield answer
            match = _NEXT.search(answer.headers.get("Link", ""))
            if match is None:
                return
            url = self._exchange.endpoint.resolve(match[1], url)

    def _ask(
        self,
        action: str,
        method: str,
        path: str,
        accepts: set[int],
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        call = self._namespace.call(
            action,
            method,
            self._namespace.url(path),
            headers=headers,
            body=body,
            accepts=frozenset(accepts),
        )
        return self._exchange.read(call, SIZE_LIMIT)
