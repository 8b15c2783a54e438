"""Where the members of a wheel go."""

from __future__ import annotations

import pytest

from lamina.wheel.errors import WheelError
from lamina.wheel.scheme import InvalidPrefix, Placement, Placer, Scheme

SCHEME = Scheme("/opt/venv", "3.12")
PLACER = Placer(SCHEME, "My_Pkg-1.0.data", "my-pkg", frozenset({"cli"}))
DATA = "My_Pkg-1.0.data"
SITE = "opt/venv/lib/python3.12/site-packages"


def test_the_folders_of_an_environment_are_relative_to_the_images_root() -> None:
    assert SCHEME.root == "opt/venv"
    assert SCHEME.bin == "opt/venv/bin"
    assert SCHEME.site_packages == SITE
    assert SCHEME.interpreter == "/opt/venv/bin/python"


def test_a_free_threaded_python_has_a_library_of_its_own() -> None:
    scheme = Scheme("/app/.venv/", "3.13", free_threaded=True)

    assert scheme.site_packages == "app/.venv/lib/python3.13t/site-packages"
    assert scheme.headers("foo") == "app/.venv/include/site/python3.13/foo"


@pytest.mark.parametrize(
    "prefix", ["", "/", "//", "opt/venv", "/opt/../venv", "/opt//venv", "/./a"]
)
def test_a_prefix_must_be_an_absolute_path(prefix: str) -> None:
    with pytest.raises(InvalidPrefix) as caught:
        Scheme(prefix, "3.12")

    assert str(caught.value) == (
        f"Unable to make an environment at `{prefix}`: not an absolute, normalized path"
    )


@pytest.mark.parametrize("character", [":", "'", "!", "\\", "\n", "\0"])
def test_a_prefix_may_not_break_path_or_shells(character: str) -> None:
    with pytest.raises(InvalidPrefix) as caught:
        Scheme(f"/opt/a{character}b", "3.12")

    assert str(caught.value) == (
        f"Unable to make an environment at `/opt/a{character}b`: "
        f"the character {character!r} has a meaning in `PATH` or in shells"
    )


@pytest.mark.parametrize("python", ["3", "3.12.1", "3.012", "2.7", "3.x", "../3.1"])
def test_a_scheme_is_of_a_minor_version(python: str) -> None:
    with pytest.raises(ValueError, match="python must be like "):
        Scheme("/opt/venv", python)


@pytest.mark.parametrize(
    ("member", "destination", "record"),
    [
        ("a.py", f"{SITE}/a.py", "a.py"),
        ("my_pkg-1.0.data/scripts/x", f"{SITE}/my_pkg-1.0.data/scripts/x", None),
        ("x/My_Pkg-1.0.data/scripts/x", f"{SITE}/x/My_Pkg-1.0.data/scripts/x", None),
        (f"{DATA}", f"{SITE}/{DATA}", None),
        (f"{DATA}/purelib/a/b.py", f"{SITE}/a/b.py", "a/b.py"),
        (f"{DATA}/platlib/a/b.so", f"{SITE}/a/b.so", "a/b.so"),
        (f"{DATA}/purelib/{DATA}/scripts/x", f"{SITE}/{DATA}/scripts/x", f"{DATA}/scripts/x"),
        (f"{DATA}/data/share/a", "opt/venv/share/a", "../../../share/a"),
        (f"{DATA}/data/bin/tool", "opt/venv/bin/tool", "../../../bin/tool"),
        (f"{DATA}/data/lib64/a/b", "opt/venv/lib/a/b", "../../../lib64/a/b"),
        (f"{DATA}/data/lib/a", "opt/venv/lib/a", "../../a"),
        (f"{DATA}/data/lib/python3.12/a.py", "opt/venv/lib/python3.12/a.py", "../a.py"),
        (f"{DATA}/data/lib/python3.12/site-packages/a.py", f"{SITE}/a.py", "a.py"),
        (
            f"{DATA}/data/lib64/python3.12/site-packages/a.py",
            f"{SITE}/a.py",
            "../../../lib64/python3.12/site-packages/a.py",
        ),
        (
            f"{DATA}/headers/a/b.h",
            "opt/venv/include/site/python3.12/my-pkg/a/b.h",
            "../../../include/site/python3.12/my-pkg/a/b.h",
        ),
    ],
)
def test_a_file_goes_where_its_kind_goes(member: str, destination: str, record: str | None) -> None:
    placement = PLACER.file(member)

    assert placement is not None
    assert placement.destination == destination
    assert placement.is_script is False
    if record is not None:
        assert placement.record == record


