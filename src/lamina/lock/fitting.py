"""Whether a lock was made for a target."""

from __future__ import annotations

from packaging.version import Version

from lamina.lock.markers import Evaluator
from lamina.lock.model import Lock, LockError
from lamina.lock.target import Target


class TargetMismatch(LockError):
    """A target that the lock was not made for."""


_ENVIRONMENTS = "To support it, add it to `environments` of `[tool.uv]` and run `uv lock`"


def check_target(lock: Lock, target: Target, evaluator: Evaluator) -> None:
    """Raise `TargetMismatch` unless the lock was made for such a target."""
    # Only the release counts: 3.14.0rc1 is 3.14.0 here, as in uv.
    release = Version(target.python.base_version)
    if not lock.requires_python.contains(release, prereleases=True):
        raise TargetMismatch(
            f"Python {target.python} does not satisfy `requires-python` of `{lock.path}`\n"
            f"  expected: {lock.requires_python}\n"
            f"  got:      {target.python}",
            hint="Choose another Python",
        )
    for markers in (lock.supported_markers, lock.resolution_markers):
        if markers and not evaluator.can_hold(markers):
            raise TargetMismatch(
                f"`{lock.path}` is not made for {target}\n"
                + "\n".join(f"  supports: {marker}" for marker in markers),
                hint=_ENVIRONMENTS if lock.listing is None else lock.remedy,
            )
