"""The build logs that ``--log`` names, read once and never held as a whole."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.doctor.logs import Builder, Log, read_log
from lamina.doctor.logs.decode import decoded
from lamina.errors import LaminaError

STANDARD_INPUT = Path("-")


class LogUnreadable(LaminaError):
    """A build log that cannot be read, or that says nothing."""


@dataclass(frozen=True, slots=True)
class BuildLog:
    """A log, and what it is called in the output."""

    name: str
    log: Log


def read_logs(paths: Sequence[Path]) -> tuple[BuildLog, ...]:
    """Read all logs, the oldest first; ``-`` is standard input."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> BuildLog:
    name = "standard input" if path == STANDARD_INPUT else path.as_posix()
    try:
        if path == STANDARD_INPUT:
            log = read_log(decoded(sys.stdin.buffer))
        else:
            with path.open("rb") as stream:
                log = read_log(decoded(stream))
    except FileNotFoundError:
        raise LogUnreadable(
            f"Unable to find a build log at `{path}`",
            hint=f"Write one: `docker build --progress=plain . 2>{path}`",
        ) from None
    except OSError as error:
        raise LogUnreadable(f"Unable to read the build log `{path}`: {error.strerror}") from error
    if log.builder is Builder.NONE and not log.steps and not log.signals:
        raise LogUnreadable(
            f"Unable to find a build in `{name}`: none of its lines ({log.lines}) is one of"
            " BuildKit, of Docker's classic builder, of Buildah, Podman or kaniko, or of an"
            " installer",
            hint="Write the log with `docker build --progress=plain . 2>build.log`",
        )
    return BuildLog(name, log)
