"""Package indexes as uv's settings and variables name them, with the credentials given there.

The names and their meaning are those of uv's documentation (concepts/indexes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from lamina.errors import LaminaError
from lamina.fetch.credentials import IndexCredentials, without_credentials
from lamina.urls import is_readable

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)=(?P<url>.*)", re.DOTALL)
_SIMPLE = ("simple", "+simple")
"""How the addresses of indexes end; devpi has the second."""


class UnreadableIndex(LaminaError):
    """An index whose address is none; it is not shown, since a password may stand in it.

    To go without it would be to look for its distributions elsewhere.
    """

    def __init__(self, name: str | None) -> None:
        which = "an index without a name" if name is None else f"index `{name}`"
        super().__init__(
            f"Unable to read the address of {which}: not a URL",
            hint="See what uv's settings and the variables `UV_INDEX` and `UV_DEFAULT_INDEX` say",
        )


class Authenticate(Enum):
    """When an index gets credentials: uv's ``authenticate``."""

    AUTO = "auto"
    """Those that are known at once, others when it asks for some."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Index:
    """One package index."""

    url: str
    """Never with credentials."""
    name: str | None = None
    credentials: IndexCredentials | None = field(default=None, repr=False)
    authenticate: Authenticate = Authenticate.AUTO
    is_default: bool = False
    is_explicit: bool = False
    """Whether it is only for those who name it."""
    is_flat: bool = False
    """Whether it is a page of links, not one of projects."""

    @property
    def root(self) -> str:
        """What all of the index is below: its address without the ``/simple`` at the end.

        >>> Index("https://host.example/private/simple/").root
        'https://host.example/private/'
        """
        parts = urlsplit(self.url)
        above, _, last = parts.path.rstrip("/").rpartition("/")
        if last.lower() not in _SIMPLE:
            return self.url
        return parts._replace(path=f"{above}/", query="", fragment="").geturl()

    @property
    def variables(self) -> tuple[str, str] | None:
        """The names of the variables for its user and password, if it has a name."""
        return None if self.name is None else _variables(self.name)

    @property
    def shown(self) -> str:
        """Name it in a text."""
        return f"index `{self.name or self.url}`"


def indexes_of_environment(environ: Mapping[str, str], folder: Path) -> tuple[Index, ...]:
    """Return what uv's variables name, first those that count first.

    Paths are relative to ``folder``. Raises `UnreadableIndex`.
    """
    texts = [(text, True) for text in environ.get("UV_DEFAULT_INDEX", "").split()]
    texts += [(text, False) for text in environ.get("UV_INDEX", "").split()]
    texts += [(text, True) for text in environ.get("UV_INDEX_URL", "").split()]
    texts += [(text, False) for text in environ.get("UV_EXTRA_INDEX_URL", "").split()]
    found = [_given(text, folder, environ, is_default=default) for text, default in texts]
    links = environ.get("UV_FIND_LINKS", "").split(",")
    found += [_given(text, folder, environ, is_flat=True) for text in links if text.strip()]
    return tuple(found)


def indexes_of_pip(environ: Mapping[str, str]) -> tuple[Index, ...]:
    """Return what pip's variables name with credentials, for what pip finds there."""
    texts = " ".join(environ.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"))
    found = map(without_credentials, texts.split())
    return tuple(
        Index(url, credentials=given.said("pip's variables"))
        for url, given in found
        if given and is_readable(url)
    )


def indexes_of_table(
    table: Mapping[str, object], folder: Path, environ: Mapping[str, str]
) -> tuple[Index, ...]:
    """Return what a table names: `[tool.uv]`, or all of a `uv.toml`.

    The older settings come after the newer ones, as in uv. What cannot be meant is left to uv to
    complain of. Raises `UnreadableIndex`.
    """
    found = [_read(each, folder, environ) for each in tables(table.get("index"))]
    named = [each for each in found if each is not None]
    named += [
        _given(text, folder, environ, is_default=True) for text in _texts([table.get("index-url")])
    ]
    named += [_given(text, folder, environ) for text in _texts(table.get("extra-index-url"))]
    named += [
        _given(text, folder, environ, is_flat=True) for text in _texts(table.get("find-links"))
    ]
    return tuple(named)


def direct_urls(document: Mapping[str, object]) -> Iterator[str]:
    """Give the direct URLs in a `pyproject.toml`, which may have credentials that its lock has not.

    They stand in ``dependencies``, in extras and groups, and in ``tool.uv.sources``.
    """
    project = document.get("project")
    if isinstance(project, dict):
        yield from _requirements(project.get("dependencies"))
        yield from _requirements_of_each(project.get("optional-dependencies"))
    yield from _requirements_of_each(document.get("dependency-groups"))
    sources = uv_table(document).get("sources")
    for source in sources.values() if isinstance(sources, dict) else ():
        for each in [source] if isinstance(source, dict) else tables(source):
            yield from _texts([each.get("url")])


def uv_table(document: Mapping[str, object]) -> Mapping[str, object]:
    """Return `[tool.uv]` of a `pyproject.toml`; an empty one if there is none."""
    tool = document.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    return uv if isinstance(uv, dict) else {}


def tables(value: object) -> Iterator[Mapping[str, object]]:
    """Give the tables of an array."""
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _read(table: Mapping[str, object], folder: Path, environ: Mapping[str, str]) -> Index | None:
    url, name = table.get("url"), table.get("name")
    if not isinstance(url, str):
        return None
    asked = table.get("authenticate")
    return _index(
        url,
        name if isinstance(name, str) else None,
        folder,
        environ,
        authenticate=next(
            (each for each in Authenticate if each.value == asked), Authenticate.AUTO
        ),
        is_default=table.get("default") is True,
        is_explicit=table.get("explicit") is True,
        is_flat=table.get("format") == "flat",
    )


def _given(
    text: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    is_default: bool = False,
    is_flat: bool = False,
) -> Index:
    """Read ``url`` or ``name=url``."""
    match = _NAMED.fullmatch(text.strip())
    name, url = (match["name"], match["url"]) if match else (None, text.strip())
    return _index(url, name, folder, environ, is_default=is_default, is_flat=is_flat)


def _index(
    url: str,
    name: str | None,
    folder: Path,
    environ: Mapping[str, str],
    *,
    authenticate: Authenticate = Authenticate.AUTO,
    is_default: bool = False,
    is_explicit: bool = False,
    is_flat: bool = False,
) -> Index:
    bare, credentials = without_credentials(url)
    try:
        bare = bare if "://" in bare else (folder / bare).resolve().as_uri()
    except (OSError, RuntimeError, ValueError):
        raise UnreadableIndex(name) from None
    if not is_readable(bare):
        raise UnreadableIndex(name)
    if credentials is not None:
        credentials = credentials.said("the URL of " + Index(bare, name).shown)
    found = _of_variables(name, environ) or credentials
    return Index(bare, name, found, authenticate, is_default, is_explicit, is_flat)


def _of_variables(name: str | None, environ: Mapping[str, str]) -> IndexCredentials | None:
    """Return what the variables of an index say: one of the two is enough to count."""
    if name is None:
        return None
    variables = _variables(name)
    user, password = (environ.get(each) for each in variables)
    if user is None and password is None:
        return None
    given = [f"`{each}`" for each in variables if each in environ]
    return IndexCredentials(user or "", password, source=" and ".join(given))


def _variables(name: str) -> tuple[str, str]:
    """Return the names of two variables: letters in upper case, and what is none as ``_``.

    >>> _variables("in-house.x")
    ('UV_INDEX_IN_HOUSE_X_USERNAME', 'UV_INDEX_IN_HOUSE_X_PASSWORD')
    """
    part = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"UV_INDEX_{part}_USERNAME", f"UV_INDEX_{part}_PASSWORD"


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _requirements_of_each(lists: object) -> Iterator[str]:
    for each in lists.values() if isinstance(lists, dict) else ():
        yield from _requirements(each)


def _requirements(value: object) -> Iterator[str]:
    """Give the URL of each requirement that has one: ``name @ url ; marker`` (PEP 508)."""
    for text in _texts(value):
        name, at, rest = text.partition("@")
        if at and ";" not in name and (url := rest.split(maxsplit=1)):
            yield url[0]


def first_text(settings: Iterable[Mapping[str, object]], key: str) -> str | None:
    """Return a setting from the first table that has it."""
    return next((value for table in settings if isinstance(value := table.get(key), str)), None)
