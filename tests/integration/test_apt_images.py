"""The packages that people add to Python images: they work, and dpkg and apt agree."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engines import Engine
from integration.debian_root import DebianRoot
from integration.docker_builds import Builder
from integration.installed_program import CHECKS
from integration.lamina_program import Lamina
from integration.uv_oracle import lock_project
from integration.working_packages import WORKS, works

pytestmark = [pytest.mark.integration, pytest.mark.network]

CHILD = "lamina-apt-child:1"
PYPROJECT = """\
[project]
name = "users"
version = "1.0"
requires-python = ">=3.11"
dependencies = {dependencies}

[tool.uv]
environments = ["sys_platform == 'linux'"]

[tool.lamina]
apt = {apt}
{more}
"""
QUICK = ("curl", "git", "libgeos-c1v5", "libglib2.0-0", "libmagic1", "libpq5", "libxml2", "tini")
"""Those that bring little with them; all twelve are for `make test-apt`."""
SMALL_WHEELS = ("psycopg", "python-magic")
LARGE_WHEELS = ("lightgbm", "opencv-python")
"""Wheels that need libraries of Debian's, and fail without."""


@dataclass(frozen=True)
class Goal:
    """An image to be built."""

    name: str
    base: str
    """What is given to `--base`; empty for the slim base of the tests."""
    packages: tuple[str, ...]
    wheels: tuple[str, ...]
    more: str = ""
    """Further settings."""

    @property
    def image(self) -> str:
        return f"lamina-apt-{self.name}:1"

    def write(self, folder: Path) -> Path:
        """Write the project, and lock it."""
        folder.mkdir(parents=True)
        text = PYPROJECT.format(
            dependencies=json.dumps(self.wheels),
            apt=json.dumps(self.packages),
            more=self.more,
        )
        (folder / "pyproject.toml").write_text(text)
        lock_project(folder)
        return folder


ALL = (*SMALL_WHEELS, *LARGE_WHEELS)
SLIM_QUICK = Goal("quick", "", QUICK, SMALL_WHEELS)
SLIM = Goal("slim", "", tuple(CHECKS), ALL)
# Git starts some of its own programs by a shell.
DEBIAN = Goal("debian", "debian:bookworm", tuple(CHECKS), ALL, "shell = true")
DOCUMENTATION = ("doc", "man", "locale", "info", "lintian", "linda", "groff")


@pytest.fixture(
    scope="module",
    params=[SLIM_QUICK, pytest.param(SLIM, marks=pytest.mark.apt)],
    ids=["quick", "all"],
)
def goal(request: pytest.FixtureRequest) -> Goal:
    assert isinstance(request.param, Goal)
    return request.param


@pytest.fixture(scope="module")
def report(goal: Goal, lamina: Lamina, slim: Path, engine: Engine, tmp_path_factory: Any) -> Any:
    """The report of a build whose image is in the engine."""
    return load(goal, lamina, slim, engine, tmp_path_factory.mktemp(goal.name))


def load(goal: Goal, lamina: Lamina, slim: Path, engine: Engine, folder: Path) -> Any:
    project, archive = goal.write(folder / "project"), folder / "image.tar"
    base = goal.base or f"oci:{slim}"
    report = lamina.build(
        project, "--base", base, "-o", f"docker-archive:{archive}", "-t", goal.image
    )
    engine("load", "--input", archive)
    archive.unlink()
    return report


@pytest.fixture(scope="module")
def image(goal: Goal, report: Any) -> str:
    """The name of the image in the engine."""
    assert report["platforms"]
    return goal.image


