"""The pipeline, top to bottom: lock -> selection -> plan -> layers -> image -> destination."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from lamina.destinations.base import Destination
from lamina.make.fitting import ForeignWheels, raise_all
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.line import line
from lamina.make.overrides import agree, find_overrides
from lamina.make.parallel import side_by_side
from lamina.make.parts import Part, overrides_part
from lamina.make.pinned_layers import Unlike, check_made
from lamina.oci.blob import DamagedBlob, LostBlobs
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.image import Image
from lamina.oci.images import Images, as_described
from lamina.oci.reference import Reference
from lamina.plan.collisions import Collision
from lamina.plan.contents import OurLayer
from lamina.plan.plan import Fetched, LayerKind, LayerPlan
from lamina.prepare import Order, Prepared, settled
from lamina.reuse.reused import ReusedLayer
from lamina.reuse.verify import LayersDiffer
from lamina.stack import BuiltLayer, Stack
from lamina.store.layers import StoredLayer


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What a build gave for one platform."""

    platform: Platform
    image: Image
    layers: tuple[BuiltLayer, ...]
    """Those above the base, lowest first."""
    collisions: tuple[Collision, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave."""

    each: tuple[BuiltImage, ...]
    """In the order of the platforms."""
    images: Images
    descriptor: Descriptor
    """Of what was written: the manifest, or the index."""


def build(
    orders: Sequence[Order],
    workshop: ImageWorkshop,
    destination: Destination,
    names: Sequence[Reference] = (),
) -> Built:
    """Build an image for each order, and write them; whatever is known is not made again."""
    with ExitStack() as lines:
        stacks = []
        for order in orders:
            prepared = settled(order, workshop)
            stack = Stack(prepared, workshop, destination)
            stacks.append(stack)
            _fill(stack, prepared, workshop, destination, lines)
        if lies := {title: pair for stack in stacks for title, pair in stack.lies.items()}:
            raise LayersDiffer(lies)
        check_made(each for order in orders for each in _unlike_below(order, workshop))
        images, descriptor = _write(stacks, destination, names)
    built = tuple(
        BuiltImage(order.target.platform, image, tuple(stack.built), _collisions(stack))
        for order, stack, image in zip(orders, stacks, images.each, strict=True)
    )
    return Built(built, images, descriptor)


def _unlike_below(order: Order, workshop: ImageWorkshop) -> Iterator[Unlike]:
    """Give the layers of a base that is made here that are others than those that are pinned."""
    for layer in order.base.base.layers:
        if isinstance(layer, StoredLayer):
            plan = LayerPlan(LayerKind.SYSTEM, layer.key, f"layer of the base, {layer.key}")
            unlike = workshop.unlike(plan, layer)
            if unlike is not None:
                yield unlike


def _fill(
    stack: Stack,
    prepared: Prepared,
    workshop: ImageWorkshop,
    destination: Destination,
    lines: ExitStack,
) -> None:
    """Have all layers, lowest first; the line on which they are made stays until all is written."""
    site = prepared.site
    bench = site.bench(workshop)
    making = lines.enter_context(line(prepared.sources, bench, workshop.observer, workshop.makers))
    kept = _kept(prepared, stack, workshop)
    making.start([plan for plan in prepared.plans if kept[plan] is None])
    stack.take_base()
    bottom = _side_by_side(stack, prepared.bottom, kept, workshop)
    for part, built in zip(prepared.bottom, bottom, strict=True):
        stack.put(part, built)
    # Source trees are built while the wheels of the lock come in.
    ready = _top_layers(stack, prepared, kept, workshop)
    for plan in prepared.plans:
        stack.add(Part(plan, partial(making.take, plan)), kept[plan])
    stack.agreements = stack.look(
        lambda layers: agree(
            layers, prepared.wheels, site.recipe, site.scheme, workshop.known.agreement
        )
    )
    layers = [each.layer for each in stack.built]
    overrides = find_overrides(stack.agreements, layers, prepared.wheels, site.recipe)
    if overrides is not None:
        part = overrides_part(overrides, site, workshop)
        had = _believed(workshop.had_all([part.plan]), stack)
        stack.add(part, had[part.plan])
    for part, had_before in zip(prepared.top, ready, strict=True):
        stack.put(part, had_before)


def _top_layers(
    stack: Stack,
    prepared: Prepared,
    kept: Mapping[LayerPlan, OurLayer | None],
    workshop: ImageWorkshop,
) -> list[BuiltLayer]:
    """Return the layers of copies and source trees; all that is of no use is told at once."""
    misfits: list[ForeignWheels] = []
    found = _side_by_side(stack, prepared.top, kept, workshop, misfits.append)
    raise_all(prepared.order.target, misfits)
    return found


def _side_by_side(
    stack: Stack,
    parts: Sequence[Part],
    kept: Mapping[LayerPlan, OurLayer | None],
    workshop: ImageWorkshop,
    misfit: Callable[[ForeignWheels], None] | None = None,
) -> list[BuiltLayer]:
    """Return layers, those that are missing made side by side, the lowest first.

    ``misfit`` takes what else would be raised of source trees that came to nothing.
    """

    def get(part: Part) -> BuiltLayer | None:
        try:
            return stack.get(part, kept[part.plan])
        except ForeignWheels as error:
            if misfit is None:
                raise
            misfit(error)
            return None

    found = side_by_side(get, parts, threads=workshop.makers, interrupt=workshop.interrupt)
    return [each for each in found if each is not None]


def _kept(
    prepared: Prepared, stack: Stack, workshop: ImageWorkshop
) -> dict[LayerPlan, OurLayer | None]:
    """Return which layers are had already, and say what is planned."""
    kept = _believed(workshop.had_all(prepared.layers), stack)
    missing = [plan for plan in prepared.layers if kept[plan] is None]
    wanted = list(_wanted(missing, prepared, workshop))
    why = partial(workshop.why, missing, prepared.site.recipe)
    workshop.observer.planned(prepared.layers, missing, wanted, why)
    return kept


def _wanted(
    missing: Iterable[LayerPlan], prepared: Prepared, workshop: ImageWorkshop
) -> Iterator[Fetched]:
    """Give the files that missing layers are made of, and that are not here yet."""
    for plan in missing:
        yield from (wheel for wheel in plan.wheels if not prepared.sources.has(wheel))
        yield from (each for each in plan.packages if not workshop.store.has_file(each.sha256))


def _believed(
    had: dict[LayerPlan, OurLayer | None], stack: Stack
) -> dict[LayerPlan, OurLayer | None]:
    """Return the layers without those that must be made again and compared."""
    for plan, layer in had.items():
        if isinstance(layer, ReusedLayer) and not layer.is_believed:
            stack.claims[plan] = layer
    return {plan: None if plan in stack.claims else layer for plan, layer in had.items()}


def _write(
    stacks: Sequence[Stack], destination: Destination, names: Sequence[Reference]
) -> tuple[Images, Descriptor]:
    """Write the images; a layer that is found damaged or gone meanwhile is made again."""
    while True:
        check_made(each for stack in stacks for each in stack.unlike.values())
        images = Images.of(*(stack.image() for stack in stacks))
        try:
            descriptor = destination.write(images, names=names)
            return as_described(images, descriptor), descriptor
        except (DamagedBlob, LostBlobs) as error:
            if not any([stack.mend(error) for stack in stacks]):
                raise


def _collisions(stack: Stack) -> tuple[Collision, ...]:
    return tuple(sorted(each for found in stack.agreements.values() for each in found))
