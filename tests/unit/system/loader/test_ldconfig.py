from __future__ import annotations

from lamina.system.loader.cache import Cache, CacheEntry
from lamina.system.loader.ldconfig import System, added_to, folders, found
from lamina.system.loader.library import Library

MERGED = {"lib": "usr/lib", "bin": "usr/bin"}
CONFIGURATION = {
    "etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n",
    "etc/ld.so.conf.d/libc.conf": b"# libc default configuration\n/usr/local/lib\n",
    "etc/ld.so.conf.d/x86_64-linux-gnu.conf": (
        b"/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n"
    ),
}
FOLDER = "usr/lib/x86_64-linux-gnu"


def library(path: str, soname: str = "", flags: int = 0x303) -> Library:
    return Library(path, soname, flags)


def system(
    *libraries: Library,
    links: dict[str, str] | None = None,
    configuration: dict[str, bytes] | None = None,
    architecture: str = "amd64",
) -> System:
    return System(
        libraries,
        MERGED | (links or {}),
        CONFIGURATION if configuration is None else configuration,
        architecture,
    )


def listed(one: System) -> list[tuple[str, str]]:
    return sorted((entry.soname, entry.path) for entry in found(one).entries)


def test_folders_are_those_of_the_configuration_then_those_that_are_trusted() -> None:
    assert [folder.path for folder in folders(system())] == [
        "/usr/local/lib",
        "/usr/local/lib/x86_64-linux-gnu",
        "/lib/x86_64-linux-gnu",
        "/lib",
    ]


def test_where_usr_is_not_merged_each_folder_counts() -> None:
    one = System((), {}, {}, "arm64")

    assert [folder.path for folder in folders(one)] == [
        "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/lib",
        "/usr/lib",
    ]


def test_an_architecture_of_no_triplet_has_the_plain_folders() -> None:
    assert [each.path for each in folders(System((), {}, {}, "m68k"))] == ["/lib", "/usr/lib"]


def test_the_configuration_is_read_as_ldconfig_reads_it() -> None:
    texts = {
        "etc/ld.so.conf": (
            b"\n # nothing\n\tinclude ld.so.conf.d/[ab]*.conf  /opt/x.conf\n"
            b"/opt/one/  # note\n/opt/two=libc6\nhwcap 0 nosegneg\ninclude\t/etc/ld.so.conf\n"
        ),
        "etc/ld.so.conf.d/b.conf": b"/opt/b\n",
        "etc/ld.so.conf.d/a.conf": b"/opt/a\n/\n",
        "etc/ld.so.conf.d/.a.conf": b"/opt/hidden\n",
        "etc/ld.so.conf.d/c.conf": b"/opt/c\n",
        "etc/ld.so.conf.d/a/a.conf": b"/opt/deeper\n",
        "opt/x.conf": b"/opt/x\n",
    }

    named = [folder.path for folder in folders(system(configuration=texts))]

    assert named[:-2] == ["/opt/a", "/", "/opt/b", "/opt/x", "/opt/one", "/opt/two"]


def test_an_entry_has_the_name_that_the_library_wants() -> None:
    one = system(
        library("lib/x86_64-linux-gnu/libz.so.1.2.13", "libz.so.1"),
        links={f"{FOLDER}/libz.so.1": "libz.so.1.2.13", f"{FOLDER}/libz.so": "libz.so.1.2.13"},
    )

    assert listed(one) == [
        ("libz.so", "/lib/x86_64-linux-gnu/libz.so"),
        ("libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1"),
    ]
    assert found(one).links == {}


def test_a_link_that_is_missing_is_told_for_the_newest_file() -> None:
    one = system(
        library(f"{FOLDER}/libz.so.1.2.9", "libz.so.1"),
        library(f"{FOLDER}/libz.so.1.2.13", "libz.so.1"),
    )

    assert listed(one) == [("libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1")]
    assert found(one).links == {f"{FOLDER}/libz.so.1": "libz.so.1.2.13"}


