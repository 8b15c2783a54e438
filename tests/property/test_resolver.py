"""Laws of the resolver, in worlds small enough to try every combination."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from debian_worlds import DebianWorld, Member, PlainRules, random_members
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.resolver import Resolution, Unsatisfiable, resolve
from lamina.deb.wish import Wish

NAMES = ("aa", "bb", "cc", "dd", "ee")


@st.composite
def worlds(draw: st.DrawFn) -> DebianWorld:
    random = Random(draw(st.integers(0, 2**32)))
    members = random_members(random, NAMES)
    base: dict[str, Member] = {}
    for member in random.sample(members, random.choice((0, 1, 2, 3))):
        base.setdefault(member.name, member)
    wishes = tuple(random.sample(NAMES, random.choice((1, 1, 2))))
    return DebianWorld({"s": members}, tuple(base.values()), wishes)


def solve(world: DebianWorld) -> Resolution | None:
    try:
        return resolve(
            [Wish.parse(wish) for wish in world.wishes],
            PackagesIndex([PackagesFile(world.packages("s"), "s")]),
            Installed.parse([world.status], where="the base"),
            architecture="amd64",
        )
    except Unsatisfiable:
        return None


@given(worlds())
def test_what_is_found_is_sound_and_nothing_is_found_only_where_there_is_nothing(
    world: DebianWorld,
) -> None:
    members = world.suites["s"]
    rules = PlainRules(members, world.base)

    found = solve(world)

    if found is None:
        assert next(rules.solutions(world.wishes), None) is None
    else:
        by_version = {(member.name, member.version): member for member in members}
        new = [by_version[package.name, package.version] for package in found.packages]
        state = {member.name: member for member in [*world.base, *new]}
        assert set(world.wishes) <= set(state)
        assert rules.faults(state) == []


@given(worlds())
def test_the_answer_does_not_change(world: DebianWorld) -> None:
    assert solve(world) == solve(world)


@given(worlds())
def test_what_was_chosen_once_does_again_and_nothing_is_chosen_beside_it(
    world: DebianWorld,
) -> None:
    found = solve(world)
    if found is None:
        return
    pins = {package.name: package.version for package in found.packages}

    again = resolve(
        [Wish.parse(wish) for wish in world.wishes],
        PackagesIndex([PackagesFile(world.packages("s"), "s")]),
        Installed.parse([world.status], where="the base"),
        architecture="amd64",
        preferred=pins,
    )

    assert set(again.packages) <= set(found.packages)
