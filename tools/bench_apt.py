"""How long choosing Debian packages takes: `make bench-apt`.

Measured is Debian's main index (60,000 packages), as this machine's apt has it in its lists: from
the compressed file that a mirror serves to the packages above a base that is empty, and above this
machine's own. Then the whole program is measured: a plan for an image with these packages, where
the indices are kept, and where `lamina.lock` makes them needless; and a build of which all is
known. The best of several tries counts: what else the machine does can only add to it.
"""

from __future__ import annotations

import lzma
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.resolver import Resolution, resolve
from lamina.deb.wish import Wish

TRIES = 7
STATUS = Path("/var/lib/dpkg/status")
WISHES = (
    "libgomp1 libpq5 libmagic1 libgl1 libglib2.0-0 ffmpeg curl git libxml2 libgeos-c1v5 tini "
    "poppler-utils"
)
"""What people most often add to an image of Python."""

_PYPROJECT = """\
[project]
name = "bench"
version = "1.0"
requires-python = ">=3.11"

[tool.lamina]
base = "debian:bookworm"
apt = {}
"""
_LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "bench"
version = "1.0"
source = { virtual = "." }
"""
_FORMAT = "$(FILENAME)\t$(CODENAME)\t$(COMPONENT)\t$(ORIGIN)\t$(ARCHITECTURE)"
_Result = TypeVar("_Result")


def main() -> int:
    """Print a table."""
    architecture = run("dpkg", "--print-architecture").decode().strip()
    lists = read_lists(architecture)
    if not lists:
        print("error: Unable to find Debian's package lists\n\nhint: Run `apt-get update`")
        return 1
    compressed = [lzma.compress(data) for _, data in lists]
    status = STATUS.read_bytes()

    def choose(index: PackagesIndex, installed: Installed) -> Resolution:
        wishes = [Wish.parse(wish) for wish in WISHES.split()]
        return resolve(wishes, index, installed, architecture=architecture)

    unpacking, data = best(lambda: [lzma.decompress(each) for each in compressed])
    files = [PackagesFile(each, suite) for each, (suite, _) in zip(data, lists, strict=True)]
    indexing, index = best(lambda: PackagesIndex(files))
    empty, found = best(lambda: choose(PackagesIndex(files), Installed.nothing()))
    full, _ = best(lambda: choose(PackagesIndex(files), Installed.parse([status], where="here")))
    tracemalloc.start()
    choose(PackagesIndex(files), Installed.nothing())
    more = tracemalloc.get_traced_memory()[1]
    print(
        f"{sum(map(len, data)) / 1e6:.0f} MB of indices ({sum(map(len, compressed)) / 1e6:.1f} MB "
        f"compressed), {len([*index.names()])} packages; seconds, best of {TRIES}"
    )
    print(f"  unpack the indices            {unpacking:.2f}")
    print(f"  find the packages in them     {indexing:.2f}")
    print(
        f"  choose, above an empty base   {empty - indexing:.2f} ({len(found.packages)} packages)"
    )
    print(f"  choose, above this machine    {full - indexing:.2f}")
    print(f"  all, above an empty base      {unpacking + empty:.2f}")
    print(f"  memory beside the indices     {more / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
        measure_program(Path(folder))
    return 0


def measure_program(folder: Path) -> None:
    """Measure whole commands on a project of nothing but packages, and print what they take."""
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(_PYPROJECT.format(WISHES.split()))
    (project / "uv.lock").write_text(_LOCK)
    output = f"oci:{folder / 'image'}"

    def lamina(*arguments: str) -> None:
        command = [sys.executable, "-m", "lamina", *arguments]
        environment = {**os.environ, "LAMINA_STORE": str(folder / "store")}
        subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True)

    print("whole commands, upon `debian:bookworm`")
    start = time.monotonic()
    lamina("build", "-o", output)
    print(f"  the first build (elapsed)     {time.monotonic() - start:.2f}")
    print(f"  plan                          {best_of_children(lambda: lamina('plan')):.2f}")
    again = best_of_children(lambda: lamina("build", "-o", output))
    print(f"  build, nothing to make        {again:.2f}")
    lamina("lock")
    print(f"  plan, with lamina.lock        {best_of_children(lambda: lamina('plan')):.2f}")


def best_of_children(work: Callable[[], object]) -> float:
    """Return the least that the processor was used by programs that `work` runs, in seconds."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(TRIES):
        before = used()
        work()
        times.append(used() - before)
    return min(times)


def read_lists(architecture: str) -> list[tuple[str, bytes]]:
    """Return the suites that this machine's apt has read, with their indices."""
    lines = run("apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages").decode()
    found = []
    for line in lines.splitlines():
        path, suite, component, origin, of = line.split("\t")
        if (component, origin, of) == ("main", "Debian", architecture):
            found.append((suite, run("/usr/lib/apt/apt-helper", "cat-file", path)))
    return found


def best(work: Callable[[], _Result]) -> tuple[float, _Result]:
    """Return the shortest time that it took, in seconds of the processor, and the result."""
    times = []
    for _ in range(TRIES - 1):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    start = time.process_time()
    result = work()
    return min([*times, time.process_time() - start]), result


def run(*command: str) -> bytes:
    """Return what a program writes."""
    return subprocess.run(command, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
