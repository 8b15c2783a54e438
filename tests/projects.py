"""Locked projects in a folder, with small wheels beside them or on a server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from builders import Item, make_wheel

PYPROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.11"
"""


@dataclass
class LockedProject:
    """A project without a build backend; `write` writes it as it is then."""

    folder: Path
    head: str = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
    """Of the lockfile."""
    pyproject: str = PYPROJECT
    config: str = ""
    """What stands in `[tool.lamina]`."""
    packages: dict[str, str] = field(default_factory=dict)
    """The entry of each distribution in the lockfile."""

    def wheel(self, name: str, *items: Item, version: str = "1.0", data: bytes = b"") -> Path:
        """Lock a wheel of the project's folder, which is ``data`` if that is given."""
        filename = f"{name}-{version}-py3-none-any.whl"
        data = data or make_wheel(*items, name=name, version=version)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / filename).write_bytes(data)
        self.packages[name] = (
            f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
            f'source = {{ path = "{filename}" }}\n'
            f'wheels = [{{ filename = "{filename}", hash = "{sha256(data)}" }}]\n'
        )
        return self.folder / filename

    def remote(self, name: str, url: str, data: bytes, version: str = "1.0") -> None:
        """Lock a wheel that lies at ``url``."""
        self.listed(
            name,
            f'wheels = [{{ url = "{url}", hash = "{sha256(data)}", size = {len(data)} }}]\n',
            version,
        )

    def listed(self, name: str, files: str, version: str = "1.0") -> None:
        """Lock a distribution of a package index, with these files."""
        self.packages[name] = (
            f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
            f'source = {{ registry = "https://index.example/simple" }}\n{files}'
        )

    def write(self) -> Path:
        """Write project and lockfile, and return the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = ", ".join(f'"{name}"' for name in self.packages)
        edges = ", ".join(f'{{ name = "{name}" }}' for name in self.packages)
        pyproject = f"{self.pyproject}dependencies = [{names}]\n"
        sources = "".join(
            f'{name} = {{ path = "{self._filename(name)}" }}\n'
            for name, entry in self.packages.items()
            if "source = { path" in entry
        )
        requires = ", ".join(
            f'{{ name = "{name}", path = "{self._filename(name)}" }}'
            if "source = { path" in entry
            else f'{{ name = "{name}" }}'
            for name, entry in self.packages.items()
        )
        pyproject += f"\n[tool.uv.sources]\n{sources}" if sources else ""
        pyproject += f"\n[tool.lamina]\n{self.config}" if self.config else ""
        own = (
            '\n[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
            f"dependencies = [{edges}]\n\n[package.metadata]\nrequires-dist = [{requires}]\n"
        )
        (self.folder / "pyproject.toml").write_text(pyproject)
        (self.folder / "uv.lock").write_text(self.head + own + "".join(self.packages.values()))
        return self.folder

    def _filename(self, name: str) -> str:
        return self.packages[name].partition('path = "')[2].partition('"')[0]


def sha256(data: bytes) -> str:
    """Return a hash as lockfiles write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
