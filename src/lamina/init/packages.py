"""The packages that commands of apt install in an image, for the setting `apt`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from lamina.deb.wish import MalformedWish, Wish
from lamina.dockerfile.model.apt import Apt, is_without_recommended
from lamina.dockerfile.model.run import Run
from lamina.dockerfile.model.tools import words
from lamina.dockerfile.shell import Command, Variable, Word
from lamina.dockerfile.text import Span
from lamina.init.meaning import UPDATE, Meaning, Unnamed
from lamina.init.remarks import Remarks

_UPGRADING = words("dist-upgrade full-upgrade safe-upgrade upgrade")
_REMOVING = words("autopurge autoremove purge remove")
_TIDYING = words(
    "autoclean check clean dist-clean distclean list policy search show showmanual update"
)
_PATTERN = re.compile(r"[*?\[\]^$|()]|\.\*")
_BUILDING = words(
    "autoconf automake autotools-dev build-essential cargo clang cmake cpp debhelper g++ gcc "
    "gfortran libtool make meson ninja-build patchelf pkg-config pkgconf python3-pip python3-venv "
    "python3-wheel rustc swig"
)
_COMPILER = re.compile(r"(?:clang|cpp|g\+\+|gcc|gfortran)-\d+")
_PYTHON = re.compile(r"python3(?:\.\d+)?(?:-(?:dev|full|minimal|pip|venv))?")

UPGRADE = Meaning(
    "what the base has is not upgraded",
    "Take a newer base: `lamina lock --upgrade base`, where it is pinned",
)
PERHAPS = Meaning("it runs under a condition alone", "Name in `apt` what is installed under yours")
_OTHER = Meaning(
    "no setting says it",
    "Name in `apt` what is wanted of it, or run it in a base image of your own",
)
_UNKNOWN = "Name in `apt` what it stands for"

Lookup = Callable[[str], str | None]


def of_apt(apt: Apt, lookup: Lookup) -> Meaning:
    """Return what a command of apt means; ``lookup`` knows the variables of its shell."""
    if apt.is_only_said or apt.verb in _TIDYING or not apt.verb:
        return UPDATE
    if apt.verb in _UPGRADING or (apt.is_only_upgrade and apt.verb == "install"):
        return UPGRADE
    if apt.verb in _REMOVING:
        return _removing(apt, lookup)
    if apt.verb not in ("install", "reinstall"):
        return _OTHER
    return _installing(apt, lookup)


def removal(names: Iterable[str]) -> Meaning:
    """Return what it means that packages of the base are removed."""
    return Meaning(
        f"nothing is removed from a base: {', '.join(names)}",
        "Name a base without it, or leave it be",
    )


def brings_python(wishes: Sequence[Wish]) -> bool:
    """Say whether one of the packages is Debian's own Python, or depends on it.

    >>> brings_python([Wish("libgomp1")]), brings_python([Wish("python3-venv")])
    (False, True)
    """
    return any(_PYTHON.fullmatch(each.name) for each in wishes)


def serves_building(name: str) -> bool:
    """Say whether a package is of use only where something is built or installed.

    >>> [serves_building(name) for name in ("gcc-12", "libpq-dev", "libpq5", "git")]
    [True, True, False, False]
    """
    return name in _BUILDING or name.endswith("-dev") or _COMPILER.fullmatch(name) is not None


def _installing(apt: Apt, lookup: Lookup) -> Meaning:
    given, unknown = _given(apt, lookup)
    removed = [text for _, text in given if len(text) > 1 and text.endswith("-")]
    found = [_wish(span, text, apt.suite) for span, text in given if text not in removed]
    return Meaning(
        "",
        wishes=tuple(each for each in found if isinstance(each, Wish)),
        removed=tuple(text[:-1] for text in removed),
        unnamed=(
            *(Unnamed(span, "", why, _UNKNOWN) for span, why in unknown),
            *(each for each in found if isinstance(each, Unnamed)),
        ),
        recommends=apt.recommends,
        is_said=True,
    )


def _removing(apt: Apt, lookup: Lookup) -> Meaning:
    given, unknown = _given(apt, lookup)
    if not apt.packages:
        return UPDATE
    return Meaning(
        "",
        removed=tuple(text for _, text in given),
        unnamed=tuple(
            Unnamed(span, "", why, "Leave out of `apt` what it removes") for span, why in unknown
        ),
        is_said=True,
    )


def _given(apt: Apt, lookup: Lookup) -> tuple[list[tuple[Span, str]], list[tuple[Span, str]]]:
    """Return the names of packages with their places, and where they are not known with why."""
    given: list[tuple[Span, str]] = []
    unknown: list[tuple[Span, str]] = []
    for word in apt.packages:
        value = word.value(lookup)
        if value is None:
            unknown.append((word.span, _why_unknown(word, lookup)))
        elif word.literal is not None:
            given.append((word.span, value))
        else:
            given += [(word.span, each) for each in value.split()]
    return given, unknown


def _why_unknown(word: Word, lookup: Lookup) -> str:
    """Say why nobody knows what the shell makes of a word."""
    variables = [each.name for each in word.parts if isinstance(each, Variable)]
    names = [name for name in variables if lookup(name) is None]
    if names and None not in word.parts:
        return f"it depends on `{names[0]}`, which has no value here"
    return "what it stands for is known only when it runs"


def _wish(span: Span, text: str, suite: str) -> Wish | Unnamed:
    if text.startswith(("./", "../", "/", "~/")) or text.endswith(".deb"):
        why = f"`{text}` is a file, and `apt` names packages of a mirror"
        todo = "Publish it in an archive that `apt-sources` names; or name a base that has it"
        return Unnamed(span, text, why, todo)
    try:
        wish = Wish.parse(text)
    except MalformedWish as error:
        if _PATTERN.search(text):
            why = f"`{text}` is a pattern, and `apt` names each package"
            return Unnamed(span, text, why, "Name in `apt` those that are used")
        problem = str(error).partition("`: ")[2]
        return Unnamed(span, text, f"`apt` cannot name it: {problem}", _UNKNOWN)
    if suite and not wish.version and not wish.suite:
        return _wish(span, f"{wish}/{suite}", "")
    return wish


class Packages:
    """Gathers `apt` from the commands of an image's own stages, in their order."""

    def __init__(self, remarks: Remarks) -> None:
        self._remarks = remarks
        self._wishes: dict[tuple[str, str], Wish] = {}
        self._is_without_recommended = False
        self._recommending: dict[tuple[str, str], int] = {}
        """The lines that install packages with what these recommend."""

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """Return what is installed in the end, in the order in which it was."""
        return tuple(self._wishes.values())

    def follow(self, run: Run, found: Sequence[tuple[Command, Meaning]]) -> None:
        """Take what a RUN installs and removes, and remark on what `apt` does not say."""
        text = run.instruction.text.text
        if "apt.conf" in text and is_without_recommended(text):
            self._is_without_recommended = True
        for command, meaning in found:
            for each in meaning.unnamed:
                packages = (each.text,) if each.text else ()
                self._remarks.left(each.span, each.why, each.todo, packages)
            self._remove(command, meaning.removed)
            self._add(command, meaning)

    def notes(self) -> Iterator[str]:
        """Give what is to be said of the packages."""
        lines = sorted({line for key, line in self._recommending.items() if key in self._wishes})
        if lines:
            is_one = len(lines) == 1
            where = f"Line {lines[0]} installs" if is_one else f"Lines {_listed(lines)} install"
            yield (
                f"{where} recommended packages too, for want of `--no-install-recommends`; `apt` "
                "does not: name there those that are used"
            )
        building = [each.name for each in self.wishes if serves_building(each.name)]
        if building:
            serve = "serves" if len(building) == 1 else "serve"
            has_headers = any(name.endswith("-dev") for name in building)
            instead = "; instead of a `-dev` package name its library" if has_headers else ""
            yield (
                f"{_listed(f'`{name}`' for name in building)} {serve} building alone, and nothing "
                f"is built in the image: leave out of `apt` what no program of yours needs{instead}"
            )

    def _add(self, command: Command, meaning: Meaning) -> None:
        recommends = meaning.recommends
        if recommends is None:
            recommends = not self._is_without_recommended
        for wish in meaning.wishes:
            key = wish.name, wish.architecture
            self._wishes[key] = wish
            self._recommending.pop(key, None)
            if recommends:
                self._recommending[key] = self._remarks.line(command.span)

    def _remove(self, command: Command, names: Sequence[str]) -> None:
        """Take packages back; those that are the base's stay, and that is remarked."""
        gone: list[str] = []
        kept: list[str] = []
        for name in names:
            found = [key for key in self._wishes if fnmatchcase(key[0], name)]
            for key in found:
                gone.append(key[0])
                del self._wishes[key]
            kept += [] if found else [name]
        if gone:
            self._remarks.covered(
                command.span, f"`apt` leaves out what is removed again: {', '.join(gone)}"
            )
        if kept:
            meaning = removal(kept)
            self._remarks.left(command.span, meaning.why, meaning.todo)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
