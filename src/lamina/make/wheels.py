"""The wheels of the plan, wherever they come from: an archive of the lock, or a build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lamina.fetch.download import OnBytes
from lamina.lock.model import Sdist, Wheel
from lamina.lock.select import Distribution
from lamina.lock.source import Directory, DirectUrl, Editable, Git, Path, Source
from lamina.make.archives import Archives
from lamina.make.ready import ReadyWheel
from lamina.plan.wheel import PlannedWheel
from lamina.wheel.direct_url import commit, local_archive, url_archive


class Builds(Protocol):
    """Has wheels that are built of sources; see `lamina.make.builder.Builder`."""

    def measure(self, distribution: Distribution) -> tuple[str, str, int]:
        """Return hash, version and size of a wheel."""
        ...

    def identity(self, distribution: Distribution) -> str:
        """Return the hash of `measure`, without a build."""
        ...

    def kept(self, identity: str) -> ReadyWheel | None:
        """Return a wheel that was built before and is still here."""
        ...

    def build(self, identity: str) -> ReadyWheel:
        """Return a wheel that `measure` has seen, which is built now."""
        ...

    def interrupt(self) -> None:
        """End all builds."""
        ...


@dataclass(frozen=True, slots=True)
class Wheels:
    """Where wheels come from."""

    archives: Archives
    builds: Builds

    def interrupt(self) -> None:
        """End what other threads wait for: downloads and builds."""
        self.archives.transport.interrupt()
        self.builds.interrupt()

    def plan(self, distribution: Distribution) -> PlannedWheel:
        """Return a distribution with all that its layer depends on.

        What the lock does not say is asked for; what is built and was never seen is built now.
        Raises `DoesNotFit` for what was built and cannot be used.
        """
        artifact = distribution.artifact
        assert not isinstance(artifact, Directory | Editable), "a source tree has its own layer"
        if isinstance(artifact, Wheel):
            hash_, size = self.archives.measure(artifact)
            version = str(distribution.version)
        else:
            hash_, version, size = self.builds.measure(distribution)
        direct_url = _direct_url(distribution.source, artifact)
        return PlannedWheel(distribution.name, version, artifact, hash_, size, direct_url)

    def hash(self, distribution: Distribution) -> str | None:
        """Return the hash that `plan` gives; None where that takes the network."""
        artifact = distribution.artifact
        assert not isinstance(artifact, Directory | Editable), "a source tree has its own layer"
        if not isinstance(artifact, Git) and artifact.path is None and artifact.hash is None:
            return None
        if isinstance(artifact, Wheel):
            return self.archives.hash(artifact)
        return self.builds.identity(distribution)

    def kept(self, wheel: PlannedWheel) -> ReadyWheel | None:
        """Return a wheel that is here already, its bytes verified."""
        if not isinstance(wheel.artifact, Wheel):
            return self.builds.kept(wheel.hash)
        path = self.archives.kept(wheel.artifact, wheel.hash)
        return None if path is None else ReadyWheel(path, wheel.artifact.filename)

    def has(self, wheel: PlannedWheel) -> bool:
        """Say whether a wheel need not be downloaded; `kept` may still say no."""
        if not isinstance(wheel.artifact, Wheel):
            return True
        return self.archives.has(wheel.artifact, wheel.hash)

    def fetch(self, wheel: PlannedWheel, on_bytes: OnBytes, *, is_kept: bool = False) -> ReadyWheel:
        """Download a wheel and verify it; see `Archives.fetch`."""
        assert isinstance(wheel.artifact, Wheel), "what is no wheel is built"
        path = self.archives.fetch(wheel.artifact, wheel.hash, on_bytes, is_kept=is_kept)
        return ReadyWheel(path, wheel.artifact.filename)

    def release(self, wheel: PlannedWheel) -> None:
        """Keep a wheel no longer, if it is large: its layer is in the store."""
        if isinstance(wheel.artifact, Wheel):
            self.archives.release(wheel.artifact, wheel.hash, wheel.size)

    def build(self, wheel: PlannedWheel) -> ReadyWheel:
        """Build a wheel, which is then kept."""
        return self.builds.build(wheel.hash)


def _direct_url(source: Source, artifact: Wheel | Sdist | Git) -> bytes | None:
    """Return what is recorded of where a distribution is from; of an index, nothing (PEP 610)."""
    if isinstance(artifact, Git):
        return commit(artifact.url, artifact.commit, artifact.requested, artifact.subdirectory)
    if isinstance(source, DirectUrl):
        return url_archive(source.url, source.subdirectory)
    return local_archive(artifact.filename) if isinstance(source, Path) else None
