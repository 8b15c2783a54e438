"""Bad input: each gets a clear error, and what there was before is as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import Item, make_wheel
from projects import LockedProject, sha256
from unit.cli.program import Program

GOOD, OTHER = make_wheel(Item("numbers.py", b"1\n"), name="numbers"), b"something else"
HASH = "sha256:" + "ab" * 32

Spoil = Callable[[LockedProject], object]


@pytest.fixture
def built(locked: LockedProject, program: Program) -> Program:
    """The command line, once it has built a project well."""
    locked.wheel("numbers", data=GOOD)
    locked.write()
    assert program.build("-q").code == 0
    return program


def no_project(locked: LockedProject) -> None:
    (locked.folder / "pyproject.toml").unlink()


def no_lock(locked: LockedProject) -> None:
    (locked.folder / "uv.lock").unlink()


def other_lock_version(locked: LockedProject) -> None:
    locked.head = locked.head.replace("version = 1", "version = 2", 1)
    locked.write()


def lock_outdated(locked: LockedProject) -> None:
    path = locked.folder / "pyproject.toml"
    path.write_text(path.read_text().replace('["numbers"]', '["numbers", "letters"]'))


def no_wheel_fits(locked: LockedProject) -> None:
    for name, tag in (("letters", "macosx_11_0_arm64"), ("native", "win_amd64")):
        wheel = f"https://files.example/{name}-1.0-cp311-cp311-{tag}.whl"
        locked.listed(name, f'wheels = [{{ url = "{wheel}", hash = "{HASH}", size = 7 }}]\n')
    locked.write()


def wrong_hash(locked: LockedProject) -> None:
    path = locked.wheel("letters", data=GOOD)
    locked.write()
    path.write_bytes(OTHER)


def missing_wheel(locked: LockedProject) -> None:
    path = locked.wheel("letters", data=GOOD)
    locked.write()
    path.unlink()


def no_zip(locked: LockedProject) -> None:
    locked.wheel("letters", data=OTHER)
    locked.write()


def unknown_keys(locked: LockedProject) -> None:
    locked.config = 'bsae = "scratch"\nlayers = "many"\n'
    locked.write()


def broken_toml(locked: LockedProject) -> None:
    (locked.folder / "pyproject.toml").write_text("[project\n")


def broken_lock(locked: LockedProject) -> None:
    (locked.folder / "uv.lock").write_text("version = \n")


def not_text(locked: LockedProject) -> None:
    (locked.folder / "uv.lock").write_bytes(b"\xff\xfe")


def a_folder(locked: LockedProject) -> None:
    (locked.folder / "uv.lock").unlink()
    (locked.folder / "uv.lock").mkdir()


_PUBLISHED = "The file was published like this; report it to the project, or lock another one"
_LOCKED = "The file is not the one that was locked; if it was published anew, run `uv lock`"


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (
            no_project,
            "error: Unable to find project at `project/pyproject.toml`\n\n"
            "hint: Run the command in the folder of a project, or name the folder behind the "
            "command\n",
        ),
        (
            no_lock,
            "error: Unable to find lockfile at `project/uv.lock`\n\n"
            "hint: To create it, run `uv lock`\n",
        ),
        (
            other_lock_version,
            "error: Unsupported lockfile version in `uv.lock`: 2\n\n"
            "hint: This release reads version 1; upgrade lamina\n",
        ),
        (
            lock_outdated,
            "error: `uv.lock` does not match `pyproject.toml`\n"
            "  dependencies: `letters` added\n\nhint: To update it, run `uv lock`\n",
        ),
        (
            no_wheel_fits,
            "error: No wheel of 2 projects fits linux/amd64, Python 3.15\n"
            "  letters 1.0   has macosx arm64\n"
            "  native 1.0    has win amd64\n\n"
            "hint: Choose another platform or Python, or lock versions that have such wheels\n",
        ),
        (
            wrong_hash,
            "error: Hash mismatch for `letters-1.0-py3-none-any.whl`\n"
            f"  expected: {sha256(GOOD)}\n  got:      {sha256(OTHER)}\n\nhint: {_LOCKED}\n",
        ),
        (
            missing_wheel,
            "error: Unable to read `project/letters-1.0-py3-none-any.whl`: "
            "No such file or directory\n\n"
            "hint: The lockfile names it by its path; put it there, or run `uv lock`\n",
        ),
        (
            no_zip,
            "error: Unable to unpack wheel `letters-1.0-py3-none-any.whl`: "
            f"it is no zip archive, or its end is missing\n\nhint: {_PUBLISHED}\n",
        ),
        (
            unknown_keys,
            "error: Unable to read `pyproject.toml`\n"
            "  tool.lamina.bsae: unknown key (did you mean `base`?)\n"
            "  tool.lamina.layers: expected an integer, got a string\n",
        ),
        (
            broken_toml,
            "error: Unable to parse `pyproject.toml`: "
            "Expected ']' at the end of a table declaration (at line 1, column 9)\n",
        ),
        (
            broken_lock,
            "error: Unable to parse lockfile `uv.lock`: Invalid value (at line 1, column 11)\n\n"
            "hint: To write the lockfile again, run `uv lock`\n",
        ),
        (not_text, "error: Unable to read `project/uv.lock`: it is not UTF-8\n"),
        (a_folder, "error: Unable to read `project/uv.lock`: Is a directory\n"),
    ],
)
def test_a_project_that_cannot_be_built_is_explained(
    spoil: Spoil, error: str, locked: LockedProject, built: Program
) -> None:
    out, blobs = _tree(built.root / "out"), _blobs(built.root / "store")
    spoil(locked)

    assert built.refused("-q") == error
    assert _tree(built.root / "out") == out
    assert blobs.items() <= _blobs(built.root / "store").items()


_FORMS = (
    "`scratch`, `oci:DIR[:TAG]`, `docker-archive:FILE[:NAME]`, `debian:CODENAME`, "
    "`docker://REFERENCE`, or the name of an image in a registry"
)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["--base", "oci:nowhere"],
            "error: Not an OCI image layout: `nowhere` has no `oci-layout`\n",
        ),
        (["--base", "docker-archive:nowhere"], "error: No docker archive at `nowhere`\n"),
        (
            ["--base", "debain:bookworm"],
            "error: Unable to read the base image `debain:bookworm`\n"
            f"  expected: {_FORMS}\n\nhint: Did you mean `debian`?\n",
        ),
        (
            ["--base", "debian:"],
            "error: Unable to read the base image `debian:`\n"
            f"  expected: {_FORMS}\n\nhint: Write it as `debian:CODENAME`\n",
        ),
        (
            ["--base", "oci-archive:base.tar"],
            "error: Unable to read the base image `oci-archive:base.tar`\n"
            f"  expected: {_FORMS}\n\n"
            "hint: Make a layout of it: `skopeo copy oci-archive:base.tar oci:DIR`, and name "
            "`oci:DIR`\n",
        ),
        (
            ["--platform", "amd64"],
            "error: Expected `os/architecture` for a platform, got: amd64\n\n"
            "hint: For example `linux/amd64` or `linux/arm64`\n",
        ),
        (["--extra", "x"], "error: No extra `x` in `uv.lock`; it has none\n"),
        (["--group", "x"], "error: No group `x` in `uv.lock`; it has none\n"),
        (
            ["-t", "App"],
            "error: Invalid repository in reference `App`: 'App'\n\nhint: Write it in lower case\n",
        ),
        (["-o", "docker-archive:out"], "error: Unable to write the image to `out` twice\n"),
        (
            ["-o", "oci:file/x"],
            "error: Unable to write to `file/x`: Not a directory\n",
        ),
        (
            ["-o", "oci-archive:nowhere/x"],
            "error: Unable to write an archive to `nowhere/x`: there is no folder `nowhere`\n",
        ),
        (
            ["-o", "oic:x"],
            "error: Expected `transport:path[:name]`, got: oic:x\n\n"
            "hint: The transports are `oci`, `oci-archive`, `docker-archive`\n",
        ),
        (
            ["--store", "file/x"],
            "error: Unable to write to `ROOT/file/x`: Not a directory\n\n"
            "hint: To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`\n",
        ),
        (
            ["--layers", "2"],
            "error: No layer is left for the dependencies: the limit is 2, and the base, "
            "the copied files and the environment take 3\n\n"
            "hint: Pass a higher `--layers` (at most 125), or copy in fewer entries\n",
        ),
        (
            ["--max-wheel-size", "100", "--store", "other"],
            "error: Wheel `numbers-1.0-py3-none-any.whl` unpacks to "
            "{size} bytes, more than the limit of 100\n\n"
            "hint: If you trust it, raise `max-wheel-size` in `[tool.lamina]`\n",
        ),
    ],
)
def test_options_that_cannot_be_met_are_explained(
    arguments: list[str], error: str, built: Program
) -> None:
    (built.root / "file").write_text("")
    out, blobs = _tree(built.root / "out"), _blobs(built.root / "store")

    said = built.refused("-q", *arguments)

    assert said == error.replace("{size}", _number_before(said, " bytes, more"))
    assert _tree(built.root / "out") == out
    assert blobs.items() <= _blobs(built.root / "store").items()


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        (
            "LAMINA_HTTP_TIMEOUT",
            "soon",
            "error: Expected seconds in `LAMINA_HTTP_TIMEOUT`, got: soon\n",
        ),
        (
            "SOURCE_DATE_EPOCH",
            "now",
            "error: Expected whole seconds in `SOURCE_DATE_EPOCH`, got: now\n",
        ),
    ],
)
def test_variables_that_mean_nothing_are_named(
    variable: str, value: str, error: str, built: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert built.refused("-q") == error


def test_frozen_takes_an_outdated_lock(locked: LockedProject, built: Program) -> None:
    lock_outdated(locked)

    assert built.build("--frozen").code == 0


def test_a_damaged_blob_of_the_store_is_made_again(locked: LockedProject, built: Program) -> None:
    digest = built.build("-q").out
    blobs = [path for path in (built.root / "store" / "blobs").rglob("*") if path.is_file()]
    for path in blobs:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1] + b"?")

    again = built.build("-o", "oci:fresh")

    assert (again.code, again.out) == (0, digest)
    assert again.err.count("; it is made again: ") == len(blobs)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"digest": 3}', b"\xff" * 9, b"[" * 9999])
def test_damaged_documents_of_the_store_are_made_again(damage: bytes, built: Program) -> None:
    digest = built.build("-q").out
    for path in (built.root / "store").rglob("*.json"):
        path.write_bytes(damage)

    again = built.build("-v")

    assert (again.code, again.out) == (0, digest)
    assert "0 reused" in again.err


def _number_before(text: str, mark: str) -> str:
    return text.partition(mark)[0].rpartition(" ")[2]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _blobs(store: Path) -> dict[str, bytes]:
    """What earlier builds have left; a failed one may add to it."""
    return {**_tree(store / "blobs"), **_tree(store / "layers")}
