"""Whether a lock answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.oci.descriptor import Platform
from lamina.pins.matching import PinsDoNotMatch, mismatches
from unit.pins.values import AMD64, ARM64, WHOLE


def test_the_same_is_answered() -> None:
    assert mismatches(WHOLE, WHOLE.asked, is_exact=True) == ()


def test_however_a_platform_is_spelt() -> None:
    other = replace(WHOLE.asked, platforms=(AMD64, Platform("linux", "aarch64", "v8")))

    assert mismatches(WHOLE, other, is_exact=True) == ()
    assert WHOLE.of(Platform("linux", "aarch64")) == WHOLE.platforms[1]


def test_fewer_platforms_are_answered_and_would_not_be_pinned() -> None:
    fewer = replace(WHOLE.asked, platforms=(ARM64,))

    assert mismatches(WHOLE, fewer) == ()
    assert [*map(str, mismatches(WHOLE, fewer, is_exact=True))] == [
        "platform: linux/amd64 is pinned, and not asked for"
    ]


def test_all_that_differs_is_named() -> None:
    other = replace(
        WHOLE.asked,
        base="python:3.13-slim",
        platforms=(Platform("linux", "riscv64"),),
        apt=("libgomp1", "curl"),
        shell=False,
        build_requires=("hatchling>=1.21",),
        build_constraints=(),
    )

    error = PinsDoNotMatch(mismatches(WHOLE, other), hint="do it")

    assert str(error) == (
        "`lamina.lock` does not match what is asked for\n"
        "  apt: `curl` is not pinned\n"
        "  apt: `libpq5=15.*` is pinned, and not asked for\n"
        "  base: expected python:3.13-slim, got debian:bookworm\n"
        "  build-constraints: `packaging<30` is pinned, and not asked for\n"
        "  build-requires: `hatchling>=1.20` is pinned, and not asked for\n"
        "  build-requires: `hatchling>=1.21` is not pinned\n"
        "  platform: linux/riscv64 is not pinned\n"
        "  shell: expected false, got true"
    )
    assert error.hint == "do it"


@pytest.mark.parametrize("order", [(AMD64, ARM64), (ARM64, AMD64)])
def test_the_order_of_platforms_is_of_no_matter(order: tuple[Platform, ...]) -> None:
    assert mismatches(WHOLE, replace(WHOLE.asked, platforms=order), is_exact=True) == ()
