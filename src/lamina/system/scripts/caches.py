"""Caches that packages keep of one another's files, and that only their own programs can make.

dpkg would have them made by a trigger, or by the script of the package that reads them. Others,
without which programs only start slower, are no matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamina.system.scripts.deeds import Undone


@dataclass(frozen=True, slots=True)
class _Cache:
    """What is gathered from files of many packages."""

    files: re.Pattern[str]
    """The absolute paths of those that it is made of."""
    command: str
    """What makes it; of several architectures, the start of a path is left out."""
    effect: str


_CACHES = (
    _Cache(
        re.compile(r"/usr/share/mime/packages/[^/]+\.xml"),
        "update-mime-database /usr/share/mime",
        "GLib and GTK cannot tell the types of files",
    ),
    _Cache(
        re.compile(r"/usr/share/glib-2\.0/schemas/[^/]+\.(?:gschema\.xml|gschema\.override)"),
        "glib-compile-schemas /usr/share/glib-2.0/schemas",
        "programs that read these settings of GSettings end with an error",
    ),
    _Cache(
        re.compile(r"/usr/lib/[^/]+/gdk-pixbuf-2\.0/[^/]+/loaders/[^/]+\.so"),
        "gdk-pixbuf-query-loaders --update-cache",
        "GdkPixbuf opens images of its few built-in formats alone",
    ),
    _Cache(
        re.compile(r"/usr/lib/[^/]+/gtk-(?P<version>[23])\.0/[^/]+/immodules/[^/]+\.so"),
        "gtk-query-immodules-3.0 --update-cache",
        "GTK knows none of its input methods",
    ),
    _Cache(
        re.compile(r"/usr/share/ca-certificates-java/[^/]+\.jar"),
        "/var/lib/dpkg/info/ca-certificates-java.postinst triggered "
        "update-ca-certificates-java-fresh",
        "Java trusts no authority, since `/etc/ssl/certs/java/cacerts` is not made",
    ),
)

COMMANDS = frozenset(cache.command.partition(" ")[0] for cache in _CACHES)
"""The programs that make them, which are told of here and not where a script runs one."""


def missing_caches(listed: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Undone]]:
    """Give what would have been made of the files of packages: by package, what is missing.

    ``listed`` has the absolute paths that each package ships. Of several packages with files for
    one cache the first by name is told of.
    """
    for cache in _CACHES:
        for package in sorted(listed):
            if any(cache.files.fullmatch(path) for path in listed[package]):
                yield package, Undone(cache.effect, (cache.command,))
                break
