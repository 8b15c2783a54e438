"""The variables of a stage: of its base, of ENV, of ARG; some of which nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lamina.dockerfile.model.bases import Base


class Unknown(Exception):
    """Raised where a value is wanted that the Dockerfile does not tell."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables at one point of a stage; a value of None is set, but not known.

    To BuildKit, ENV and ARG set the same variables, and the last counts; what ARG sets is gone when
    a container starts.
    """

    base: Base
    variables: Mapping[str, str | None] = field(default_factory=dict)
    lasting: Mapping[str, str | None] = field(default_factory=dict)
    """Those of ENV alone."""

    def get(self, name: str, assumed: set[str] | None = None) -> str | None:
        """Return a value, None if it is unset. Raises `Unknown`.

        What is unset unless the base sets it is added to ``assumed``.
        """
        for scope in (self.variables, self.base.environment):
            if name in scope:
                value = scope[name]
                if value is None:
                    raise Unknown(name)
                return value
        if not self.base.is_known and assumed is not None:
            assumed.add(name)
        return None

    def with_variables(self, values: Mapping[str, str | None]) -> Environment:
        """Return it with variables that last."""
        return replace(
            self, variables={**self.variables, **values}, lasting={**self.lasting, **values}
        )

    def with_argument(self, name: str, value: str | None) -> Environment:
        """Return it with one of ARG's; one without a value leaves what is set before."""
        if value is None and (name in self.variables or name in self.base.environment):
            return self
        return replace(self, variables={**self.variables, name: value})

    def at_start(self) -> Environment:
        """Return what a container starts with."""
        return replace(self, variables=self.lasting)

    def is_on(self, name: str) -> bool:
        """Say whether a switch is set to something that means yes."""
        try:
            value = self.get(name)
        except Unknown:
            return False
        return (value or "").lower() not in ("", "0", "false", "f", "no", "n", "off")

    def known(self, name: str) -> str | None:
        """Return a value, None if it is unset or unknown."""
        try:
            return self.get(name)
        except Unknown:
            return None
