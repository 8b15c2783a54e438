"""The folder that files are copied from."""

from __future__ import annotations

from pathlib import Path

from lamina.init.context import Folder


def test_a_folder_tells_what_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("text")
    (tmp_path / "src" / "b.txt").write_bytes(b"\xff")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / ".dockerignore").write_text("src/left.py\nout\n")
    (tmp_path / "src" / "left.py").touch()
    for name in (".git", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").touch()
    folder = Folder(tmp_path)

    assert [folder.is_folder(path) for path in (".", "src", "src/a.py", "gone", "x")] == [
        True, True, False, False, None,
    ]  # fmt: skip
    assert folder.matches("s*/*.[pt]?") == ["src/a.py"]
    assert folder.matches("src/*") == ["src/a.py", "src/b.txt"]
    assert folder.matches("*/*.py") == ["src/a.py"]
    assert folder.matches("*") == [".dockerignore", "gone", "src"]
    assert folder.matches("x/*") == []
    assert folder.matches("src/?.py/x") == []
    assert folder.matches("src/a.py/?") == []
    assert folder.text("src/a.py") == "text"
    assert folder.text("src/b.txt") is None
    assert folder.text("x") is None
