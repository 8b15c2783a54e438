"""The environment that holds no distribution yet."""

from __future__ import annotations

import hashlib

import pytest

from lamina.archive.entry import Entry, Kind, Literal
from lamina.wheel.scheme import Scheme
from lamina.wheel.skeleton import InvalidInterpreter, skeleton

BASE = "/usr/local/bin/python3.12"


def entries(scheme: Scheme | None = None, version: str = "3.12.4") -> dict[str, Entry]:
    scheme = scheme or Scheme("/opt/venv", "3.12")
    return {entry.path: entry for entry in skeleton(scheme, BASE, version)}


def data(entry: Entry) -> bytes:
    assert isinstance(entry.content, Literal)
    return entry.content.data


def test_the_skeleton_has_what_uv_makes_less_what_the_docs_list() -> None:
    kinds = {path: entry.kind.value for path, entry in entries().items()}

    assert kinds == {
        "opt": "directory",
        "opt/venv": "directory",
        "opt/venv/.gitignore": "file",
        "opt/venv/CACHEDIR.TAG": "file",
        "opt/venv/bin": "directory",
        "opt/venv/bin/activate": "file",
        "opt/venv/bin/activate.csh": "file",
        "opt/venv/bin/activate.fish": "file",
        "opt/venv/bin/activate_this.py": "file",
        "opt/venv/bin/python": "symlink",
        "opt/venv/bin/python3": "symlink",
        "opt/venv/bin/python3.12": "symlink",
        "opt/venv/lib": "directory",
        "opt/venv/lib/python3.12": "directory",
        "opt/venv/lib/python3.12/site-packages": "directory",
        "opt/venv/lib64": "symlink",
        "opt/venv/pyvenv.cfg": "file",
    }


def test_a_directory_comes_before_what_is_in_it() -> None:
    paths = list(entries())

    assert all(
        paths.index(path.rpartition("/")[0]) < at for at, path in enumerate(paths) if "/" in path
    )


def test_modes_and_owners_are_root_and_fixed() -> None:
    modes = {Kind.DIRECTORY: 0o755, Kind.FILE: 0o644, Kind.SYMLINK: 0o777}

    for entry in entries().values():
        assert (entry.mode, entry.uid, entry.gid) == (modes[entry.kind], 0, 0)


def test_links_point_where_uvs_do() -> None:
    found = entries(Scheme("/opt/venv", "3.12", free_threaded=True))
    links = {path: entry.target for path, entry in found.items() if entry.target}

    assert links == {
        "opt/venv/bin/python": BASE,
        "opt/venv/bin/python3": "python",
        "opt/venv/bin/python3.12": "python",
        "opt/venv/bin/python3.12t": "python",
        "opt/venv/lib64": "lib",
    }
    assert "opt/venv/lib/python3.12t/site-packages" in found


@pytest.mark.parametrize("version", ["3.12.4", "3.12", "3.12.0rc1"])
def test_pyvenv_cfg_names_the_base_and_not_the_tool(version: str) -> None:
    assert data(entries(version=version)["opt/venv/pyvenv.cfg"]).decode() == (
        "home = /usr/local/bin\n"
        "implementation = CPython\n"
        f"version_info = {version}\n"
        "include-system-site-packages = false\n"
    )


def test_the_marks_of_a_cache_are_those_of_uv() -> None:
    assert data(entries()["opt/venv/.gitignore"]) == b"*"
    assert data(entries()["opt/venv/CACHEDIR.TAG"]) == (
        b"Signature: 8a477f597d28d172789f06886806bc55"
    )


def test_activate_scripts_name_the_prefix() -> None:
    found = entries(Scheme("/srv/my env", "3.12"))

    assert b"\nVIRTUAL_ENV='/srv/my env'\n" in data(found["srv/my env/bin/activate"])
    assert b"\nset -gx VIRTUAL_ENV '/srv/my env'\n" in data(found["srv/my env/bin/activate.fish"])
    assert b"\nsetenv VIRTUAL_ENV '/srv/my env'\n" in data(found["srv/my env/bin/activate.csh"])
    for entry in found.values():
        assert b"@P" not in (data(entry) if entry.kind is Kind.FILE else b"")


def test_golden_skeleton() -> None:
    """The bytes that we promised last release are the bytes that we write now."""
    digest = hashlib.sha256()
    for entry in entries().values():
        content = data(entry) if entry.kind is Kind.FILE else b""
        digest.update(f"{entry.path}|{entry.mode:o}|{entry.target}|{len(content)}|".encode())
        digest.update(content)

    assert digest.hexdigest() == (
        "c110971982004de5c3af82d44f400769031ca2c3f17f36455124d3ce198355f3"
    )


@pytest.mark.parametrize(
    ("interpreter", "why"),
    [
        ("python3", "`python3`: not an absolute, normalized path"),
        ("/usr/../bin/python", "`/usr/../bin/python`: not an absolute, normalized path"),
        ("/usr/bin/", "`/usr/bin/`: not an absolute, normalized path"),
        ("", "``: not an absolute, normalized path"),
        ("/usr/a\nb", "'/usr/a\\nb': the path has control characters"),
        ("/opt/venv/bin/python", "`/opt/venv/bin/python`: it lies in the environment itself"),
    ],
)
def test_the_interpreter_must_be_a_path_in_the_base(interpreter: str, why: str) -> None:
    with pytest.raises(InvalidInterpreter) as caught:
        skeleton(Scheme("/opt/venv", "3.12"), interpreter, "3.12.4")

    assert str(caught.value) == f"Unable to make an environment for {why}"


@pytest.mark.parametrize("version", ["3.11.2", "3.1", "3.120", "3.12.1\nhome = x", "", "3"])
def test_the_interpreter_must_be_of_the_schemes_version(version: str) -> None:
    with pytest.raises(InvalidInterpreter) as caught:
        skeleton(Scheme("/opt/venv", "3.12"), BASE, version)

    assert str(caught.value) == (
        f"Unable to make an environment for `{BASE}`: another version of Python\n"
        "  expected: 3.12\n"
        f"  got:      {version}"
    )
