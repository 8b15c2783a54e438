"""Debian packages are downloaded once: what has not changed is known from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engines import Program, Registry
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from integration.mirror_relay import MirrorRelay, debs, mirror_relay

pytestmark = [pytest.mark.integration, pytest.mark.network]

SETTINGS = """
[tool.lamina]
apt = ["tini", "libgomp1", "libmagic1"]
"""
TAKEN = ["libgomp1", "libmagic-mgc", "libmagic1", "tini"]


@pytest.fixture
def relay() -> Iterator[MirrorRelay]:
    with mirror_relay("bookworm") as relay:
        yield relay


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project", [LocalWheel("demo")], SETTINGS)


@pytest.fixture
def machine(tmp_path: Path, relay: MirrorRelay) -> Any:
    """Return a function that gives a program with an empty store, which takes from the relay."""
    stores = iter(range(100))

    def make() -> Lamina:
        return Lamina(tmp_path / f"store{next(stores)}").within(**relay.environment)

    return make


def other_settings(project: Path, *names: str) -> None:
    text = (project / "pyproject.toml").read_text()
    head, _, _ = text.partition("[tool.lamina]")
    listed = ", ".join(f'"{name}"' for name in names)
    (project / "pyproject.toml").write_text(f"{head}[tool.lamina]\napt = [{listed}]\n")


@pytest.mark.apt
def test_empty_stores_give_the_same_image(
    machine: Any, project: Path, slim: Path, tmp_path: Path, relay: MirrorRelay
) -> None:
    digests = {
        machine().build(project, "--base", f"oci:{slim}", "-o", f"oci:{tmp_path / name}")["digest"]
        for name in ("one", "two")
    }

    assert len(digests) == 1
    assert debs(relay.take()) == sorted(TAKEN * 2)


@pytest.mark.apt
def test_a_store_has_what_it_made(
    machine: Any, project: Path, slim: Path, tmp_path: Path, relay: MirrorRelay
) -> None:
    lamina = machine()
    options = ("--base", f"oci:{slim}", "-o", f"oci:{tmp_path / 'image'}")
    first = lamina.build(project, *options)
    relay.take()

    assert lamina.build(project, *options)["digest"] == first["digest"]
    assert debs(relay.take()) == []
    other_settings(project, "libgomp1", "libmagic1", "libpq5", "tini")
    lamina.build(project, *options)
    assert set(debs(relay.take())).isdisjoint(TAKEN)


def test_a_runner_that_starts_empty_downloads_what_is_new(
    machine: Any, project: Path, slim: Path, registry: Registry, relay: MirrorRelay, tmp_path: Path
) -> None:
    name = f"{registry.host}/{tmp_path.name[:40].rstrip('_-')}"
    options = ("--base", f"oci:{slim}", "--push")
    first = machine().build(project, *options, "-t", f"{name}:1")
    assert debs(relay.take()) == TAKEN
    assert first["transfer"]["packages_downloaded"] == len(TAKEN)

    again = machine().build(project, *options, "-t", f"{name}:2")

    assert again["digest"] == first["digest"]
    assert debs(relay.take()) == []
    assert again["transfer"]["packages_downloaded"] == again["transfer"]["package_bytes_in"] == 0

    # Another package joins them, and one leaves.
    other_settings(project, "libgomp1", "libmagic1", "libgeos-c1v5")
    changed = machine().build(project, *options, "-t", f"{name}:3")

    assert debs(relay.take()) == ["libgeos-c1v5", "libgeos3.11.1"]
    assert changed["transfer"]["packages_downloaded"] == 2


UNCHANGED = ["libmagic1", "liblapack3", "tini"]
"""With alternatives, and with what these need, such as libraries in folders of their own."""


@pytest.fixture
def base(slim: Path, registry: Registry, skopeo: Program, tmp_path: Path) -> str:
    """The base in a registry, so that what is read of it is counted."""
    name = f"{registry.host}/{tmp_path.name[:40].rstrip('_-')}-base:1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{slim}", f"docker://{name}")
    return name


@pytest.mark.apt
@pytest.mark.parametrize(
    ("before", "after", "fetched"),
    [
        # An update of security, which the release itself has not.
        (["libpng16-16/bookworm", *UNCHANGED], ["libpng16-16", *UNCHANGED], ["libpng16-16"]),
        (UNCHANGED, [*UNCHANGED, "libgeos-c1v5"], ["libgeos-c1v5", "libgeos3.11.1"]),
        ([*UNCHANGED, "libpq5"], UNCHANGED, []),
    ],
    ids=["one is updated", "one is added", "one leaves"],
)
def test_with_a_lock_an_empty_runner_downloads_exactly_what_is_new(
    machine: Any,
    project: Path,
    base: str,
    relay: MirrorRelay,
    before: list[str],
    after: list[str],
    fetched: list[str],
) -> None:
    options = ("--base", base, "--push")
    name = base.replace("-base:1", "")
    other_settings(project, *before)
    machine()("lock", project, "--base", base)
    machine().build(project, *options, "-t", f"{name}:1")
    other_settings(project, *after)
    machine()("lock", project, "--upgrade", "--base", base)
    relay.take()

    reused = machine().build(project, *options, "-t", f"{name}:2")

    asked, transfer = relay.take(), reused["transfer"]
    assert debs(asked) == fetched
    assert len(asked) == len(fetched), asked
    assert transfer["packages_downloaded"] == len(fetched)
    # Of the base, documents; of the image, the small layer.
    assert transfer["base_bytes_in"] < 10_000
    assert 0 < transfer["dependency_bytes_in"] < 500_000
    # It is what is made from the packages themselves, and from the base.
    fresh = machine().build(project, *options, "-t", f"{name}:2", "--no-cache")
    assert fresh["transfer"]["base_bytes_in"] > 10_000_000
    assert {*UNCHANGED} < {*debs(relay.take())}
    assert reused["digest"] == fresh["digest"]


def test_with_a_lock_no_index_is_read(
    machine: Any, project: Path, slim: Path, relay: MirrorRelay, tmp_path: Path
) -> None:
    base = ("--base", f"oci:{slim}")
    unlocked = machine().build(project, *base, "-o", f"oci:{tmp_path / 'unlocked'}")
    machine()("lock", project, *base)
    relay.take()

    locked = machine().build(project, *base, "-o", f"oci:{tmp_path / 'locked'}")

    asked = relay.take()
    assert debs(asked) == TAKEN
    assert len(asked) == len(TAKEN), asked
    assert locked["digest"] == unlocked["digest"]


@pytest.mark.apt
def test_two_platforms_in_one_build_are_what_each_is_alone(
    machine: Any, project: Path, tmp_path: Path
) -> None:
    lamina, base = machine(), ("--base", "debian:bookworm")
    both = "linux/amd64,linux/arm64"

    together = lamina.build(project, *base, "--platform", both, "-o", f"oci:{tmp_path / 'both'}")

    alone = [
        machine().build(project, *base, "--platform", each, "-o", f"oci:{tmp_path / each[6:]}")
        for each in both.split(",")
    ]
    assert [each["digest"] for each in together["platforms"]] == [one["digest"] for one in alone]
