"""The base image opened by its name, or made from Debian's packages."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lamina.bases.base import Base, BaseError
from lamina.bases.docker_archive import read_docker_archive
from lamina.bases.layout import read_layout
from lamina.bases.scan import facts_of
from lamina.bases.scratch import scratch
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.registry_base import pulled_base
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.document import encode
from lamina.oci.location import Location
from lamina.oci.reference import InvalidReference, Reference
from lamina.pins.file_name import NAME as PINS
from lamina.pins.model import PinnedBase, PlatformPins
from lamina.plan.base import NO_BASE, BaseFacts
from lamina.registry.errors import NotFound

if TYPE_CHECKING:
    from lamina.make.debian_base import DebianSettings

_FORMS = (
    "scratch",
    "oci:DIR[:TAG]",
    "docker-archive:FILE[:NAME]",
    "debian:CODENAME",
    "docker://REFERENCE",
)
_PREFIXES = tuple(form.partition(":")[0] for form in _FORMS)
_SURELY_MEANT = 0.8
"""Of a prefix: so near to one of ours, it is no name of an image."""


class UnknownBase(BaseError):
    """A base that is named in no form that is read."""

    def __init__(self, name: str, why: str | None = None) -> None:
        forms = ", ".join(f"`{form}`" for form in _FORMS)
        super().__init__(
            f"Unable to read the base image `{name}`\n"
            f"  expected: {forms}, or the name of an image in a registry",
            hint=_way_out(name) or why,
        )


def _way_out(name: str) -> str | None:
    """Return how a base that cannot be read may be named, if that can be told."""
    prefix = name.partition(":")[0]
    if prefix == "oci-archive":
        return f"Make a layout of it: `skopeo copy {name} oci:DIR`, and name `oci:DIR`"
    if prefix in _PREFIXES:
        return f"Write it as `{_FORMS[_PREFIXES.index(prefix)]}`"
    near = difflib.get_close_matches(prefix, _PREFIXES, 1)
    return f"Did you mean `{near[0]}`?" if near else None


class BaseNotPinned(BaseError):
    """A base that is another than the one that is pinned, or that cannot be had any more."""

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            hint="To pin what there is now, run `lamina lock --upgrade base`; to build upon it "
            "without a lock, pass `--no-lock`",
        )


@dataclass(frozen=True, slots=True)
class OpenedBase:
    """A base image, and what is known of what lies in it."""

    base: Base
    facts: BaseFacts
    reference: Reference | None = None
    """Of a base in a registry."""
    resolved: Digest | None = None
    """What its reference leads to now: a manifest, or the index above that."""
    again: Callable[[], OpenedBase] | None = None
    """Opens it as its registry has it, where an earlier image told of it instead."""


def open_base(
    name: str,
    platform: Platform,
    workshop: ImageWorkshop,
    debian: Callable[[str], DebianSettings],
    *,
    is_kept: bool = True,
    pins: PlatformPins | None = None,
) -> OpenedBase:
    """Return the base for a platform; its layers are read once, and never again.

    ``debian`` gives the settings for a codename; it is asked only for such a base. The layers of
    a base in a registry are kept in the store if ``is_kept``; else who wants one streams it.
    With ``pins`` it is the one that is pinned. Raises `BaseNotPinned`.
    """
    if pins is not None:
        _check_kind(name, pins)
        if pins.base is not None:
            return _pinned(name, platform, workshop, pins.base, is_kept=is_kept)
    match _transport(name):
        case "scratch":
            return OpenedBase(scratch(platform), NO_BASE)
        case "oci":
            base = read_layout(Location.parse(name), platform)
        case "docker-archive":
            base = read_docker_archive(Location.parse(name), platform)
        case "debian":
            # Here, since it loads slowly, and other bases need none of it.
            from lamina.make.debian_base import debian_base

            codename = name.partition(":")[2]
            pinned = None if pins is None else pins.base_packages
            base = debian_base(codename, platform, workshop, debian(codename), pinned)
        case _:
            return _pulled(_reference(name), platform, workshop, is_kept=is_kept)
    return OpenedBase(base, facts_of(base, _FactsCache(workshop)))


def identify(name: str, platform: Platform, workshop: ImageWorkshop) -> PinnedBase | None:
    """Return what a name leads to now; of a registry, no more than documents are read.

    None for what has no image: `scratch`, and what is made from Debian's packages.
    """
    match _transport(name):
        case "scratch" | "debian":
            return None
        case "oci":
            return PinnedBase(read_layout(Location.parse(name), platform).identity)
        case "docker-archive":
            return PinnedBase(read_docker_archive(Location.parse(name), platform).identity)
        case _:
            reference = _reference(name)
            pulled = pulled_base(reference, platform, workshop, is_kept=False, is_told=False)
            digest = pulled.base.identity
            return PinnedBase(digest, None if pulled.resolved == digest else pulled.resolved)


def is_of_debian(name: str) -> bool:
    """Say whether a base is made from Debian's packages."""
    return _transport(name) == "debian"


