"""``lamina build`` as its user sees it, on small projects with their wheels beside them."""

from __future__ import annotations

import json
import re

import pytest

from builders import Item
from projects import LockedProject
from unit.cli.program import Program


def test_the_digest_is_all_that_goes_to_standard_output(
    locked: LockedProject, program: Program
) -> None:
    locked.wheel("numbers", Item("numbers.py", b"ONE = 1\n"))
    locked.write()

    ended = program.build()

    index = json.loads((program.root / "out" / "index.json").read_text())
    assert (ended.code, ended.out) == (0, index["manifests"][0]["digest"] + "\n")


def test_a_few_lines_say_what_is_built_and_what_came_of_it(
    locked: LockedProject, program: Program
) -> None:
    locked.wheel("numbers", Item("numbers.py", b"ONE = 1\n"))
    locked.write()

    first, again = program.build(), program.build()

    assert _lines(first.err) == [
        "The base has no Python: the environment is for Python 3.15",
        "The base has no C library: wheels are chosen for glibc 2.28",
        "Building app 1.0 for linux/amd64 (the default; see `--platform`) "
        "with Python 3.15.0 on scratch",
        "Plan: 3 layers, 0 reused, 3 to make; nothing to download",
        "Done in TIME: no layers reused, 3 made; nothing downloaded",
    ]
    assert _lines(again.err)[-2:] == [
        "Plan: 3 layers, 3 reused, 0 to make; nothing to download",
        "Done in TIME: 3 layers reused, 0 made; nothing downloaded",
    ]


def test_quiet_says_nothing_but_the_result(locked: LockedProject, program: Program) -> None:
    locked.write()

    ended = program.build("-q")

    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", ended.out)


def test_verbose_says_why_of_each_distribution(locked: LockedProject, program: Program) -> None:
    locked.wheel("numbers", Item("numbers.py", b"ONE = 1\n"))
    locked.write()
    program.build()
    locked.wheel("numbers", Item("numbers.py", b"ONE = 1\n"), version="1.1")
    locked.wheel("letters", Item("letters.py", b"A = 'a'\n"))
    locked.write()

    ended = program.build("-v")

    assert "Reused environment /opt/venv: its layer is in the store" in _lines(ended.err)
    assert "Made numbers==1.1: version 1.0 -> 1.1" in _lines(ended.err)
    assert "Made letters==1.0: new" in _lines(ended.err)
    assert "Kept letters==1.0: its wheel need not be downloaded" in _lines(ended.err)


def test_the_platform_that_was_asked_for_is_no_default(
    locked: LockedProject, program: Program
) -> None:
    locked.write()

    ended = program.build("--platform", "linux/arm64")

    assert "Building app 1.0 for linux/arm64 with Python 3.15.0 on scratch" in _lines(ended.err)


def test_files_that_distributions_do_not_agree_on_are_reported(
    locked: LockedProject, program: Program
) -> None:
    locked.wheel("aa", Item("same/__init__.py", b"1\n"), Item("same/x.py", b"1\n"))
    locked.wheel("bb", Item("same/__init__.py", b"2\n"), Item("same/x.py", b"2\n"))
    locked.write()

    ended = program.build()

    assert (
        "warning: aa and bb have different content in 2 files, such as "
        "`lib/python3.15/site-packages/same/__init__.py`; the image has that of bb"
    ) in _lines(ended.err)


def test_the_environment_says_what_no_option_does(
    locked: LockedProject, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.config = 'base = "oci:nowhere"\n'
    locked.write()
    monkeypatch.setenv("LAMINA_BASE", "scratch")
    monkeypatch.setenv("LAMINA_OUTPUT", "oci-archive:image file.tar")
    monkeypatch.setenv("LAMINA_PYTHON", "3.12")
    monkeypatch.setenv("LAMINA_PLATFORM", "linux/arm64")

    ended = program("build", "project", "--python", "3.13")

    assert "Building app 1.0 for linux/arm64 with Python 3.13.0 on scratch" in _lines(ended.err)
    assert (program.root / "image file.tar").is_file()


def test_one_build_writes_to_several_places(locked: LockedProject, program: Program) -> None:
    locked.write()

    ended = program.build("-o", "docker-archive:image.tar", "-t", "app:1.0", "-t", "app:latest")

    assert ended.code == 0
    index = json.loads((program.root / "out" / "index.json").read_text())
    annotations = index["manifests"][0]["annotations"]
    assert annotations["org.opencontainers.image.ref.name"] == "1.0"
    assert (program.root / "image.tar").is_file()


def test_what_the_build_writes_is_no_part_of_the_project(
    locked: LockedProject, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = locked.write()
    monkeypatch.setenv("LAMINA_STORE", str(folder / "cache"))
    outputs = ["-o", f"oci:{folder}/layout", "-o", f"docker-archive:{folder}/image.tar"]

    digests = {program.build(*outputs).out for _ in range(3)}

    assert len(digests) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["-v", "-q"],
            "error: Only one of --verbose and --quiet can be meant\n\n"
            "hint: See `lamina build --help`\n",
        ),
        (
            ["--locked", "--frozen"],
            "error: Only one of --locked and --frozen can be meant\n\n"
            "hint: See `lamina build --help`\n",
        ),
        (
            ["--exrta", "x"],
            "error: No such option: --exrta\n\n"
            "hint: Did you mean `--extra`? See `lamina build --help`\n",
        ),
        (
            ["--layers", "200"],
            "error: Invalid value for `--layers` (env var: `LAMINA_LAYERS`): "
            "200 is not in the range 1<=x<=125\n\nhint: See `lamina build --help`\n",
        ),
        (
            ["--max-wheel-size", "big"],
            "error: Invalid value for `--max-wheel-size`: "
            "expected a size such as `32 GiB`, got: big\n\nhint: See `lamina build --help`\n",
        ),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], error: str, program: Program) -> None:
    ended = program.build(*arguments)

    assert (ended.code, ended.out, ended.err) == (2, "", error)


def test_nothing_that_must_be_chosen_is_guessed(locked: LockedProject, program: Program) -> None:
    locked.write()

    no_output = program("build", "project", "--base", "scratch")

    assert (no_output.code, no_output.err) == (
        1,
        "error: Nothing says where the image goes\n\n"
        "hint: Pass `--load`, `-t REGISTRY/NAME:TAG --push`, or `-o oci:DIR`, "
        "`-o oci-archive:FILE` or `-o docker-archive:FILE`\n",
    )
    assert not (program.root / "out").exists()


def _lines(text: str) -> list[str]:
    return re.sub(r"Done in [^:]*:", "Done in TIME:", text).splitlines()


def test_what_no_engine_could_start_is_told_before_anything_is_built(
    locked: LockedProject, program: Program
) -> None:
    locked.config = 'user = "app"\ncmd = "exec app"\nshell = false\n'
    locked.write()

    ended = program.build()

    assert ended.code == 1
    assert ended.err.endswith(
        "error: Unable to run what `[tool.lamina]` says on the base `scratch`\n"
        "  `user`: there is no user `app`\n"
        "  `cmd`: there is no `/bin/sh`\n\n"
        "hint: Give a number, which no base need know, as in `1000:1000`. Write commands as arrays "
        "of words\n"
    )
    assert not (program.root / "out").exists()


def test_a_shell_is_for_a_base_that_is_made_of_packages(
    locked: LockedProject, program: Program
) -> None:
    locked.config = "shell = true\n"
    locked.write()

    ended = program.build()

    assert "error: Unable to add a shell to the base `scratch`" in ended.err
