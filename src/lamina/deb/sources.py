"""apt's sources: which archives a machine gets its packages from (sources.list(5)).

Both forms are read: one line each, and deb822 paragraphs. Nothing here opens a file: callers give
the texts of those that they found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lamina.deb.control import ControlError, Paragraph, parse_paragraphs

_OPTIONS = re.compile(r"\[([^\]]*)\]")
_YES = frozenset({"yes", "true", "with", "on", "enable"})
_NO = frozenset({"no", "false", "without", "off", "disable"})
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSource:
    """One archive that binary packages come from."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    """Empty: all that the machine has."""
    signed_by: str = ""
    """Paths of keyrings, or an armored key itself; empty: the keys that apt trusts."""
    checks_date: bool = True
    is_trusted: bool = False
    """Whether apt would take it without a signature."""
    place: str = field(default="", compare=False)
    """Where it was named, for errors."""


def parse_sources(data: bytes, name: str) -> tuple[AptSource, ...]:
    """Read the apt sources in ``data``, the content of the file ``name``.

    Its ending tells the form, as for apt: ``.sources`` is deb822, all others one line each.
    Sources of source packages, switched off, or with a transport other than HTTP are left out.
    """
    found = _deb822(data, name) if name.endswith(".sources") else _lines(data, name)
    return tuple(source for source in found if source.uris)


def _deb822(data: bytes, name: str) -> Iterator[AptSource]:
    for paragraph in parse_paragraphs(data, where=f"`{name}`"):
        if paragraph.get("Enabled", "yes").lower() in _NO:
            continue
        if "deb" in paragraph.get("Types", "").split():
            yield _source(paragraph, f"`{name}`")


def _source(paragraph: Paragraph, place: str) -> AptSource:
    def words(field: str) -> tuple[str, ...]:
        return tuple(paragraph.get(field, "").split())

    return AptSource(
        uris=_http(words("URIs")),
        suites=words("Suites"),
        components=words("Components"),
        architectures=words("Architectures"),
        signed_by=_signed_by(paragraph.get("Signed-By", "")),
        checks_date=paragraph.get("Check-Valid-Until", "yes").lower() not in _NO,
        is_trusted=paragraph.get("Trusted", "no").lower() in _YES,
        place=place,
    )


def _signed_by(value: str) -> str:
    """Undo the folding of an armored key, where a lone dot stands for an empty line."""
    if "BEGIN PGP" not in value:
        return " ".join(value.split())
    lines = (line.strip() for line in value.strip().splitlines())
    return "".join("\n" if line == "." else f"{line}\n" for line in lines)


def _lines(data: bytes, name: str) -> Iterator[AptSource]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ControlError(f"Expected UTF-8 in `{name}`") from None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if line.split(maxsplit=1)[:1] == ["deb"]:
            yield _one_line(line, f"`{name}:{number}`")


def _one_line(line: str, where: str) -> AptSource:
    match = _OPTIONS.search(line)
    options: dict[str, str] = {}
    if match is not None:
        pairs = (word.partition("=") for word in match[1].split())
        options = {key: value for key, _, value in pairs}
        line = line[: match.start()] + line[match.end() :]
    words = line.split()[1:]
    if len(words) < 2:
        raise ControlError(f"Expected `deb URI SUITE COMPONENT...` in {where}")
    return AptSource(
        uris=_http((words[0],)),
        suites=(words[1],),
        components=tuple(words[2:]),
        architectures=tuple(options.get("arch", "").replace(",", " ").split()),
        signed_by=options.get("signed-by", "").replace(",", " "),
        checks_date=options.get("check-valid-until", "yes").lower() not in _NO,
        is_trusted=options.get("trusted", "no").lower() in _YES,
        place=where,
    )


def _http(uris: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(uri.rstrip("/") for uri in uris if uri.startswith(_SCHEMES))
