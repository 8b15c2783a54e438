"""The file of a package, from an archive that has its suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lamina.deb.package import DebianPackage
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import Fetch, Gone, fetch_first


class NoArchive(LaminaError):
    """A package of a suite that no source names."""

    def __init__(self, package: DebianPackage) -> None:
        super().__init__(
            f"Unable to fetch `{package.name}` {package.version}: no apt source has the suite "
            f"`{package.suite}`",
            hint="Name a mirror that has it as `debian-mirror` in `[tool.lamina]`, or its source "
            "in `apt-sources`",
        )


class PackageGone(LaminaError):
    """A version of a package that no mirror has any more."""

    def __init__(self, package: DebianPackage, archives: Sequence[Archive]) -> None:
        places = ", ".join(dict.fromkeys(str(archive) for archive in archives))
        super().__init__(
            f"Unable to find `{package.name}` {package.version} in {places}",
            hint="A newer version has replaced it, as updates do; to take that one, run "
            f"`lamina lock --upgrade {package.name}`",
        )


def fetch_deb(package: DebianPackage, archives: Sequence[Archive], fetch: Fetch) -> Path:
    """Return the file of a package, its size and SHA-256 checked.

    Every mirror that has a suite of that name may have it; who gives it does not matter.
    """
    found = [archive for archive in archives if archive.suite == package.suite]
    if not found:
        raise NoArchive(package)
    urls = (f"{url}/{package.path}" for archive in found for url in archive.urls)
    try:
        return fetch_first(
            urls, fetch, sha256=package.sha256, size=package.size, name=package.file_name
        )
    except Gone:
        raise PackageGone(package, found) from None
