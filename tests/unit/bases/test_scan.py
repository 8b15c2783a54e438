from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import BinaryIO

import pytest

from images import Member, MemoryLayer, folder, hard, link, make_layer, pack
from lamina.bases.base import Base, BaseError
from lamina.bases.scan import facts_of, scan
from lamina.oci import mediatype
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import ImageConfig
from lamina.oci.digest import Digest
from lamina.oci.document import encode
from lamina.plan.base import BaseFacts, BaseLibc, BasePython

PATCHLEVEL = b'#define PY_MINOR_VERSION 10\n#define PY_VERSION      \t"3.10.14"\n'
GLIBC = b"\0" * 70_000 + b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"

# What an official slim image has, as far as it matters here.
SLIM = [
    link("bin", "usr/bin"),
    link("lib", "usr/lib"),
    Member("usr/lib/x86_64-linux-gnu/libc.so.6", data=GLIBC),
    Member("usr/local/bin/python3.10", data=b"\0/lib64/ld-linux-x86-64.so.2\0", mode=0o755),
    link("usr/local/bin/python3", "python3.10"),
    Member("usr/local/include/python3.10/patchlevel.h", data=PATCHLEVEL),
    folder("tmp", 0o1777),
]


def base_of(*layers: Iterable[Member] | MemoryLayer, **env: str) -> Base:
    made = tuple(
        layer if isinstance(layer, MemoryLayer) else make_layer(*layer) for layer in layers
    )
    diff_ids = tuple(layer.diff_id for layer in made)
    return Base("base", None, ImageConfig("amd64", env=env, diff_ids=diff_ids), made)


def refused(base: Base) -> BaseError:
    with pytest.raises(BaseError) as caught:
        scan(base)
    return caught.value


@pytest.mark.parametrize(
    "media_type", [mediatype.LAYER, mediatype.LAYER_GZIP, mediatype.LAYER_ZSTD]
)
def test_the_facts_of_a_slim_image(media_type: str) -> None:
    facts = scan(base_of(make_layer(*SLIM, media_type=media_type)))

    assert facts.python == BasePython("/usr/local/bin/python3.10", "3.10.14")
    assert facts.libc == BaseLibc("glibc", "2.36")
    assert facts.rootfs.links == {"bin": "usr/bin", "lib": "usr/lib"}
    assert "usr/lib/x86_64-linux-gnu" in facts.rootfs.directories
    assert BaseFacts.parse(encode(facts.to_json())) == facts


def test_an_empty_image_has_neither_python_nor_libc() -> None:
    facts = scan(base_of([folder("etc")]))

    assert (facts.python, facts.libc) == (None, None)


def python(version: str = "3.11") -> Member:
    return Member(f"usr/bin/python{version}", data=b"\x7fELF", mode=0o755)


def dpkg(*packages: tuple[str, str], state: str = "installed") -> Member:
    stanzas = "\n\n".join(
        f"Package: {name}\nStatus: install ok {state}\nTag: x\n Version: 9\nVersion: {version}"
        for name, version in packages
    )
    return Member("var/lib/dpkg/status", data=f"{stanzas}\n".encode())


