"""How long reading a lock and selecting from it takes: `make bench-lock`.

Measured are the 200 pins of the report, which uv locks here and now, and a lock of 2,000 packages
that is made up. The best of several tries counts: what else the machine does can only add to it.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engines import Program, ProgramFailed, Unavailable, find_program
from lamina.lock.select import select
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.oci.descriptor import Platform
from seed import find_python, seed_project

TRIES = 7
GLIBC = Libc("glibc", (2, 36))

_TAGS = [
    f"cp3{minor}-cp3{minor}-{platform}"
    for minor in range(10, 15)
    for platform in (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "manylinux_2_17_aarch64.manylinux2014_aarch64",
        "musllinux_1_2_x86_64",
        "macosx_11_0_arm64",
        "win_amd64",
    )
]
_MARKERS = (
    "python_full_version < '3.12'",
    "sys_platform == 'win32'",
    "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "(platform_machine == 'aarch64' and sys_platform == 'linux') or sys_platform == 'darwin'",
)


@dataclass(frozen=True)
class Times:
    """The best times of a lock, in seconds."""

    reading: float
    selecting: float
    selected: int

    @property
    def both(self) -> float:
        """What a build waits for."""
        return self.reading + self.selecting


def synthetic_lock(count: int) -> str:
    """Return a lock of as many packages, always the same: every fourth with wheels for all.

    The project needs all; each needs up to five that stand behind it, some where a marker holds.
    """
    chance = random.Random(count)
    entries = [_entry(number, count, chance) for number in range(count)]
    needs = "".join(f'    {{ name = "package-{number}" }},\n' for number in range(count))
    head = 'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n'
    app = '[[package]]\nname = "app"\nversion = "1.0"\nsource = { virtual = "." }\n'
    return "\n".join([head, f"{app}dependencies = [\n{needs}]\n", *entries])


def _entry(number: int, count: int, chance: random.Random) -> str:
    name, stem = f"package-{number}", f"package_{number}-1.{number}.0"
    tags = _TAGS if number % 4 == 0 else ["py3-none-any"]
    files = [f"{stem}-{tag}.whl" for tag in tags]
    wheels = "".join(f"    {_file(each, chance)},\n" for each in files)
    needs = ""
    for _ in range(chance.randint(0, 5)):
        marker = f', marker = "{chance.choice(_MARKERS)}"' if chance.random() < 0.3 else ""
        needs += f'    {{ name = "package-{chance.randint(number, count - 1)}"{marker} }},\n'
    return (
        f'[[package]]\nname = "{name}"\nversion = "1.{number}.0"\n'
        f'source = {{ registry = "https://index.example/simple" }}\n'
        f"dependencies = [\n{needs}]\n"
        f"sdist = {_file(f'{stem}.tar.gz', chance)}\nwheels = [\n{wheels}]\n"
    )


def _file(name: str, chance: random.Random) -> str:
    folder = f"{chance.getrandbits(128):032x}"
    return (
        f'{{ url = "https://files.example/packages/{folder}/{name}",'
        f' hash = "sha256:{chance.getrandbits(256):064x}", size = {chance.randint(1, 10**7)},'
        f' upload-time = "2026-01-01T00:00:00Z" }}'
    )


def measure(
    text: str, python: str, tries: int = TRIES, clock: Callable[[], float] = time.perf_counter
) -> Times:
    """Read a lock and select from it for x86-64 Linux, and return the best times."""
    target = make_target(Platform("linux", "amd64"), python, GLIBC)
    best = Times(float("inf"), float("inf"), 0)
    for _ in range(tries):
        start = clock()
        lock = parse(text)
        read = clock()
        selected = len(select(lock, target).distributions)
        end = clock()
        best = Times(min(best.reading, read - start), min(best.selecting, end - read), selected)
    return best


def lock_of_pins(folder: Path) -> str:
    """Let uv lock the project of the report in a folder, and return the lock."""
    shutil.copyfile(seed_project() / "pyproject.toml", folder / "pyproject.toml")
    Program((find_program("uv"),))("lock", "--project", folder, "--python", find_python())
    return (folder / "uv.lock").read_text()


def main() -> int:
    """Measure both, and say how long they take and may take."""
    try:
        with tempfile.TemporaryDirectory(prefix="lamina-lock-") as folder:
            pins = lock_of_pins(Path(folder))
    except (Unavailable, ProgramFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{'':16}{'size':>9}{'selected':>10}{'read':>9}{'select':>9}{'both':>9}{'allowed':>9}")
    is_slow = False
    for name, text, python, allowed in (
        ("200 pins", pins, "3.10.14", 0.150),
        ("2,000 packages", synthetic_lock(2000), "3.12.4", 1.0),
    ):
        times = measure(text, python)
        is_slow |= times.both > allowed
        figures = (times.reading, times.selecting, times.both, allowed)
        shown = "".join(f"{seconds * 1000:>6.0f} ms" for seconds in figures)
        print(f"{name:16}{len(text) / 1e6:>6.1f} MB{times.selected:>10}{shown}")
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
