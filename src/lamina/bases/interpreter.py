"""The Python of a base image, and the C library that it runs on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from lamina.archive.tree import BadPath, Directory, Leaf, Tree
from lamina.bases.base import BaseError
from lamina.bases.clues import Clues, Subject
from lamina.plan.base import BaseLibc, BasePython

_ALSO_SEARCHED = ("/usr/local/bin", "/usr/bin")
_EXECUTABLE = re.compile(r"python(3\.\d+)(t?)")
_FULL_VERSION = re.compile(r"3\.\d+\.\d+(?:(?:a|b|rc)\d+)?\+?")
_PACKAGED = re.compile(r"(3\.\d+\.\d+)[~_]?((?:a|b|rc)\d+)?")


def find_python(
    base: str, tree: Tree, clues: Clues, environment: Mapping[str, str]
) -> BasePython | None:
    """Return the first ``python3`` on the image's own ``PATH``, ``None`` if it has none.

    Its version is read, never guessed: raises `BaseError` where nothing in the image tells it.
    """
    path = _executable(tree, environment.get("PATH", ""))
    if path is None:
        return None
    match = _EXECUTABLE.fullmatch(posixpath.basename(path))
    minor, threads = (match[1], match[2]) if match else ("", "")
    name, texts = _patchlevel(path, minor, threads, clues)
    stated = environment.get("PYTHON_VERSION", "")
    for version in (
        *texts,
        stated if _FULL_VERSION.fullmatch(stated) else "",
        _packaged(path, minor, clues),
        _embedded(path, minor, clues),
    ):
        if version and (not minor or version.startswith(f"{minor}.")):
            return BasePython(path, version.rstrip("+"), (threads or name[-1:]) == "t")
    raise BaseError(
        f"Unable to tell the version of `{path}` in the base image `{base}`: found neither "
        f"`include/python{minor or '3.*'}{threads}/patchlevel.h` under its prefix, nor a fitting "
        f"`PYTHON_VERSION` in the config, nor its package in the database of dpkg or apk, "
        f"nor a version in its bytes",
        hint="Set `ENV PYTHON_VERSION` in the base image",
    )


def find_libc(base: str, tree: Tree, clues: Clues, python: BasePython | None) -> BaseLibc | None:
    """Return the C library of the image, ``None`` if it has none.

    Where it has both, the loader that the interpreter asks for decides.
    """
    glibc, musl = clues.of(Subject.GLIBC), clues.of(Subject.MUSL)
    if not (glibc or musl):
        return None
    asked = clues.of(Subject.INTERPRETER).get(python.path.lstrip("/")) if python else None
    is_musl = not glibc or bool(musl and asked and "ld-musl" in asked)
    name, package = ("musl", "musl") if is_musl else ("glibc", "libc6")
    told = {text for texts in (musl if is_musl else glibc).values() for text in texts}
    packaged = re.match(r"\d+\.\d+(?:\.\d+)?", clues.package(package) or "")
    # Of several, as on a system of two architectures, only what the oldest has can be relied on.
    version = packaged[0] if packaged else min(told, key=_order, default="")
    if not version:
        raise BaseError(
            f"Unable to tell the version of {name} in the base image `{base}`: found neither the "
            f"package `{package}` in the database of dpkg or apk, nor a version in its bytes"
        )
    return BaseLibc(name, version)


def _executable(tree: Tree, search_path: str) -> str | None:
    """Return the file that the first ``python3`` leads to, else the newest ``python3.N``."""
    for directory in (*search_path.split(":"), *_ALSO_SEARCHED):
        if not directory.startswith("/"):
            continue
        for name in _candidates(tree, directory):
            parts = _resolve(tree, f"{directory}/{name}")
            node = tree.find(parts)
            if parts and isinstance(node, Leaf) and node.target is None:
                return "/" + "/".join(parts)
    return None


def _candidates(tree: Tree, directory: str) -> Iterator[str]:
    node = tree.find(_resolve(tree, directory))
    if isinstance(node, Directory):
        found = [match for name in node.children if (match := _EXECUTABLE.fullmatch(name))]
        yield "python3"
        yield from (
            match[0] for match in sorted(found, key=lambda match: (-_order(match[1])[1], match[0]))
        )


def _resolve(tree: Tree, path: str) -> list[str]:
    try:
        return tree.resolve(path)
    except BadPath:  # A loop leads to no interpreter.
        return []


def _patchlevel(path: str, minor: str, threads: str, clues: Clues) -> tuple[str, list[str]]:
    """Return the name of the headers' folder and the version there, if it is beyond doubt."""
    include = posixpath.join(posixpath.dirname(posixpath.dirname(path)), "include").lstrip("/")
    found = {
        posixpath.basename(posixpath.dirname(header)): texts
        for header, texts in clues.of(Subject.PATCHLEVEL).items()
        if header.startswith(f"{include}/")
    }
    if minor:
        found = {name: texts for name, texts in found.items() if name == f"python{minor}{threads}"}
    if len(found) != 1:
        return "", []
    [(name, texts)] = found.items()
    return name, [text.strip().strip('"') for text in texts if len(texts) == 1]


def _packaged(path: str, minor: str, clues: Clues) -> str:
    """Return the version by the package that brings a distribution's own interpreter."""
    if not path.startswith("/usr/bin/"):
        return ""
    names = (f"python{minor}-minimal", f"python{minor}-nogil", f"python-{minor}", "python3")
    for name in names:
        match = _PACKAGED.match(clues.package(name) or "")
        # Debian's `python3` only points to the interpreter's package: three parts or none.
        if match is not None and (not minor or match[1].startswith(f"{minor}.")):
            return match[1] + (match[2] or "")
    return ""


def _embedded(path: str, minor: str, clues: Clues) -> str:
    """Return the version that stands in the interpreter or its library, if there is just one."""
    if not minor:
        return ""
    library = re.compile(rf"(?:.*/)?libpython{re.escape(minor)}t?\.so[\d.]*")
    found = {
        text
        for each, texts in clues.of(Subject.INTERPRETER).items()
        if each == path.lstrip("/") or library.fullmatch(each)
        for text in texts
        if text.startswith(f"{minor}.")
    }
    return found.pop() if len(found) == 1 else ""


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
