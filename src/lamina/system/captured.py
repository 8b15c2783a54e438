"""Which small files of packages others are made of, so that their bytes are noted."""

from __future__ import annotations

import re

_CAPTURED = re.compile(
    r"usr/share/ca-certificates/.+\.crt"
    r"|usr/share/base-files/(?:dot\.bashrc|dot\.profile|motd|profile)"
    r"|usr/share/base-passwd/(?:group|passwd)\.master"
    r"|usr/share/libc-bin/nsswitch\.conf|usr/share/readline/inputrc"
    r"|etc/ld\.so\.conf(?:\.d/[^/]+\.conf)?"
    r"|usr/lib/sysusers\.d/[^/]+\.conf"
)


def is_captured(path: str) -> bool:
    """Say whether the bytes of a package's file are noted; ``path`` is relative to the root."""
    return path.startswith(("usr/", "etc/ld")) and bool(_CAPTURED.fullmatch(path))
