"""The environment without any distribution: what ``uv venv`` makes, less what no image needs.

What is left out, and why, is listed in docs/explanation/environment.md.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from lamina.archive.entry import Entry, directory, file, symlink
from lamina.archive.parents import parents
from lamina.errors import LaminaError
from lamina.wheel.activate import activate_scripts
from lamina.wheel.scheme import Scheme

_CACHEDIR_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"
_VERSION = re.compile(r"3\.[0-9]+(?:\.[0-9]+[a-z0-9+]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What an environment on this machine says of itself, and that of an image does not."""

    maker: str
    """The version of Lamina."""
    prompt: str | None = None
    """What the shell shows; if none, the folder's name."""
    system_site_packages: bool = False
    seeded: bool = False
    """Whether pip is in it from the start."""
    has_lib64: bool = True
    """Whether `lib64` leads to `lib`, as on systems of 64 bits but for macOS."""

    def __post_init__(self) -> None:
        if self.prompt is not None and not self.prompt.isprintable():
            raise InvalidPrompt(
                f"Unable to show the prompt {self.prompt!r}: it has control characters"
            )


class InvalidPrompt(LaminaError):
    """A prompt that no file of an environment can hold."""


class InvalidInterpreter(LaminaError):
    """A Python that no environment can be made for."""


def skeleton(
    scheme: Scheme, interpreter: str, version: str, local: Local | None = None
) -> tuple[Entry, ...]:
    """Return the entries of an environment that holds no distribution, parents first.

    ``interpreter`` is the absolute path of the base's Python (``/usr/local/bin/python3.12``),
    ``version`` its version as far as it is known ("3.12.4" or "3.12"). Without ``local`` the bytes
    depend on nothing else: not on the project (so there is no prompt of its name), not on
    Lamina's version.
    """
    _check_interpreter(scheme, interpreter, version)
    root = scheme.root
    entries = [
        *map(directory, [*parents(scheme.site_packages), scheme.site_packages]),
        directory(scheme.bin),
        *([symlink(f"{root}/lib64", "lib")] if local is None or local.has_lib64 else []),
        file(f"{root}/.gitignore", b"*"),
        file(f"{root}/CACHEDIR.TAG", _CACHEDIR_TAG),
        file(f"{root}/pyvenv.cfg", _pyvenv_cfg(scheme, interpreter, version, local)),
        *_interpreters(scheme, interpreter),
        *(
            file(f"{scheme.bin}/{name}", text)
            for name, text in activate_scripts(
                scheme.prefix,
                scheme.library,
                local.prompt if local is not None else None,
                movable=scheme.is_movable,
            ).items()
        ),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.path.split("/")))


def _check_interpreter(scheme: Scheme, interpreter: str, version: str) -> None:
    if posixpath.normpath(interpreter) != interpreter or not interpreter.startswith("/"):
        raise InvalidInterpreter(
            f"Unable to make an environment for `{interpreter}`: not an absolute, normalized path"
        )
    if not interpreter.isprintable():
        raise InvalidInterpreter(
            f"Unable to make an environment for {interpreter!r}: the path has control characters"
        )
    if f"{interpreter}/".startswith(f"{scheme.prefix}/"):
        raise InvalidInterpreter(
            f"Unable to make an environment for `{interpreter}`: it lies in the environment itself"
        )
    if not _VERSION.fullmatch(version) or not f"{version}.".startswith(f"{scheme.python}."):
        raise InvalidInterpreter(
            f"Unable to make an environment for `{interpreter}`: another version of Python\n"
            f"  expected: {scheme.python}\n"
            f"  got:      {version}"
        )


def _interpreters(scheme: Scheme, interpreter: str) -> list[Entry]:
    names = ["python3", f"python{scheme.python}"]
    if scheme.free_threaded:
        names.append(f"python{scheme.python}t")
    return [
        symlink(f"{scheme.bin}/python", interpreter),
        *(symlink(f"{scheme.bin}/{name}", "python") for name in names),
    ]


def _pyvenv_cfg(scheme: Scheme, interpreter: str, version: str, local: Local | None) -> bytes:
    """Return the file by which Python knows that it runs in an environment (PEP 405)."""
    settings = {"home": posixpath.dirname(interpreter), "implementation": "CPython"}
    if local is not None:
        settings["lamina"] = local.maker
    settings["version_info"] = version
    settings["include-system-site-packages"] = _word(
        local is not None and local.system_site_packages
    )
    if scheme.is_movable:
        settings["relocatable"] = _word(True)
    if local is not None and local.seeded:
        settings["seed"] = _word(True)
    if local is not None and local.prompt is not None:
        settings["prompt"] = local.prompt
    return "".join(f"{key} = {value}\n" for key, value in settings.items()).encode()


def _word(value: bool) -> str:
    return "true" if value else "false"