@pytest.mark.parametrize(
    ("layer", "env", "expected"),
    [
        pytest.param(
            [
                python(),
                Member("usr/include/python3.11/patchlevel.h", data=b'#define PY_VERSION "3.11.2+"'),
            ],
            {},
            BasePython("/usr/bin/python3.11", "3.11.2"),
            id="headers of a version under development",
        ),
        pytest.param(
            [python()],
            {"PYTHON_VERSION": "3.11.9"},
            BasePython("/usr/bin/python3.11", "3.11.9"),
            id="the config",
        ),
        pytest.param(
            [python(), dpkg(("python3.11-minimal", "3.11.2-6+deb12u6"))],
            {"PYTHON_VERSION": "3.12.1"},
            BasePython("/usr/bin/python3.11", "3.11.2"),
            id="dpkg, since the config speaks of another",
        ),
        pytest.param(
            [python("3.13"), dpkg(("python3.13-minimal", "3.13.0~rc2-1"))],
            {},
            BasePython("/usr/bin/python3.13", "3.13.0rc2"),
            id="a release candidate of Debian's",
        ),
        pytest.param(
            [
                python(),
                Member(
                    "var/lib/dpkg/status.d/python3.11-minimal",
                    data=b"Package: python3.11-minimal\nVersion: 1:3.11.2-6\n",
                ),
            ],
            {},
            BasePython("/usr/bin/python3.11", "3.11.2"),
            id="distroless",
        ),
        pytest.param(
            [python("3.12"), Member("lib/apk/db/installed", data=b"C:x\nP:python3\nV:3.12.8-r1\n")],
            {},
            BasePython("/usr/bin/python3.12", "3.12.8"),
            id="apk",
        ),
        pytest.param(
            [
                Member("opt/py/bin/python3.12", data=b"x"),
                Member("opt/py/lib/libpython3.12.so.1.0", data=b"\x003.12.4\0" + b"\x003.9.9\0"),
            ],
            {"PATH": "relative:/opt/py/bin"},
            BasePython("/opt/py/bin/python3.12", "3.12.4"),
            id="the library",
        ),
        pytest.param(
            [Member("usr/local/bin/python3.13t", data=b"\x003.13.1\0")],
            {},
            BasePython("/usr/local/bin/python3.13t", "3.13.1", free_threaded=True),
            id="free-threaded",
        ),
        pytest.param(
            [
                Member("usr/bin/python3"),
                Member("usr/include/python3.14t/patchlevel.h", data=b'#define PY_VERSION "3.14.0"'),
            ],
            {},
            BasePython("/usr/bin/python3", "3.14.0", free_threaded=True),
            id="a name without a version",
        ),
        pytest.param(
            [python("3.9"), python("3.11"), dpkg(("python3.11-minimal", "3.11.2"))],
            {},
            BasePython("/usr/bin/python3.11", "3.11.2"),
            id="the newest, without python3",
        ),
        pytest.param(
            [
                Member("opt/x/python3.11", data=b"\x003.11.1\0"),
                hard("opt/bin/python3.11", "opt/x/python3.11"),
                link("usr/bin/python3", "/etc/alternatives/python3"),
                link("etc/alternatives/python3", "../../opt/bin/python3.11"),
            ],
            {},
            BasePython("/opt/bin/python3.11", "3.11.1"),
            id="links",
        ),
    ],
)
def test_the_version_is_read_wherever_it_stands(
    layer: list[Member], env: Mapping[str, str], expected: BasePython
) -> None:
    assert scan(base_of(layer, **env)).python == expected


@pytest.mark.parametrize(
    ("layer", "env", "name"),
    [
        ([python()], {}, "python3.11"),
        ([python()], {"PYTHON_VERSION": "3.12.1"}, "python3.11"),
        ([python()], {"PYTHON_VERSION": "3.11"}, "python3.11"),
        ([Member("usr/bin/python3.11", data=b"\x003.11.1\0\x003.11.2\0")], {}, "python3.11"),
        (
            [python(), dpkg(("python3.11-minimal", "3.11.2"), state="config-files")],
            {},
            "python3.11",
        ),
    ],
)
def test_a_version_is_never_guessed(layer: list[Member], env: Mapping[str, str], name: str) -> None:
    error = refused(base_of(layer, **env))

    assert str(error) == (
        f"Unable to tell the version of `/usr/bin/{name}` in the base image `base`: found neither "
        f"`include/{name}/patchlevel.h` under its prefix, nor a fitting `PYTHON_VERSION` in the "
        "config, nor its package in the database of dpkg or apk, nor a version in its bytes"
    )
    assert error.hint == "Set `ENV PYTHON_VERSION` in the base image"


def test_a_loop_of_links_is_no_interpreter() -> None:
    assert scan(base_of([link("usr/bin/python3", "python3")])).python is None


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        pytest.param(
            [Member("lib/ld-musl-x86_64.so.1", data=b"musl libc\0" + b"1.2.5\0")],
            BaseLibc("musl", "1.2.5"),
            id="musl",
        ),
        pytest.param(
            [
                Member("lib/ld-musl-x86_64.so.1"),
                Member("usr/lib/apk/db/installed", data=b"P:musl\nV:1.2.4-r2\n\nP:x\nV:1\n"),
            ],
            BaseLibc("musl", "1.2.4"),
            id="apk",
        ),
        pytest.param(
            [Member("lib/libc.so.6"), dpkg(("libc6", "2.31-13+deb11u5"))],
            BaseLibc("glibc", "2.31"),
            id="dpkg",
        ),
        pytest.param(
            [
                Member("lib/libc-2.28.so", data=b"stable release version 2.28,"),
                link("lib/libc.so.6", "libc-2.28.so"),
            ],
            BaseLibc("glibc", "2.28"),
            id="an old name",
        ),
        pytest.param(
            [
                Member("lib/libc.so.6", data=b"stable release version 2.9."),
                Member("lib32/libc.so.6", data=b"stable release version 2.36."),
            ],
            BaseLibc("glibc", "2.9"),
            id="the older of two",
        ),
        pytest.param(
            [
                Member("lib/libc.so.6", data=GLIBC),
                Member("lib/ld-musl-x86_64.so.1", data=b"\x001.2.5\0"),
                Member("usr/bin/python3.12", data=b"\0/lib/ld-musl-x86_64.so.1\0\x003.12.1\0"),
            ],
            BaseLibc("musl", "1.2.5"),
            id="both, and the interpreter asks for musl",
        ),
        pytest.param(
            [
                Member("lib/libc.so.6", data=GLIBC),
                Member("lib/ld-musl-x86_64.so.1", data=b"\x001.2.5\0"),
            ],
            BaseLibc("glibc", "2.36"),
            id="both",
        ),
    ],
)
def test_the_c_library_is_known(layer: list[Member], expected: BaseLibc) -> None:
    assert scan(base_of(layer)).libc == expected


