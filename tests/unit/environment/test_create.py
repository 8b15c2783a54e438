"""Environments on disk, for interpreters that are only described."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration import file_trees
from lamina import __version__
from lamina.archive.entry import Entry, Kind, file
from lamina.environment.create import create, scheme_of
from lamina.environment.place import Existing, PlaceTaken, PlaceUnusable
from lamina.wheel.skeleton import InvalidInterpreter, InvalidPrompt
from pythons import interpreter

PYTHON = interpreter()
WHOLE = {
    ".gitignore",
    "CACHEDIR.TAG",
    "bin",
    "bin/activate",
    "bin/activate.csh",
    "bin/activate.fish",
    "bin/activate_this.py",
    "bin/python",
    "bin/python3",
    "bin/python3.12",
    "lib",
    "lib/python3.12",
    "lib/python3.12/site-packages",
    "lib64",
    "pyvenv.cfg",
}


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def names(folder: Path) -> set[str]:
    return set(file_trees.of_folder(folder))


def settings(folder: Path) -> list[str]:
    return (folder / "pyvenv.cfg").read_text().splitlines()


@dataclass(frozen=True)
class Breaking:
    """Content whose reading fails, as when a disk breaks or the user interrupts."""

    error: BaseException
    size: int = 1

    def chunks(self) -> Iterator[bytes]:
        raise self.error


def broken(folder: Path, error: BaseException) -> list[Entry]:
    site = scheme_of(folder, PYTHON).site_packages
    return [Entry(f"{site}/broken.py", Kind.FILE, 0o644, Breaking(error))]


def test_an_environment_is_made_with_its_parents_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "some where" / ".venv"

    scheme = create(folder, PYTHON)

    assert scheme.prefix == str(folder)
    assert names(folder) == WHOLE
    assert (folder / "bin" / "python").readlink() == Path("/base/bin/python3.12")
    assert (folder / "bin" / "python3.12").readlink() == Path("python")
    assert settings(folder) == [
        "home = /base/bin",
        "implementation = CPython",
        f"lamina = {__version__}",
        "version_info = 3.12.1",
        "include-system-site-packages = false",
    ]
    assert list(folder.parent.iterdir()) == [folder]
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "pyvenv.cfg").stat().st_mode & 0o777 == 0o644


def test_everything_that_was_asked_for_is_in_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "venv"

    create(
        folder,
        PYTHON,
        prompt="it's \\ mine",
        relocatable=True,
        system_site_packages=True,
        packages=[file(f"{scheme_of(folder, PYTHON).site_packages}/a.py", b"A = 1\n", 0o755)],
    )

    assert settings(folder)[4:] == [
        "include-system-site-packages = true",
        "relocatable = true",
        "seed = true",
        "prompt = it's \\ mine",
    ]
    module = folder / "lib" / "python3.12" / "site-packages" / "a.py"
    assert (module.read_bytes(), module.stat().st_mode & 0o777) == (b"A = 1\n", 0o755)


@pytest.mark.parametrize(
    ("platform", "has"),
    [
        ("linux-x86_64", True),
        ("linux-aarch64", True),
        ("linux-i686", False),
        ("linux-armv7l", False),
        ("macosx-14.0-arm64", False),
    ],
)
def test_lib64_is_where_uv_makes_it(platform: str, has: bool, tmp_path: Path) -> None:
    create(tmp_path / "venv", interpreter("3.12.1", platform))

    assert (tmp_path / "venv" / "lib64").is_symlink() is has


def test_an_empty_folder_is_taken_and_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    folder.mkdir(mode=0o700)

    create(folder, PYTHON)

    assert names(folder) == WHOLE
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_to_the_place_stays_and_is_what_scripts_name(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")

    create(link, PYTHON)
    create(link, PYTHON, existing=Existing.CLEARED)

    assert link.is_symlink()
    assert names(tmp_path / "real") == WHOLE
    assert f"VIRTUAL_ENV='{link}'\n" in (link / "bin" / "activate").read_text()


def test_what_is_there_is_refused_and_left_alone(tmp_path: Path) -> None:
    create(environment := tmp_path / "venv", PYTHON)
    (folder := tmp_path / "folder").mkdir()
    (folder / "kept.txt").write_text("kept")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = file_trees.of_folder(tmp_path)

    assert refusal(environment) == (
        f"Unable to make an environment at `{environment}`: there is one already",
        "To replace it, pass `--clear`; to keep what is installed in it, `--allow-existing`",
    )
    assert refusal(folder) == (
        f"Unable to make an environment at `{folder}`: "
        "a folder is there that is no environment and not empty",
        "Name another path; or, to keep what is in it, pass `--allow-existing`",
    )
    assert refusal(folder, Existing.CLEARED) == (
        f"Unable to clear `{folder}`: it is no environment, for it has no `pyvenv.cfg`",
        "To delete all that is in it nevertheless, pass `--force` too",
    )
    for existing in Existing:
        assert refusal(folder / "kept.txt", existing) == (
            f"Unable to make an environment at `{folder / 'kept.txt'}`: a file is there",
            "Name another path",
        )
        assert refusal(Path("/dev/null"), existing) == (
            "Unable to make an environment at `/dev/null`: something that is no folder is there",
            "Name another path",
        )
        assert refusal(tmp_path / "dangling", existing) == (
            f"Unable to make an environment at `{tmp_path / 'dangling'}`: "
            "a link is there, to `nowhere` where nothing is",
            "Name another path",
        )
    assert file_trees.of_folder(tmp_path) == before


def refusal(folder: Path, existing: Existing = Existing.REFUSED) -> tuple[str, str | None]:
    with pytest.raises(PlaceTaken) as caught:
        create(folder, PYTHON, existing=existing)
    return str(caught.value), caught.value.hint


def test_below_a_file_nothing_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "venv"

    with pytest.raises(PlaceUnusable) as caught:
        create(folder, PYTHON)

    assert str(caught.value) == f"Unable to make an environment at `{folder}`: Not a directory"
    assert caught.value.hint == "Name another path"


def test_clearing_replaces_an_environment_whole(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    create(folder, interpreter("3.11.1"))
    (folder / "more.txt").write_text("")

    create(folder, PYTHON, existing=Existing.CLEARED)

    assert names(folder) == WHOLE
    assert list(tmp_path.iterdir()) == [folder]


def test_by_force_any_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "venv" / "some").mkdir(parents=True)

    create(tmp_path / "venv", PYTHON, existing=Existing.DELETED)

    assert names(tmp_path / "venv") == WHOLE


@pytest.mark.parametrize("was", ["environment", "folder"])
def test_what_is_kept_is_only_written_over(was: str, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    if was == "environment":
        create(folder, interpreter("3.11.1"))
    else:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "activate").symlink_to("/dev/null")
    (folder / "bin" / "own").write_text("own")

    create(folder, PYTHON, existing=Existing.KEPT)

    older = {"bin/python3.11", "lib/python3.11", "lib/python3.11/site-packages"}
    assert names(folder) == WHOLE | {"bin/own"} | (older if was == "environment" else set())
    assert "version_info = 3.12.1" in settings(folder)
    assert not (folder / "bin" / "activate").is_symlink()


def test_a_folder_in_the_way_of_a_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    (folder / "bin" / "python").mkdir(parents=True)

    with pytest.raises(PlaceUnusable) as caught:
        create(folder, PYTHON, existing=Existing.KEPT)

    assert str(caught.value) == (
        f"Unable to make an environment at `{folder}`: "
        f"`{folder}/bin/python.lamina-part`: Is a directory"
    )


def test_the_folder_that_one_is_in_stays_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "venv"
    create(folder, interpreter("3.11.1"))
    monkeypatch.chdir(folder)
    inode = folder.stat().st_ino

    create(Path(), PYTHON, existing=Existing.CLEARED)

    assert names(folder) == WHOLE
    assert folder.stat().st_ino == inode


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("before", ["nothing", "empty", "entered", "environment"])
def test_what_is_interrupted_leaves_what_was_there(
    before: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "venv"
    if before == "environment":
        create(folder, interpreter("3.11.1"))
    elif before != "nothing":
        folder.mkdir()
    if before == "entered":
        monkeypatch.chdir(folder)
    tree = file_trees.of_folder(tmp_path)

    with pytest.raises((KeyboardInterrupt, PlaceUnusable)):
        create(folder, PYTHON, existing=Existing.CLEARED, packages=broken(folder, error))

    assert file_trees.of_folder(tmp_path) == tree


def test_what_is_interrupted_while_it_is_written_over_is_no_environment(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    create(folder, interpreter("3.11.1"))

    with pytest.raises(KeyboardInterrupt):
        create(
            folder,
            PYTHON,
            existing=Existing.KEPT,
            packages=broken(folder, KeyboardInterrupt()),
        )

    assert not (folder / "pyvenv.cfg").exists()


def test_what_a_killed_run_left_beside_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / ".lamina-venv-12345678"
    (left / "new").mkdir(parents=True)
    (tmp_path / ".lamina-venv-file").write_text("not a folder")
    (tmp_path / ".lamina-other-12345678").mkdir()

    create(tmp_path / "venv", PYTHON)

    assert {path.name for path in tmp_path.iterdir()} == {
        "venv",
        ".lamina-venv-file",
        ".lamina-other-12345678",
    }


def test_a_path_with_dots_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")

    assert scheme_of(Path("../b/.//c"), PYTHON).prefix == str(tmp_path / "b" / "c")
    assert scheme_of(Path(), PYTHON).prefix == str(tmp_path / "a")


def test_a_prompt_has_no_control_characters(tmp_path: Path) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        create(tmp_path / "venv", PYTHON, prompt="a\nhome = /b")

    assert str(caught.value) == (
        "Unable to show the prompt 'a\\nhome = /b': it has control characters"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_environment_is_not_made_over_the_python_that_it_is_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidInterpreter, match="it lies in the environment itself"):
        create(Path("/base"), PYTHON)
