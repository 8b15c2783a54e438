"""The whole pipeline, offline: local wheels, no base, a destination in memory."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from builders import Item, write_wheel
from fakes.destination import MemoryDestination
from fakes.observer import RecordingObserver
from lamina.archive.rootfs import PrefixNotPlain, Rootfs
from lamina.archive.tree import Permissions
from lamina.bases.scratch import scratch
from lamina.build import BuiltImage, build
from lamina.fetch.download import HashMismatch
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.make.archives import MissingArchive
from lamina.make.base import OpenedBase
from lamina.make.compiling import Compiling
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.release_dates import ReleaseDates
from lamina.make.workshop import Backends
from lamina.observer import Traffic
from lamina.oci import validate
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.layer import Layer
from lamina.plan.base import NO_BASE
from lamina.plan.plan import TooManyLayers
from lamina.prepare import Order
from lamina.project.config import parse_config
from lamina.project.facts import parse_facts
from lamina.project.requirements import PackageIndexes
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter
from lamina.registry.client import Repository
from lamina.reuse.known import Known
from lamina.store.layers import StoredLayer
from lamina.store.store import Store
from lamina.transport.protocol import Request, Response

AMD64 = Platform("linux", "amd64")
PYPROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.11"
"""


def no_registry(host: str, name: str, traffic: Traffic) -> Repository:
    raise AssertionError(f"a registry was asked: {host}/{name}")


class NoTransport:
    """A network that nobody may use."""

    def send(self, request: Request) -> AbstractContextManager[Response]:
        raise AssertionError(f"the network was asked for {request.url}")

    def pause(self, seconds: float) -> None: ...

    def interrupt(self) -> None: ...


class TrustingDestination(MemoryDestination):
    """Takes blobs unread, as an image layout does that links them."""

    def take(self, layer: Layer) -> None:
        with layer.open() as blob:
            self.blobs[layer.descriptor.digest] = blob.read()


