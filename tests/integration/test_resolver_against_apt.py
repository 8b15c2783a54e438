"""What the resolver chooses beside what apt chooses, in small random archives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from debian_worlds import DebianWorld, Member, PlainRules, random_members
from integration.apt_oracle import AptRoot, Suite
from integration.debian_lists import debian_lists, minimal_status
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.resolver import Unsatisfiable, resolve
from lamina.deb.wish import Wish

pytestmark = pytest.mark.integration

NAMES = tuple(f"p{letter}" for letter in "abcdefghij")
BACKPORTS = {"NotAutomatic": "yes", "ButAutomaticUpgrades": "yes"}
EXPERIMENTAL = {"NotAutomatic": "yes"}
PRIORITIES = {"main": 500, "security": 500, "backports": 100, "experimental": 1}
FIELDS = {"backports": BACKPORTS, "experimental": EXPERIMENTAL}


def solve(world: DebianWorld) -> dict[str, str] | None:
    files = [
        PackagesFile(world.packages(suite), suite, PRIORITIES[suite]) for suite in world.suites
    ]
    try:
        found = resolve(
            [Wish.parse(wish) for wish in world.wishes],
            PackagesIndex(files),
            Installed.parse([world.status], where="the base"),
            architecture="amd64",
        )
    except (Unsatisfiable, UnknownPackages):
        return None
    return {package.name: package.version for package in found.packages}


def random_world(seed: int, *suites: str, has_demands: bool = False) -> DebianWorld:
    """Archives, and a base that was installed from their older packages.

    With demands, a version or a suite is asked for.
    """
    random = Random(seed)
    found: dict[str, tuple[Member, ...]] = {}
    for suite in suites:
        members = random_members(random, NAMES)
        few = random.sample(members, len(members) // (1 if suite == "main" else 3))
        known = {(member.name, member.version) for each in found.values() for member in each}
        found[suite] = tuple(one for one in few if (one.name, one.version) not in known)
    old = {
        suite: tuple(one for one in members if one.version == "1" or random.random() < 0.3)
        for suite, members in found.items()
    }
    first = DebianWorld(old, (), tuple(random.sample(NAMES, 2)))
    have = solve(first) or {}
    base = tuple(
        one for members in old.values() for one in members if have.get(one.name) == one.version
    )
    wishes = random.sample(NAMES, random.choice((1, 1, 2)))
    if has_demands:
        wishes = [_demand(random, found, wish) for wish in wishes]
    return DebianWorld(found, base, tuple(wishes))


def _demand(random: Random, suites: Mapping[str, tuple[Member, ...]], name: str) -> str:
    found = [
        wish
        for suite, members in suites.items()
        for member in members
        if member.name == name
        for wish in (f"{name}={member.version}", f"{name}/{suite}")
    ]
    return random.choice([name, *found])


def outcome(world: DebianWorld, folder: Path) -> str:
    """Compare; where apt gives up or repairs, the answer has at least to be sound."""
    lists = [Suite(suite, world.packages(suite), FIELDS.get(suite, {})) for suite in world.suites]
    asked = AptRoot(folder, world.status, lists).ask(*world.wishes)
    ours = solve(world)
    if asked.installed == ours and not asked.removed:
        return "as apt"
    if not asked.has_failed and not asked.removed and not asked.was_repaired:
        pytest.fail(f"{world}\n{ours}\n{asked.text}")
    if ours is None:
        assert asked.has_failed or asked.removed, f"{world}\n{asked.text}"
        return "none"
    members = [member for each in world.suites.values() for member in each]
    new = [member for member in members if ours.get(member.name) == member.version]
    state = {member.name: member for member in [*world.base, *new]}
    assert PlainRules(members, world.base).faults(state) == []
    return "beyond apt" if asked.has_failed or asked.removed else "another"


SEEDS = [range(start, start + 50) for start in range(0, 200, 50)]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_what_apt_chooses_at_once_is_chosen(seeds: range, tmp_path: Path) -> None:
    found = Counter(
        outcome(random_world(seed, "main", "security"), tmp_path / str(seed)) for seed in seeds
    )

    # The worlds are of use only if they are not all of one kind.
    assert found["as apt"] > 20


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_versions_and_suites_are_chosen_as_apt_does(seeds: range, tmp_path: Path) -> None:
    suites = ("main", "security", "backports", "experimental")
    found = Counter(
        outcome(random_world(seed, *suites, has_demands=True), tmp_path / str(seed))
        for seed in seeds
    )

    assert found["as apt"] > 15


POPULAR = (
    "libgomp1",
    "libpq5",
    "libmagic1",
    "libgl1",
    "libglib2.0-0",
    "ffmpeg",
    "curl",
    "git",
    "libxml2",
    "libgeos-c1v5",
    "tini",
    "poppler-utils",
)
"""What people most often add to an image of Python."""


@pytest.fixture(scope="module", params=["an empty base", "a small base"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealBase:
    status = b"" if request.param == "an empty base" else minimal_status()
    lists = debian_lists()
    apt = AptRoot(
        tmp_path_factory.mktemp("apt"), status, lists.suites, architecture=lists.architecture
    )
    return RealBase(apt, PackagesIndex(lists.files), status, lists.architecture)


@dataclass(frozen=True)
class RealBase:
    """Debian's own archive above a base."""

    apt: AptRoot
    index: PackagesIndex
    status: bytes
    architecture: str

    def choose(self, *wishes: str) -> dict[str, str]:
        """Return what the resolver would unpack."""
        found = resolve(
            [Wish.parse(wish) for wish in wishes],
            self.index,
            Installed.parse([self.status], where="the base"),
            architecture=self.architecture,
        )
        return {each.name: each.version for each in found.packages}


@pytest.mark.parametrize("name", POPULAR)
def test_debians_own_packages_are_chosen_as_apt_does(real: RealBase, name: str) -> None:
    asked = real.apt.ask(name)

    assert not asked.has_failed, asked.text
    assert real.choose(name) == asked.installed


def test_all_of_them_are_chosen_together_as_apt_does(real: RealBase) -> None:
    asked = real.apt.ask(*POPULAR)

    assert not asked.has_failed, asked.text
    assert real.choose(*POPULAR) == asked.installed


@pytest.mark.parametrize("seed", range(10))
def test_any_packages_of_debian_are_chosen_as_apt_does(real: RealBase, seed: int) -> None:
    """Desktops, servers and TeX among them, with hundreds of dependencies."""
    random = Random(seed)
    wishes = random.sample(sorted(real.index.names()), random.choice((1, 1, 2, 4)))

    asked = real.apt.ask(*wishes)

    if not asked.has_failed and not asked.removed and not asked.was_repaired:
        assert real.choose(*wishes) == asked.installed
