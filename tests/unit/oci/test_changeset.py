from __future__ import annotations

import tarfile

import pytest

from images import Member, folder, hard, link, make_tar
from lamina.oci.changeset import Changeset, MalformedLayer
from lamina.oci.changeset import Member as Header


def read(tar: bytes, piece: int = 1 << 16) -> list[tuple[Header, bytes]]:
    changeset = Changeset(tar[at : at + piece] for at in range(0, len(tar), piece))
    return [(member, b"".join(changeset.content())) for member in changeset]


LONG = "/".join(["a" * 50] * 5) + "/ü"
MEMBERS = [
    folder("./d/", 0o1777, (1000, 50)),
    Member("d/f", data=b"x" * 1000, mode=0o4755),
    link("l", "../" + LONG),
    hard("h", "d/f"),
    Member(LONG, data=b"y", owner=(2**22, 1)),
    Member("dev", tarfile.CHRTYPE),
]


@pytest.mark.parametrize("piece", [100, 1 << 16])
@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_a_tar_of_either_format_is_read(format: int, piece: int) -> None:
    found = read(make_tar(*MEMBERS, format=format), piece)

    assert [(m.path, m.mode, (m.uid, m.gid), m.target, data) for m, data in found] == [
        ("./d/", 0o1777, (1000, 50), "", b""),
        ("d/f", 0o4755, (0, 0), "", b"x" * 1000),
        ("l", 0o777, (0, 0), "../" + LONG, b""),
        ("h", 0o644, (0, 0), "d/f", b""),
        (LONG, 0o644, (2**22, 1), "", b"y"),
        ("dev", 0o644, (0, 0), "", b""),
    ]
    assert [m.is_directory for m, _ in found] == [True, False, False, False, False, False]
    assert [m.is_symlink for m, _ in found] == [False, False, True, False, False, False]
    assert [m.is_hardlink for m, _ in found] == [False, False, False, True, False, False]


def test_content_that_nobody_wants_is_read_over() -> None:
    changeset = Changeset(iter([make_tar(*MEMBERS)]))

    assert [member.path for member in changeset][-1] == "dev"
    assert not changeset.hides_bytes


def test_a_prefix_stands_before_the_name() -> None:
    path = "a" * 100 + "/" + "b" * 90

    assert read(make_tar(Member(path), format=tarfile.USTAR_FORMAT))[0][0].path == path


def test_a_trailing_slash_made_a_directory_before_posix() -> None:
    tar = bytearray(make_tar(Member("d"), format=tarfile.USTAR_FORMAT))
    tar[1:2], tar[156] = b"/", 0
    tar[148:156] = b"%06o\0 " % (sum(tar[:148]) + sum(tar[156:512]) + 256)

    assert read(bytes(tar))[0][0].is_directory


def test_records_for_all_members_are_read_over() -> None:
    info = tarfile.TarInfo()
    header = info.create_pax_global_header({"path": "elsewhere"})

    assert [member.path for member, _ in read(header + make_tar(Member("f")))] == ["f"]


def test_a_sparse_map_is_read_over() -> None:
    # GNU's old format: a header whose map goes on in the next block.
    info = tarfile.TarInfo("s")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 3
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:]) + 256)
    tar = bytes(header) + bytes(512) + b"abc".ljust(512, b"\0") + make_tar(Member("f"))

    assert [(member.path, data) for member, data in read(tar)] == [("s", b"abc"), ("f", b"")]


def test_a_tar_may_end_without_its_mark() -> None:
    assert [member.path for member, _ in read(make_tar(Member("f"))[:512])] == ["f"]


def test_bytes_behind_the_end_are_seen() -> None:
    changeset = Changeset(iter([make_tar(Member("f")) + bytes(1024) + b"x"]))

    assert [member.path for member in changeset] == ["f"]
    assert changeset.hides_bytes


def spoilt(at: int, data: bytes, *, checked: bool = True) -> bytes:
    tar = bytearray(make_tar(Member("f", data=b"x"), format=tarfile.USTAR_FORMAT))
    tar[at : at + len(data)] = data
    if checked:
        tar[148:156] = b"%06o\0 " % (sum(tar[:148]) + sum(tar[156:512]) + 256)
    return bytes(tar)


def pax(data: bytes) -> bytes:
    info = tarfile.TarInfo("p")
    info.type, info.size = tarfile.XHDTYPE, len(data)
    return info.tobuf() + data.ljust(512, b"\0") + make_tar(Member("f"))


@pytest.mark.parametrize(
    ("tar", "text"),
    [
        pytest.param(
            spoilt(0, b"g", checked=False),
            "A header of its tar has a wrong checksum",
            id="checksum",
        ),
        pytest.param(
            spoilt(124, b"9" * 11),
            "A header of its tar has no number for its size: b'99999999999\\x00'",
            id="size",
        ),
        pytest.param(spoilt(124, b"7" * 11), "Its tar ends too early", id="huge"),
        pytest.param(make_tar(Member("f", data=b"x"))[:513], "Its tar ends too early", id="torn"),
        pytest.param(make_tar(Member("f"))[:100], "Its tar ends too early", id="torn header"),
        pytest.param(pax(b"99 path=x\n"), "An extended header of its tar is broken", id="length"),
        pytest.param(pax(b"7 pathx\n"), "An extended header of its tar is broken", id="equals"),
        pytest.param(pax(b"x"), "An extended header of its tar is broken", id="junk"),
        pytest.param(
            pax(b"11 size=-1\n"),
            "A header of its tar has no number for its size: '-1'",
            id="negative",
        ),
        pytest.param(
            make_tar(Member("p", tarfile.XHDTYPE, b" " * (1 << 21)), format=tarfile.USTAR_FORMAT),
            "An extended header of its tar has 2097152 bytes: the limit is 1048576",
            id="large",
        ),
    ],
)
def test_a_hostile_tar_is_refused(tar: bytes, text: str) -> None:
    with pytest.raises(MalformedLayer) as caught:
        read(tar)

    assert str(caught.value) == text
