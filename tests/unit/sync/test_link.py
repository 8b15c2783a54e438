"""Files brought from one place to another, in the best way that is possible."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from lamina.sync import link
from lamina.sync.link import Linker, LinkMode


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"data")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("mode", [LinkMode.COPY, LinkMode.HARDLINK, LinkMode.SYMLINK])
def test_a_file_comes_in_the_way_that_is_asked_for(
    tmp_path: Path, source: Path, mode: LinkMode
) -> None:
    said: list[str] = []
    linker = Linker(mode, said.append)

    linker.link(str(source), str(tmp_path / "copy"), 0o755)

    found = tmp_path / "copy"
    assert found.read_bytes() == b"data"
    assert found.is_symlink() == (mode is LinkMode.SYMLINK)
    assert found.samefile(source) == (mode is not LinkMode.COPY)
    assert found.stat().st_mode & 0o777 == 0o755
    assert said == []


def refuse(monkeypatch: pytest.MonkeyPatch, *modes: LinkMode) -> None:
    """Let the file system be one that cannot do these."""

    def refused(source: str, path: str, mode: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "no", path)

    monkeypatch.setattr(link, "_WAYS", {**link._WAYS, **dict.fromkeys(modes, refused)})


def test_without_a_wish_files_are_linked_where_they_cannot_be_cloned(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, LinkMode.CLONE)
    said: list[str] = []
    linker = Linker(None, said.append)

    linker.link(str(source), str(tmp_path / "copy"), 0o755)

    assert (tmp_path / "copy").samefile(source)
    assert (linker.mode, said) == (LinkMode.HARDLINK, [])


def test_what_another_thread_has_given_up_meanwhile_is_no_reason_to_give_up_more(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    linker = Linker(None, said.append)

    def slow(source: str, path: str, mode: int) -> None:
        linker.mode = LinkMode.HARDLINK  # as the other one does, which was refused first
        raise OSError(errno.EOPNOTSUPP, "no", path)

    monkeypatch.setattr(link, "_WAYS", {**link._WAYS, LinkMode.CLONE: slow})

    linker.link(str(source), str(tmp_path / "copy"), 0o755)

    assert (tmp_path / "copy").samefile(source)
    assert (linker.mode, said) == (LinkMode.HARDLINK, [])


@pytest.mark.parametrize(
    ("asked", "refused", "verb"),
    [
        (None, [LinkMode.CLONE, LinkMode.HARDLINK], "link them"),
        (LinkMode.CLONE, [LinkMode.CLONE], "clone them"),
        (LinkMode.HARDLINK, [LinkMode.HARDLINK], "link them"),
        (LinkMode.SYMLINK, [LinkMode.SYMLINK], "have symbolic links"),
    ],
)
def test_what_cannot_be_linked_is_copied_with_one_warning(
    tmp_path: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: LinkMode | None,
    refused: list[LinkMode],
    verb: str,
) -> None:
    refuse(monkeypatch, *refused)
    said: list[str] = []
    linker = Linker(asked, said.append)

    for name in ("one", "two"):
        linker.link(str(source), str(tmp_path / name), 0o755)

    assert (tmp_path / "two").read_bytes() == b"data"
    assert not (tmp_path / "two").samefile(source)
    assert said == [
        "Files are copied, since the file system of the store and of the environment cannot "
        f"{verb}; to copy without this warning, pass `--link-mode copy`"
    ]


def test_a_full_disk_is_no_reason_to_try_another_way(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, path: str, mode: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr(link, "_WAYS", {**link._WAYS, LinkMode.HARDLINK: full})

    with pytest.raises(OSError, match="No space left"):
        Linker(LinkMode.HARDLINK, lambda text: None).link(str(source), str(tmp_path / "x"), 0o644)
