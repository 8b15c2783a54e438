"""How versions are ranked by a base's preferences, beside what the real apt makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from debian_worlds import DebianWorld
from integration.apt_oracle import AptRoot, Suite
from integration.test_resolver_against_apt import (
    BACKPORTS,
    EXPERIMENTAL,
    NAMES,
    PRIORITIES,
    random_world,
)
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.preferences import Preferences, Provenance, parse_preferences
from lamina.deb.resolver import Unsatisfiable, resolve
from lamina.deb.wish import Wish

pytestmark = pytest.mark.integration

_FIELDS = {
    "main": {"Origin": "Debian", "Label": "Debian", "Version": "12.4"},
    "security": {"Origin": "Debian", "Label": "Debian-Security", "Version": "12"},
    "backports": {**BACKPORTS, "Origin": "Debian Backports", "Label": "Backports"},
    "experimental": {**EXPERIMENTAL, "Origin": "Other"},
}
_PACKAGES = (
    *(f"p{letter}" for letter in "abcdefghij"),
    *("*", "*", "* pa", "pa pb pc", "pb, pa", "p[ab]", "P[c-e]", "/[a-f]$/", "/^P/", "PB"),
    # No regular expressions of sources: apt 2.6 applies some to what they do not match.
    *("src:pa", "src:p*", "src:source-x", "src:*-y", "src:*"),
    *("pa:any", "pb:amd64", "pc:arm64", "p?:any", "*:any"),
)
_PINS = (
    *(f"version {each}" for each in ("1", "2*", "3", "*", "1?", "/[12]/", "2, 3", "")),
    *(f"release a={each}" for each in ("main", "sec*", "backports", "/port/", "now", "BACK*", "x")),
    *("release n=main", "release n=exp*", "release experimental", "release 12", "release 12*"),
    *("release v=12.4", "release v=12", "release o=Debian", "release o=Debian*", "release l=*"),
    *("release a=main, o=Debian", "release o=Other,o=Debian", "release x=1", "release main,x=1"),
    *("release *", "release", 'origin ""', "origin archive.example", "origin *", "Release main"),
    *("release c=main", "release b=amd64", "release a = main", "unknown x"),
)
_NUMBERS = (-10, -1, 1, 50, 99, 100, 101, 499, 500, 501, 700, 990, 999, 1000, 1001, 1500)


def random_preferences(random: Random) -> str:
    return "\n".join(
        f"{random.choice(('', 'Explanation: why', '# why'))}\nPackage: {random.choice(_PACKAGES)}\n"
        f"Pin: {random.choice(_PINS)}\nPin-Priority: {random.choice(_NUMBERS)}\n".lstrip("\n")
        for _ in range(random.choice((1, 2, 3, 5)))
    )


def index_of(world: DebianWorld, text: str) -> PackagesIndex:
    files = [
        PackagesFile(world.packages(suite), suite, PRIORITIES[suite], provenance=provenance(suite))
        for suite in world.suites
    ]
    pins = parse_preferences(text.encode(), where="`preferences`")
    return PackagesIndex(files, Preferences(pins, architecture="amd64"))


def provenance(suite: str) -> Provenance:
    fields = _FIELDS[suite]
    return Provenance(
        archive=suite,
        codename=suite,
        version=fields.get("Version", ""),
        origin=fields.get("Origin", ""),
        label=fields.get("Label", ""),
    )


def outcome(seed: int, folder: Path) -> str:
    random = Random(seed)
    world = random_world(seed, *_FIELDS, has_demands=random.random() < 0.2)
    text = random_preferences(random)
    index, base = index_of(world, text), Installed.parse([world.status], where="the base")
    lists = [Suite(suite, world.packages(suite), _FIELDS[suite]) for suite in world.suites]
    apt = AptRoot(folder, world.status, lists, preferences=text)
    for name in NAMES:
        ours = {one.version: one.priority for one in index.versions(name)}
        ours |= {one.version: index.priority_of_installed(one) for one in base.named(name)}
        assert ours == apt.priorities(name), f"{seed} {name}\n{text}"
    asked = apt.ask(*world.wishes)
    chosen = choose(world, index, base)
    if asked.has_failed or asked.removed or asked.was_repaired:
        return "none" if chosen is None else "beyond apt"
    assert chosen == asked.installed, f"{seed} {world}\n{text}\n{asked.text}"
    return "as apt"


def choose(world: DebianWorld, index: PackagesIndex, base: Installed) -> Mapping[str, str] | None:
    wishes = [Wish.parse(wish) for wish in world.wishes]
    try:
        found = resolve(wishes, index, base, architecture="amd64")
    except (Unsatisfiable, UnknownPackages):
        return None
    return {package.name: package.version for package in found.packages}


@pytest.mark.parametrize("seeds", [range(0, 30), range(30, 60)], ids=str)
def test_versions_are_ranked_and_chosen_by_preferences_as_apt_does(
    seeds: range, tmp_path: Path
) -> None:
    found = Counter(outcome(seed, tmp_path / str(seed)) for seed in seeds)

    # The worlds are of use only if they are not all of one kind.
    assert found["as apt"] > 10
