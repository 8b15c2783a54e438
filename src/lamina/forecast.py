"""What a build would do, as far as it can be told before: reuse, download, make and push."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lamina.deb.package import DebianPackage
from lamina.oci.descriptor import Platform
from lamina.oci.layer import Layer
from lamina.plan.contents import OurLayer
from lamina.plan.plan import LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.prepare import Prepared
from lamina.reuse.reused import ReusedLayer
from lamina.stack import Origin

CountSent = Callable[[Layer | None], int]
"""Says to how many registries a layer is sent; None stands for one that is still to be made."""


@dataclass(frozen=True, slots=True)
class ForecastWheel:
    """One distribution of the image."""

    wheel: PlannedWheel
    is_downloaded: bool
    reason: str
    """Why its layer is made; empty where that is reused."""


@dataclass(frozen=True, slots=True)
class ForecastPackage:
    """One Debian package above the base."""

    package: DebianPackage
    is_downloaded: bool


@dataclass(frozen=True, slots=True)
class ForecastLayer:
    """One layer above the base."""

    plan: LayerPlan
    origin: Origin
    where: str
    """The repository that has it; empty where none does."""
    size: int | None
    """Of its blob, in bytes; of one that is still to be made of files from elsewhere, what these
    have."""
    sent: int
    """To how many registries it goes over the network."""
    wheels: tuple[ForecastWheel, ...]
    packages: tuple[ForecastPackage, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a build for one platform would do."""

    platform: Platform
    base: str
    base_size: int
    """Of all its layers, in bytes."""
    base_sent: int
    """Of those that go to registries, in bytes; to each of them counts."""
    layers: tuple[ForecastLayer, ...]
    """Lowest first; the overrides only where the layers of all wheels are had."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all platforms; what these have in common counts once."""

    layers_reused: int
    bytes_reused: int
    layers_made: int
    wheels_downloaded: int
    packages_downloaded: int
    """Of Debian."""
    bytes_downloaded: int
    bytes_pushed: int
    """Without the layers whose size shows only when they are made."""


def forecast(
    prepared: Prepared,
    had: Mapping[LayerPlan, OurLayer | None],
    why: Mapping[LayerPlan, Mapping[str, str]],
    count_sent: CountSent,
    has_file: Callable[[str], bool],
) -> Forecast:
    """Return what a build of these layers would do; ``had`` are in the order of the image.

    ``has_file`` says whether a file of that SHA-256 is here already.
    """
    base = prepared.order.base.base
    return Forecast(
        prepared.order.target.platform,
        base.name,
        sum(layer.descriptor.size for layer in base.layers),
        sum(layer.descriptor.size * count_sent(layer) for layer in base.layers),
        tuple(
            _made(plan, prepared, why.get(plan, {}), count_sent(None), has_file)
            if layer is None
            else _reused(plan, layer, count_sent(layer))
            for plan, layer in had.items()
        ),
    )


def _reused(plan: LayerPlan, layer: OurLayer, sent: int) -> ForecastLayer:
    is_remote = isinstance(layer, ReusedLayer)
    origin = Origin.REGISTRY if is_remote else Origin.STORE
    where = layer.repository.shown if isinstance(layer, ReusedLayer) else ""
    wheels = tuple(ForecastWheel(wheel, is_downloaded=False, reason="") for wheel in plan.wheels)
    packages = tuple(ForecastPackage(each, is_downloaded=False) for each in plan.packages)
    return ForecastLayer(plan, origin, where, layer.descriptor.size, sent, wheels, packages)


def _made(
    plan: LayerPlan,
    prepared: Prepared,
    why: Mapping[str, str],
    sent: int,
    has_file: Callable[[str], bool],
) -> ForecastLayer:
    sizes = [*(each.size for each in plan.wheels), *(each.size for each in plan.packages)]
    wheels = tuple(
        ForecastWheel(wheel, not prepared.sources.has(wheel), why.get(wheel.name, ""))
        for wheel in plan.wheels
    )
    packages = tuple(ForecastPackage(each, not has_file(each.sha256)) for each in plan.packages)
    size = sum(sizes) if sizes else None
    return ForecastLayer(plan, Origin.MADE, "", size, sent, wheels, packages)


def totals(forecasts: Sequence[Forecast]) -> Totals:
    """Add up what is forecast."""
    layers = {layer.plan.key: layer for each in forecasts for layer in each.layers}.values()
    wheels = {
        each.wheel.hash: each.wheel.size
        for layer in layers
        for each in layer.wheels
        if each.is_downloaded
    }
    packages = {
        each.package.sha256: each.package.size
        for layer in layers
        for each in layer.packages
        if each.is_downloaded
    }
    reused = [layer for layer in layers if layer.origin is not Origin.MADE]
    sent = sum((layer.size or 0) * layer.sent for layer in layers)
    return Totals(
        layers_reused=len(reused),
        bytes_reused=sum(layer.size or 0 for layer in reused),
        layers_made=len(layers) - len(reused),
        wheels_downloaded=len(wheels),
        packages_downloaded=len(packages),
        bytes_downloaded=sum(wheels.values()) + sum(packages.values()),
        bytes_pushed=sent + sum(each.base_sent for each in forecasts),
    )
