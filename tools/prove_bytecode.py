"""The same wheels give the same layers: ``prove_bytecode``.

Makes the layers of 20 large wheels with bytecode, each of three times in another process, in
another order, with another number of compilers and another seed of hashes; prints a table, and
ends with 1 if any differ.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lamina.bytecode.compiler import Command, Compilers
from lamina.bytecode.entries import Compilation
from lamina.cli.settings import pythons
from lamina.lock.model import Wheel
from lamina.make.blobs import Bench
from lamina.make.ready import ReadyWheel
from lamina.plan.bytecode import Bytecode
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.blobs import digest_of
from lamina.store.store import Store
from lamina.wheel.scheme import Scheme

WHEELS = Path(__file__).with_name("bytecode-wheels.txt")
SCHEME = Scheme("/opt/venv", "3.12")
TIMES = 3
LIMIT = 1 << 34


def download(folder: Path) -> None:
    """Fetch the wheels, by version and hash."""
    for_312 = [
        "--python-version",
        "3.12",
        "--only-binary",
        ":all:",
        "--no-deps",
        "--require-hashes",
    ]
    platforms = ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), "-r", str(WHEELS)]
    subprocess.run([*command, *for_312, *platforms], check=True)


def make_all(folder: Path, seed: int) -> dict[str, list[str]]:
    """Return, for each wheel, the digest and the diff ID of its layer."""
    paths = sorted(folder.glob("*.whl"))
    random.Random(seed).shuffle(paths)
    python = pythons(os.environ).of_minor("3.12")
    if python is None:
        sys.exit("There is no Python 3.12 here")
    with (
        tempfile.TemporaryDirectory() as root,
        Store(Path(root)).scratch() as scratch,
        Compilers(Command((python.executable,)), seed) as compilers,
    ):
        about = compilers.about
        recipe = Bytecode(about.magic, about.version, about.tag)
        compilation = Compilation(recipe, compilers, SCHEME.site_packages)
        bench = Bench(Store(Path(root)), scratch, SCHEME, LIMIT, lambda: compilation)

        def make(path: Path) -> list[str]:
            hash_ = str(digest_of(path))
            wheel = PlannedWheel("w", "1", Wheel(path.name), hash_, path.stat().st_size)
            plan = LayerPlan(LayerKind.WHEELS, LayerKey.of({"wheel": hash_}), "", (wheel,))
            layer = bench.wheels(plan, {hash_: ReadyWheel(path, path.name)}, lambda: None)
            return [str(layer.descriptor.digest), str(layer.diff_id)]

        with ThreadPoolExecutor(2) as pool:
            return dict(zip((path.name for path in paths), pool.map(make, paths), strict=True))


def main() -> int:
    """Make all layers so many times, and compare."""
    with tempfile.TemporaryDirectory() as root:
        folder = Path(os.environ.get("WHEELS", root))
        download(folder)
        found = []
        for seed in range(1, TIMES + 1):
            start = time.perf_counter()
            command = [sys.executable, __file__, str(folder), str(seed)]
            environment = {**os.environ, "PYTHONHASHSEED": str(seed * 1000)}
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
            found.append(json.loads(done.stdout))
            print(f"Run {seed}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    differ = 0
    for name in sorted(found[0]):
        answers = {tuple(each[name]) for each in found}
        differ += len(answers) != 1
        print(f"{'differs' if len(answers) != 1 else found[0][name][1][:19]}  {name}")
    print(f"{len(found[0])} wheels, {TIMES} times: {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    if len(sys.argv) == 3:
        json.dump(make_all(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
    else:
        sys.exit(main())
