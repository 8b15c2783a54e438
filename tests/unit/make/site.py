"""Where small real wheels are made into layers, with no network."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builders import Item, make_wheel
from fakes.observer import RecordingObserver
from fakes.transport import Answer, Reply, ScriptedTransport
from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.make.archives import Archives
from lamina.make.blobs import Bench
from lamina.make.line import ROOM, Line, line
from lamina.make.ready import ReadyWheel
from lamina.make.wheels import Wheels
from lamina.plan.key import Recipe
from lamina.plan.layering import ALONE_FROM
from lamina.plan.plan import LayerPlan, Limits, plan_wheels
from lamina.plan.wheel import PlannedWheel
from lamina.store.scratch import LOCKS, Scratch
from lamina.store.store import Store
from lamina.wheel.scheme import Scheme

SCHEME = Scheme("/opt/venv", "3.12")
RECIPE = Recipe("/opt/venv", "3.12")
SITE_PACKAGES = "opt/venv/lib/python3.12/site-packages"
LIMIT = 10_000_000


def noise(size: int) -> bytes:
    """Return bytes that no compressor makes smaller, the same each time."""
    return random.Random(size).randbytes(size)


class NothingBuilt:
    """Builds for where all wheels are locked."""

    def measure(self, distribution: Distribution) -> tuple[str, str, int]:
        raise AssertionError(distribution)

    def identity(self, distribution: Distribution) -> str:
        raise AssertionError(distribution)

    def kept(self, identity: str) -> ReadyWheel | None:
        raise AssertionError(identity)

    def build(self, identity: str) -> ReadyWheel:
        raise AssertionError(identity)

    def interrupt(self) -> None:
        """Nothing runs that could be interrupted."""


@dataclass
class Site:
    """A store, an index of wheels, and what was told of the work."""

    store: Store
    folder: Path
    """Of the lockfile."""
    scratch: Scratch
    transport: ScriptedTransport
    observer: RecordingObserver = field(default_factory=RecordingObserver)

    @property
    def archives(self) -> Archives:
        return Archives(self.store, self.scratch, self.transport, self.folder, self.observer)

    @property
    def wheels(self) -> Wheels:
        return Wheels(self.archives, NothingBuilt())

    @property
    def bench(self) -> Bench:
        return Bench(self.store, self.scratch, SCHEME, LIMIT)

    def wheel(
        self, name: str, *items: Item, answers: Sequence[Answer] = (), large: bool = False
    ) -> PlannedWheel:
        """Put a wheel on the index; a large one has a layer of its own."""
        weight = [Item(f"{name}/weight.bin", noise(300_000))] if large else []
        data = make_wheel(*items, *weight, name=name)
        filename = f"{name}-1.0-py3-none-any.whl"
        url = f"https://index.example/{filename}"
        self.transport.answer(url, *(answers or [Reply(data)]))
        return planned(name, Wheel(filename, url), data)

    def local_wheel(self, name: str, *items: Item) -> PlannedWheel:
        """Put a wheel into the folder of the lockfile."""
        data = make_wheel(*items, name=name)
        filename = f"{name}-1.0-py3-none-any.whl"
        (self.folder / filename).write_bytes(data)
        return planned(name, Wheel(filename, path=filename), data)

    @contextmanager
    def line(self, *plans: LayerPlan, room: int = ROOM) -> Iterator[Line]:
        """Give a line on which the layers are made."""
        with line(self.wheels, self.bench, self.observer, 2, room) as opened:
            opened.start(plans)
            yield opened

    def asked(self) -> list[str]:
        """Return the names of the files that were downloaded, sorted."""
        return sorted(request.url.rpartition("/")[2] for request in self.transport.asked)

    def leftovers(self) -> list[str]:
        """Return the wheels and half-made blobs that lie in the scratch folder."""
        paths = self.store.scratch_root.rglob("*")
        return [path.name for path in paths if path.is_file() and path.name not in LOCKS]


def planned(name: str, wheel: Wheel, data: bytes) -> PlannedWheel:
    return PlannedWheel(name, "1.0", wheel, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))


def plans(*wheels: PlannedWheel) -> tuple[LayerPlan, ...]:
    """Return the layers: each large wheel has one, the others share."""
    large = sum(wheel.size >= ALONE_FROM for wheel in wheels)
    return plan_wheels(wheels, RECIPE, Limits(large + 2, large), others=0)


@contextmanager
def open_site(tmp_path: Path) -> Iterator[Site]:
    """Give a site, whose scratch folder is gone at the end."""
    store, folder = Store(tmp_path / "store"), tmp_path / "project"
    folder.mkdir(exist_ok=True)
    with store.scratch() as scratch:
        yield Site(store, folder, scratch, ScriptedTransport({}))
