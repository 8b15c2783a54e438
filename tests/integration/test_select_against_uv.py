"""What we select from a lock is what the real uv installs from it, wheel by wheel."""

from __future__ import annotations

import os
import platform
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench_lock import measure
from integration.uv_oracle import find_python, full_version, lock_project, run_uv
from integration.wheel_server import WheelServer, serve_wheels
from lamina.lock.model import Wheel
from lamina.lock.select import Policy, Uninstallable, select
from lamina.lock.target import Libc, Target, make_target
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Extras, Groups, Wanted
from lamina.oci.descriptor import Platform

pytestmark = [pytest.mark.integration, pytest.mark.network]

REPOSITORY = Path(__file__).parents[2]

PLATFORMS = {
    "x86_64-manylinux_2_17": ("linux/amd64", Libc("glibc", (2, 17))),
    "x86_64-manylinux_2_28": ("linux/amd64", Libc("glibc", (2, 28))),
    "aarch64-manylinux_2_36": ("linux/arm64", Libc("glibc", (2, 36))),
    "x86_64-unknown-linux-musl": ("linux/amd64", Libc("musl", (1, 2))),
    "aarch64-unknown-linux-musl": ("linux/arm64", Libc("musl", (1, 2))),
}

HERE = platform.python_version()
THERE = "3.10.14"

HEAD = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.10"\n'

PROJECTS = {
    "extras": """
dependencies = ["requests[socks]>=2.31", "markupsafe", "charset-normalizer<3.4"]
[project.optional-dependencies]
web = ["flask>=3", "app[cli]"]
cli = ["click", "colorama; sys_platform == 'win32'"]
[dependency-groups]
dev = ["pytest>=8", {include-group = "lint"}]
lint = ["iniconfig", "app[cli]"]
""",
    "forks": """
dependencies = [
  "numpy<2 ; python_version < '3.11'",
  "numpy>=2 ; python_version >= '3.11'",
  "idna<3 ; platform_machine == 'x86_64'",
  "idna>=3 ; platform_machine != 'x86_64'",
  "tomli ; python_full_version < '3.11'",
  "uvloop ; sys_platform == 'linux' and platform_python_implementation == 'CPython'",
  "pyyaml", "cryptography", "psutil",
]
""",
    "conflicts": """
dependencies = ["attrs"]
[project.optional-dependencies]
old = ["markupsafe==2.1.5", "jinja2"]
new = ["markupsafe>=3", "six ; sys_platform == 'linux'"]
[dependency-groups]
one = ["idna==3.6"]
two = ["idna==3.7", "app[old]"]
[tool.uv]
conflicts = [[{extra="old"},{extra="new"}], [{group="one"},{group="two"}]]
""",
    "url": """
dependencies = ["six", "greenlet>=3"]
[tool.uv]
environments = ["sys_platform == 'linux'"]
[tool.uv.sources]
six = { url = "SIX" }
""",
}


@dataclass(frozen=True)
class Case:
    project: str
    extras: Sequence[str] = ()
    groups: Sequence[str] = ()

    def __str__(self) -> str:
        return "-".join([self.project, *self.extras, *self.groups])

    @property
    def flags(self) -> list[str]:
        extras = [flag for extra in self.extras for flag in ("--extra", extra)]
        groups = [flag for group in self.groups for flag in ("--group", group)]
        return ["--no-default-groups", *extras, *groups]


CASES = [
    Case("extras"),
    Case("extras", ["web"], ["dev"]),
    Case("extras", [], ["lint"]),
    Case("forks"),
    Case("conflicts"),
    Case("conflicts", ["old"], ["one"]),
    Case("conflicts", ["new"], ["one"]),
    Case("conflicts", [], ["two"]),
    Case("url"),
]


