"""What commands stand on: the store, the network, and somebody who is told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lamina.cli import settings
from lamina.cli.indexes import find_credentials
from lamina.cli.output import shown
from lamina.cli.project import ProjectFolder
from lamina.cli.signals import telling
from lamina.cli.tally import CountingTransport, Tally
from lamina.fetch.authorized import AuthorizedTransport
from lamina.make.workshop import Workshop
from lamina.observer import Observer
from lamina.project.config import Config
from lamina.project.program import Programs
from lamina.pythons.finder import Pythons
from lamina.store.scratch import Scratch
from lamina.store.store import Store
from lamina.transport.deferred import Deferred
from lamina.transport.offline import Offline
from lamina.transport.protocol import Transport
from lamina.wheel.source import DEFAULT_LIMIT

if TYPE_CHECKING:
    from lamina.transport.http import HttpTransport


class GroundOptions(Protocol):
    """What of a command line the ground depends on."""

    @property
    def store(self) -> Path | None:
        """Where the store is, if not in the cache folder."""
        ...

    @property
    def verbose(self) -> bool:
        """Whether much is said."""
        ...

    @property
    def quiet(self) -> bool:
        """Whether nothing is said."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """The world of one command."""

    store: Store
    scratch: Scratch
    transport: Transport
    observer: Observer
    tally: Tally
    pythons: Pythons
    programs: Programs
    environ: Mapping[str, str]
    """Of build backends and of git."""

    def workshop(
        self, project: ProjectFolder, config: Config, *, is_fresh: bool = False
    ) -> Workshop:
        """Return where wheels are had."""
        finder, indexes = find_credentials(
            os.environ, Path.home(), project.root, project.root_document, self.observer.warn
        )
        return Workshop(
            store=self.store,
            scratch=self.scratch,
            transport=self.transport,
            index_transport=AuthorizedTransport(self.transport, finder),
            observer=self.observer,
            backends=settings.backends(
                self.environ, indexes, finder.address, self.pythons, self.programs
            ),
            makers=settings.makers(),
            wheel_limit=config.max_wheel_size or DEFAULT_LIMIT,
            is_fresh=is_fresh,
        )


@contextmanager
def ground(options: GroundOptions, *, is_offline: bool = False) -> Iterator[Ground]:
    """Give what a command stands on; at the end, and if it is interrupted, all of it is closed."""
    tally = Tally()
    store = Store(settings.store_folder(options.store))
    settings.timeout(os.environ)  # What cannot be meant is told at once.
    http = Deferred(_http)
    transport = CountingTransport(Offline() if is_offline else http, tally)
    programs = Programs()
    with ExitStack() as stack:
        stack.callback(http.close)
        observer = stack.enter_context(shown(tally, verbose=options.verbose, quiet=options.quiet))
        scratch = stack.enter_context(store.scratch())
        stack.enter_context(telling(transport.interrupt))
        stack.enter_context(telling(programs.interrupt))
        yield Ground(
            store,
            scratch,
            transport,
            observer,
            tally,
            settings.pythons(os.environ),
            programs,
            {**os.environ, **_OFFLINE} if is_offline else os.environ,
        )


def _http() -> HttpTransport:
    from lamina.transport.http import HttpTransport  # Here: it takes as long as all of a selection.

    return HttpTransport(settings.network(os.environ))


_OFFLINE = {"PIP_NO_INDEX": "1", "GIT_ALLOW_PROTOCOL": "file"}
"""What keeps other programs off the network."""
