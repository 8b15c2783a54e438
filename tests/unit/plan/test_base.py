from __future__ import annotations

import pytest

from lamina.archive.rearranged import Diversion, Override, Rearranged
from lamina.archive.rootfs import Rootfs
from lamina.oci.document import MalformedDocument, encode
from lamina.plan.base import NO_BASE, BaseFacts, BaseLibc, BasePython


@pytest.mark.parametrize(
    "facts",
    [
        NO_BASE,
        BaseFacts(
            BasePython("/usr/bin/python3.13t", "3.13.1", free_threaded=True),
            BaseLibc("musl", "1.2.5"),
            Rootfs(links={"lib": "usr/lib"}),
            users=("app", "root"),
            groups=(),
            has_shell=True,
            rearranged=Rearranged(
                {"/bin/sh": Diversion("/bin/sh.distrib", "dash")},
                {"/usr/bin/x": Override(0o4750, 0, None)},
            ),
        ),
        BaseFacts(None, None, Rootfs()),
    ],
)
def test_what_is_kept_is_read_again(facts: BaseFacts) -> None:
    assert BaseFacts.parse(encode(facts.to_json())) == facts


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"[", "Malformed facts of a base image: not JSON"),
        (
            b'{"format": 0}',
            "Malformed facts of a base image: expected the number 3 at `format`, got: a number",
        ),
        (
            b'{"format": 3, "python": {"path": 1}}',
            "Malformed facts of a base image: expected text at `python.path`, got: a number",
        ),
        (
            b'{"format": 3, "libc": {"name": "x"}}',
            "Malformed facts of a base image: unknown `libc.name`",
        ),
        (
            b'{"format": 3, "diversions": {"/x": [1]}}',
            "Malformed facts of a base image: expected diversions and overrides",
        ),
        (
            b'{"format": 3, "overrides": {"/x": ["0644", 0, 0]}}',
            "Malformed facts of a base image: expected diversions and overrides",
        ),
        (
            b'{"format": 3, "users": [1]}',
            "Malformed facts of a base image: expected a list of names at `users`, got: a list",
        ),
    ],
)
def test_other_facts_are_refused(data: bytes, text: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        BaseFacts.parse(data)

    assert str(caught.value) == text
