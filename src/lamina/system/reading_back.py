"""Notes on packages, read back from the files that were made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamina.deb.control import Paragraph, parse_paragraphs
from lamina.deb.status import INFO, STATUS
from lamina.system.captured import is_captured
from lamina.system.notes import PackageNotes

_LIST = ".list"


def is_read_back(path: str) -> bool:
    """Say whether `read_back` reads a file; ``path`` is relative to the root."""
    return path == STATUS or path.startswith(f"{INFO}/")


def read_back(files: Mapping[str, bytes]) -> Iterator[PackageNotes]:
    """Give the notes on the packages of an earlier image that its configuration layer tells whole.

    ``files`` are those of the layer. A package is left out whose own files must be looked into.
    Raises `ControlError`.
    """
    paragraphs = {
        name: paragraph
        for paragraph in parse_paragraphs(files.get(STATUS, b""), where=f"`/{STATUS}`")
        for name in _info_names(paragraph)
    }
    for path in sorted(files):
        name = path.removeprefix(f"{INFO}/").removesuffix(_LIST)
        if path == f"{INFO}/{name}{_LIST}" and name in paragraphs:
            listed = tuple(files[path].decode("utf-8", "replace").splitlines())
            if not any(is_captured(each[1:]) for each in listed):
                yield _notes(name, paragraphs[name], listed, files)


def _info_names(paragraph: Paragraph) -> Iterator[str]:
    """Give what dpkg may call the files of a package."""
    if "Package" in paragraph and "Architecture" in paragraph:
        yield paragraph["Package"]
        yield f"{paragraph['Package']}:{paragraph['Architecture']}"


def _notes(
    name: str, paragraph: Paragraph, listed: tuple[str, ...], files: Mapping[str, bytes]
) -> PackageNotes:
    prefix = f"{INFO}/{name}."
    control = {
        path.removeprefix(prefix): data
        for path, data in files.items()
        if path.startswith(prefix) and "." not in path.removeprefix(prefix)
    }
    del control["list"]
    own = {key: value for key, value in paragraph.items() if key not in ("Status", "Conffiles")}
    text = "".join(f"{key}: {value}\n" for key, value in own.items())
    words = [line.split() for line in paragraph.get("Conffiles", "").splitlines()]
    return PackageNotes(
        control={"control": text.encode(), **control},
        listed=listed,
        conffiles={line[0]: line[1] for line in words if len(line) == 2},
    )
