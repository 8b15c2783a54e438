"""Files that stand again above all wheels, where wheels disagree about a path."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builders import Item
from lamina.archive.blob import Extent
from lamina.make.blobs import generated
from lamina.make.overrides import Overrides, agree, find_overrides
from lamina.oci.blob import DamagedBlob
from lamina.plan.collisions import Collision, Incompatible
from lamina.plan.contents import Contents
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.layers import StoredLayer
from unit.make.site import RECIPE, SCHEME, SITE_PACKAGES, Site, open_site, plans

IN_PREFIX = SITE_PACKAGES.removeprefix("opt/venv/")
EXECUTABLE = 0o100755


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as site:
        yield site


def layers(site: Site, *wheels: PlannedWheel) -> list[StoredLayer]:
    """Make the layers of the wheels, in the order of the image."""
    wanted = plans(*wheels)
    with site.line(*wanted) as line:
        return [line.take(plan) for plan in wanted]


def find(site: Site, *wheels: PlannedWheel) -> Overrides | None:
    return look(layers(site, *wheels), wheels)


def look(stack: Sequence[StoredLayer], wheels: Sequence[PlannedWheel]) -> Overrides | None:
    agreements = agree(stack, wheels, RECIPE, SCHEME, lambda key: None)
    return find_overrides(agreements, stack, wheels, RECIPE)


def test_what_is_agreed_already_is_not_read_again(site: Site) -> None:
    shared = [site.wheel(name, Item("space/a.py", name.encode())) for name in ("a", "b")]
    stack = layers(site, *shared)
    agreements = agree(stack, shared, RECIPE, SCHEME, lambda key: None)
    gone = [replace(layer, path=layer.path.with_name("gone")) for layer in stack]

    again = agree(gone, shared, RECIPE, SCHEME, agreements.get)

    assert again == agreements
    assert [[each.owners for each in found] for found in agreements.values()] == [[("a", "b")]]


def made(site: Site, overrides: Overrides) -> StoredLayer:
    entries = overrides.entries(SCHEME, site.scratch)
    return generated(overrides.plan, entries, site.store, site.scratch)


def files(stack: Sequence[StoredLayer]) -> dict[str, tuple[bytes, int]]:
    """Return content and mode of each file, of all layers, each over those before it."""
    found = {}
    for layer in stack:
        with layer.open() as blob, tarfile.open(fileobj=io.BytesIO(blob.read())) as tar:
            for member in tar:
                if member.isfile():
                    content = tar.extractfile(member)
                    assert content is not None
                    found[member.name] = (content.read(), member.mode & 0o777)
    return found


def test_wheels_that_agree_need_no_overrides(site: Site) -> None:
    shared = Item("space/__init__.py", b"# the same\n")

    assert find(site, site.wheel("a", shared), site.wheel("b", shared, large=True)) is None


def test_wheels_that_share_nothing_need_none(site: Site) -> None:
    assert find(site, site.wheel("a", Item("a.py")), site.wheel("b", Item("b.py"))) is None


def test_the_distribution_whose_name_sorts_last_has_its_way(site: Site) -> None:
    """Though its layer is the lower one, as it is the larger."""
    old = Item("space/a.py", b"old")
    one = site.wheel("alpha", old, Item("space/same.py", b"same"))
    other = site.wheel("zeta", Item("space/a.py", b"new"), Item("space/same.py", b"same"),
                       large=True)  # fmt: skip
    stack = layers(site, one, other)

    overrides = look(stack, [one, other])

    assert overrides is not None
    assert overrides.collisions == (Collision(f"{IN_PREFIX}/space/a.py", ("alpha", "zeta")),)
    assert overrides.plan.kind is LayerKind.OVERRIDES
    assert overrides.plan.title == "files that alpha, zeta do not agree on"
    assert files(stack)[f"{SITE_PACKAGES}/space/a.py"] == (b"old", 0o644)
    above = made(site, overrides)
    assert files([above]) == {f"{SITE_PACKAGES}/space/a.py": (b"new", 0o644)}
    assert files([*stack, above])[f"{SITE_PACKAGES}/space/a.py"] == (b"new", 0o644)


def test_wheels_of_one_group_may_disagree_too(site: Site) -> None:
    one, other = site.wheel("a", Item("s/x.py", b"1")), site.wheel("b", Item("s/x.py", b"2"))

    overrides = find(site, one, other)

    assert overrides is not None
    assert files([made(site, overrides)]) == {f"{SITE_PACKAGES}/s/x.py": (b"2", 0o644)}


def test_every_path_goes_to_its_own_winner(site: Site) -> None:
    wheels = [
        site.wheel("a", Item("s/x.py", b"a"), Item("s/y.py", b"a"), large=True),
        site.wheel("b", Item("s/x.py", b"b"), large=True),
        site.wheel("c", Item("s/y.py", b"c"), Item("s/z.py", b"c")),
    ]

    overrides = find(site, *wheels)

    assert overrides is not None
    assert [collision.winner for collision in overrides.collisions] == ["b", "c"]
    assert files([made(site, overrides)]) == {
        f"{SITE_PACKAGES}/s/x.py": (b"b", 0o644),
        f"{SITE_PACKAGES}/s/y.py": (b"c", 0o644),
    }


def test_scripts_and_data_are_overridden_where_they_lie(site: Site) -> None:
    one = site.wheel(
        "a",
        Item("a-1.0.data/scripts/run", b"#!python\nprint('a')\n", mode=EXECUTABLE),
        Item("a-1.0.data/data/lib64/x.so", b"a", mode=EXECUTABLE),
    )
    other = site.wheel(
        "b",
        Item("b-1.0.data/scripts/run", b"#!python\nprint('b')\n", mode=EXECUTABLE),
        Item("b-1.0.data/data/lib/x.so", b"b", mode=EXECUTABLE),
        large=True,
    )

    overrides = find(site, one, other)

    assert overrides is not None
    assert files([made(site, overrides)]) == {
        "opt/venv/bin/run": (b"#!/opt/venv/bin/python\nprint('b')\n", 0o755),
        "opt/venv/lib/x.so": (b"b", 0o755),
    }


def test_a_winner_through_lib64_is_found_in_lib(site: Site) -> None:
    one = site.wheel("a", Item("a-1.0.data/data/lib/x.so", b"a"))
    other = site.wheel("b", Item("b-1.0.data/data/lib64/x.so", b"b"))

    overrides = find(site, one, other)

    assert overrides is not None
    assert files([made(site, overrides)]) == {"opt/venv/lib/x.so": (b"b", 0o644)}


def test_a_file_in_the_way_of_a_directory_is_refused(site: Site) -> None:
    with pytest.raises(Incompatible, match="is a file of a and a directory of b"):
        find(site, site.wheel("a", Item("s", b"1")), site.wheel("b", Item("s/x.py", b"2")))


def test_layers_of_wheels_never_change_for_it(site: Site) -> None:
    one, other = site.wheel("a", Item("s/x.py", b"1"), large=True), site.wheel(
        "b", Item("s/x.py", b"2"), large=True)  # fmt: skip
    (alone,) = layers(site, one)

    together = layers(site, one, other)

    assert alone.written in [layer.written for layer in together]


def test_the_key_is_of_the_wheels_that_disagree_and_no_others(site: Site) -> None:
    one, other = site.wheel("a", Item("s/x.py", b"1")), site.wheel("b", Item("s/x.py", b"2"))
    third = site.wheel("c", Item("s/z.py", b"3"))

    first = find(site, one, other)
    with_another = find(site, one, other, third)
    bumped = find(site, one, site.wheel("b", Item("s/x.py", b"3")))

    assert first is not None
    assert with_another is not None
    assert bumped is not None
    assert first.plan.key == with_another.plan.key != bumped.plan.key


def test_layers_of_other_things_own_nothing_here(site: Site) -> None:
    skeleton = LayerPlan(LayerKind.SKELETON, plans(site.wheel("x"))[0].key, "skeleton")
    stack = [generated(skeleton, [], site.store, site.scratch)]

    assert look(stack, []) is None


def test_a_record_that_is_not_where_it_was_is_damage(site: Site) -> None:
    one, other = site.wheel("a", Item("s/x.py", b"1")), site.wheel("b", Item("s/x.py", b"2"))
    (layer,) = layers(site, one, other)
    wrong = replace(layer.contents.distributions[0], record=Extent(3, 20))
    layer = replace(layer, contents=Contents((wrong, layer.contents.distributions[1])))

    with pytest.raises(DamagedBlob) as caught:
        look([layer], [one, other])

    assert str(caught.value) == (
        f"Damaged blob {layer.written.digest}\n"
        "  expected: the RECORD of a at byte 3\n"
        "  got:      something else"
    )
