"""What goes wrong between an engine and us."""

from __future__ import annotations

import errno
from pathlib import Path

from lamina.errors import LaminaError
from lamina.transport.connections import SocketUnusable
from lamina.transport.protocol import TransportError

START = (
    "To start one, run `systemctl start docker` or `systemctl --user start podman.socket`; "
    "to name another, set `DOCKER_HOST=unix:///PATH`"
)
"""How to come by an engine."""

_HINTS = {
    errno.EACCES: "Its user and its group may use it: join the group (often `docker`), "
    "or set `DOCKER_HOST` to an engine of your own",
    errno.ECONNREFUSED: f"Nobody listens there. {START}",
    errno.ENOENT: START,
}
_BROKEN = "Its log may say why; is it still running?"


class EngineError(LaminaError):
    """A container engine does not do what it is asked."""


class EngineUnreachable(EngineError):
    """Nobody listens at the engine's socket, or whoever does falls silent."""

    def __init__(self, path: Path, error: TransportError) -> None:
        hint = _BROKEN
        if isinstance(error, SocketUnusable):
            hint = _HINTS.get(error.code or 0, START)
        super().__init__(str(error), hint=hint)
        self.path = path


class NotAnEngine(EngineError):
    """Something else than Docker or Podman answers."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"What answers at `{path}` is neither Docker nor Podman", hint=START)
        self.path = path


class EngineRefused(EngineError):
    """The engine answered that it cannot, or did not do what it said it did."""
