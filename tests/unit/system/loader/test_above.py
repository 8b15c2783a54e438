from __future__ import annotations

from lamina.archive.entry import Entry, Kind, Literal
from lamina.system.loader.above import loader_cache
from lamina.system.loader.cache import PATH, Cache, CacheEntry
from lamina.system.loader.library import Library
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles

LINKS = {"lib": "usr/lib"}
FOLDER = "usr/lib/x86_64-linux-gnu"
BASE = CacheEntry("libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", 0x303)
MAGIC = CacheEntry("libmagic.so.1", "/lib/x86_64-linux-gnu/libmagic.so.1", 0x303)
OWN = CacheEntry("libown.so.1", "/usr/lib/own/libown.so.1", 0x303)

magic = PackageNotes(
    control={},
    listed=(),
    libraries=(Library(f"{FOLDER}/libmagic.so.1.0.0", "libmagic.so.1", 0x303),),
    library_links={f"{FOLDER}/libmagic.so.1": "libmagic.so.1.0.0"},
)
own = PackageNotes(
    control={},
    listed=(),
    captured={"etc/ld.so.conf.d/own.conf": b"/usr/lib/own\n", "usr/lib/sysusers.d/x.conf": b""},
    libraries=(Library("usr/lib/own/libown.so.1.5", "libown.so.1", 0x303),),
)


def made(notes: list[PackageNotes], base: SmallFiles) -> tuple[set[CacheEntry], list[Entry]]:
    cache, *others = loader_cache(notes, base, LINKS, "amd64")
    assert cache.path == PATH
    assert isinstance(cache.content, Literal)
    return set(Cache.parse(cache.content.data).entries), others


def test_libraries_of_packages_are_added_to_those_of_the_base() -> None:
    base = SmallFiles(
        {PATH: Cache.of([BASE]).encode(), "etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n"}
    )

    entries, others = made([magic, own], base)

    assert entries == {BASE, MAGIC, OWN}
    assert [(each.path, each.kind, each.target) for each in others] == [
        ("usr/lib/own/libown.so.1", Kind.SYMLINK, "libown.so.1.5")
    ]


def test_a_base_without_a_cache_gets_one() -> None:
    assert made([magic], SmallFiles()) == ({MAGIC}, [])


def test_without_libraries_that_of_the_base_holds() -> None:
    base = SmallFiles({PATH: b"damaged"})

    assert list(loader_cache([PackageNotes(control={}, listed=())], base, LINKS, "amd64")) == []
