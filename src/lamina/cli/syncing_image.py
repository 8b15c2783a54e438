"""What ``lamina sync --from`` does besides: the image is opened, and, without a lock, chosen of."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lamina.cli import settings
from lamina.cli.connections import Connections, keychain
from lamina.cli.environments import Wanted
from lamina.cli.ground import Ground
from lamina.cli.looking import listing_of
from lamina.cli.python_places import python_places
from lamina.cli.sync import SyncOptions
from lamina.errors import LaminaError
from lamina.lock.select import Selection
from lamina.observer import Observer
from lamina.oci.descriptor import Platform
from lamina.oci.index import PlatformNotFound, runs
from lamina.oci.location import Location
from lamina.oci.reference import Reference
from lamina.pythons.discovery import discover
from lamina.pythons.request import parse_request
from lamina.sources.blobs import blobs_of_disk, blobs_of_registry
from lamina.sources.listing import Documents, Listing, image_for, platforms
from lamina.sources.name import parse_name
from lamina.sync.environment import Environment, target_of
from lamina.sync.image import SourceImage
from lamina.sync.sync import SyncOrder

_WITHOUT_LOCK = frozenset(
    {"--no-install-project", "--no-install-package", "--no-editable", "--frozen"}
)
"""What may be chosen of an image alone, or does not matter then."""


class NothingToChooseOf(LaminaError):
    """Options that choose of a lock, where there is none."""

    def __init__(self, folder: Path, options: tuple[str, ...]) -> None:
        named = ", ".join(f"`{option}`" for option in options)
        super().__init__(
            f"Nothing can be chosen with {named}: `{folder}` has no lock",
            hint="Name the folder of a project; without a lock, all of the image is installed",
        )


class OtherImagePython(LaminaError):
    """A Python was asked for that is not the image's."""

    def __init__(self, image: SourceImage, got: str) -> None:
        super().__init__(
            f"The image `{image.name}` is for another Python than was asked for\n"
            f"  expected: {image.python}\n  got:      {got}",
            hint="Leave `--python` out: without a lock, an environment has the image's Python",
        )


def opener(text: str, on: Ground, *, insecure: bool, is_alone: bool) -> Callable[[], SourceImage]:
    """Return what opens the image of a name, once, for this machine; no layer is read.

    Unless ``is_alone``, one for another platform will do: what is wanted of it, the lock says.
    """
    connections = Connections(on.transport, keychain(os.environ).find, on.observer, insecure)
    return cache(partial(_open, parse_name(text), connections, on.observer, is_alone=is_alone))


def _open(
    name: Location | Reference, connections: Connections, observer: Observer, *, is_alone: bool
) -> SourceImage:
    found = listing_of(name, connections)
    documents = _for_machine(found, settings.machine(), is_alone=is_alone)
    if isinstance(name, Reference):
        repository = connections.pull(name.registry, name.repository)
        return SourceImage.of(found.name, documents, blobs_of_registry(repository, observer))
    return SourceImage.of(found.name, documents, blobs_of_disk(name))


def _for_machine(found: Listing, machine: Platform | None, *, is_alone: bool) -> Documents:
    fits = machine is not None and any(runs(each, machine) for each in platforms(found))
    if machine is None or not (fits or is_alone):
        return image_for(found, None)
    try:
        return image_for(found, machine)
    except PlatformNotFound as error:
        raise PlatformNotFound(
            str(error), hint="Build the image for this platform, too; see `lamina build --platform`"
        ) from None


@dataclass(frozen=True, slots=True)
class OfImage:
    """An environment as an image has it, without a lock."""

    options: SyncOptions
    image: SourceImage

    def python(self) -> Wanted:
        """Return which Python the environment is to have. Raises `OtherImagePython`."""
        places, here, asked = python_places(os.environ), Path.cwd(), None
        if self.options.python is not None:
            asked = parse_request(self.options.python, here)
            minor = discover(asked, places).minor
            if minor != self.image.python:
                raise OtherImagePython(self.image, minor)
        own = parse_request(self.image.python, here)
        return Wanted(asked, own, SpecifierSet(), places, pinned_by="the image is for")

    def order(self, environment: Environment) -> SyncOrder:
        """Return what is to be done."""
        left_out = frozenset(self.options.no_install_packages)
        with_project = not self.options.no_install_project
        return SyncOrder(
            folder=self.options.folder,
            environment=environment,
            target=target_of(environment.interpreter, os.uname()),
            selection=Selection(None, ()),
            wishes=self.image.wishes(left_out, with_project=with_project),
        )


def check_choice(options: SyncOptions) -> None:
    """Refuse options that choose of a lock, where there is none."""
    if refused := tuple(each for each in options.choosing if each not in _WITHOUT_LOCK):
        raise NothingToChooseOf(options.folder, refused)
