"""Whether what was found for a build backend is what is pinned for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name
from packaging.version import Version

from lamina.errors import LaminaError
from lamina.pins.file_name import NAME
from lamina.pins.releases import PinnedRelease

Found = tuple[str, str, str, str]
"""Name, version, the file's name, and its SHA-256 in hex."""


class NotPinned(LaminaError):
    """A build backend needs what is not pinned for it."""

    def __init__(self, problems: Iterable[str], command: str) -> None:
        lines = [f"  {each}" for each in sorted(problems)]
        super().__init__(
            "\n".join([f"The build backend needs what `{NAME}` does not pin", *lines]),
            hint=f"To pin it, run `{command}`; to build without it, pass `--no-lock`",
        )


def exactly(pins: Iterable[PinnedRelease]) -> list[str]:
    """Return what holds for the versions of all that is found, as pip's constraints."""
    return [f"{each.name}=={each.version}" for each in pins]


def is_pinned(found: Iterable[Found], pins: Sequence[PinnedRelease]) -> bool:
    """Say whether all files are among those that are pinned."""
    return not [*_problems(found, pins)]


def check_pinned(found: Iterable[Found], pins: Sequence[PinnedRelease]) -> None:
    """Refuse files that are not pinned; all of them are named. Raises `NotPinned`."""
    if problems := [*_problems(found, pins)]:
        raise NotPinned(problems, "lamina lock --upgrade")


def hashed(found: Iterable[Found], pins: Sequence[PinnedRelease]) -> list[str]:
    """Return requirements of some releases with the hashes that they may have, as pip reads them.

    Raises `NotPinned` for releases that are none of those that are pinned.
    """
    named, missing = _by_release(pins), []
    lines = []
    for name, version, _, _ in found:
        release = named.get(_release(name, version))
        if release is None:
            missing.append(f"{name} {version}")
        else:
            hashes = "".join(f" --hash=sha256:{each.sha256}" for each in release.wheels)
            lines.append(f"{release.name}=={release.version}{hashes}")
    if missing:
        raise NotPinned(missing, "lamina lock")
    return lines


def _problems(found: Iterable[Found], pins: Sequence[PinnedRelease]) -> Iterable[str]:
    named = _by_release(pins)
    for name, version, file, sha256 in found:
        release = named.get(_release(name, version))
        if release is None:
            yield f"{name} {version}"
        elif sha256 not in {each.sha256 for each in release.wheels}:
            yield f"{name} {version}: `{file}` with sha256:{sha256}"


def _by_release(pins: Iterable[PinnedRelease]) -> dict[tuple[str, Version], PinnedRelease]:
    return {_release(each.name, each.version): each for each in pins}


def _release(name: str, version: str) -> tuple[str, Version]:
    return canonicalize_name(name), Version(version)
