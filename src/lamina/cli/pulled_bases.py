"""What the base images of Dockerfiles say of themselves: registries are asked for their configs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamina.cli.looking import looking
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.model.build import base_names
from lamina.dockerfile.parse import parse
from lamina.oci.reference import Reference
from lamina.sources.listing import image_for


def pull_bases(dockerfiles: Sequence[str], *, insecure: bool) -> Mapping[str, Base]:
    """Return the bases that Dockerfiles name; of each, its manifest and config are read."""
    names = dict.fromkeys(name for text in dockerfiles for name in base_names(parse(text)))
    references = [Reference.parse(name) for name in names]
    with looking(insecure=insecure) as look:
        configs = [image_for(look(reference), None).config for reference in references]
    return {
        name: Base(
            name,
            is_known=True,
            environment=config.env,
            user=config.user,
            workdir=config.working_dir or "/",
        )
        for name, config in zip(names, configs, strict=True)
    }
