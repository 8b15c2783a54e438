from __future__ import annotations

from pathlib import Path

import pytest

from lamina.project.git import Checkout, find_checkout, history, share_history

ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    git = tmp_path / "top" / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "refs" / "tags").mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text(f"{ONE}\n")
    (git / "index").write_bytes(b"DIRC")
    return Checkout(tmp_path / "top", git)


def test_a_checkout_is_found_from_a_folder_within(checkout: Checkout) -> None:
    below = checkout.top / "a" / "b"
    below.mkdir(parents=True)

    assert find_checkout(below) == checkout


def test_a_worktree_names_the_folder_of_its_history(checkout: Checkout) -> None:
    own = checkout.git / "worktrees" / "other"
    own.mkdir(parents=True)
    (own / "commondir").write_text("../..\n")
    worktree = checkout.top.parent / "other"
    worktree.mkdir()
    (worktree / ".git").write_text("gitdir: ../top/.git/worktrees/other\n")

    found = find_checkout(worktree)

    assert found == Checkout(worktree, own)
    assert found.common == checkout.git


def test_the_history_changes_with_the_commit_and_the_tags(checkout: Checkout) -> None:
    seen = [history(checkout)]
    (checkout.git / "refs" / "tags" / "v1").write_text(ONE)
    seen.append(history(checkout))
    (checkout.git / "refs" / "heads" / "main").write_text(TWO)
    seen.append(history(checkout))

    assert len(set(seen)) == 3


def test_the_history_does_not_change_when_refs_are_packed(checkout: Checkout) -> None:
    (checkout.git / "refs" / "tags" / "v1").write_text(f"{TWO}\n")
    before = history(checkout)

    (checkout.git / "refs" / "tags" / "v1").unlink()
    (checkout.git / "refs" / "heads" / "main").unlink()
    (checkout.git / "packed-refs").write_text(
        f"# pack-refs with: peeled\n{ONE} refs/heads/main\n{TWO} refs/tags/v1\n^{ONE}\n"
    )

    assert history(checkout) == before


def test_another_branch_does_not_matter(checkout: Checkout) -> None:
    before = history(checkout)

    (checkout.git / "refs" / "heads" / "other").write_text(TWO)

    assert history(checkout) == before


def test_a_copy_shares_the_history_and_has_its_own_index(checkout: Checkout) -> None:
    copy = checkout.top.parent / "copy"
    copy.mkdir()

    share_history(checkout, copy)

    shared = Checkout(copy, copy / ".git")
    assert shared.common == checkout.git
    assert history(shared) == history(checkout)
    assert (copy / ".git" / "index").read_bytes() == b"DIRC"
