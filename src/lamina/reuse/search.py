"""Which earlier images are looked at, and reading them: manifests and configs, no layer.

A look-up that fails is a miss with a warning, never a failed build.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from packaging.version import InvalidVersion, Version

from lamina.errors import LaminaError
from lamina.observer import Observer
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, MalformedDocument
from lamina.oci.image import Manifest
from lamina.oci.index import Index, runs
from lamina.oci.reference import DEFAULT_TAG
from lamina.registry.client import Repository
from lamina.registry.credentials import HelperFailed, MalformedCredentials
from lamina.registry.errors import Denied, NotFound, Unreachable
from lamina.registry.manifests import RawManifest
from lamina.reuse.former import FormerImage
from lamina.reuse.known import Former

CACHE_TAG = "lamina-cache"
"""What points to the image that was pushed last, whatever its own tags are."""

_OURS = "lamina-"
"""How tags begin that are found otherwise."""
_MOST_TAGS = 10_000
_CLOSED = "closed"
"""Seen of a repository that denies, or cannot be reached."""
_NEWEST = 4
"""Of the list of tags: so many are looked at."""
_MOST_PLATFORMS = 8
_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A repository where earlier images of ours may lie."""

    repository: Repository
    references: tuple[str | Digest, ...]
    """Looked at first, all of them; the cache's own tag leads."""
    is_asked_for: bool = False
    """Whether the user named it: then it is said when nothing is there."""


