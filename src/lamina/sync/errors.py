"""Why an environment cannot be brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lamina.environment.place import SETTINGS
from lamina.errors import LaminaError

_SHOWN = 10


class SyncError(LaminaError):
    """What keeps an environment from being brought up to date."""


class EnvironmentUnusable(SyncError):
    """The file system refuses what must be done in the environment."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"Unable to write to `{error.filename or path}`: {error.strerror or error}",
            hint="The environment is not finished; once this is mended, run the command again, "
            "which goes on from there",
        )


class NotMadeAnew(SyncError):
    """The file system refuses what must be done to make an environment anew."""

    def __init__(self, prefix: Path, error: LaminaError) -> None:
        cause = error.__cause__
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        is_there = (prefix / SETTINGS).is_file()
        super().__init__(
            f"Unable to make the environment at `{prefix}` anew: {why}",
            hint=f"{'It is as it was' if is_there else 'There is none now'}; once this is mended, "
            "run the command again",
        )


class InTheWay(SyncError):
    """Files that no distribution has, where files of distributions would go."""

    def __init__(self, prefix: Path, found: Sequence[tuple[str, str]]) -> None:
        """``found`` has paths below ``prefix``, each with the distribution that has such a file."""
        lines = [f"  `{path}` of {name}" for path, name in sorted(found)[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  and {len(found) - _SHOWN} more")
        super().__init__(
            "\n".join(
                [f"Files that no distribution has are in the way in `{prefix}`, and of:", *lines]
                if len(found) > 1
                else [
                    f"Unable to install {found[0][1]}: `{found[0][0]}` in `{prefix}` is of no "
                    "distribution"
                ]
            ),
            hint="Nothing was changed; move them away, or remove them"
            if len(found) > 1
            else "Nothing was changed; move it away, or remove it",
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the file system refuses in an environment into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise EnvironmentUnusable(path, error) from error
