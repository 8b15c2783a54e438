"""Which Python the image is for: as asked, as the base has it, or as the project admits."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

from lamina.errors import LaminaError
from lamina.lock.target import Libc, Target, make_target
from lamina.observer import Observer
from lamina.oci.descriptor import Platform
from lamina.plan.base import BaseFacts, BasePython
from lamina.project.facts import ProjectFacts

_MINORS = range(15, 7, -1)
_PATCHES = range(40)
_ASSUMED_LIBC = Libc("glibc", (2, 28))
"""Of a base that has none: what uv takes for ``--python-platform linux``."""


class PythonMismatch(LaminaError):
    """The Python that was asked for is not the one that the base has."""


class NoPython(LaminaError):
    """Nothing says which Python the image is for."""


def choose_target(
    platform: Platform,
    asked: str | None,
    pinned: str | None,
    requires: SpecifierSet | None,
    base: BaseFacts,
    observer: Observer,
) -> Target:
    """Return what to build for.

    ``asked`` is the command line's or the configuration's version, ``pinned`` that of
    `.python-version`.
    """
    if base.python is not None:
        _check_asked(asked, base.python)
        if asked is None and pinned is not None and not _agrees(pinned, base.python):
            observer.warn(
                f"`.python-version` says {pinned}; the base has {base.python.version}, and the "
                "image gets that"
            )
        version, threads = base.python.version, base.python.free_threaded
    else:
        version, threads = _without_base(asked or pinned or _newest(requires), observer)
    return make_target(platform, version, _libc(base, observer), free_threaded=threads)


def default_base(asked: str | None, pinned: str | None, facts: ProjectFacts) -> str:
    """Return the official slim image of the project's Python."""
    version = asked or pinned or _newest(facts.requires_python)
    if version.endswith("t"):
        raise NoPython(
            f"No base image is known for Python {version}: there is no official one",
            hint="Name one with `--base`",
        )
    return f"python:{version}-slim"


def _without_base(wanted: str, observer: Observer) -> tuple[str, bool]:
    observer.note(f"The base has no Python: the environment is for Python {wanted}")
    version = wanted.removesuffix("t")
    return version if version.count(".") == 2 else f"{version}.0", wanted.endswith("t")


def _check_asked(asked: str | None, python: BasePython) -> None:
    if asked is not None and not _agrees(asked, python):
        raise PythonMismatch(
            "The base image has another Python than was asked for\n"
            f"  expected: {asked}\n"
            f"  got:      {python.version}{'t' if python.free_threaded else ''}",
            hint="Choose another `--base`, or leave `--python` out",
        )


def _agrees(wanted: str, python: BasePython) -> bool:
    """Say whether a version, which may be of two parts, is the base's."""
    parts = wanted.removesuffix("t").split(".")
    same = python.version.split(".")[: len(parts)] == parts
    return same and wanted.endswith("t") == python.free_threaded


def _newest(requires: SpecifierSet | None) -> str:
    """Return the newest minor that is admitted; with its first patch, if not every one is."""
    for minor in _MINORS:
        for patch in _PATCHES:
            if requires is None or requires.contains(f"3.{minor}.{patch}"):
                return f"3.{minor}.{patch}" if patch else f"3.{minor}"
    raise NoPython(
        f"No Python is known that `requires-python` admits: {requires}",
        hint="Name the version with `--python`",
    )


def _libc(base: BaseFacts, observer: Observer) -> Libc:
    if base.libc is None:
        observer.note(f"The base has no C library: wheels are chosen for {_ASSUMED_LIBC}")
        return _ASSUMED_LIBC
    major, minor = [*base.libc.version.split("."), "0"][:2]
    return Libc("musl" if base.libc.name == "musl" else "glibc", (int(major), int(minor)))
