"""Whether a registry speaks plain HTTP, where it may: on this machine, or where that is allowed."""

from __future__ import annotations

from lamina.registry.exchange import Meter
from lamina.transport.protocol import BrokenTransfer, Request, Transport, TransportError
from lamina.urls import is_loopback

_ENOUGH = 1024
_BAD_REQUEST = 400


def speaks_plain_http(host: str, transport: Transport, meter: Meter, *, insecure: bool) -> bool:
    """Say whether to speak plain HTTP to the registry of a reference.

    On loopback, unless it wants TLS there; elsewhere only if it is called insecure, and has none.
    Any other registry is not even asked.
    """
    if is_loopback(f"http://{host}"):
        return _answers(f"http://{host}/v2/", transport, meter)
    return insecure and not _answers(f"https://{host}/v2/", transport, meter)


def _answers(url: str, transport: Transport, meter: Meter) -> bool:
    """Say whether a server speaks that way; one of TLS says (400) that it is asked without."""
    try:
        with transport.send(Request("GET", url, is_once=True)) as response:
            said = next(response.chunks(_ENOUGH), b"")
            meter.received(len(said))
            return not (response.status == _BAD_REQUEST and b"HTTPS" in said)
    except BrokenTransfer:
        return True
    except TransportError:
        return False
