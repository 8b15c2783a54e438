"""Whether a wheel that was built on this machine can be used in an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from packaging.utils import parse_wheel_filename

from lamina.errors import LaminaError
from lamina.lock.target import Libc, Target
from lamina.pythons.interpreter import Interpreter


class DoesNotFit(LaminaError):
    """A wheel that was built here and that the image cannot use."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"Unable to use the wheel of `{what}` that was built here: {why}")
        self.what = what
        self.why = why


class ForeignWheels(LaminaError):
    """Wheels that were built here and that the image cannot use, every one of them."""

    def __init__(self, target: Target, misfits: Sequence[DoesNotFit]) -> None:
        self.misfits = tuple(misfits)
        width = max(len(misfit.what) for misfit in misfits)
        rows = sorted(f"  {misfit.what:<{width}}   {misfit.why}" for misfit in misfits)
        super().__init__(
            "\n".join([f"What has compiled parts must be built on {target}", *rows]),
            hint="Run `lamina` on such a machine, or lock versions that have wheels for it",
        )


def raise_all(target: Target, errors: Iterable[ForeignWheels]) -> None:
    """Raise one error of all that are given, if there is any."""
    if misfits := [misfit for error in errors for misfit in error.misfits]:
        raise ForeignWheels(target, misfits)


def check_fits(
    what: str,
    filename: str,
    glibc: int | None,
    builder: Callable[[], Interpreter],
    target: Target,
) -> None:
    """Raise `DoesNotFit` unless a wheel fits the target; a pure one fits all.

    ``glibc`` is as `needed_glibc` has it, and ``builder`` gives the interpreter that the wheel was
    built with; ``what`` is what errors call the wheel.
    """
    tags = parse_wheel_filename(filename)[3]
    if tags.isdisjoint(target.tags):
        raise DoesNotFit(what, _misfit(filename, builder(), target))
    if all(tag.platform == "any" for tag in tags):
        return
    kind = "glibc" if builder().libc.startswith("glibc") else "musl"
    if kind != target.libc.kind:
        raise DoesNotFit(what, f"was built with {kind}, the base has {target.libc}")
    if kind == "glibc" and glibc is not None and (2, glibc) > target.libc.version:
        needed = Libc("glibc", (2, glibc))
        raise DoesNotFit(what, f"needs {needed}, the base has {target.libc}")


def _misfit(filename: str, builder: Interpreter, target: Target) -> str:
    tags = "-".join(filename.removesuffix(".whl").split("-")[-3:])
    if builder.minor != target.python_tag:
        return f"was built as {tags}: no Python {target.python_tag} was found to build it with"
    return f"was built as {tags}"
