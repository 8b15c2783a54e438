"""Paths that several distributions own."""

from __future__ import annotations

import pytest

from lamina.archive.blob import Extent
from lamina.plan.collisions import Collision, Incompatible, circles, collisions, common_tops
from lamina.plan.contents import InLayer, tops
from lamina.wheel.record import Row

SITE = "lib/python3.12/site-packages"
A, B = "sha256=aaa", "sha256=bbb"


def distribution(name: str, *paths: str) -> InLayer:
    return InLayer(name, "1.0", f"sha256:{'0' * 64}", 10, tops(paths, SITE), Extent(0, 0))


def find(**records: list[Row]) -> list[Collision]:
    owners = [distribution(name, *(row.path for row in rows)) for name, rows in records.items()]
    return collisions(records, SITE, common_tops(owners))


def test_distributions_that_share_no_top_are_not_looked_at() -> None:
    numpy = distribution("numpy", "numpy/__init__.py", "../../../bin/f2py")
    scipy = distribution("scipy", "scipy/__init__.py")

    assert circles([numpy, scipy]) == []


def test_distributions_that_share_a_top_are_in_one_circle_by_name() -> None:
    core = distribution("google-core", "google/core.py")
    auth = distribution("google-auth", "google/auth.py")

    assert circles([core, auth, distribution("six", "six.py")]) == [(auth, core)]


def test_dist_info_is_nobodys_top() -> None:
    one = distribution("one", "one-1.0.dist-info/RECORD")
    other = distribution("other", "one-1.0.dist-info/RECORD")

    assert circles([one, other]) == []


def test_circles_that_share_nothing_stay_apart() -> None:
    a, b = distribution("a", "x/1.py"), distribution("b", "x/2.py")
    c, d = distribution("c", "y/1.py"), distribution("d", "y/2.py")

    assert circles([d, b, c, a]) == [(a, b), (c, d)]


def test_a_distribution_that_touches_two_circles_makes_them_one() -> None:
    a, b = distribution("a", "x/1.py"), distribution("b", "x/2.py")
    c, d = distribution("c", "y/1.py"), distribution("d", "y/2.py", "x/3.py")

    assert circles([a, b, c, d]) == [(a, b, c, d)]


def test_a_file_and_what_lies_below_it_are_in_one_circle() -> None:
    file, folder = distribution("a", "../../../share"), distribution("b", "../../../share/man/1")

    assert circles([file, folder, distribution("c", "../../../share/doc/1")]) == [
        (file, folder, distribution("c", "../../../share/doc/1"))
    ]


def test_equal_bytes_do_not_collide() -> None:
    row = Row("shared/__init__.py", A, 3)

    assert find(one=[row], other=[row]) == []


def test_the_distribution_whose_name_sorts_last_has_its_way() -> None:
    found = find(
        zeta=[Row("shared/a.py", B, 3)],
        alpha=[Row("shared/a.py", A, 3)],
        beta=[Row("shared/a.py", A, 3)],
    )

    assert found == [Collision(f"{SITE}/shared/a.py", ("alpha", "beta", "zeta"))]
    assert found[0].winner == "zeta"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(Row("s/a", A, 3), Row("s/a", A, 4), id="sizes"),
        pytest.param(Row("s/a", "", 3), Row("s/a", "", 3), id="no hashes"),
        pytest.param(Row("s/a", A, 3), Row("s/a", "", 3), id="one hash"),
    ],
)
def test_what_record_does_not_say_is_equal_counts_as_different(one: Row, other: Row) -> None:
    assert len(find(one=[one], other=[other])) == 1


def test_scripts_collide_where_they_lie() -> None:
    found = find(one=[Row("../../../bin/run", A, 3)], other=[Row("../../../bin/run", B, 3)])

    assert [collision.path for collision in found] == ["bin/run"]


def test_a_path_through_lib64_is_the_one_in_lib() -> None:
    found = find(
        one=[Row("../../../lib64/x/a.so", A, 3), Row("pkg/b.py", A, 3)],
        other=[
            Row("../../x/a.so", B, 3),
            Row("../../../lib64/python3.12/site-packages/pkg/b.py", B, 3),
        ],
    )

    assert [collision.path for collision in found] == [f"{SITE}/pkg/b.py", "lib/x/a.so"]


def test_collisions_come_sorted_by_path() -> None:
    rows = [Row(f"s/{name}.py", "", 1) for name in "bca"]

    assert [each.path for each in find(one=rows, other=rows)] == [
        f"{SITE}/s/{name}.py" for name in "abc"
    ]


def test_a_file_that_is_a_directory_elsewhere_is_refused() -> None:
    with pytest.raises(Incompatible) as caught:
        find(
            one=[Row("pkg", A, 3), Row("../../../share", A, 1)],
            other=[Row("pkg/sub/a.py", A, 3), Row("../../../share/man/a.1", A, 1)],
        )

    assert str(caught.value) == (
        "Unable to put these distributions into one environment:\n"
        f"  `{SITE}/pkg` is a file of one and a directory of other\n"
        "  `share` is a file of one and a directory of other"
    )
