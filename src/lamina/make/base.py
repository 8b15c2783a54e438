"""The base image opened by its name, or made from Debian's packages."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from lamina.bases.base import Base, BaseError
from lamina.bases.debian.archives import Archive
from lamina.bases.debian.plan import DebianPlan, debian_architecture, plan_key
from lamina.bases.debian.resolve import fetch_deb, resolve
from lamina.bases.debian.rootfs import entries
from lamina.bases.docker_archive import read_docker_archive
from lamina.bases.layout import read_layout
from lamina.bases.scan import facts_of
from lamina.bases.scratch import scratch
from lamina.make.blobs import generated
from lamina.make.workshop import Workshop
from lamina.observer import Traffic
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.location import Location
from lamina.plan.base import NO_BASE, BaseFacts
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.store.documents import Documents

_FORMS = ("scratch", "oci:DIR[:TAG]", "docker-archive:FILE[:NAME]", "debian:CODENAME")
_PREFIXES = tuple(form.partition(":")[0] for form in _FORMS)
_PARALLEL = 8


class UnknownBase(BaseError):
    """A base that is named in no form that is read."""

    def __init__(self, name: str) -> None:
        near = difflib.get_close_matches(name.partition(":")[0], _PREFIXES, 1)
        forms = ", ".join(f"`{form}`" for form in _FORMS)
        super().__init__(
            f"Unable to read the base image `{name}`\n  expected: {forms}",
            hint=f"Did you mean `{near[0]}`?"
            if near
            else "An image of a registry can be copied to a folder with "
            f"`skopeo copy docker://{name} oci:DIR`; then pass `--base oci:DIR`",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianSettings:
    """Where Debian's packages come from, and whose signature is believed."""

    archives: Sequence[Archive]
    keyrings: Sequence[bytes]
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenedBase:
    """A base image, and what is known of what lies in it."""

    base: Base
    facts: BaseFacts


def open_base(
    name: str, platform: Platform, workshop: Workshop, debian: Callable[[str], DebianSettings]
) -> OpenedBase:
    """Return the base for a platform; its layers are read once, and never again.

    ``debian`` gives the settings for a codename; it is asked only for such a base.
    """
    transport, _, rest = name.partition(":")
    if name == "scratch":
        return OpenedBase(scratch(platform), NO_BASE)
    if transport == "oci":
        base = read_layout(Location.parse(name), platform)
    elif transport == "docker-archive":
        base = read_docker_archive(Location.parse(name), platform)
    elif transport == "debian":
        base = _debian(rest, platform, workshop, debian(rest))
    else:
        raise UnknownBase(name)
    return OpenedBase(base, facts_of(base, _FactsCache(workshop.store.facts)))


def _debian(
    codename: str, platform: Platform, workshop: Workshop, settings: DebianSettings
) -> Base:
    plan = _debian_plan(codename, platform, workshop, settings)
    fetch = workshop.files(Traffic.BASE)
    planned = [
        (layer, LayerPlan(LayerKind.SYSTEM, layer.key, layer.title)) for layer in plan.layers
    ]
    found = [workshop.had(each) for _, each in planned]
    wanted = [
        package
        for (layer, _), had in zip(planned, found, strict=True)
        if had is None and not layer.is_database
        for package in layer.packages
    ]
    with ThreadPoolExecutor(_PARALLEL, "debian") as pool:
        get = partial(fetch_deb, archives=settings.archives, fetch=fetch)
        debs = dict(zip(wanted, pool.map(get, wanted), strict=True))
    layers = [
        had or workshop.make(each, generated, entries(layer, debs.__getitem__))
        for (layer, each), had in zip(planned, found, strict=True)
    ]
    config = plan.image_config(platform, [layer.diff_id for layer in layers])
    return Base(f"debian:{codename}", None, config, tuple(layers))


def _debian_plan(
    codename: str, platform: Platform, workshop: Workshop, settings: DebianSettings
) -> DebianPlan:
    """Return the packages: as they were found less than a day ago, or as the mirror has them."""
    architecture = debian_architecture(platform)
    key = plan_key(codename, architecture, [each.release_url for each in settings.archives]).hex
    try:
        previous = DebianPlan.from_json(workshop.store.facts.get(key))
    except MalformedDocument:
        previous = None
    if previous is not None and previous.is_fresh(settings.now):
        return previous
    plan = resolve(
        codename,
        architecture,
        settings.archives,
        keyrings=settings.keyrings,
        fetch=workshop.files(Traffic.BASE),
        now=settings.now,
        previous=previous,
    )
    workshop.store.facts.put(key, plan.to_json())
    return plan


@dataclass(frozen=True, slots=True)
class _FactsCache:
    """Facts of bases, kept in the store; see `lamina.bases.scan.FactsCache`."""

    documents: Documents

    def get(self, digest: Digest) -> bytes | None:
        document = self.documents.get(digest.hex)
        return None if document is None else json.dumps(document).encode()

    def put(self, digest: Digest, data: bytes) -> None:
        self.documents.put(digest.hex, json.loads(data))
