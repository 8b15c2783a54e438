"""The file of a package, from an archive that has its suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lamina.deb.package import DebianPackage
from lamina.mirrors.archives import Archive, MirrorNotFound
from lamina.mirrors.fetching import Fetch, check


def fetch_deb(package: DebianPackage, archives: Sequence[Archive], fetch: Fetch) -> Path:
    """Return the file of a package, its size and SHA-256 checked."""
    urls = {archive.suite: archive.url for archive in archives}
    if package.suite not in urls:
        raise MirrorNotFound(package.suite)
    url = f"{urls[package.suite]}/{package.path}"
    path = fetch.fetch(url, sha256=package.sha256, size=package.size, name=package.file_name)
    return check(path, package.sha256, package.file_name)
