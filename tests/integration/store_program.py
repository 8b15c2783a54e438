"""A program that makes layers in a store, to be watched, raced and killed.

``make STORE INDEX FIRST COUNT`` makes the layers of all wheels of the index, for ``COUNT``
prefixes from number ``FIRST`` on, each of which makes other layers; ``read STORE INDEX FIRST
COUNT`` says how many of them are there. An error that is explained is printed, with exit status 1.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from fakes.observer import RecordingObserver
from lamina.errors import LaminaError
from lamina.lock.model import Wheel
from lamina.make.archives import Archives
from lamina.make.blobs import Bench
from lamina.make.line import line
from lamina.make.wheels import Wheels
from lamina.plan.key import Recipe
from lamina.plan.plan import LayerPlan, Limits, plan_wheels
from lamina.plan.wheel import PlannedWheel
from lamina.store.store import Store
from lamina.transport.http import HttpTransport, Network
from lamina.transport.protocol import Request
from lamina.wheel.scheme import Scheme
from unit.make.site import NothingBuilt


def main() -> int:
    """Do as the command line says."""
    what, root, index, first, count = sys.argv[1:]
    transport = HttpTransport(Network())
    wheels = list(read_index(index, transport))
    store = Store(Path(root))
    numbers = range(int(first), int(first) + int(count))
    work = {"make": make, "read": read}[what]
    try:
        for number in numbers:
            work(number, store, wheels, transport)
    except LaminaError as error:
        print(error)  # noqa: T201
        return 1
    return 0


def read_index(index: str, transport: HttpTransport) -> Iterator[PlannedWheel]:
    with transport.send(Request("GET", f"{index}/index.json")) as response:
        listed = json.loads(b"".join(response.chunks(1 << 16)))
    for name, hash_, size in listed:
        filename = f"{name}-1.0-py3-none-any.whl"
        wheel = Wheel(filename, f"{index}/{filename}")
        yield PlannedWheel(name, "1.0", wheel, hash_, size)


def plans(number: int, wheels: list[PlannedWheel]) -> tuple[LayerPlan, ...]:
    return plan_wheels(wheels, Recipe(f"/opt/venv{number}", "3.12"), Limits(), others=1)


def make(number: int, store: Store, wheels: list[PlannedWheel], transport: HttpTransport) -> None:
    wanted = plans(number, wheels)
    with store.scratch() as scratch:
        bench = Bench(store, scratch, Scheme(f"/opt/venv{number}", "3.12"), 1 << 30)
        observer = RecordingObserver()
        archives = Archives(store, scratch, transport, Path(), observer)
        missing = [plan for plan in wanted if store.layers.get(plan.key) is None]
        with line(Wheels(archives, NothingBuilt()), bench, observer, 2) as making:
            making.start(missing)
            for plan in missing:
                layer = making.take(plan)
                print(number, layer.written.digest, flush=True)  # noqa: T201


def read(number: int, store: Store, wheels: list[PlannedWheel], transport: HttpTransport) -> None:
    with store.scratch():
        found = [store.layers.get(plan.key) for plan in plans(number, wheels)]
    for layer in found:
        if layer is not None:
            with layer.open() as blob:
                assert layer.written.digest.hex == hashlib.sha256(blob.read()).hexdigest()
    print(number, sum(layer is not None for layer in found), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
