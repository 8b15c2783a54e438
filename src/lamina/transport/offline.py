"""No network at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from lamina.transport.protocol import Request, Response, TransportError


class Offline:
    """Refuses whatever is asked; see `Transport`."""

    def send(self, request: Request) -> AbstractContextManager[Response]:
        """See `Transport.send`."""
        raise TransportError(
            f"Unable to reach `{urlsplit(request.url).hostname}`: the network is not to be used",
            hint="What is needed is not in the store; run the command once without `--offline`",
            may_pass=False,
        )

    def pause(self, seconds: float) -> None:
        """See `Transport.pause`."""

    def interrupt(self) -> None:
        """See `Transport.interrupt`."""
