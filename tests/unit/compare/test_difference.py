from __future__ import annotations

from dataclasses import replace

from lamina.compare.difference import Change, LayerChange, compare
from lamina.compare.image import Distribution
from lamina.plan.plan import LayerKind
from unit.compare.images import PLAIN, SKELETON, Made, Making, base, image, wheels

LOW = base("ADD")
A = image(LOW, SKELETON, wheels("numpy==1.26.0"), wheels("idna==3.9", "six==1.17.0"))


def told(changes: tuple[Change, ...] | None) -> list[tuple[str | None, str | None]]:
    assert changes is not None
    return [
        tuple(f"{each.name} {each.version}" if each else None for each in (one.before, one.after))  # type: ignore[misc]
        for one in changes
    ]


def test_distributions_come_go_and_change() -> None:
    after = image(LOW, SKELETON, wheels("numpy==2.0.1"), wheels("six==1.17.0", "zstd==1.5"))

    found = compare(A, after)

    assert told(found.distributions) == [
        ("idna 3.9", None),
        ("numpy 1.26.0", "numpy 2.0.1"),
        (None, "zstd 1.5"),
    ]
    assert not found.is_equal


def test_another_wheel_of_the_same_version_is_a_change() -> None:
    before, after = image(wheels("numpy==1#aa")), image(wheels("numpy==1#bb"))

    changes = compare(before, after).distributions

    assert changes == (
        Change(
            Distribution("numpy", "1", "sha256:aa", 7), Distribution("numpy", "1", "sha256:bb", 7)
        ),
    )
    assert changes[0].is_other_wheel


def test_a_wheel_whose_hash_nobody_knows_is_the_same() -> None:
    before = Making([wheels("numpy==1")]).inspected()

    assert compare(before, image(wheels("numpy==1"))).distributions == ()


def test_what_is_not_ours_has_unknown_distributions() -> None:
    other = Making([LOW]).inspected()

    assert compare(other, A).distributions is None
    assert compare(A, other).distributions is None


def test_layers_are_told_by_their_kind_lowest_first() -> None:
    old, new = Made("src -> .", "1"), Made("src -> .", "2")
    before = image(
        LOW, SKELETON, old, Made("project app", wheels=["app==1"], kind=LayerKind.PROJECT)
    )
    after = image(
        base("ADD 2"), SKELETON, new, Made("project app", wheels=["app==2"], kind=LayerKind.PROJECT)
    )

    found = compare(before, after)

    layers = dict(zip(("base", "skeleton", "files", "project"), range(4), strict=True))
    assert [change.kind for change in found.layers] == [
        LayerKind.BASE,
        LayerKind.FILES,
        LayerKind.PROJECT,
    ]
    for change in found.layers:
        at = layers[change.kind.value]
        assert change == LayerChange(change.kind, (before.layers[at],), (after.layers[at],))
    assert found.distributions == ()


def test_a_blob_that_is_packed_otherwise_is_the_same_layer() -> None:
    after = Made(SKELETON.title, kind=LayerKind.SKELETON, blob="zstd")

    assert compare(image(SKELETON), image(after)).layers == ()


def test_another_order_is_told() -> None:
    one, two = wheels("one==1"), wheels("two==2")

    found = compare(image(one, two), image(two, one))

    assert (found.layers, found.is_reordered) == ((), True)
    assert not compare(A, image(one)).is_reordered


def test_what_the_configs_say_differently_is_named() -> None:
    config = replace(PLAIN, created="", env={"A": "1"}, labels={"b": "2"}, extra_config={"X": 1})

    found = compare(image(LOW), image(LOW, config=config))

    assert found.settings == ("created", "Env", "Labels", "X")
    assert (found.layers, found.is_equal) == ((), False)


def test_equal_images_are_equal() -> None:
    found = compare(A, A)

    assert found.is_equal
    assert (found.distributions, found.layers, found.settings) == ((), (), ())


def test_without_a_manifest_config_and_layers_decide() -> None:
    """An archive has no manifest; what it holds may still be the very same image."""
    archived = replace(A, digest=None)

    assert compare(A, archived).is_equal
    assert compare(archived, A).is_equal
    assert not compare(archived, image(LOW)).is_equal
