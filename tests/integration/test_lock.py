"""``lamina lock`` pins what a build backend needs, from an index on loopback that counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration.index_server import IndexServer, serve_index
from integration.lamina_program import Lamina
from tiny import Dist, dist

pytestmark = pytest.mark.integration

BACKEND = """
import base64, hashlib, zipfile
import helper

def get_requires_for_build_wheel(config_settings=None):
    return {more}

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "app-{version}-py3-none-any.whl"
    info = "app-{version}.dist-info"
    files = {{
        "app.py": f"HELPER = {{helper.WHEEL!r}}\\n",
        f"{{info}}/METADATA": "Metadata-Version: 2.1\\nName: app\\nVersion: {version}\\n",
        f"{{info}}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        record += f"{{path}},sha256={{digest.rstrip('=')}},{{len(text.encode())}}\\n"
    files[f"{{info}}/RECORD"] = record + f"{{info}}/RECORD,,\\n"
    with zipfile.ZipFile(f"{{directory}}/{{name}}", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return name
"""


@dataclass
class App:
    """A project whose backend needs `helper`, and the index that has it."""

    folder: Path
    lamina: Lamina
    index: IndexServer
    dists: list[Dist]

    def write(
        self, *requires: str, version: str = "1.0", more: tuple[str, ...] = (), config: str = ""
    ) -> None:
        """Write the project."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "pyproject.toml").write_text(
            f'[project]\nname = "app"\nversion = "{version}"\nrequires-python = ">=3.11"\n'
            f"[build-system]\nrequires = {json.dumps(requires)}\n"
            'build-backend = "own"\nbackend-path = ["."]\n'
            f'[tool.lamina]\nbase = "scratch"\n{config}'
        )
        (self.folder / "own.py").write_text(BACKEND.format(version=version, more=[*more]))
        (self.folder / "uv.lock").write_text(
            'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n'
            f'[[package]]\nname = "app"\nversion = "{version}"\nsource = {{ editable = "." }}\n'
        )

    def publish(self, *dists: Dist) -> None:
        """Let the index have more."""
        self.dists += dists
        self.index.add_index("main", self.dists)

    def withdraw(self, name: str) -> None:
        """Let the index have a project no more."""
        self.dists = [each for each in self.dists if each.name != name]
        self.index.files.clear()
        self.index.add_index("main", self.dists)

    def lock(self, *args: str) -> str:
        """Lock, which must end well; return what was said."""
        self.index.asked.clear()
        done = self.lamina.run("lock", self.folder, *args)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def elsewhere(self, name: str) -> Lamina:
        """Return the program of a machine that has nothing yet."""
        return Lamina(self.lamina.store.with_name(name), self.lamina.environment)

    def build(self, lamina: Lamina | None = None, *args: str) -> dict[str, Any]:
        """Build, which must end well; return the report."""
        self.index.asked.clear()
        out = f"oci:{self.folder.with_name('out')}"
        return (lamina or self.lamina).build(self.folder, "-o", out, "--python", "3.12", *args)

    @property
    def path(self) -> Path:
        """Where the lock is."""
        return self.folder / "lamina.lock"

    def pinned(self) -> dict[str, str]:
        """Return the releases that are pinned."""
        document = tomllib.loads(self.path.read_text())
        return {each["name"]: each["version"] for each in document.get("build-requires", [])}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with serve_index() as index:
        address = index.add_index("main", [])
        environment = {
            **{name: None for name in os.environ if name.startswith(("PIP_", "UV_"))},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": address,
            "SOURCE_DATE_EPOCH": "1700000000",
        }
        app = App(tmp_path / "app", Lamina(tmp_path / "store", environment), index, [])
        app.publish(dist("helper 1.0", "below>=1"), dist("below 1.0"))
        app.write("helper>=1")
        yield app


def test_the_same_is_built_tomorrow(app: App) -> None:
    said = app.lock()
    before = app.build()
    app.publish(dist("helper 1.1"), dist("below 1.1"))

    after = app.build(app.elsewhere("other"))
    anew = app.build(app.elsewhere("third"), "--no-lock")

    assert said.endswith(" + below 1.0\n + helper 1.0\nWrote `lamina.lock`: 2 added\n")
    assert app.pinned() == {"below": "1.0", "helper": "1.0"}
    assert after["digest"] == before["digest"] != anew["digest"]


def test_a_build_here_asks_the_index_once_at_most(app: App) -> None:
    app.lock()
    app.build()
    (app.folder / "more.txt").write_text("changed")

    app.build()

    assert app.index.asked == []


def test_a_second_lock_asks_nobody_and_writes_nothing(app: App) -> None:
    app.lock()
    before = app.path.stat()
    app.publish(dist("helper 1.1"))

    assert app.lock() == "`lamina.lock` is up to date\n"
    assert app.index.asked == []
    assert app.path.stat().st_mtime_ns == before.st_mtime_ns
    assert app.path.stat().st_ino == before.st_ino


def test_a_new_version_of_the_project_changes_nothing(app: App) -> None:
    app.lock()
    text = app.path.read_text()
    app.write("helper>=1", version="2.0")

    assert app.lock() == "`lamina.lock` is up to date\n"
    assert app.path.read_text() == text


def test_the_lock_itself_is_no_part_of_the_project(app: App) -> None:
    app.lock()
    before = app.build()
    app.path.write_text(app.path.read_text() + "# said by nobody\n")

    assert app.build()["digest"] == before["digest"]


def test_all_wheels_of_a_release_are_pinned(app: App) -> None:
    tags = ("cp312-cp312-macosx_11_0_arm64", "cp38-cp38-manylinux_2_17_aarch64", "py3-none-any")
    app.publish(Dist("helper", "1.5", tags=tags))

    app.lock()

    (release,) = tomllib.loads(app.path.read_text())["build-requires"]
    helper = next(each for each in app.dists if each.version == "1.5")
    assert release["wheels"] == [
        {"file": helper.wheel_name(tag), "hash": f"sha256:{helper.sha256(tag)}"}
        for tag in sorted(tags)
    ]


def test_what_other_interpreters_need_is_pinned_as_well(app: App) -> None:
    older = "old ; python_version < '3.9'"
    never = "never ; sys_platform == 'win32'"
    unmet = "unmet ; sys_platform == 'darwin'"
    app.publish(
        dist("helper 1.5", older, never, unmet),
        dist("old 3.0", "older ; python_version < '3.9'"),
        dist("older 4.0"),
        dist("never 1.0"),
    )

    app.lock()

    assert app.pinned() == {"helper": "1.5", "old": "3.0", "older": "4.0"}
    assert app.build(app.elsewhere("other"))["digest"]


def test_an_upgrade_of_one_leaves_the_others(app: App) -> None:
    app.lock()
    app.publish(dist("helper 1.1", "below>=1"), dist("below 1.1"))

    said = app.lock("--upgrade", "helper")

    assert said == " ~ helper 1.0 -> 1.1\nWrote `lamina.lock`: 1 updated\n"
    assert app.pinned() == {"below": "1.0", "helper": "1.1"}
    assert app.lock("--upgrade").endswith(" ~ below 1.0 -> 1.1\nWrote `lamina.lock`: 1 updated\n")


def test_what_is_pinned_is_preferred_where_more_is_asked_for(app: App) -> None:
    app.lock()
    app.publish(dist("helper 1.1"), dist("below 1.1"), dist("added 1.0"))
    app.write("helper>=1", "added")
    done = app.lamina.run("build", app.folder, "-o", f"oci:{app.folder}-out")

    said = app.lock()

    assert "  build-requires: `added` is not pinned\n" in done.stderr
    assert said == " + added 1.0\nWrote `lamina.lock`: 1 added\n"
    assert app.pinned() == {"added": "1.0", "below": "1.0", "helper": "1.0"}


def test_what_no_longer_meets_the_project_gives_way(app: App) -> None:
    app.lock()
    app.publish(dist("helper 2.0"))
    app.write("helper>=2")

    assert " ~ helper 1.0 -> 2.0\n" in app.lock()
    assert app.pinned() == {"helper": "2.0"}


def test_what_the_backend_asks_for_is_pinned(app: App) -> None:
    app.publish(dist("asked 1.0"))
    app.write("helper", more=("asked",))
    app.lock()
    before = app.build()
    app.publish(dist("asked 1.1"))

    assert app.pinned() == {"asked": "1.0", "below": "1.0", "helper": "1.0"}
    assert app.build(app.elsewhere("other"))["digest"] == before["digest"]


def test_what_the_backend_asks_for_anew_is_named_and_then_pinned(app: App) -> None:
    app.lock()
    app.publish(dist("asked 1.0"))
    app.write("helper>=1", more=("asked",))

    refused = app.lamina.refused("build", app.folder, "-o", f"oci:{app.folder}-out")

    assert refused == (
        "error: The build backend needs what `lamina.lock` does not pin\n  asked 1.0\n\n"
        "hint: To pin it, run `lamina lock`; to build without it, pass `--no-lock`\n"
    )
    assert app.lock().endswith(" + asked 1.0\nWrote `lamina.lock`: 1 added\n")
    app.build()


def test_a_wheel_with_other_bytes_is_refused(app: App) -> None:
    app.lock()
    app.dists = [each for each in app.dists if each.name != "helper"]
    app.publish(Dist("helper", "1.0", ("below",), extras={"x": ()}))
    other = app.elsewhere("other")

    refused = other.refused("build", app.folder, "-o", f"oci:{app.folder}-out")

    new = app.dists[-1]
    assert refused == (
        "error: The build backend needs what `lamina.lock` does not pin\n"
        f"  helper 1.0: `{new.wheel_name()}` with sha256:{new.sha256()}\n\n"
        "hint: To pin it, run `lamina lock --upgrade`; to build without it, pass `--no-lock`\n"
    )


def test_a_better_wheel_that_came_later_is_not_taken(app: App) -> None:
    app.publish(Dist("helper", "1.5", tags=("py3-none-any",)))
    app.lock()
    before = app.build()
    app.dists.pop()
    app.publish(Dist("helper", "1.5", tags=("py3-none-any", "py312.py311-none-any")))

    assert app.build(app.elsewhere("other"))["digest"] == before["digest"]


def test_a_release_that_is_gone_is_named(app: App) -> None:
    app.lock()
    app.withdraw("helper")
    app.publish(dist("helper 1.1"))

    refused = app.elsewhere("other").refused("build", app.folder, "-o", f"oci:{app.folder}-out")

    assert refused.startswith("error: Unable to find what the build backend needs: helper>=1\n")
    assert refused.endswith(
        "hint: If an index has no longer what is pinned, or something else needs another version, "
        "run `lamina lock --upgrade`\n"
    )


def test_no_address_and_no_path_of_the_machine_is_written(app: App) -> None:
    app.lock()
    text = app.path.read_text()

    assert "127.0.0.1" not in text
    assert str(app.folder.parent) not in text


def test_a_requirement_with_a_password_is_written_without(app: App) -> None:
    helper = app.dists[0]
    place = app.index.address.replace("//", "//me:hidden@")
    file = f"/main/files/{helper.wheel_name()}"
    app.write(f"helper @ {place}{file}", config='python = "3.12"\n')

    app.lock()

    assert "hidden" not in app.path.read_text()
    app.build()


KILLED = """
import os, signal, sys
from lamina.cli.main import run
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
run(sys.argv[1:])
"""


def test_what_is_killed_while_writing_leaves_the_lock_of_before(app: App) -> None:
    app.lock()
    text = app.path.read_text()
    app.publish(dist("helper 1.1"))
    command = [sys.executable, "-c", KILLED, "lock", str(app.folder), "--upgrade"]

    killed = subprocess.run(command, env=app.lamina.env(), check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL
    assert app.path.read_text() == text
    assert app.build()["digest"]
    assert len([*app.folder.glob(".lamina-*")]) == 1
    assert app.lock("--upgrade").endswith("Wrote `lamina.lock`: 1 updated, 1 removed\n")
    assert not [*app.folder.glob(".lamina-*")]


def test_trees_that_the_project_needs_are_built_with_what_is_pinned_too(app: App) -> None:
    core = app.folder / "core"
    app.write("helper>=1", config='python = "3.12"\n')
    core.mkdir()
    (core / "pyproject.toml").write_text(
        '[project]\nname = "core"\nversion = "1.0"\n[build-system]\n'
        'requires = ["helper", "of-core"]\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    (core / "own.py").write_text(
        BACKEND.format(version="1.0", more=["asked"])
        .replace("import helper", "import of_core as helper")
        .replace("app", "core")
    )
    lock = app.folder / "uv.lock"
    lock.write_text(
        lock.read_text() + 'dependencies = [{ name = "core" }]\n\n[[package]]\nname = "core"\n'
        'version = "1.0"\nsource = { editable = "core" }\n'
    )
    app.publish(dist("of-core 1.0"), dist("asked 1.0"), dist("never 1.0"))
    frozen = app.lamina.within(UV_FROZEN="1")
    app = App(app.folder, frozen, app.index, app.dists)
    app.lock()
    before = app.build()
    app.publish(dist("of-core 1.1"), dist("asked 1.1"), dist("helper 1.1"))

    after, anew = app.build(app.elsewhere("other")), app.build(app.elsewhere("third"), "--no-lock")

    assert app.pinned() == {"asked": "1.0", "below": "1.0", "helper": "1.0", "of-core": "1.0"}
    assert after["digest"] == before["digest"] != anew["digest"]
