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
    """One that ends in a slash is a folder, and has no components."""
    components: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    """Empty: all that the machine has."""
    no_architectures: tuple[str, ...] = ()
    """Of those, the ones that it is not for."""
    signed_by: str = ""
    """Paths of keyrings, or an armored key itself; empty: the keys that apt trusts."""
    checks_date: bool = True
    is_trusted: bool = False
    """Whether apt would take it without a signature."""
    other_uris: tuple[str, ...] = ()
    """Of transports other than HTTP, such as `mirror+http` or `cdrom`."""
    place: str = field(default="", compare=False)
    """Where it was named, for errors."""

    def is_for(self, architecture: str) -> bool:
        """Say whether it has packages of an architecture."""
        if architecture in self.no_architectures:
            return False
        return not self.architectures or architecture in self.architectures


def parse_sources(data: bytes, name: str) -> tuple[AptSource, ...]:
    """Read the apt sources in ``data``, the content of the file ``name``.

    Its ending tells the form, as for apt: ``.sources`` is deb822, all others one line each.
    Sources of source packages, and those switched off, are left out.
    """
    found = _deb822(data, name) if name.endswith(".sources") else _lines(data, name)
    return tuple(found)


def _deb822(data: bytes, name: str) -> Iterator[AptSource]:
    for paragraph in parse_paragraphs(data, where=f"`{name}`"):
        if paragraph.get("Enabled", "yes").lower() in _NO:
            continue
        if "deb" in paragraph.get("Types", "").split():
            yield _source(paragraph, f"`{name}`")


def _source(paragraph: Paragraph, place: str) -> AptSource:
    def words(field: str) -> tuple[str, ...]:
        return tuple(paragraph.get(field, "").replace(",", " ").split())

    uris = tuple(paragraph.get("URIs", "").split())
    return _checked(
        AptSource(
            uris=_http(uris),
            suites=tuple(paragraph.get("Suites", "").split()),
            components=words("Components"),
            architectures=words("Architectures"),
            no_architectures=words("Architectures-Remove"),
            signed_by=_signed_by(paragraph.get("Signed-By", "")),
            checks_date=paragraph.get("Check-Valid-Until", "yes").lower() not in _NO,
            is_trusted=paragraph.get("Trusted", "no").lower() in _YES,
            other_uris=_others(uris),
            place=place,
        ),
        "`URIs`, `Suites` and `Components`",
    )


def _signed_by(value: str) -> str:
    """Undo the folding of an armored key, where a lone dot stands for an empty line."""
    if "BEGIN PGP" not in value:
        return " ".join(value.replace(",", " ").split())
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
    uri, suite, *components = [*line.split()[1:], "", ""]
    return _checked(
        AptSource(
            uris=_http((uri,)),
            suites=(suite,),
            components=tuple(name for name in components if name),
            architectures=_listed(options.get("arch", "")),
            no_architectures=_listed(options.get("arch-", "")),
            signed_by=options.get("signed-by", "").replace(",", " "),
            checks_date=options.get("check-valid-until", "yes").lower() not in _NO,
            is_trusted=options.get("trusted", "no").lower() in _YES,
            other_uris=_others((uri,)),
            place=where,
        ),
        "`deb URI SUITE COMPONENT...`",
    )


def _checked(source: AptSource, expected: str) -> AptSource:
    """Return a source that says all it must: a flat one has no components, others have some."""
    uris = source.uris + source.other_uris
    is_flat = all(suite.endswith("/") for suite in source.suites)
    words = (*uris, *source.suites, *source.components)
    is_whole = uris and source.suites and all(word and word.isprintable() for word in words)
    if not is_whole or not (source.components or is_flat):
        raise ControlError(f"Expected {expected} in {source.place}")
    return source


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _http(uris: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(uri.rstrip("/") for uri in uris if uri.startswith(_SCHEMES))


def _others(uris: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(uri for uri in uris if not uri.startswith(_SCHEMES))