def test_the_version_of_the_c_library_is_never_guessed() -> None:
    assert str(refused(base_of([Member("lib/libc.so.6")]))) == (
        "Unable to tell the version of glibc in the base image `base`: found neither the "
        "package `libc6` in the database of dpkg or apk, nor a version in its bytes"
    )


def test_the_top_layer_wins() -> None:
    upper = [
        Member("usr/local/include/python3.10/patchlevel.h", data=PATCHLEVEL.replace(b"14", b"15")),
        Member(".wh.tmp"),
        Member("lib/.wh.x86_64-linux-gnu"),
    ]

    facts = scan(base_of(SLIM, upper))

    assert facts.python == BasePython("/usr/local/bin/python3.10", "3.10.15")
    assert facts.libc is None
    assert facts.rootfs.directory("tmp") is None


def test_an_opaque_directory_hides_the_interpreter() -> None:
    assert scan(base_of(SLIM, [Member("usr/local/bin/.wh..wh..opq")])).python is None


def test_what_was_replaced_by_a_link_tells_nothing() -> None:
    upper = [link("usr/local/include/python3.10/patchlevel.h", "/dev/null")]

    assert "patchlevel" in str(refused(base_of(SLIM, upper)).args[0])


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (pack(b"\1" * 512), "A header of its tar has no number for its checksum"),
        (make_layer(Member("../x")), "A path leaves the root of the image: '../x'"),
        (make_layer(Member("x", data=b"1"), media_type=mediatype.LAYER), "Its tar ends too early"),
    ],
)
def test_a_layer_that_cannot_be_read_is_named(layer: MemoryLayer, text: str) -> None:
    if text == "Its tar ends too early":
        layer = pack(layer.blob[:513])

    error = refused(base_of([folder("a")], layer))

    assert str(error).startswith(f"Unable to read layer 2 of the base image `base`: {text}")


def test_a_damaged_layer_is_noticed() -> None:
    good, other = make_layer(*SLIM), make_layer(folder("d"))
    described = replace(good.descriptor, size=len(other.blob))

    with pytest.raises(DamagedBlob) as caught:
        scan(base_of(replace(good, blob=other.blob, descriptor=described)))

    assert caught.value.digest == good.descriptor.digest


class Kept(dict[Digest, bytes]):
    """A cache of facts that is held in memory."""

    def put(self, digest: Digest, data: bytes) -> None:
        self[digest] = data


def test_a_base_is_read_once() -> None:
    base, kept = base_of(SLIM), Kept()

    facts = facts_of(base, kept)
    unreadable = replace(base, layers=())

    assert list(kept) == [base.identity]
    assert facts_of(unreadable, kept) == facts


def test_facts_that_cannot_be_read_are_learned_again() -> None:
    base, kept = base_of(SLIM), Kept()
    kept[base.identity] = b"of another release"

    assert facts_of(base, kept).libc == BaseLibc("glibc", "2.36")
    assert BaseFacts.parse(kept[base.identity]).libc == BaseLibc("glibc", "2.36")


def test_a_layer_that_is_gone_is_named() -> None:
    class Gone(MemoryLayer):
        def open(self) -> BinaryIO:
            raise FileNotFoundError(2, "No such file or directory")

    good = make_layer(*SLIM)

    assert str(refused(base_of(Gone(good.descriptor, good.diff_id, b"")))) == (
        "Unable to read layer 1 of the base image `base`: No such file or directory"
    )


def test_users_groups_and_the_shell_are_known() -> None:
    etc = [
        Member("etc/passwd", data=b"root:x:0:0::/root:/bin/sh\napp:x:1:1::/:\n\n+::::::\n"),
        Member("etc/group", data=b"root:x:0:\n"),
        Member("opt/etc/passwd", data=b"other:x:1:1:::\n"),
    ]
    shell = [Member("bin/busybox", mode=0o755), link("bin/sh", "/bin/busybox")]

    facts = scan(base_of([*etc, *shell], [Member("etc/group", data=b"staff:x:1:\n")]))

    assert (facts.users, facts.groups, facts.has_shell) == (("+", "app", "root"), ("staff",), True)


def test_users_that_are_elsewhere_are_not_known() -> None:
    facts = scan(base_of([link("etc/passwd", "/run/passwd"), link("bin/sh", "/bin/none")]))

    assert (facts.users, facts.groups, facts.has_shell) == (None, (), False)
