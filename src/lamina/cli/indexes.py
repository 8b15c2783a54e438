"""The package indexes that uv would use for the project, for what its build backend needs.

The lock has the address of every distribution, so nothing else is looked for on an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lamina.project.requirements import PackageIndexes


def package_indexes(
    environ: Mapping[str, str], folder: Path, pyproject: Mapping[str, object]
) -> PackageIndexes:
    """Return where pip looks: as uv's variables say, else as `[tool.uv]` does, else as pip likes.

    An index that is only for the projects that name it (``explicit``) is none for a backend. What
    cannot be meant is left to uv to complain of.
    """
    default, extra = _configured(pyproject)
    default = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or default
    more = environ.get("UV_INDEX", "").split() + environ.get("UV_EXTRA_INDEX_URL", "").split()
    return PackageIndexes(
        environ=dict(environ),
        index_url=_address(default, folder) if default else None,
        extra_index_urls=tuple(_address(url, folder) for url in [*more, *extra]),
    )


def _configured(pyproject: Mapping[str, object]) -> tuple[str | None, list[str]]:
    """Return the default index and the others of `[tool.uv]`."""
    tool = pyproject.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    if not isinstance(uv, dict):
        return None, []
    defaults: list[str] = []
    others: list[str] = []
    for index in _tables(uv.get("index")):
        url = index.get("url")
        if isinstance(url, str) and index.get("explicit") is not True:
            (defaults if index.get("default") is True else others).append(url)
    # The older settings come after the newer ones, as in uv.
    defaults += _texts([uv.get("index-url")])
    others += _texts(uv.get("extra-index-url"))
    return (defaults[0] if defaults else None), others


def _tables(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _address(url: str, folder: Path) -> str:
    """Return a URL, from ``name=url`` as uv's variables have it, or from a path."""
    name, equals, rest = url.partition("=")
    if equals and name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        url = rest
    return url if "://" in url else (folder / url).resolve().as_uri()
