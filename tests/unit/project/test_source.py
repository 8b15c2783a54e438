from __future__ import annotations

import os
from pathlib import Path

import pytest

from lamina.archive.entry import Kind
from lamina.project.source import copy_source, source_hash, source_tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "mod.py").write_text("mod")
    (root / ".dockerignore").write_text("pkg")
    return root


def test_what_a_backend_sees_is_not_what_an_image_gets(project: Path) -> None:
    os.mkfifo(project / "pipe")
    (project / "out").mkdir()

    paths = [entry.path for entry in source_tree(project, frozenset({"out"}))]

    assert paths == [".dockerignore", "pkg", "pkg/mod.py"]


def test_a_link_out_of_the_folder_stands_for_what_it_leads_to(project: Path) -> None:
    shared = project.parent / "shared"
    shared.mkdir()
    (shared / "x.py").write_text("x")
    (project / "shared").symlink_to("../shared")
    (project / "one.py").symlink_to("../shared/x.py")
    (project / "inner").symlink_to("pkg")
    (project / "broken").symlink_to("../nothing")

    entries = {entry.path: entry for entry in source_tree(project)}
    before = source_hash(project, reads_history=False)
    (shared / "x.py").write_text("y")

    assert entries["shared"].kind is Kind.DIRECTORY
    assert entries["shared/x.py"].kind is Kind.FILE
    assert entries["one.py"].kind is Kind.FILE
    assert entries["inner"].target == "pkg"
    assert entries["broken"].target == "../nothing"
    assert source_hash(project, reads_history=False) != before


def copied(project: Path, copy: Path, *outputs: str, reads_history: bool = False) -> Path:
    return copy_source(
        project, copy, reads_history=reads_history, epoch=7, outputs=frozenset(outputs)
    )


def test_a_copy_has_the_same_files_with_one_date_and_plain_modes(
    project: Path, tmp_path: Path
) -> None:
    (project / "pkg" / "mod.py").chmod(0o600)
    (project / "link").symlink_to("pkg/mod.py")

    copy = copy_source(
        project, tmp_path / "copy", reads_history=False, epoch=7, outputs=frozenset()
    )

    status = (copy / "pkg" / "mod.py").stat()
    assert (status.st_mode & 0o7777, status.st_mtime) == (0o644, 7)
    assert (copy / "link").readlink() == Path("pkg/mod.py")
    assert source_hash(copy, reads_history=False) == source_hash(project, reads_history=False)


def git(top: Path) -> None:
    (top / ".git" / "refs" / "tags").mkdir(parents=True)
    (top / ".git" / "HEAD").write_text("1" * 40)


def test_history_is_in_the_hash_only_if_it_may_tell_the_version(project: Path) -> None:
    git(project)
    stated, found = (
        source_hash(project, reads_history=False),
        source_hash(project, reads_history=True),
    )

    (project / ".git" / "HEAD").write_text("2" * 40)

    assert source_hash(project, reads_history=False) == stated
    assert source_hash(project, reads_history=True) != found


def test_the_whole_checkout_is_copied_if_its_history_may_tell_the_version(
    project: Path, tmp_path: Path
) -> None:
    git(tmp_path)
    (tmp_path / "beside").write_text("")

    plain = copy_source(project, tmp_path / "a", reads_history=False, epoch=7, outputs=frozenset())
    whole = copy_source(
        project, tmp_path / "b", reads_history=True, epoch=7, outputs=frozenset({"pkg"})
    )

    assert plain == tmp_path / "a"
    assert not (plain / ".git").exists()
    assert whole == tmp_path / "b" / "project"
    assert (tmp_path / "b" / "beside").exists()
    assert (tmp_path / "b" / ".git" / "HEAD").exists()
    assert not (whole / "pkg").exists()