@dataclass(frozen=True, slots=True)
class Search:
    """Reads earlier images."""

    platforms: Sequence[Platform]
    """That are being built for: their images come first."""
    observer: Observer
    failures: list[str] = field(default_factory=list)
    """What could not be read, in the end."""
    seen: set[tuple[str, str]] = field(default_factory=set)
    """Which references were looked at already, by repository: none is twice."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def formers(self, places: Iterable[Place]) -> list[Former]:
        """Return the images of all places, each once, in the order of the places."""
        with ThreadPoolExecutor(_PARALLEL, "search") as pool:
            found = list(pool.map(self._of_place, places))
        return [former for each in found for former in each]

    def further(self, repository: Repository, reference: str) -> list[Former]:
        """Return the images of a reference and of the newest tags, but for those given before."""
        if self._has_failed(repository):
            return []
        return self._of_references(repository, [reference, *self._newest(repository)])

    def read(self, repository: Repository, reference: str | Digest) -> list[Former]:
        """Return the images that one reference leads to; none, where there is no such."""
        return self._of_references(repository, [reference])

    def _of_place(self, place: Place) -> list[Former]:
        found = self._of_references(place.repository, place.references)
        if not found and not place.is_asked_for and not self._has_failed(place.repository):
            found = self._of_references(place.repository, self._newest(place.repository))
        if not found and place.is_asked_for:
            self.observer.warn(
                f"No image of Lamina's in `{place.repository.shown}`: nothing is reused"
            )
        return found

    def _of_references(
        self, repository: Repository, references: Sequence[str | Digest]
    ) -> list[Former]:
        """Read what references lead to: what several lead to, once."""
        where = repository.shown
        references = [each for each in references if (where, str(each)) not in self.seen]
        self.seen.update((where, str(each)) for each in references)
        if not references:
            return []
        with ThreadPoolExecutor(_PARALLEL, "read") as pool:
            raws = {
                raw.digest: (raw, reference)
                for raw, reference in zip(
                    pool.map(partial(self._manifest, repository), references),
                    references,
                    strict=True,
                )
                if raw is not None
            }
            images = pool.map(lambda each: self._images(repository, *each), raws.values())
            unique = {digest: image for found in images for digest, image in found.items()}
        return [Former(image, repository) for image in unique.values()]

    def _manifest(self, repository: Repository, reference: str | Digest) -> RawManifest | None:
        try:
            return repository.manifest(reference)
        except NotFound:
            return None
        except LaminaError as error:
            self._say(error, repository, reference)
            return None

    def _images(
        self, repository: Repository, raw: RawManifest, reference: str | Digest
    ) -> dict[Digest, FormerImage]:
        """Read the images of a manifest or an index, by their digests."""
        try:
            if raw.media_type not in mediatype.INDEXES:
                return self._image(repository, raw)
            found: dict[Digest, FormerImage] = {}
            children = self._children(Index.parse(raw.data))
            with ThreadPoolExecutor(_PARALLEL, "child") as pool:
                for each in pool.map(partial(self._child, repository), children):
                    found |= each
            return found
        except LaminaError as error:
            self._say(error, repository, reference)
            return {}

    def _has_failed(self, repository: Repository) -> bool:
        """Say whether a repository does not answer us at all, so that it need not be asked more."""
        return (repository.shown, _CLOSED) in self.seen

    def _say(self, error: LaminaError, repository: Repository, reference: str | Digest) -> None:
        if isinstance(error, Unreachable) and error.is_interrupted:
            return
        self.failures.append(str(error))
        if isinstance(error, Denied | Unreachable | MalformedCredentials | HelperFailed):
            with self.lock:
                if self._has_failed(repository):
                    return
                self.seen.add((repository.shown, _CLOSED))
        mark = "@" if isinstance(reference, Digest) else ":"
        self.observer.warn(f"{error}; nothing of `{repository.shown}{mark}{reference}` is reused")

    def _children(self, index: Index) -> list[Descriptor]:
        """Return the manifests of an index, those for our platforms first, attestations aside."""
        known = [
            each for each in index.manifests if each.platform and each.platform.os != "unknown"
        ]
        return sorted(known, key=lambda each: not self._is_wanted(each))[:_MOST_PLATFORMS]

    def _is_wanted(self, child: Descriptor) -> bool:
        made = child.platform
        return made is not None and any(runs(made, platform) for platform in self.platforms)

    def _child(self, repository: Repository, child: Descriptor) -> dict[Digest, FormerImage]:
        try:
            return self._image(repository, repository.manifest(child.digest))
        except LaminaError as error:
            self._say(error, repository, child.digest)
            return {}

    def _image(self, repository: Repository, raw: RawManifest) -> dict[Digest, FormerImage]:
        manifest = Manifest.parse(raw.data)
        if manifest.config.size > SIZE_LIMIT:
            raise MalformedDocument(f"Refused a config of {manifest.config.size} bytes")
        config = ImageConfig.parse(b"".join(repository.read_blob(manifest.config)))
        image = FormerImage.of(manifest, config)
        if image is None:
            self.observer.warn(
                f"`{repository.shown}@{raw.digest}` is no image of Lamina's: not reused"
            )
            return {}
        return {raw.digest: image}

    def _newest(self, repository: Repository) -> list[str]:
        """Return the tags that look newest, since nothing tells their dates; only once."""
        if (repository.shown, "") in self.seen:
            return []
        self.seen.add((repository.shown, ""))
        try:
            tags = repository.tags(_MOST_TAGS)
        except NotFound:
            return []
        except LaminaError as error:
            self.failures.append(str(error))
            self.observer.warn(f"{error}; the newest of them are not looked at")
            return []
        return newest(tags)


def newest(tags: Iterable[str]) -> list[str]:
    """Return the tags with the highest versions; if none is a version, the last ones by name.

    >>> newest(["1.9", "v1.10", "main", "1.2", "0.1", "1.8"])
    ['v1.10', '1.9', '1.8', '1.2']
    """
    known = {tag for tag in tags if tag != DEFAULT_TAG and not tag.startswith(_OURS)}
    versions = {tag: version for tag in known if (version := _version(tag)) is not None}
    if versions:
        return sorted(versions, key=lambda tag: (versions[tag], tag), reverse=True)[:_NEWEST]
    return sorted(known, reverse=True)[:_NEWEST]


def _version(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None
