"""One repository of a registry, as questions are put to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.oci.digest import Digest
from lamina.registry.challenge import Scopes
from lamina.registry.errors import BadAnswer
from lamina.registry.exchange import Call, Exchange, Meter


@dataclass(frozen=True, slots=True)
class Namespace:
    """A repository (distribution-spec, ``<name>``), with what each question about it needs."""

    exchange: Exchange = field(repr=False)
    name: str
    scopes: Scopes
    meter: Meter = field(repr=False)

    @property
    def shown(self) -> str:
        """The repository as errors name it."""
        return f"`{self.exchange.endpoint.host}/{self.name}`"

    def url(self, path: str) -> str:
        """Return a URL of the repository."""
        return f"{self.exchange.endpoint.address}/v2/{self.name}/{path}"

    def call(
        self,
        action: str,
        method: str,
        url: str,
        *,
        scopes: Scopes = frozenset(),
        headers: Mapping[str, str] | None = None,
        body: bytes | Callable[[], Iterable[bytes]] | None = None,
        **more: Any,  # noqa: ANN401
    ) -> Call:
        """Return a question about the repository; ``scopes`` are those of others."""
        return Call(
            action=action,
            method=method,
            url=url,
            scopes=self.scopes | scopes,
            headers=headers or {},
            body=body,
            meter=self.meter,
            **more,
        )

    def led(self, headers: Mapping[str, str], asked: str, action: str) -> str:
        """Return the URL that an answer names in ``Location``."""
        location = headers.get("Location")
        if not location:
            raise BadAnswer(f"Failed to {action}: registry does not say where to go on")
        return self.exchange.endpoint.resolve(location, asked)


def check_digest(headers: Mapping[str, str], digest: Digest, action: str) -> None:
    """Compare the digest that a registry says it took or gave. Raises `BadAnswer`."""
    said = headers.get("Docker-Content-Digest", "")
    if said.startswith(f"{digest.algorithm}:") and said != str(digest):
        raise BadAnswer(
            f"Failed to {action}: registry speaks of another digest\n"
            f"  expected: {digest}\n  got:      {said[:160]}"
        )
