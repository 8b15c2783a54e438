"""What planning and building an image stand on beside that: registries, and what compiles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from lamina.cli import settings
from lamina.cli.connections import Connections, keychain
from lamina.cli.ground import Ground, GroundOptions, ground
from lamina.cli.project import ProjectFolder
from lamina.make.compiling import Compiling
from lamina.make.image_workshop import ImageWorkshop
from lamina.pins.model import Pins
from lamina.project.config import Config
from lamina.reuse.known import Known


class ImageGroundOptions(GroundOptions, Protocol):
    """What of a command line the ground of an image depends on."""

    @property
    def insecure(self) -> bool:
        """Whether plain HTTP is spoken to registries without TLS."""
        ...


@dataclass(frozen=True, slots=True)
class ImageGround:
    """The world of one command that is about an image."""

    ground: Ground
    connections: Connections
    compiling: Compiling

    def workshop(
        self,
        project: ProjectFolder,
        config: Config,
        known: Known,
        *,
        is_fresh: bool,
        pins: Pins | None = None,
    ) -> ImageWorkshop:
        """Return where layers are made."""
        return ImageWorkshop.of(
            self.ground.workshop(project, config, is_fresh=is_fresh),
            pull=self.connections.pull,
            known=known,
            compiling=self.compiling,
            pins=pins,
        )


@contextmanager
def image_ground(options: ImageGroundOptions) -> Iterator[ImageGround]:
    """Give what a command about an image stands on; see `ground`."""
    with ground(options) as on:
        find = keychain(os.environ).find
        connections = Connections(on.transport, find, on.observer, options.insecure)
        machine, makers = settings.machine(), settings.makers()
        with closing(Compiling(on.pythons, on.store, on.scratch, machine, makers)) as compiling:
            yield ImageGround(on, connections, compiling)
