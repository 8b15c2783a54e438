"""What may be secret in a line of a Dockerfile, hidden without moving anything in it."""

from __future__ import annotations

import re

SECRET_NAME = re.compile(r"(?i)passw|secret|token|api_?key|credential|_auth(?:$|_)|http_basic")
"""Names of variables that hold secrets."""

_USERINFO = re.compile(r"(?<=://)[^\s/@'\"]+(?=@)")
_VALUE = r"(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,;&|]+)"
_SETTING = re.compile(rf"([A-Za-z_][A-Za-z0-9_.-]*)(=){_VALUE}")
_OLD_SETTING = re.compile(rf"(?<=ENV )\s*([A-Za-z_][A-Za-z0-9_]*)([ \t]+){_VALUE}")


def masked(text: str) -> str:
    """Return a text of the same length, with stars for what may be secret.

    >>> masked("ENV PIP_INDEX_URL=https://me:pw@host.example/ API_TOKEN=abc")
    'ENV PIP_INDEX_URL=https://*****@host.example/ API_TOKEN=***'
    """
    text = _USERINFO.sub(lambda match: "*" * len(match[0]), text)
    text = _SETTING.sub(_masked_setting, text)
    return _OLD_SETTING.sub(_masked_setting, text)


def _masked_setting(match: re.Match[str]) -> str:
    value = match[3]
    if not SECRET_NAME.search(match[1]) or value.startswith(("$", '"$')):
        return match[0]
    return match[0].removesuffix(value) + "*" * len(value)
