"""The loader's cache above a base, and symlinks that are missing: what `ldconfig` would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lamina.archive.entry import Entry, file, symlink
from lamina.system.loader.cache import PATH, Cache
from lamina.system.loader.ldconfig import System, added_to, is_configuration
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles


def loader_cache(
    notes: Sequence[PackageNotes], base: SmallFiles, links: Mapping[str, str], architecture: str
) -> Iterator[Entry]:
    """Give the cache of the libraries of a base and of packages above it.

    ``links`` are those of directories, and those that were made of alternatives. Without libraries
    among the packages, that of the base holds. Raises `MalformedCache`.
    """
    libraries = [library for each in notes for library in each.libraries]
    if not libraries:
        return
    known = dict(base.links) | dict(links)
    configuration = {path: data for path, data in base.files.items() if is_configuration(path)}
    for each in notes:
        known |= each.library_links
        configuration |= {
            path: data for path, data in each.captured.items() if is_configuration(path)
        }
    cache = Cache.parse(base.files[PATH]) if PATH in base.files else Cache()
    whole, missing = added_to(cache, System(libraries, known, configuration, architecture))
    yield file(PATH, whole.encode())
    for path, target in sorted(missing.items()):
        yield symlink(path, target)
