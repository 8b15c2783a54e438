"""The store among real processes and file systems: killed, raced, read-only, full."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.server import Answer, serve
from lamina.oci.digest import Digest
from lamina.store.blobs import digest_of
from lamina.store.prune import prune, size, verify
from lamina.store.store import Store

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("store_program.py")
LARGE = 3
LAYERS = LARGE + 2
"""A layer for each large wheel, and for each of the two small ones, which no group joins."""
KILLS = 20
AGES = 10_000
"""More than any run makes before it is killed."""


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """Serve three large wheels and two small ones; give the address."""
    noise = random.Random(1)
    with serve() as server:
        listed = []
        for number in range(LARGE + 2):
            name = f"w{number}"
            weight = noise.randbytes(2_000_000 if number < LARGE else 1000)
            data = make_wheel(Item(f"{name}/weight.bin", weight), name=name)
            server.answer(f"/{name}-1.0-py3-none-any.whl", Answer(data))
            listed.append([name, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)])
        server.answer("/index.json", Answer(json.dumps(listed).encode()))
        yield server.address


def command(what: str, root: Path, index: str, first: int = 0, count: int = 1) -> list[str]:
    return [sys.executable, str(PROGRAM), what, str(root), index, str(first), str(count)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def run(*line: str) -> tuple[int, str]:
    done = subprocess.run(line, env=environment(), text=True, capture_output=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def mounted(mounts: str, *line: str) -> tuple[int, str]:
    """Run a program where file systems are mounted that nobody else sees."""
    assert shutil.which("unshare"), "needs `unshare`: apt-get install util-linux"
    own = ["--mount"] if os.getuid() == 0 else ["--mount", "--map-root-user"]
    return run("unshare", *own, "sh", "-ec", f"{mounts}\nexec {shlex.join(line)}")


def unlike_their_names(store: Store) -> list[Digest]:
    return [digest for digest, path in store.blobs if digest_of(path) != digest]


def test_a_store_outlives_kill_9_at_any_moment(tmp_path: Path, index: str) -> None:
    store, moments = Store(tmp_path / "store"), random.Random()
    killed_amid = 0

    for number in range(KILLS):
        line = command("make", store.root, index, number * AGES, AGES)
        with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), "it made no layer"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0, 0.15))
            process.kill()
            process.stdout.read()
        killed_amid += size(store).scratch.count > 0
        assert unlike_their_names(store) == []

    assert killed_amid > 0, "no run was killed while it had something unfinished"
    for key, _ in store.layers:
        assert store.layers.get(key) is not None
    assert run(*command("make", store.root, index, KILLS * AGES))[0] == 0
    assert [path.name for path in store.scratch_root.iterdir()] == [".lock"]
    assert run(*command("read", store.root, index, KILLS * AGES)) == (
        0, f"{KILLS * AGES} {LAYERS}")  # fmt: skip
    assert verify(store).damaged == ()
    prune(store, now=0)
    assert size(store).scratch.count == 0


def test_two_processes_may_make_the_same_layers(tmp_path: Path, index: str) -> None:
    lines = [command("make", tmp_path / "store", index, 0, 6) for _ in range(2)]
    processes = [
        subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE) for line in lines
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert run(*command("make", tmp_path / "alone", index, 0, 6))[0] == 0

    raced, alone = Store(tmp_path / "store"), Store(tmp_path / "alone")

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert [digest for digest, _ in raced.blobs] == [digest for digest, _ in alone.blobs]
    assert list(raced.layers) == list(alone.layers)
    assert verify(raced).damaged == ()
    assert [path.name for path in raced.scratch_root.iterdir()] == [".lock"]


def read_only(root: Path) -> str:
    quoted = shlex.quote(str(root))
    return f"mount --bind {quoted} {quoted}\nmount -o remount,bind,ro {quoted}"


def test_a_read_only_store_can_be_used(tmp_path: Path, index: str) -> None:
    root = tmp_path / "store"
    assert run(*command("make", root, index))[0] == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*"))

    assert mounted(read_only(root), *command("read", root, index)) == (0, f"0 {LAYERS}")
    assert mounted(read_only(root), *command("make", root, index)) == (0, "")
    assert sorted((path, path.stat().st_mtime_ns) for path in root.rglob("*")) == before


def test_a_read_only_store_of_another_disk_can_be_used(tmp_path: Path, index: str) -> None:
    """Its dates differ, so its blobs are read each time."""
    root, copy = tmp_path / "store", tmp_path / "copy"
    assert run(*command("make", root, index))[0] == 0
    shutil.copytree(root, copy, copy_function=shutil.copyfile)

    assert mounted(read_only(copy), *command("read", copy, index)) == (0, f"0 {LAYERS}")


def test_a_read_only_store_that_lacks_something_is_named(tmp_path: Path, index: str) -> None:
    root = tmp_path / "store"
    assert run(*command("make", root, index))[0] == 0

    status, text = mounted(read_only(root), *command("make", root, index, 1))

    assert (status, text) == (1, f"Unable to write to `{root}/scratch`: Read-only file system")


def test_a_store_that_is_not_there_and_cannot_be_made_is_named(tmp_path: Path, index: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    status, text = mounted(read_only(folder), *command("make", folder / "store", index))

    assert (status, text) == (1, f"Unable to write to `{folder}/store`: Read-only file system")


@pytest.mark.parametrize("kibibytes", [100, 1900, 2100, 4000, 5000, 7000])
def test_a_full_disk_is_named_and_nothing_half_written_stays(
    tmp_path: Path, index: str, kibibytes: int
) -> None:
    """Full while a wheel comes, while a layer is written, at the last: the rest is sound."""
    disk = tmp_path / "disk"
    disk.mkdir()
    root = disk / "store"
    after = tmp_path / "after"
    lines = [
        f"mount -t tmpfs -o size={kibibytes}k tmpfs {shlex.quote(str(disk))}",
        f"{shlex.join(command('make', root, index))} || status=$?",
        f"cp -a {shlex.quote(str(root))} {shlex.quote(str(after))}",
        "exit $status",
    ]

    status, text = mounted("\n".join(lines), "true")

    *made, error = text.splitlines()
    assert status == 1
    assert error.startswith(f"Unable to write to `{root}/")
    assert error.endswith("`: No space left on device")
    store = Store(after)
    assert len(list(store.layers)) >= len(made)
    assert unlike_their_names(store) == []
    assert size(store).scratch.count == 0
    assert run(*command("make", after, index))[0] == 0
    assert run(*command("read", after, index)) == (0, f"0 {LAYERS}")
