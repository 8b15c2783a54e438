from __future__ import annotations

import pytest

from lamina.compare.image import InspectedImage
from lamina.compare.pull import Amount, pull
from unit.compare.images import SKELETON, Made, base, image, wheels

LOW, BIG, SMALL = base("ADD"), wheels("torch==2.3.0", size=5000), wheels("idna==3.9", size=10)
TOP = Made("files of app", size=3)
A = image(LOW, SKELETON, BIG, SMALL, TOP)


@pytest.mark.parametrize(
    ("wanted", "by_digest", "by_chain", "unpacked"),
    [
        pytest.param(A, Amount(0, 0), Amount(0, 0), 0, id="equal"),
        pytest.param(
            image(LOW, SKELETON, BIG, SMALL, Made("files of app", "2", size=4)),
            Amount(1, 4),
            Amount(1, 4),
            1,
            id="the uppermost",
        ),
        pytest.param(
            image(LOW, SKELETON, BIG, wheels("idna==3.10", size=11), TOP),
            Amount(1, 11),
            Amount(2, 14),
            2,
            id="one below another",
        ),
        pytest.param(
            image(base("ADD 2", 2000), SKELETON, BIG, SMALL, TOP),
            Amount(1, 2000),
            Amount(5, 7113),
            5,
            id="the base",
        ),
        pytest.param(
            image(LOW, SKELETON, BIG, TOP, SMALL),
            Amount(0, 0),
            Amount(2, 13),
            2,
            id="another order",
        ),
        pytest.param(image(LOW, SKELETON, BIG), Amount(0, 0), Amount(0, 0), 0, id="fewer"),
        pytest.param(
            image(
                LOW,
                SKELETON,
                Made(BIG.title, "", BIG.wheels, 4000, kind=BIG.kind, blob="zstd"),
                SMALL,
                TOP,
            ),
            Amount(1, 4000),
            Amount(3, 4013),
            0,
            id="packed otherwise",
        ),
        pytest.param(
            image(LOW, SKELETON, BIG, SMALL, TOP, TOP),
            Amount(0, 0),
            Amount(1, 3),
            1,
            id="a layer twice",
        ),
        pytest.param(image(), Amount(0, 0), Amount(0, 0), 0, id="nothing"),
    ],
)
def test_what_is_pulled(
    wanted: InspectedImage, by_digest: Amount, by_chain: Amount, unpacked: int
) -> None:
    found = pull(A, wanted)

    assert (found.by_digest, found.by_chain, found.unpacked) == (by_digest, by_chain, unpacked)


def test_manifest_and_config_are_pulled_where_they_are_others() -> None:
    other = image(LOW, SKELETON)

    assert pull(A, A).documents == 0
    assert pull(A, other).documents == 500 + other.manifest.config.size
