from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from lamina.project.sdist import UnusableSdist, unpack_sdist
from sources import tar, zipped

FILES = {"pyproject.toml": b"[project]\n", "pkg/mod.py": b"x = 1\n"}


def unpacked(tmp_path: Path, data: bytes, filename: str = "a-1.tar.gz", limit: int = 99) -> Path:
    path = tmp_path / "archive"
    path.write_bytes(data)
    return unpack_sdist(path, filename, tmp_path / "out", limit=limit)


def failure(tmp_path: Path, data: bytes, filename: str = "a-1.tar.gz", limit: int = 99) -> str:
    with pytest.raises(UnusableSdist) as caught:
        unpacked(tmp_path, data, filename, limit)

    return str(caught.value)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", mode: int = 0o644) -> bytes:
    return members((name, kind, target, mode))


def members(*rows: tuple[str, bytes, str, int]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, kind, target, mode in rows:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, mode
            archive.addfile(info, io.BytesIO())
    # No time in it: the bytes are in the names of tests, which all workers must have alike.
    return gzip.compress(data.getvalue(), mtime=0)


@pytest.mark.parametrize(
    ("filename", "data"),
    [("a-1.tar.gz", tar(FILES)), ("a-1.ZIP", zipped(FILES))],
    ids=["tar", "zip"],
)
def test_an_sdist_is_unpacked_and_its_top_returned(
    tmp_path: Path, filename: str, data: bytes
) -> None:
    top = unpacked(tmp_path, data, filename)

    assert top == tmp_path / "out" / "demo-1.0"
    assert {path.relative_to(top).as_posix() for path in top.rglob("*.*")} == set(FILES)
    assert (top / "pkg" / "mod.py").read_bytes() == b"x = 1\n"


def test_only_who_may_run_a_file_is_kept_of_its_mode(tmp_path: Path) -> None:
    regular = tarfile.REGTYPE
    top = unpacked(tmp_path, members(("a/x", regular, "", 0o4700), ("a/y", regular, "", 0o600)))

    assert [stat.S_IMODE((top / name).stat().st_mode) for name in "xy"] == [0o755, 0o644]


def test_links_within_it_are_made(tmp_path: Path) -> None:
    top = unpacked(
        tmp_path,
        members(
            ("a/link", tarfile.SYMTYPE, "pkg/mod", 0o777),
            ("a/pkg/mod", tarfile.REGTYPE, "", 0o644),
            ("a/hard", tarfile.LNKTYPE, "a/pkg/mod", 0o644),
        ),
    )

    assert (top / "link").readlink() == Path("pkg/mod")
    assert (top / "hard").read_bytes() == b""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (member("../evil"), "`../evil` leads out of it"),
        (member("/evil"), "`/evil` leads out of it"),
        (member("a/../../evil"), "`a/../../evil` leads out of it"),
        (member("a/link", tarfile.SYMTYPE, "../../evil"), "`../evil` leads out of it"),
        (member("a/link", tarfile.SYMTYPE, "/etc"), "`a/link` leads out of it"),
        (member("a/link", tarfile.LNKTYPE, "../evil"), "`../evil` leads out of it"),
        (member("a/fifo", tarfile.FIFOTYPE), "`a/fifo` is neither file, folder nor link"),
        (member("a/dev", tarfile.BLKTYPE), "`a/dev` is neither file, folder nor link"),
        (
            members(
                ("a/link", tarfile.SYMTYPE, ".", 0o777), ("a/link", tarfile.SYMTYPE, "b", 0o777)
            ),
            "`a/link` is there twice",
        ),
        (b"no archive at all", "file could not be opened successfully"),
        (members(("a", tarfile.DIRTYPE, "", 0o755), ("b/x", tarfile.REGTYPE, "", 0o644)), None),
        (member("file"), None),
        (members(), None),
    ],
)
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, data: bytes, why: str | None) -> None:
    text = failure(tmp_path, data)

    expected = why or "expected one folder at its top"
    assert text.startswith(f"Unable to unpack `a-1.tar.gz`: {expected}")
    assert not (tmp_path / "evil").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    rows = [("a/d", tarfile.SYMTYPE, "b", 0o777), ("a/d/e", tarfile.SYMTYPE, "x", 0o777)]

    failure(tmp_path, members(("a/d", tarfile.SYMTYPE, str(outside), 0o777), *rows))

    assert list(outside.iterdir()) == []


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableSdist) as caught:
        unpacked(tmp_path, tar({"zeros": bytes(100)}), limit=99)

    assert str(caught.value) == "Unable to unpack `a-1.tar.gz`: it unpacks to more than 99 bytes"
    assert caught.value.hint == "To allow more, pass `--max-wheel-size`"


def test_another_format_is_refused(tmp_path: Path) -> None:
    assert failure(tmp_path, b"", "a-1.rpm") == (
        "Unable to unpack `a-1.rpm`: sdists are `.tar.gz` or `.zip` files"
    )


def test_a_zip_may_hold_a_link(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo("a/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "target")

    assert (unpacked(tmp_path, data.getvalue(), "a-1.zip") / "link").readlink() == Path("target")


def test_a_link_of_a_zip_is_not_read_whole_if_it_is_none(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("a/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, bytes(5000))

    assert failure(tmp_path, data.getvalue(), "a-1.zip") == (
        "Unable to unpack `a-1.zip`: `a/link` is no link"
    )