@dataclass
class Projects:
    """The projects, each locked once by uv and taken over by the server."""

    base: Path
    server: WheelServer
    done: dict[str, Path] = field(default_factory=dict)

    def locked(self, name: str) -> Path:
        """Return the folder of a project with its lock."""
        if name not in self.done:
            folder = self.base / name
            folder.mkdir()
            text = PROJECTS[name]
            if "SIX" in text:
                text = text.replace("SIX", self.url_of_six())
            (folder / "pyproject.toml").write_text(HEAD + text)
            self.adopt(folder, lock_project(folder))
            self.done[name] = folder
        return self.done[name]

    def url_of_six(self) -> str:
        """Return where the index has a wheel of six; no address is written into a test."""
        folder = self.base / "six"
        folder.mkdir()
        (folder / "pyproject.toml").write_text(HEAD + 'dependencies = ["six"]')
        url = next(p for p in parse(lock_project(folder)).packages if p.wheels).wheels[0].url
        assert url is not None
        return url

    def adopt(self, folder: Path, lock: str) -> None:
        """Point the lock of a folder at the server."""
        (folder / "uv.lock").write_text(self.server.take_over(lock))

    def taken(self) -> set[str]:
        """Return which wheels were asked for since the last time."""
        asked = set(self.server.asked)
        self.server.asked.clear()
        return asked


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    with serve_wheels() as server:
        yield Projects(tmp_path_factory.mktemp("projects"), server)


def make(name: str, python: str) -> Target:
    platform_, libc = PLATFORMS[name]
    return make_target(Platform.parse(platform_), python, libc)


def ours(folder: Path, target: Target, case: Case) -> set[str] | None:
    """Return the wheels that we select, nothing where there are not all."""
    lock = parse((folder / "uv.lock").read_text())
    try:
        wanted = Wanted(
            extras=Extras(named=frozenset(case.extras)),
            groups=Groups(named=frozenset(case.groups)),
        )
        selection = select(lock, target, wanted, Policy(no_build=None))
    except Uninstallable:
        return None
    artifacts = [distribution.artifact for distribution in selection.distributions]
    return {artifact.filename for artifact in artifacts if isinstance(artifact, Wheel)}


def taken(projects: Projects, done: subprocess.CompletedProcess[str]) -> set[str] | None:
    """Return the wheels that uv took, nothing where it missed one."""
    # uv breaks long lines where the terminal would.
    said = " ".join(done.stderr.split())
    if "is marked as `--no-build` but has no binary distribution" in said:
        return None
    assert done.returncode == 0, done.stderr
    return projects.taken()


