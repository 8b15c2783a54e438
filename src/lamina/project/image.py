"""How the image runs: the base's config, changed as the project's settings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lamina.oci.config import ImageConfig
from lamina.project.config import Config, expand_env
from lamina.project.facts import ProjectFacts, default_entrypoint, image_labels

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What engines take where an image says nothing."""


def image_config(
    base: ImageConfig,
    config: Config,
    facts: ProjectFacts,
    *,
    created: str,
    labels: Mapping[str, str],
    installs_project: bool,
) -> ImageConfig:
    """Return the config of the image, but for its layers and their history.

    The environment's ``bin`` comes first in `PATH`, so that ``python`` in a start script is the
    environment's. An entry point of ours takes the base's command away, as with Docker.
    """
    entrypoint, cmd = _command(base, config, facts, installs_project)
    return replace(
        base,
        created=created,
        env=_env(base.env, config),
        entrypoint=entrypoint,
        cmd=cmd,
        working_dir=config.workdir,
        user=base.user if config.user is None else config.user,
        labels={**base.labels, **image_labels(facts), **labels, **config.labels},
        exposed_ports=tuple(sorted({*base.exposed_ports, *config.expose})),
        volumes=tuple(sorted({*base.volumes, *config.volume})),
        healthcheck=config.healthcheck or base.healthcheck,
        stop_signal=config.stopsignal or base.stop_signal,
    )


def _env(base: Mapping[str, str], config: Config) -> dict[str, str]:
    own = expand_env(config.env, {"PATH": _PATH, **base})
    path = own.get("PATH", base.get("PATH", _PATH))
    ours = {"VIRTUAL_ENV": config.venv, "PATH": f"{config.venv}/bin:{path}"}
    return {**base, **own, **ours}


def _command(
    base: ImageConfig, config: Config, facts: ProjectFacts, installs_project: bool
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return entry point and command: as configured, the project's only script, or the base's."""
    entrypoint = config.entrypoint
    if entrypoint is None and config.cmd is None and installs_project:
        entrypoint = default_entrypoint(facts, config.venv)
    if entrypoint is not None:
        return entrypoint, config.cmd
    return base.entrypoint, base.cmd if config.cmd is None else config.cmd
