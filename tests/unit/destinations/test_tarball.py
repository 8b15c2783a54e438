"""A tar beside its final name, of which nothing stays if it is not finished."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

import pytest

from lamina.destinations import tarball
from lamina.destinations.tarball import Tarball


def test_a_file_that_an_interrupt_made_nobodys_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path, mode: str) -> FileIO:
        FileIO(path, mode).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(tarball, "FileIO", interrupted)
    archive = Tarball(tmp_path / "image.tar")
    with pytest.raises(KeyboardInterrupt):
        archive.add("a", 1, [b"a"])
    assert len(list(tmp_path.iterdir())) == 1

    archive.abort()

    assert list(tmp_path.iterdir()) == []