class Ground:
    """A project folder with wheels, and a store beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "project"
        self.project.mkdir()
        self.wheels: dict[str, Path] = {}
        self.pyproject = PYPROJECT
        self.observer = RecordingObserver()
        self.machine: Platform | None = None
        """What programs of images run here."""

    def wheel(self, name: str, *items: Item, version: str = "1.0") -> Path:
        self.wheels[name] = write_wheel(self.project, *items, name=name, version=version)
        return self.wheels[name]

    def lock_text(self) -> str:
        edges = "".join(f'{{ name = "{name}" }}, ' for name in self.wheels)
        text = (
            'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "app"\n'
            f'version = "1.0"\nsource = {{ virtual = "." }}\ndependencies = [{edges}]\n'
        )
        for name, path in self.wheels.items():
            hash_ = hashlib.sha256(path.read_bytes()).hexdigest()
            version = path.name.split("-")[1]
            text += (
                f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
                f'source = {{ path = "{path.name}" }}\n'
                f'wheels = [{{ filename = "{path.name}", hash = "sha256:{hash_}" }}]\n'
            )
        return text

    def order(self) -> Order:
        document = tomllib.loads(self.pyproject)
        (self.project / "pyproject.toml").write_text(self.pyproject)
        return Order(
            folder=self.project,
            project_folder=self.project,
            lock=parse(self.lock_text()),
            config=parse_config(document),
            facts=parse_facts(document),
            target=make_target(AMD64, "3.11.2", Libc("glibc", (2, 36))),
            base=OpenedBase(scratch(AMD64), NO_BASE),
            created="2024-01-01T00:00:00Z",
        )

    @contextmanager
    def workshop(self) -> Iterator[ImageWorkshop]:
        store = Store(self.root / "store")
        with (
            store.scratch() as folder,
            closing(
                Compiling(Pythons(Interpreter.running()), store, folder, self.machine, 1)
            ) as compiling,
        ):
            yield ImageWorkshop(
                store=store,
                scratch=folder,
                transport=NoTransport(),
                index_transport=NoTransport(),
                observer=self.observer,
                backends=Backends(
                    pythons=Pythons(Interpreter.running()), indexes=PackageIndexes(), path=""
                ),
                makers=2,
                compiling=compiling,
                pull=no_registry,
                known=Known.nothing(self.observer),
                dates=ReleaseDates(store),
            )

    def build(
        self, order: Order | None = None, *, trusting: bool = False
    ) -> tuple[BuiltImage, MemoryDestination]:
        """Build; a trusting destination does not look at the blobs that it takes."""
        self.observer = RecordingObserver()
        destination = TrustingDestination() if trusting else MemoryDestination()
        with self.workshop() as workshop:
            built = build([order or self.order()], workshop, destination).each[0]
        assert not list((self.root / "store" / "scratch").glob("[!.]*"))
        validate.image(built.image)
        return built, destination


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def kinds(built: BuiltImage) -> list[str]:
    return [each.plan.kind.value for each in built.layers]


def wheel_layers(built: BuiltImage) -> list[StoredLayer]:
    layers = [each.layer for each in built.layers if each.plan.kind.value == "wheels"]
    assert all(isinstance(layer, StoredLayer) for layer in layers)
    return [layer for layer in layers if isinstance(layer, StoredLayer)]


def made(built: BuiltImage) -> list[str]:
    return [each.plan.kind.value for each in built.layers if each.is_made]


def files(built: BuiltImage, destination: MemoryDestination) -> dict[str, bytes]:
    """Lay the layers over each other, as an engine does."""
    found: dict[str, bytes] = {}
    for layer in built.image.layers:
        blob = io.BytesIO(destination.blobs[layer.descriptor.digest])
        with tarfile.open(fileobj=blob, mode="r:gz") as tar:
            for member in tar:
                if member.isfile() and (content := tar.extractfile(member)) is not None:
                    found[member.name] = content.read()
    return found


def test_the_image_holds_the_environment_and_the_files(ground: Ground) -> None:
    ground.wheel("demo", Item("demo/__init__.py", b"x = 1\n"))
    (ground.project / "main.py").write_text("import demo\n")

    built, destination = ground.build()

    found = files(built, destination)
    assert kinds(built) == ["skeleton", "wheels", "files"]
    assert found["opt/venv/lib/python3.11/site-packages/demo/__init__.py"] == b"x = 1\n"
    assert found["opt/venv/lib/python3.11/site-packages/demo-1.0.dist-info/INSTALLER"] == b"lamina"
    assert found["app/main.py"] == b"import demo\n"
    assert b"version_info = 3.11.2" in found["opt/venv/pyvenv.cfg"]


def test_the_config_puts_the_environment_first(ground: Ground) -> None:
    ground.pyproject += '[tool.lamina]\nenv = { A = "1", PATH = "/x:${PATH}" }\ncmd = ["a"]\n'

    config = ground.build()[0].image.config

    assert dict(config.env) == {
        "A": "1",
        "PATH": "/opt/venv/bin:/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "VIRTUAL_ENV": "/opt/venv",
    }
    assert config.cmd == ("a",)
    assert config.working_dir == "/app"
    assert config.created == "2024-01-01T00:00:00Z"


def test_each_layer_has_one_history_entry_with_its_key(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b""))

    built, _ = ground.build()

    history = built.image.config.history
    assert [entry.comment for entry in history] == [str(each.plan.key) for each in built.layers]
    assert history[1].created_by == "lamina: demo==1.0"


def test_a_second_build_makes_no_layer(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))

    first, _ = ground.build()
    second, _ = ground.build()

    assert made(first) == ["skeleton", "wheels", "files"]
    assert made(second) == []
    assert second.image.digest == first.image.digest


def test_a_version_bump_makes_the_files_layer_alone(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    ground.build()
    ground.pyproject = PYPROJECT.replace("1.0", "1.1")

    built, _ = ground.build()

    assert made(built) == ["files"]


def test_a_changed_wheel_makes_its_layer_alone(ground: Ground) -> None:
    for name in ("one", "two"):
        ground.wheel(name, Item(f"{name}.py", bytes(300 << 10), method=0))
    ground.build()
    ground.wheel("two", Item("two.py", bytes(301 << 10), method=0), version="1.1")
    ground.pyproject += "[tool.lamina]\ncopy = []\n"

    built, _ = ground.build()

    assert [each.plan.title for each in built.layers if each.is_made] == ["two==1.1"]


def test_the_image_does_not_depend_on_where_it_is_built(ground: Ground, tmp_path: Path) -> None:
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    ground.wheel("other", Item("other.py", b"y = 1\n"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    there = Ground(elsewhere)
    there.wheels = {
        name: Path(shutil.copy(path, there.project / path.name))
        for name, path in ground.wheels.items()
    }

    assert ground.build()[0].image.digest == there.build()[0].image.digest


def test_wheels_that_disagree_get_their_winner_on_top(ground: Ground) -> None:
    ground.wheel("aaa", Item("both.py", b"a = 1\n"), Item("same.py", b"s\n"))
    ground.wheel("bbb", Item("both.py", b"b = 22\n"), Item("same.py", b"s\n"))

    built, destination = ground.build()

    assert kinds(built)[-2:] == ["overrides", "files"]
    found = files(built, destination)
    assert found["opt/venv/lib/python3.11/site-packages/both.py"] == b"b = 22\n"
    [collision] = built.collisions
    assert collision.path == "lib/python3.11/site-packages/both.py"
    assert collision.owners == ("aaa", "bbb")


def test_a_damaged_blob_is_noticed_and_made_again(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    first, _ = ground.build()
    [wheels] = wheel_layers(first)
    wheels.path.chmod(0o644)
    wheels.path.write_bytes(wheels.path.read_bytes()[:-1] + b"!")

    second, destination = ground.build()

    assert made(second) == ["wheels"]
    assert second.image.digest == first.image.digest
    assert Digest.of(destination.blobs[wheels.written.digest]) == wheels.written.digest
    assert [warning.partition("\n")[0] for warning in ground.observer.warnings] == [
        f"Damaged blob {wheels.written.digest}"
    ]


def test_a_layer_found_damaged_by_a_look_into_it_is_made_again(ground: Ground) -> None:
    ground.wheel("aaa", Item("both.py", b"a = 1\n"))
    ground.wheel("bbb", Item("both.py", b"b = 22\n"))
    first, _ = ground.build()
    [wheels] = wheel_layers(first)[:1]
    [extent] = [each.record for each in wheels.contents.distributions][:1]
    blob, before = wheels.path.read_bytes(), wheels.path.stat()
    wheels.path.chmod(0o644)
    wheels.path.write_bytes(blob[: extent.offset] + bytes(5) + blob[extent.offset + 5 :])
    os.utime(wheels.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    second, _ = ground.build(trusting=True)

    assert made(second) == ["wheels"]
    assert second.image.digest == first.image.digest
    assert wheels.path.read_bytes() == blob


def test_a_base_with_something_else_at_the_prefix_is_refused(ground: Ground) -> None:
    order = ground.order()
    rootfs = Rootfs(directories={"opt": Permissions(0o700, 0, 0)})
    base = OpenedBase(order.base.base, replace(NO_BASE, rootfs=rootfs))

    with pytest.raises(PrefixNotPlain) as caught:
        ground.build(replace(order, base=base))

    assert "a directory of mode 0700 and owner 0:0" in str(caught.value)


def test_a_limit_that_leaves_no_layer_is_refused(ground: Ground) -> None:
    ground.wheel("demo", Item("demo.py", b""))
    ground.pyproject += "[tool.lamina]\nlayers = 3\n"

    with pytest.raises(TooManyLayers) as caught:
        ground.build()

    assert str(caught.value) == (
        "No layer is left for the dependencies: the limit is 3, and the base, the copied files "
        "and the environment take 3"
    )


def test_a_local_wheel_that_changed_behind_the_lock_is_refused(ground: Ground) -> None:
    path = ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    order = ground.order()
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    got = hashlib.sha256(ground.wheel("demo", Item("demo.py", b"x = 2\n")).read_bytes())

    with pytest.raises(HashMismatch) as caught:
        ground.build(order)

    assert str(caught.value) == (
        "Hash mismatch for `demo-1.0-py3-none-any.whl`\n"
        f"  expected: sha256:{expected}\n"
        f"  got:      sha256:{got.hexdigest()}"
    )


def test_a_local_wheel_is_not_needed_once_its_layer_is_made(ground: Ground) -> None:
    ground.pyproject += "[tool.lamina]\ncopy = []\n"
    path = ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    order = ground.order()
    first, _ = ground.build(order)
    path.unlink()

    second, _ = ground.build(order)

    assert second.image.digest == first.image.digest


def test_a_local_wheel_that_is_gone_is_named(ground: Ground) -> None:
    path = ground.wheel("demo", Item("demo.py", b"x = 1\n"))
    order = ground.order()
    path.unlink()

    with pytest.raises(MissingArchive) as caught:
        ground.build(order)

    assert str(caught.value) == f"Unable to read `{path}`: No such file or directory"


def entries_of(built: BuiltImage, destination: MemoryDestination) -> dict[str, tarfile.TarInfo]:
    """Return the last header of each path, as an engine would apply it."""
    found = {}
    for layer in built.image.layers:
        blob = io.BytesIO(destination.blobs[layer.descriptor.digest])
        with tarfile.open(fileobj=blob, mode="r:gz") as tar:
            found.update({member.name: member for member in tar})
    return found


def test_a_later_copy_leaves_the_folder_of_an_earlier_one_as_it_is(ground: Ground) -> None:
    for name in ("one", "two"):
        (ground.project / name).mkdir()
        (ground.project / name / name).write_text(name)
    ground.pyproject += """
[tool.lamina]
copy = [
  { from = "one", to = "/data", owner = "1000:1000", mode = "0600" },
  { from = "two", to = "/data/more" },
]
"""

    found = entries_of(*ground.build())

    assert (found["data"].uid, found["data"].mode) == (1000, 0o700)
    assert (found["data/more/two"].uid, found["data/more/two"].mode) == (0, 0o644)


def test_a_copy_goes_through_the_links_of_the_environment(ground: Ground) -> None:
    (ground.project / "x").write_text("x")
    ground.pyproject += '[tool.lamina]\ncopy = [{ from = "x", to = "/opt/venv/lib64/x" }]\n'

    found = entries_of(*ground.build())

    assert found["opt/venv/lib/x"].isfile()
    assert found["opt/venv/lib64"].issym()