@pytest.fixture(scope="module")
def child(engine: Engine, image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image made upon it by Docker, where apt knows what the mirror has."""
    dockerfile = f"FROM {image}\nRUN apt-get update\n"
    Builder(engine).build(tmp_path_factory.mktemp("child"), dockerfile, CHILD)
    return CHILD


def run(engine: Engine, image: str, script: str) -> str:
    """Run a script in a new container, with the network that we have."""
    command = ("--env=DEBIAN_FRONTEND=noninteractive", "--entrypoint=sh", image, "-euc", script)
    return engine("run", "--rm", "--network=host", *command)


def packages(report: Any) -> dict[str, str]:
    """Return name and version of the Debian packages of an image."""
    (platform,) = report["platforms"]
    listed = [each for layer in platform["layers"] for each in layer["packages"]]
    found = {each["name"]: each["version"] for each in listed}
    assert len(found) == len(listed)
    return found


def installed(said: str) -> dict[str, str]:
    """Return name and version of what `dpkg-query` lists; all of it must be whole."""
    lines = [line.split() for line in said.splitlines()]
    assert {state for _, _, state in lines} == {"ii"}
    return {name: version for name, version, _ in lines}


QUERY = "dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n'"


def test_a_build_takes_what_apt_would(goal: Goal, report: Any, slim_root: DebianRoot) -> None:
    assert packages(report) == slim_root.would_install(*goal.packages)


def test_every_one_works(engine: Engine, goal: Goal, report: Any, tmp_path: Path) -> None:
    assert report["platforms"]
    answers = works(engine, goal.image, goal.packages, tmp_path / "proof")

    assert answers == {name: WORKS[name] for name in goal.packages}


@pytest.mark.apt
def test_every_one_works_above_packages_alone(
    engine: Engine, lamina: Lamina, slim: Path, tmp_path: Path
) -> None:
    load(DEBIAN, lamina, slim, engine, tmp_path / "build")

    assert works(engine, DEBIAN.image, DEBIAN.packages, tmp_path / "proof") == WORKS


def test_dpkg_lists_base_and_packages_installed(
    engine: Engine, image: str, report: Any, slim_root: DebianRoot
) -> None:
    before = installed(slim_root.run("sh", "-c", QUERY))

    assert installed(run(engine, image, QUERY)) == before | packages(report)
    listed = [line.split()[:3] for line in run(engine, image, "dpkg -l").splitlines()[5:]]
    assert {state for state, *_ in listed} == {"ii"}
    assert {name.partition(":")[0] for _, name, _ in listed} == before.keys() | packages(
        report
    ).keys()


def test_dpkg_and_apt_find_nothing_amiss(engine: Engine, child: str) -> None:
    assert run(engine, child, "dpkg --audit") == ""
    said = run(engine, child, "apt-get --simulate check 2>&1; apt-get --simulate -f install 2>&1")
    assert "0 upgraded, 0 newly installed, 0 to remove" in said
    assert not {line[:2] for line in said.splitlines()} & {"W:", "E:"}


def test_only_documentation_is_missing(engine: Engine, image: str, slim_root: DebianRoot) -> None:
    base = {line.split()[-1] for line in slim_root.tried("dpkg", "--verify").stdout.splitlines()}

    found = run(engine, image, "dpkg --verify || true").splitlines()

    paths = {line.split()[-1]: line for line in found}
    folders = tuple(f"/usr/share/{name}/" for name in DOCUMENTATION)
    others = [
        line for path, line in paths.items() if path not in base and not path.startswith(folders)
    ]
    assert others == []


def test_what_depends_on_them_can_be_installed(engine: Engine, child: str) -> None:
    said = run(
        engine, child,
        "apt-get install -y --no-install-recommends libpq-dev libmagic-dev git-lfs >/tmp/log 2>&1"
        f" || {{ cat /tmp/log; exit 1; }}; grep -c '^Setting up' /tmp/log; {QUERY}; dpkg --audit;"
        " git lfs version",
    )  # fmt: skip

    assert "git-lfs/" in said
    assert "libpq-dev" in said


def test_they_can_be_installed_anew_removed_and_purged(engine: Engine, child: str) -> None:
    log = ">>/tmp/log 2>&1 || { cat /tmp/log; exit 1; }"
    said = run(
        engine, child,
        f"apt-get install -y --reinstall libmagic1 curl git libxml2 {log}; curl --version;"
        f"apt-get remove -y tini {log}; apt-get purge -y curl {log};"
        f"apt-get autoremove -y --purge {log}; dpkg --audit;"
        " ls /usr/bin/tini /usr/bin/curl || true; cat /tmp/log; apt-get check",
    )  # fmt: skip

    assert said.startswith("curl ")
    assert "/usr/bin/tini" not in said
    assert "warning" not in said.lower(), said


def test_everything_can_be_upgraded_and_configured_anew(engine: Engine, child: str) -> None:
    log = ">/tmp/log 2>&1 || { cat /tmp/log; exit 1; }"
    said = run(
        engine, child, f"dpkg --configure -a {log}; apt-get dist-upgrade -y {log}; dpkg --audit"
    )

    assert said == ""


@pytest.mark.apt
def test_an_older_version_is_upgraded_by_apt(
    engine: Engine, lamina: Lamina, slim: Path, slim_root: DebianRoot, tmp_path: Path
) -> None:
    name, newer, older = two_versions(slim_root, "libpq5", "libxml2", "libexpat1", "sudo")
    wish = f"{name}={older}"
    goal = Goal("older", "", (wish, "tini"), ())

    report = load(goal, lamina, slim, engine, tmp_path / "build")

    assert packages(report) == slim_root.would_install(wish, "tini")
    said = run(
        engine,
        goal.image,
        "apt-get update -qq; apt-get install -y -qq --only-upgrade $NAME >/tmp/log 2>&1 ||"
        f" {{ cat /tmp/log; exit 1; }}; dpkg --audit; {QUERY}; dpkg --verify $NAME".replace(
            "$NAME", name
        ),
    )
    assert f"{name} {newer} ii" in [line.strip() for line in said.splitlines()]


def two_versions(root: DebianRoot, *names: str) -> tuple[str, str, str]:
    """Return the first of these packages of which the mirror has two versions, the newer first."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for line in root.run("apt-cache", "madison", *names).splitlines():
        name, version, _ = (part.strip() for part in line.split("|"))
        if version not in found[name]:
            found[name].append(version)
    return next((name, had[0], had[1]) for name, had in found.items() if len(had) > 1)
