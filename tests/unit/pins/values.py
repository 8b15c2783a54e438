"""Locks for tests, and their parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lamina.deb.package import DebianPackage
from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID, Digest
from lamina.pins.model import Asked, PinnedBase, PinnedLayer, Pins, PlatformPins
from lamina.pins.releases import PinnedRelease, PinnedWheel
from lamina.plan.key import LayerKey

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def digest(character: str) -> Digest:
    """Return a digest of one digit, over and over."""
    return Digest("sha256", character * 64)


def package(
    name: str, version: str = "1.0-1", *, suite: str = "bookworm", sha256: str = "a"
) -> DebianPackage:
    """Return a package of an archive."""
    return DebianPackage(
        name=name,
        version=version,
        architecture="amd64",
        suite=suite,
        path=f"pool/main/{name[0]}/{name}/{name}_{version.replace(':', '%3a')}_amd64.deb",
        size=1234,
        sha256=sha256 * 64,
    )


def release(name: str, version: str = "1.0", *platforms: str) -> PinnedRelease:
    """Return a release with a wheel for each of some platforms."""
    files = [f"{name}-{version}-py3-none-{each}.whl" for each in platforms or ("any",)]
    wheels = (PinnedWheel(file, f"{at:064x}") for at, file in enumerate(files))
    return PinnedRelease(name, version, tuple(wheels))


def asked(base: str = "python:3.12-slim", *platforms: Platform) -> Asked:
    """Return what a project asks for."""
    return Asked(base=base, platforms=platforms or (AMD64,))


SMALL = Pins(
    asked=asked(),
    platforms=(PlatformPins(platform=AMD64, base=PinnedBase(digest("1"), digest("2"))),),
)
"""A base alone."""

WHOLE = Pins(
    asked=replace(
        asked("debian:bookworm", AMD64, ARM64),
        apt=("libgomp1", "libpq5=15.*"),
        shell=True,
        build_requires=("hatchling>=1.20",),
        build_constraints=("packaging<30",),
    ),
    platforms=(
        PlatformPins(
            platform=AMD64,
            base_packages=(package("libc6", "2.36-9"),),
            packages=(package("libgomp1", "12.2.0-14", suite="bookworm-security"),),
        ),
        PlatformPins(
            platform=ARM64, base=PinnedBase(digest("3")), packages=(package("libpq5", "1:15.1-2"),)
        ),
    ),
    suites={
        "bookworm": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "stable/updates": datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    },
    releases=(
        release("hatchling", "1.27.0"),
        release("ziglang", "2.0", "macosx_11_0_arm64", "manylinux_2_17_x86_64"),
    ),
    layers=(PinnedLayer(LayerKey("4" * 64), digest("5"), DiffID(digest("6")), 99),),
)
"""Something of everything."""