def follow(name: str, pinned: PinnedBase, workshop: ImageWorkshop) -> None:
    """Let the name of a base in a registry lead to what it led to when that was pinned."""
    if _transport(name) == "docker":
        workshop.resolved[_reference(name)] = pinned.index or pinned.digest


def _pinned(
    name: str, platform: Platform, workshop: ImageWorkshop, pinned: PinnedBase, *, is_kept: bool
) -> OpenedBase:
    follow(name, pinned, workshop)
    try:
        opened = open_base(name, platform, workshop, _no_archives, is_kept=is_kept)
    except NotFound as error:
        raise BaseNotPinned(
            f"Unable to find the base image `{name}` that `{PINS}` pins for {platform}\n  {error}"
        ) from error
    if opened.base.identity != pinned.digest:
        raise BaseNotPinned(
            f"The base image `{name}` is not the one that `{PINS}` pins for {platform}\n"
            f"  expected: {pinned.digest}\n"
            f"  got:      {opened.base.identity}"
        )
    return opened


def _check_kind(name: str, pins: PlatformPins) -> None:
    """Refuse pins of another kind than the base is of, as somebody may have made them by hand."""
    transport = _transport(name)
    wanted = {"scratch": (False, False), "debian": (False, True)}.get(transport, (True, False))
    if (pins.base is not None, bool(pins.base_packages)) != wanted:
        raise BaseNotPinned(f"`{PINS}` does not pin the base `{name}` for {pins.platform}")


def _no_archives(codename: str) -> DebianSettings:
    raise AssertionError(codename)  # Such a base has no digest.


def _pulled(
    reference: Reference, platform: Platform, workshop: ImageWorkshop, *, is_kept: bool
) -> OpenedBase:
    # Where layers are pinned, a registry is not believed about those of the base either.
    is_told = not workshop.pinned
    pulled = pulled_base(reference, platform, workshop, is_kept=is_kept, is_told=is_told)
    if pulled.facts is None:
        facts = facts_of(pulled.base, _FactsCache(workshop))
        return OpenedBase(pulled.base, facts, reference, pulled.resolved)
    opened = OpenedBase(pulled.base, pulled.facts, reference, pulled.resolved)

    def again() -> OpenedBase:
        exact = replace(reference, digest=pulled.resolved)
        anew = pulled_base(exact, platform, workshop, is_kept=is_kept, is_told=False)
        return replace(opened, base=anew.base)

    return replace(opened, again=again)


def _transport(name: str) -> str:
    """Return how a base is read; ``docker`` is from a registry.

    >>> [_transport(each) for each in ("debian:bookworm", "debian:12-slim", "debian")]
    ['debian', 'docker', 'docker']
    """
    prefix, colon, rest = name.partition(":")
    if name == "scratch" or (colon and prefix in ("oci", "docker-archive")):
        return prefix
    return prefix if prefix == "debian" and rest.isalpha() and rest.islower() else "docker"


def _reference(name: str) -> Reference:
    """Return the reference that a name is, unless it looks like another form misspelt."""
    prefix = name.partition(":")[0]
    is_plain = "/" not in name and prefix not in _PREFIXES
    if is_plain and difflib.get_close_matches(prefix, _PREFIXES, 1, _SURELY_MEANT):
        raise UnknownBase(name)
    try:
        return Reference.parse(name.removeprefix("docker://"))
    except InvalidReference as error:
        raise UnknownBase(name, str(error)) from None


@dataclass(frozen=True, slots=True)
class _FactsCache:
    """Facts of bases, kept in the store or told by an earlier image.

    See `lamina.bases.scan.FactsCache`.
    """

    workshop: ImageWorkshop

    def get(self, digest: Digest) -> bytes | None:
        document = self.workshop.facts(digest.hex)
        if document is not None:
            return json.dumps(document).encode()
        told = self.workshop.known.facts(digest)
        return None if told is None else encode(told.to_json())

    def put(self, digest: Digest, data: bytes) -> None:
        self.workshop.store.facts.put(digest.hex, json.loads(data))
