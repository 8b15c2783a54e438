"""Registries as a command reaches them: with the user's credentials, and counted."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lamina.observer import Download, Observer, Traffic
from lamina.registry.client import Registry, Repository
from lamina.registry.credentials import AuthFile, FindCredentials, Keychain, auth_file_places
from lamina.registry.helper import HelperPrograms
from lamina.registry.plain import speaks_plain_http
from lamina.reuse.told import Told
from lamina.transport.protocol import Transport


@dataclass(frozen=True, slots=True)
class Connections:
    """Gives repositories; what one registry is asked, it is asked by one client."""

    transport: Transport
    credentials: FindCredentials
    observer: Observer
    insecure: bool = False
    _registries: dict[str, Registry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self, host: str, name: str, traffic: Traffic = Traffic.OTHER) -> Repository:
        """Return a repository to read from."""
        return self._registry(host).repository(name, meter=self._meter(traffic))

    def push(self, host: str, name: str) -> Repository:
        """Return a repository to read from and to push to."""
        meter = self._meter(Traffic.OTHER)
        return self._registry(host).repository(name, push=True, meter=meter)

    def _meter(self, traffic: Traffic) -> Told:
        return Told(self.observer, Download("answers of registries", traffic))

    def _registry(self, host: str) -> Registry:
        with self._lock:
            if host not in self._registries:
                meter = self._meter(Traffic.OTHER)
                plain = speaks_plain_http(host, self.transport, meter, insecure=self.insecure)
                self._registries[host] = Registry(
                    host,
                    self.transport,
                    credentials=self.credentials,
                    plain=plain,
                    meter=meter,
                )
            return self._registries[host]


def keychain(environ: Mapping[str, str]) -> Keychain:
    """Return the user's credentials for registries, as Docker and Podman keep them."""

    @cache
    def read() -> tuple[AuthFile, ...]:
        files = []
        for place in auth_file_places(environ, Path.home(), os.getuid()):
            try:
                data = place.read_bytes()
            except OSError:
                continue
            if data.strip():
                files.append(AuthFile.parse(data, str(place)))
        return tuple(files)

    return Keychain(read, HelperPrograms(environ))
