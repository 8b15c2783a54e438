"""The wheels of much-downloaded projects, whose installation is compared with uv's.

    python tools/fidelity.py < NAMES > tests/integration/fidelity.txt    pins what is current

NAMES are projects, one a line, the most downloaded first. The list has the first 150 that have a
wheel for CPython 3.11 on x86-64 Linux of less than 40 MB: name, version and the hash of that wheel,
in the form that pip and uv read; no address, since any index will do. `make test-fidelity` installs
what is listed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from engines import find_program

COUNT = 150
MOST_BYTES = 40_000_000
PYTHON = "3.11"
_VERSION = (3, 11)
PLATFORMS = [
    *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)),
    *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"),
]


@dataclass(frozen=True)
class Wheel:
    """One wheel, as an index offers it."""

    name: str
    version: str
    url: str
    sha256: str
    size: int | None

    @property
    def filename(self) -> str:
        """The last part of its address."""
        return self.url.rpartition("/")[2].replace("%2B", "+")

    @property
    def pin(self) -> str:
        """Its line in a list."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


def read_pins(path: Path) -> dict[str, str]:
    """Return the hash of each ``name==version`` of a list."""
    lines = [line.split(" --hash=sha256:") for line in path.read_text().splitlines()]
    return {line[0]: line[1] for line in lines if len(line) == 2}


def offered(requirements: Iterable[str]) -> Iterator[Wheel]:
    """Ask the index of this machine for all wheels that fit, nothing resolved between them."""
    with tempfile.TemporaryDirectory(prefix="fidelity-") as folder:
        wanted, found = Path(folder, "wanted.in"), Path(folder, "pylock.toml")
        wanted.write_text("\n".join(requirements))
        subprocess.run(
            [
                *(find_program("uv"), "pip", "compile", "--quiet", "--no-deps"),
                *("--only-binary", ":all:", "--python-version", PYTHON),
                *("--python-platform", "x86_64-manylinux_2_28"),
                *("--format", "pylock.toml", "--output-file", found, wanted),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        document = tomllib.loads(found.read_text())
    for package in document["packages"]:
        for wheel in package.get("wheels", ()):
            sha256 = wheel["hashes"]["sha256"]
            yield Wheel(
                package["name"], package["version"], wheel["url"], sha256, wheel.get("size")
            )


def best_of_each(wheels: Iterable[Wheel]) -> dict[str, Wheel]:
    """Return the wheel of each project that fits best, by the order of `packaging`."""
    ranks: dict[Tag, int] = {}
    for tag in (
        *cpython_tags(_VERSION, None, PLATFORMS),
        *compatible_tags(_VERSION, "cp311", PLATFORMS),
    ):
        ranks.setdefault(tag, len(ranks))
    best: dict[str, tuple[int, Wheel]] = {}
    for wheel in wheels:
        tags = parse_wheel_filename(wheel.filename)[3]
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=len(ranks))
        if wheel.name not in best or rank < best[wheel.name][0]:
            best[wheel.name] = rank, wheel
    return {name: wheel for name, (_, wheel) in best.items()}


def main() -> int:
    """Write a list of the projects that standard input names."""
    names = [line.strip() for line in sys.stdin if line.strip()]
    best = best_of_each(offered(names))
    fitting = [best[name] for name in names if name in best and (best[name].size or 0) < MOST_BYTES]
    for wheel in sorted(fitting[:COUNT], key=lambda wheel: wheel.name):
        print(wheel.pin)
    return 0 if len(fitting) >= COUNT else 1


if __name__ == "__main__":
    sys.exit(main())
