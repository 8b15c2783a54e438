"""Debian's names of processors."""

from __future__ import annotations

import pytest

from lamina.deb.architecture import UnsupportedPlatform, debian_architecture
from lamina.oci.descriptor import Platform


@pytest.mark.parametrize(
    ("platform", "architecture"),
    [
        (Platform("linux", "amd64"), "amd64"),
        (Platform("linux", "arm64", "v8"), "arm64"),
        (Platform("linux", "arm", "v7"), "armhf"),
        (Platform("linux", "386"), "i386"),
        (Platform("linux", "s390x"), "s390x"),
    ],
)
def test_platforms_have_debians_names(platform: Platform, architecture: str) -> None:
    assert debian_architecture(platform) == architecture


@pytest.mark.parametrize("text", ["linux/mips", "windows/amd64"])
def test_a_platform_that_debian_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedPlatform) as caught:
        debian_architecture(Platform.parse(text))

    assert str(caught.value) == f"Debian has no packages for {text}"
    assert caught.value.hint == (
        "It has them for linux/386, linux/amd64, linux/arm/v5, linux/arm/v7, linux/arm64, "
        "linux/ppc64le, linux/riscv64, linux/s390x"
    )