@pytest.mark.parametrize("platform_", PLATFORMS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_uv_sync_takes_the_same_wheels(
    projects: Projects, tmp_path: Path, case: Case, platform_: str
) -> None:
    folder = projects.locked(case.project)
    projects.taken()

    done = sync(folder, tmp_path, platform_, case.flags)

    assert ours(folder, make(platform_, HERE), case) == taken(projects, done)


@pytest.mark.parametrize("platform_", PLATFORMS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_uv_pip_takes_the_same_wheels_for_a_python_that_is_not_here(
    projects: Projects, tmp_path: Path, case: Case, platform_: str
) -> None:
    folder = projects.locked(case.project)
    exported = tmp_path / "pylock.toml"
    flags = ["--frozen", "--no-emit-project", "--format", "pylock.toml", *case.flags]
    done = run_uv(folder, "export", "-o", str(exported), *flags)
    assert done.returncode == 0, done.stderr
    projects.taken()

    target = ["--python-version", THERE, "--python-platform", platform_, "--no-build"]
    done = run_uv(
        tmp_path,
        *["pip", "sync", "--preview-features", "pylock", "--target", str(tmp_path / "target")],
        *[*target, "--cache-dir", str(tmp_path / "cache"), str(exported)],
    )

    assert ours(folder, make(platform_, THERE), case) == taken(projects, done)


def sync(
    folder: Path, scratch: Path, platform_: str, flags: Sequence[str], python: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``uv sync`` from the lock alone, building nothing."""
    return run_uv(
        folder,
        *["sync", "--frozen", "--no-install-project", "--no-build", *flags],
        *["--python-platform", platform_, "--cache-dir", str(scratch / "cache")],
        env={
            "UV_PROJECT_ENVIRONMENT": str(scratch / "venv"),
            "UV_PYTHON": python or sys.executable,
        },
    )


def test_the_two_hundred_pins_are_the_same_wheels(projects: Projects, tmp_path: Path) -> None:
    seed = Path(
        os.environ.get("LAMINA_SEED_PROJECT", REPOSITORY.parent / "shared" / "seed" / "project")
    )
    assert (seed / "pyproject.toml").is_file(), (
        f"No seed project at {seed}; set LAMINA_SEED_PROJECT"
    )
    python = find_python("3.10")
    folder = tmp_path / "seed"
    folder.mkdir()
    shutil.copyfile(seed / "pyproject.toml", folder / "pyproject.toml")
    done = run_uv(folder, "lock", env={"UV_PYTHON": python})
    assert done.returncode == 0, done.stderr
    projects.adopt(folder, (folder / "uv.lock").read_text())
    projects.taken()

    done = sync(folder, tmp_path, "x86_64-manylinux_2_28", ["--no-dev"], python)

    target = make("x86_64-manylinux_2_28", full_version(python))
    selected = ours(folder, target, Case("seed"))
    assert selected is not None
    assert len(selected) == 200
    assert selected == taken(projects, done)
    lock = (folder / "uv.lock").read_text()
    times = measure(lock, full_version(python), tries=3, clock=time.process_time)
    assert times.both < 2 * 0.150, "in processor time, with as much again for slower machines"


def assorted_lock(seed: int, count: int) -> str:
    """Return a lock whose packages have wheels of every sort, in every order."""
    chance = random.Random(seed)
    minor = sys.version_info.minor
    pythons = [
        *(f"cp3{m}-cp3{m}" for m in (minor - 1, minor, minor + 1)),
        *(f"cp3{m}-abi3" for m in (2, 7, 9, minor, minor + 1)),
        *("cp37.cp38-abi3", f"cp3{minor}-none", f"cp3{minor}.py3-none", "py2.py3-none"),
        *("py3-none", f"py3{minor}-none", f"py3{minor - 2}-none", f"py3{minor + 1}-none"),
    ]
    machines = ["x86_64", "aarch64"]
    platforms = [
        *(f"manylinux_2_{m}_{a}" for m in (5, 12, 17, 27, 28, 36, 40) for a in machines),
        *(f"musllinux_1_{m}_{a}" for m in (0, 1, 2, 3) for a in machines),
        *(f"{old}_x86_64" for old in ("manylinux1", "manylinux2010", "linux")),
        *(f"manylinux2014_{a}.manylinux_2_17_{a}" for a in machines),
        *("any", "any", "win_amd64", "macosx_11_0_arm64"),
    ]
    packages = []
    needs = ", ".join(f'{{ name = "p{number}" }}' for number in range(count))
    for number in range(count):
        fallback = [f"p{number}-1.0-py2.py3-none-any.whl"]
        names = [
            f"p{number}-1.0-{chance.choice(['', '', '', '1-', '2-', '10-', '2b-'])}"
            f"{chance.choice(pythons)}-{chance.choice(platforms)}.whl"
            for _ in range(chance.randint(1, 12))
        ]
        wheels = sorted(set(names + fallback), key=lambda _: chance.random())
        listed = ",\n".join(f'{{ url = "https://files.example/{name}" }}' for name in wheels)
        packages.append(
            f'[[package]]\nname = "p{number}"\nversion = "1.0"\n'
            f'source = {{ registry = "https://index.example/simple" }}\nwheels = [\n{listed},\n]\n'
        )
    head = 'version = 1\nrequires-python = ">=3.10"\n'
    app = f'[[package]]\nname = "app"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
    return "\n".join([head, app, *packages])


@pytest.mark.parametrize("platform_", PLATFORMS)
def test_uv_ranks_wheels_of_every_sort_as_we_do(
    projects: Projects, tmp_path: Path, platform_: str
) -> None:
    folder = tmp_path / "assorted"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(HEAD)
    projects.adopt(folder, assorted_lock(seed=7, count=80))
    projects.taken()

    done = sync(folder, tmp_path, platform_, [])

    assert ours(folder, make(platform_, HERE), Case("assorted")) == taken(projects, done)
