from __future__ import annotations

from lamina.bases.scratch import scratch
from lamina.oci.descriptor import Platform


def test_scratch_says_nothing_but_its_platform() -> None:
    base = scratch(Platform("linux", "arm64", "v8"))

    assert (base.name, base.digest, base.layers) == ("scratch", None, ())
    assert base.config.encode() == (
        b'{"architecture":"arm64","config":{},"os":"linux",'
        b'"rootfs":{"diff_ids":[],"type":"layers"},"variant":"v8"}'
    )