def test_a_script_goes_to_bin() -> None:
    expected = Placement("opt/venv/bin/tool", "../../../bin/tool", True)

    assert PLACER.file(f"{DATA}/scripts/tool") == expected
    assert SCHEME.script("tool") == expected


@pytest.mark.parametrize("script", ["cli", "cli.exe", "cli-script.py"])
def test_a_script_that_an_entry_point_makes_goes_nowhere(script: str) -> None:
    assert PLACER.file(f"{DATA}/scripts/{script}") is None


KINDS = "is of no known kind (data, headers, platlib, purelib, scripts)"


@pytest.mark.parametrize(
    ("member", "fault"),
    [
        ("foo/x", f"`{DATA}/foo/x` {KINDS}"),
        ("Scripts/x", f"`{DATA}/Scripts/x` {KINDS}"),
        ("README", f"`{DATA}/README` {KINDS}"),
        ("scripts", f"`{DATA}/scripts` {KINDS}"),
        ("scripts/d/x", f"`{DATA}/scripts/d/x` is in a folder among scripts"),
        ("scripts/python", "the script `python` would replace the environment's interpreter"),
        ("data/bin/python3", "the script `python3` would replace the environment's interpreter"),
        ("data/bin/python3/x", "the script `python3` would replace the environment's interpreter"),
        ("data/pyvenv.cfg", "`pyvenv.cfg` would replace a part of the environment"),
        ("data/pyvenv.cfg/x", "`pyvenv.cfg/x` would replace a part of the environment"),
        ("data/lib64", "`lib64` would replace a part of the environment"),
        ("data/lib", "`lib` would replace a part of the environment"),
        ("data/bin", "`bin` would replace a part of the environment"),
        ("data/lib64/python3.12", "`lib64/python3.12` would replace a part of the environment"),
        (
            "data/lib/python3.12/site-packages",
            "`lib/python3.12/site-packages` would replace a part of the environment",
        ),
    ],
)
def test_a_file_that_would_harm_the_environment_is_refused(member: str, fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        PLACER.file(f"{DATA}/{member}")

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"


@pytest.mark.parametrize(
    ("member", "destination"),
    [
        ("empty", f"{SITE}/empty"),
        (DATA, None),
        (f"{DATA}/data", None),
        (f"{DATA}/scripts", None),
        (f"{DATA}/data/share", "opt/venv/share"),
        (f"{DATA}/data/lib64", "opt/venv/lib"),
        (f"{DATA}/data/lib64/x", "opt/venv/lib/x"),
        (f"{DATA}/data/bin", "opt/venv/bin"),
        (f"{DATA}/purelib/a", f"{SITE}/a"),
        (f"{DATA}/headers/a", "opt/venv/include/site/python3.12/my-pkg/a"),
    ],
)
def test_a_directory_goes_where_its_files_would(member: str, destination: str | None) -> None:
    assert PLACER.directory(member) == destination


@pytest.mark.parametrize(
    ("member", "fault"),
    [
        (f"{DATA}/foo", f"`{DATA}/foo` {KINDS}"),
        (f"{DATA}/scripts/__pycache__", f"`{DATA}/scripts/__pycache__` is a folder among scripts"),
        (f"{DATA}/data/pyvenv.cfg", "`pyvenv.cfg` would replace a part of the environment"),
        (
            f"{DATA}/data/bin/python",
            "the script `python` would replace the environment's interpreter",
        ),
    ],
)
def test_a_directory_that_would_harm_the_environment_is_refused(member: str, fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        PLACER.directory(member)

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"
