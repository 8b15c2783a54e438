"""Which versions stay."""

from __future__ import annotations

from dataclasses import replace

from lamina.deb.package import DebianPackage
from lamina.oci.descriptor import Platform
from lamina.pins.keeping import preferred
from lamina.pins.model import Pins, PlatformPins
from unit.pins.values import AMD64, ARM64, SMALL, package

RISCV = Platform("linux", "riscv64")


def lock(amd64: tuple[DebianPackage, ...], arm64: tuple[DebianPackage, ...]) -> Pins:
    platforms = (
        PlatformPins(platform=AMD64, packages=amd64),
        PlatformPins(platform=ARM64, packages=arm64),
    )
    return replace(SMALL, platforms=platforms)


def versions(pins: Pins | None, platform: Platform, *upgraded: str) -> dict[str, str]:
    return preferred(pins, platform, lambda each: each.packages, lambda name: name in upgraded)


PINS = lock((package("a", "1"), package("b", "1")), (package("a", "1+b2"), package("c", "3")))


def test_a_platform_keeps_its_own_versions() -> None:
    assert versions(PINS, ARM64) == {"a": "1+b2", "b": "1", "c": "3"}
    assert versions(PINS, Platform("linux", "aarch64")) == versions(PINS, ARM64)


def test_a_new_platform_gets_those_of_the_others() -> None:
    assert versions(PINS, RISCV) == {"a": "1", "b": "1", "c": "3"}


def test_what_is_upgraded_is_free() -> None:
    assert versions(PINS, AMD64, "a", "c") == {"b": "1"}


def test_without_a_lock_everything_is() -> None:
    assert versions(None, AMD64) == {}