def test_a_library_without_a_name_is_listed_under_that_of_its_file() -> None:
    one = system(
        library("usr/local/lib/libown.so"), links={"usr/local/lib/libown.so.3": "libown.so"}
    )

    assert listed(one) == [
        ("libown.so", "/usr/local/lib/libown.so"),
        ("libown.so.3", "/usr/local/lib/libown.so.3"),
    ]


def test_other_folders_are_passed_over() -> None:
    one = system(
        library(f"{FOLDER}/pulseaudio/libpulsecommon-16.so", "libpulsecommon-16.so"),
        library("opt/own/libown.so.1", "libown.so.1"),
        library(f"{FOLDER}/glibc-hwcaps/.hidden/libz.so.1", "libz.so.1"),
        library(f"{FOLDER}/glibc-hwcaps/libz.so.1", "libz.so.1"),
    )

    assert found(one).entries == ()


def test_an_alternative_is_followed_to_where_its_library_lies() -> None:
    one = system(
        library(f"{FOLDER}/blas/libblas.so.3.11.0", "libblas.so.3"),
        links={
            f"{FOLDER}/libblas.so.3": "/etc/alternatives/libblas.so.3-x86_64-linux-gnu",
            "etc/alternatives/libblas.so.3-x86_64-linux-gnu": f"/{FOLDER}/blas/libblas.so.3",
            f"{FOLDER}/blas/libblas.so.3": "libblas.so.3.11.0",
            f"{FOLDER}/libaround.so": "libaround.so",
        },
    )

    assert listed(one) == [("libblas.so.3", "/lib/x86_64-linux-gnu/libblas.so.3")]


def test_a_folder_for_processors_keeps_the_names_of_files() -> None:
    fast = Library(f"{FOLDER}/glibc-hwcaps/x86-64-v3/libz.so.1.2.13", "libz.so.1", 0x303, 2)
    one = system(fast, library(f"{FOLDER}/libz.so.1", "libz.so.1"))

    folder = "/lib/x86_64-linux-gnu"
    path = f"{folder}/glibc-hwcaps/x86-64-v3/libz.so.1.2.13"
    assert set(found(one).entries) == {
        CacheEntry("libz.so.1", path, 0x303, "x86-64-v3", 2),
        CacheEntry("libz.so.1", f"{folder}/libz.so.1", 0x303),
    }
    assert found(one).links == {}


def test_of_two_folders_the_first_is_taken_first_though_the_base_had_the_other() -> None:
    folder = "/lib/x86_64-linux-gnu"
    base = Cache.of([CacheEntry("libz.so.1", f"{folder}/libz.so.1", 0x303)])
    own = library("usr/local/lib/libz.so.1", "libz.so.1")
    plain = library("usr/lib/libz.so.1", "libz.so.1")

    cache, links = added_to(base, system(plain, own))

    assert [entry.path for entry in cache.entries] == [
        "/usr/local/lib/libz.so.1",
        f"{folder}/libz.so.1",
        "/lib/libz.so.1",
    ]
    assert links == {}


def test_a_library_that_replaces_one_of_the_base_is_listed_once() -> None:
    path = "/lib/x86_64-linux-gnu/libz.so.1"
    base = Cache.of([CacheEntry("libz.so.1", path, 0x303, os_version=0x2030000)])
    newer = library(f"{FOLDER}/libz.so.1.3", "libz.so.1")

    cache, links = added_to(base, system(newer))

    assert cache.entries == (CacheEntry("libz.so.1", path, 0x303),)
    # The base has a symlink there, whatever it leads to: the package ships its own.
    assert links == {}


def test_a_path_that_the_base_spells_otherwise_is_the_same() -> None:
    base = Cache.of([CacheEntry("libz.so.1", f"/{FOLDER}/libz.so.1", 0x303)])

    cache, _ = added_to(base, system(library(f"{FOLDER}/libz.so.1", "libz.so.1")))

    assert [entry.path for entry in cache.entries] == ["/lib/x86_64-linux-gnu/libz.so.1"]


def test_a_cache_has_the_byte_order_of_its_machine() -> None:
    own = library("usr/lib/libz.so.1", "libz.so.1", 0x403)

    cache, _ = added_to(Cache(), system(own, architecture="s390x"))

    assert Cache.parse(cache.encode()) == cache
    assert cache.is_big_endian
