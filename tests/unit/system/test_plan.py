"""Which layers packages become, and what their keys depend on."""

from __future__ import annotations

from dataclasses import replace

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


def test_few_layers_are_had_where_few_are_allowed() -> None:
    many = tuple(package(f"lib{at}", f"source{at}", LARGE) for at in range(100))

    assert len(replace(PLAN, packages=many).layers) == 32
    assert len(replace(PLAN, packages=many, limit=20).layers) == 4
    assert len(replace(PLAN, packages=many, limit=2).layers) == 1


def test_a_new_package_takes_a_layer_that_was_kept_free() -> None:
    more = replace(PLAN, packages=(*PLAN.packages, package("libzvbi0", "zvbi", LARGE)))

    assert len(more.layers) + more.spare == len(PLAN.layers) + PLAN.spare == 32
