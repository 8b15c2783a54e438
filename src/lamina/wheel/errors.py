"""What is wrong with a wheel, said with the wheel's name."""

from __future__ import annotations

from lamina.errors import LaminaError

_SHOWN = 10


class WheelError(LaminaError):
    """A wheel that breaks its format, or whose files would harm the environment.

    The parsers of this package see pieces of a wheel and raise this with the faults alone; who
    has the wheel in hand raises ``error.of(filename)`` instead. The faults are listed sorted.
    """

    def __init__(self, *faults: str, wheel: str = "") -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__(
            _message(self.faults, wheel),
            hint="The file was published like this; report it to the project, or lock another one",
        )

    def of(self, wheel: str) -> WheelError:
        """Return the same error, which names the wheel that has the faults."""
        return WheelError(*self.faults, wheel=wheel)


def _message(faults: tuple[str, ...], wheel: str) -> str:
    subject = f"wheel `{wheel}`" if wheel else "the wheel"
    if len(faults) == 1:
        return f"Unable to unpack {subject}: {faults[0]}"
    lines = [f"Unable to unpack {subject}:", *(f"  {fault}" for fault in faults[:_SHOWN])]
    if len(faults) > _SHOWN:
        lines.append(f"  and {len(faults) - _SHOWN} more")
    return "\n".join(lines)
