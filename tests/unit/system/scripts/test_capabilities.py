"""File capabilities as the kernel reads them."""

from __future__ import annotations

import pytest

from lamina.system.scripts.capabilities import capabilities_of
from lamina.system.scripts.options import Unknown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cap_net_raw+ep", "0100000200200000000000000000000000000000"),
        ("cap_net_bind_service,cap_net_admin=ep", "0100000200140000000000000000000000000000"),
        ("CAP_KILL=p", "0000000220000000000000000000000000000000"),
        ("cap_net_raw+eip", "0100000200200000002000000000000000000000"),
        ("cap_bpf+p", "0000000200000000000000008000000000000000"),
    ],
)
def test_the_bytes_are_those_of_setcap(text: str, expected: str) -> None:
    """As `getfattr -e hex -n security.capability` shows them after `setcap`."""
    assert capabilities_of(text).hex() == expected


@pytest.mark.parametrize("text", ["", "all=ep", "cap_net_raw", "cap_net_raw-p", "cap_x+p", "-r"])
def test_another_text_is_not_guessed_at(text: str) -> None:
    with pytest.raises(Unknown):
        capabilities_of(text)
