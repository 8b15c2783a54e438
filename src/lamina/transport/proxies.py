"""Which servers are reached without a proxy."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from lamina.urls import is_loopback


def is_direct(url: str, exceptions: str) -> bool:
    """Say whether a server is to be reached without a proxy: this machine always.

    ``exceptions`` are names, with or without a port, and networks such as ``10.0.0.0/8``.

    >>> [is_direct("https://a.b.example:5000/", no) for no in ("b.example", ".b.example", "*")]
    [True, True, True]
    >>> [is_direct("https://a.example:5000/", no) for no in ("a.example:5000", "a.example:1", "")]
    [True, False, False]
    >>> [is_direct("http://10.1.2.3/", no) for no in ("10.0.0.0/8", "11.0.0.0/8")]
    [True, False]
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    names = {host, f"{host}:{parts.port}"}
    for each in filter(None, (each.strip().lower() for each in exceptions.split(","))):
        name = each.lstrip(".")
        if each == "*" or name in names or host.endswith(f".{name}") or _is_within(host, each):
            return True
    return is_loopback(url)


def _is_within(host: str, network: str) -> bool:
    """Say whether a host is an address of a network."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
