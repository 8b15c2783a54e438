"""What the base images of Dockerfiles say of themselves: asked of an engine, else of registries."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from lamina.cli.engines import EngineNotFound, connected
from lamina.cli.looking import looking
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.model.build import base_names
from lamina.dockerfile.parse import parse
from lamina.engine.client import Held
from lamina.engine.errors import EngineRefused, EngineUnreachable, NotAnEngine
from lamina.oci.config import ImageConfig
from lamina.oci.reference import Reference
from lamina.sources.listing import image_for


def pull_bases(dockerfiles: Sequence[str], *, insecure: bool) -> Mapping[str, Base]:
    """Return the bases that Dockerfiles name; of each, at most a manifest and a config are read.

    What an engine of this machine has, it builds upon, and so that is taken.
    """
    names = dict.fromkeys(name for text in dockerfiles for name in base_names(parse(text)))
    held = _held([*names])
    missing = [name for name in names if name not in held]
    return held | (_listed(missing, insecure=insecure) if missing else {})


def _held(names: Sequence[str]) -> dict[str, Base]:
    """Return the bases that an engine has, if one runs here."""
    try:
        with connected(os.environ) as engine:
            found = {name: engine.image(name) for name in names}
    except (EngineNotFound, EngineRefused, EngineUnreachable, NotAnEngine):
        return {}
    return {name: _base(name, image) for name, image in found.items() if image is not None}


def _listed(names: Sequence[str], *, insecure: bool) -> dict[str, Base]:
    """Return the bases that registries have."""
    references = [Reference.parse(name) for name in names]
    with looking(insecure=insecure) as look:
        configs = [image_for(look(reference), None).config for reference in references]
    return {name: _base(name, config) for name, config in zip(names, configs, strict=True)}


def _base(name: str, config: Held | ImageConfig) -> Base:
    return Base(
        name,
        is_known=True,
        environment=config.env,
        user=config.user,
        workdir=config.working_dir or "/",
    )
