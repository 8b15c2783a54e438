"""Laws of comparing images, for any layers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lamina.compare.difference import compare
from lamina.compare.image import InspectedImage
from lamina.compare.pull import Amount, pull
from unit.compare.images import Made, base, image, wheels

WHEELS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4).map(
    lambda pins: [wheels(f"{name}=={version}", size=ord(name)) for name, version in pins.items()]
)
LAYERS = st.tuples(
    st.lists(st.sampled_from("xyz").map(base), max_size=3),
    WHEELS,
    st.lists(st.sampled_from("uvw").map(lambda text: Made(f"{text} -> .")), max_size=3),
).map(lambda parts: [*parts[0], *parts[1], *parts[2]])
IMAGES = LAYERS.map(lambda layers: image(*layers))


@given(IMAGES)
def test_an_image_is_equal_to_itself(one: InspectedImage) -> None:
    found = compare(one, one)

    assert found.is_equal
    assert (found.distributions or (), found.layers, found.pull.documents) == ((), (), 0)
    assert found.pull.by_digest == found.pull.by_chain == Amount(0, 0)


@given(IMAGES, IMAGES)
def test_the_way_back_is_the_way_reversed(one: InspectedImage, other: InspectedImage) -> None:
    there, back = compare(one, other), compare(other, one)

    assert [(each.before, each.after) for each in there.distributions or ()] == [
        (each.after, each.before) for each in back.distributions or ()
    ]
    assert [(each.removed, each.added) for each in there.layers] == [
        (each.added, each.removed) for each in back.layers
    ]


@given(IMAGES, IMAGES)
def test_the_classic_store_pulls_no_less(held: InspectedImage, wanted: InspectedImage) -> None:
    found = pull(held, wanted)

    assert found.by_digest.bytes <= found.by_chain.bytes <= sum(each.size for each in wanted.layers)
    assert found.by_digest.layers <= found.by_chain.layers
    assert found.unpacked <= found.by_chain.layers


@given(IMAGES, IMAGES)
def test_who_has_all_blobs_pulls_none(held: InspectedImage, wanted: InspectedImage) -> None:
    has_all = {each.digest for each in wanted.layers} <= {each.digest for each in held.layers}

    assert (pull(held, wanted).by_digest.layers == 0) == has_all


@given(LAYERS, st.integers(0, 3))
def test_what_is_put_on_top_is_all_that_is_pulled(layers: list[Made], count: int) -> None:
    tops = [Made(f"top{number} -> .", size=10) for number in range(count)]

    found = pull(image(*layers), image(*layers, *tops))

    assert found.by_digest == found.by_chain == Amount(count, 10 * count)
    assert found.unpacked == count
