"""Tiny distributions: wheels, sdists and source trees that real tools lock, build and install.

The source trees have a build backend of their own in them, so that nothing is downloaded to build
one. Every wheel has its own file name in its module, so that who compares contents sees which was
chosen.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builders import Item, make_wheel

ANY = "py3-none-any"

BUILD_SYSTEM = """
[build-system]
requires = {requires}
build-backend = "tiny_backend"
backend-path = ["."]
"""

BACKEND = (Path(__file__).parent / "tiny_backend.py").read_text()


@dataclass(frozen=True)
class Dist:
    """One version of a tiny project; see `dist` for the short way to write it."""

    name: str
    version: str
    requires: Sequence[str] = ()
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tags: Sequence[str] = (ANY,)
    """Of its wheels, a build tag before them or not; none for an sdist alone."""
    sdist: bool = False
    requires_python: str = ""
    items: Sequence[Item] = ()
    """More files of its wheels."""
    build_requires: Sequence[str] = ()
    """Of its sdist."""

    @property
    def module(self) -> str:
        return re.sub(r"[-.]+", "_", self.name)

    def files(self) -> dict[str, bytes]:
        """Return all files that an index has of it, by name."""
        wheels = {self.wheel_name(tag): self.wheel(tag) for tag in self.tags}
        return {**wheels, **({self.sdist_name: self.make_sdist()} if self.sdist else {})}

    def wheel_name(self, tag: str = ANY) -> str:
        return f"{self.module}-{self.version}-{tag}.whl"

    def sha256(self, tag: str = ANY) -> str:
        """Return the hash of a wheel."""
        return hashlib.sha256(self.wheel(tag)).hexdigest()

    @property
    def sdist_name(self) -> str:
        return f"{self.module}-{self.version}.tar.gz"

    def wheel(self, tag: str = ANY) -> bytes:
        """Return a wheel of these tags (``cp312-cp312-linux_x86_64``)."""
        info = f"{self.module}-{self.version}.dist-info"
        python, abi, platform = tag.split("-")[-3:]
        tags = "".join(
            f"Tag: {p}-{a}-{q}\n"
            for p in python.split(".")
            for a in abi.split(".")
            for q in platform.split(".")
        )
        pure = "true" if platform == "any" else "false"
        return make_wheel(
            Item(f"{self.module}/__init__.py", f'WHEEL = "{self.wheel_name(tag)}"\n'.encode()),
            *self.items,
            Item(f"{info}/METADATA", self.metadata().encode()),
            Item(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\n{tags}".encode()),
            name=self.module,
            version=self.version,
        )

    def metadata(self) -> str:
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        if self.requires_python:
            lines.append(f"Requires-Python: {self.requires_python}")
        lines += [f"Requires-Dist: {each}" for each in self.requires]
        for extra, requires in self.extras.items():
            lines.append(f"Provides-Extra: {extra}")
            for each in requires:
                requirement, _, marker = (part.strip() for part in each.partition(";"))
                both = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
                lines.append(f"Requires-Dist: {requirement} ; {both}")
        return "\n".join(lines) + "\n"

    def tree(self) -> dict[str, str]:
        """Return its source tree, which builds without a network."""
        text = f'[project]\nname = "{self.name}"\nversion = "{self.version}"\n'
        text += f"dependencies = {quoted(self.requires)}\n"
        if self.requires_python:
            text += f'requires-python = "{self.requires_python}"\n'
        if self.extras:
            text += "[project.optional-dependencies]\n"
        for extra, names in self.extras.items():
            text += f"{extra} = {quoted(names)}\n"
        return {
            "pyproject.toml": text + build_system(*self.build_requires),
            **backend(),
            f"src/{self.module}/__init__.py": f'SOURCE = "{self.name} {self.version}"\n',
        }

    def make_sdist(self) -> bytes:
        return make_sdist(
            f"{self.module}-{self.version}", {**self.tree(), "PKG-INFO": self.metadata()}
        )


def dist(line: str, *requires: str, **more: object) -> Dist:
    """Return a project of a line such as ``a 1.0``."""
    name, version = line.split()
    return Dist(name, version, requires, **more)  # type: ignore[arg-type]  # Named as the fields.


def build_system(*requires: str) -> str:
    """Return the table that names the tiny backend."""
    return BUILD_SYSTEM.format(requires=quoted(requires))


def quoted(texts: Iterable[str]) -> str:
    """Return a list of strings as TOML has it."""
    return json.dumps(list(texts))


def backend() -> dict[str, str]:
    """Return the files of the tiny backend, which lie beside `pyproject.toml`."""
    return {"tiny_backend.py": BACKEND}


def make_sdist(root: str, files: Mapping[str, str]) -> bytes:
    """Return a gzipped tar with one folder, always the same for the same files."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path, text in sorted(files.items()):
            info = tarfile.TarInfo(f"{root}/{path}")
            info.size = len(data := text.encode())
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
