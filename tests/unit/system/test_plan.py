"""Which layers packages become, and what their keys depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import Permissions
from lamina.deb.package import DebianPackage
from lamina.oci.digest import Digest
from lamina.system.plan import SystemPlan


def package(name: str, source: str, size: int = 1000, version: str = "1") -> DebianPackage:
    path = f"pool/main/{source[0]}/{source}/{name}_{version}_amd64.deb"
    sha256 = Digest.of(f"{name} {version}".encode()).hex
    return DebianPackage(name, version, "amd64", "bookworm", path, size, sha256)


LARGE = 1 << 20
PLAN = SystemPlan(
    architecture="amd64",
    packages=(
        package("libavcodec59", "ffmpeg", LARGE),
        package("libavutil57", "ffmpeg"),
        package("libgomp1", "gcc-12"),
        package("libx265-199", "x265", LARGE),
    ),
    base=Digest.of(b"base"),
    rootfs=Rootfs(links={"lib": "usr/lib"}),
)


def keys(plan: SystemPlan) -> list[str]:
    return [str(layer.key) for layer in plan.layers]


def test_what_is_built_of_one_source_shares_a_layer() -> None:
    layers = [[each.name for each in layer.packages] for layer in PLAN.layers]

    assert sorted(layers) == [["libavcodec59", "libavutil57"], ["libgomp1"], ["libx265-199"]]


def test_an_update_changes_the_layer_of_its_source_alone() -> None:
    updated = replace(
        PLAN, packages=(*PLAN.packages[:3], package("libx265-199", "x265", LARGE, "2"))
    )

    before, after = set(keys(PLAN)), set(keys(updated))

    assert len(before & after) == 2
    assert PLAN.configuration != updated.configuration


def test_an_update_of_the_base_changes_only_what_is_made_of_its_files() -> None:
    updated = replace(PLAN, base=Digest.of(b"another"))

    assert keys(updated) == keys(PLAN)
    assert updated.configuration != PLAN.configuration


def test_links_and_strange_directories_of_the_base_count() -> None:
    plain = replace(PLAN.rootfs, directories={"usr": Permissions()})
    strange = replace(PLAN.rootfs, directories={"usr": Permissions(0o2755)})

    assert keys(replace(PLAN, rootfs=plain)) == keys(PLAN)
    assert keys(replace(PLAN, rootfs=strange)) != keys(PLAN)
    assert keys(replace(PLAN, rootfs=Rootfs())) != keys(PLAN)


def test_documentation_is_another_layer() -> None:
    assert not {*keys(replace(PLAN, keeps_docs=True))} & {*keys(PLAN)}


def many(count: int) -> SystemPlan:
    """Return a plan of packages of as many sources, each of another size."""
    packages = tuple(package(f"lib{at:03}", f"source{at:03}", 1 << at % 24) for at in range(count))
    return replace(PLAN, packages=packages)


@pytest.mark.parametrize(
    ("sources", "limit", "layers", "most"),
    [
        (1, None, 1, 8),
        (8, None, 8, 8),
        (9, None, 9, 32),
        (32, None, 32, 32),
        (33, None, 33, 48),
        (48, None, 48, 48),
        (500, None, 48, 48),
        (20, 100, 20, 20),
        (3, 100, 3, 8),
        (100, 100, 20, 20),
        (100, 20, 4, 4),
        (100, 2, 1, 1),
    ],
)
def test_layers_go_in_steps_by_the_number_of_sources(
    sources: int, limit: int | None, layers: int, most: int
) -> None:
    plan = replace(many(sources), limit=limit)

    assert len(plan.layers) == layers
    assert len(plan.layers) + plan.spare == most


@pytest.mark.parametrize("sources", [8, 32, 48])
def test_where_there_are_enough_each_source_has_its_own_however_small(sources: int) -> None:
    assert all(len(layer.packages) == 1 for layer in many(sources).layers)


def test_of_many_a_quarter_of_the_layers_is_for_the_largest() -> None:
    plan = many(150)
    alone, groups = plan.layers[:12], plan.layers[12:]

    assert [len(layer.packages) for layer in alone] == [1] * 12
    assert len(groups) == 36
    in_groups = [each.size for layer in groups for each in layer.packages]
    assert max(in_groups) <= min(layer.packages[0].size for layer in alone)


def test_a_new_package_moves_no_other_within_a_step() -> None:
    before, after = set(keys(many(31))), set(keys(many(32)))

    assert before < after
    assert len(after - before) == 1


def test_a_new_package_among_many_moves_those_of_one_or_two_groups() -> None:
    before = many(150)
    for size in (1, 1 << 30):
        more = replace(before, packages=(*before.packages, package("new", "new", size)))
        moved = {*keys(more)} - {*keys(before)}
        packages = [
            each for layer in more.layers if str(layer.key) in moved for each in layer.packages
        ]

        assert 1 <= len(moved) <= 2
        assert len(packages) < 20
