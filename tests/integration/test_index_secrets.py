"""What a build with secret credentials writes, shows and runs: the secret is nowhere."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.private_index import PrivateIndex, serve_private_index
from integration.index_places import FILENAME, SECRET, SECRETS, USER, Place
from integration.uv_oracle import run_uv

pytestmark = pytest.mark.integration

DIRECT = "b-1.0-py3-none-any.whl"
BACKEND = "mybackend-1.0-py3-none-any.whl"
BACKEND_CODE = b"""
import json, os, shutil, sys
from pathlib import Path

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    print(json.dumps(dict(os.environ)), sys.argv)
    shutil.copy(Path(__file__).parent / "app-1.0-py3-none-any.whl", wheel_directory)
    return "app-1.0-py3-none-any.whl"
"""
PROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["a", "b @ {login_file}"]

[build-system]
requires = ["mybackend"]
build-backend = "mybackend"

[[tool.uv.index]]
name = "in-house.x"
url = "{one}"
default = true
"""
BOTH = {"UV_INDEX_IN_HOUSE_X_USERNAME": USER, "UV_INDEX_IN_HOUSE_X_PASSWORD": SECRET}


@pytest.fixture
def index() -> Iterator[PrivateIndex]:
    """An index that has a dependency, a wheel of a direct URL, and the project's own backend."""
    with serve_private_index() as index:
        files = index.part("one", USER, SECRET).files
        files[FILENAME] = make_wheel(Item("a/__init__.py"), name="a")
        files[DIRECT] = make_wheel(Item("b/__init__.py"), name="b")
        made = make_wheel(Item("app/__init__.py"), name="app")
        files[BACKEND] = make_wheel(
            Item("mybackend/__init__.py", BACKEND_CODE),
            Item("mybackend/app-1.0-py3-none-any.whl", made),
            name="mybackend",
        )
        yield index


@pytest.fixture
def place(index: PrivateIndex, tmp_path: Path) -> Place:
    """A locked project that needs all of them."""
    place = Place(tmp_path, index)
    login_file = index.url("one", USER, SECRET).replace("simple", f"files/{DIRECT}")
    text = PROJECT.format(one=index.url("one"), login_file=login_file)
    (place.app / "pyproject.toml").write_text(text)
    (place.app / "app").mkdir()
    (place.app / "app" / "__init__.py").touch()
    (place.app / ".dockerignore").write_text("*\n!app\n")
    place.enter(BOTH)
    done = run_uv(place.app, "lock", "--no-cache", env=place.environ)
    assert done.returncode == 0, done.stderr
    return place


def test_a_build_leaves_no_secret_anywhere(place: Place, index: PrivateIndex) -> None:
    seen: list[str] = []
    index.when_asked = lambda: seen.extend(_secret_commands())
    report = place.root / "metadata.json"

    planned = place.plan("--json")
    done = place.build("-v", "--json", "--metadata-file", str(report))

    assert (planned.returncode, done.returncode) == (0, 0), planned.stderr + done.stderr
    assert {f"/one/files/{name}" for name in (FILENAME, DIRECT, BACKEND)} <= {
        asked.path for asked in index.asked if asked.status == 200
    }
    assert seen == []
    written = [report, *_files(place.root / "store"), *_files(place.root / "out")]
    texts = {str(path): _bytes(path) + str(path).encode() for path in written}
    texts |= {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    texts |= {"plan": (planned.stdout + planned.stderr).encode()}
    assert [name for name, text in texts.items() if re.search(SECRETS, text)] == []


def test_nobody_is_asked_again_when_nothing_changed(place: Place, index: PrivateIndex) -> None:
    first = place.build()
    assert first.returncode == 0, first.stderr
    index.asked.clear()
    place.enter({"UV_INDEX_IN_HOUSE_X_USERNAME": "another", "UV_INDEX_IN_HOUSE_X_PASSWORD": "x"})

    second = place.build()

    assert second.stdout == first.stdout
    assert index.asked == []


def test_pip_that_is_refused_says_no_secret(place: Place, index: PrivateIndex) -> None:
    index.parts["one"].header = "Basic other"
    (place.app / "pyproject.toml").write_text(
        (place.app / "pyproject.toml").read_text().replace('"a", "b @', '] # "a", "b @')
    )
    (place.app / "uv.lock").write_text(
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "app"\n'
        'version = "1.0"\nsource = { editable = "." }\n'
    )

    done = place.build("-v")

    assert done.returncode == 1
    assert not re.search(SECRETS, done.stderr.encode()), done.stderr
    assert "Unable to find what the build backend needs: mybackend" in done.stderr
    assert done.stderr.endswith(
        "hint: An index did not let pip in; to give it credentials, set `UV_INDEX_<NAME>_USERNAME`"
        " and `UV_INDEX_<NAME>_PASSWORD`, with the name of the index\n"
    )


def _secret_commands() -> list[str]:
    """Return the command lines of all processes, as `ps` shows them, that have the secret."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes()
        except OSError:
            continue  # It has ended.
        if re.search(SECRETS, text):
            found.append(text.decode(errors="replace"))
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return data + gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
