"""The verdict on a log: the decision procedure, from the steps to the causes.

1. Which steps install? Those with an installer's output, and those of the Dockerfile that would.
2. A cached one: the layer cache works.
3. Another one: back to the first that was not cached; that is why it ran (`rerun`).
4. What it downloaded: nothing, then the installer's cache works. All of it, then that was cold: the
   mount is elsewhere, as the Dockerfile tells, or is right and was empty (`cold`).
5. Two builds in a row that downloaded all, with a mount that is right: the builder keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lamina.doctor.logs.model import Log, Outcome
from lamina.doctor.subject import Subject
from lamina.doctor.verdict import cold, rerun, signs
from lamina.doctor.verdict.case import Build, Case, Examined
from lamina.doctor.verdict.model import Amount, Cause, Installing, Verdict, sum_of
from lamina.doctor.verdict.pairing import pair
from lamina.doctor.verdict.trail import trail


def judge(logs: Sequence[Log], examined: Examined, *, ignored: Collection[str] = ()) -> Verdict:
    """Return the verdict on the last build of the last log; what comes before is earlier."""
    *earlier, build = [each for log in logs for each in _builds(log, examined.subject)]
    installing = tuple(_installing(build, examined.subject))
    before = [each for other in earlier for each in _installing(other, examined.subject)]
    cases = [
        Case(each, build, tuple(old for old in before if _is_same(old, each)), examined)
        for each in installing
    ]
    return Verdict(
        log=build.log,
        steps=build.steps,
        places=build.places,
        is_shown=examined.is_shown,
        installing=installing,
        causes=tuple(each for each in _causes(build, cases) if each.code not in ignored),
    )


def _builds(log: Log, subject: Subject) -> Iterator[Build]:
    for number in sorted({step.build for step in log.steps}) or [0]:
        steps = tuple(step for step in log.steps if step.build == number)
        yield Build(log, steps, pair(steps, subject.model, log.builder))


def _installing(build: Build, subject: Subject) -> Iterator[Installing]:
    parents = {
        stage.stage.name: stage.parent.stage.name
        for stage in subject.model.stages
        if stage.stage.name and stage.parent is not None and stage.parent.stage.name
    }
    for step, place in zip(build.steps, build.places, strict=True):
        run = place.step.run if place is not None and place.step is not None else None
        if not step.installs and not (run is not None and run.installs):
            continue
        way = None if step.outcome is Outcome.CACHED else trail(step, build.steps, parents)
        amount = sum_of([Amount.of(each) for each in step.installs])
        evidence = tuple(line for install in step.installs for line in install.evidence)
        yield Installing(step, place, amount, way, evidence)


def _is_same(one: Installing, other: Installing) -> bool:
    if one.place is not None and other.place is not None:
        return one.place.instruction == other.place.instruction
    return one.step.instruction == other.step.instruction


def _causes(build: Build, cases: Sequence[Case]) -> Iterator[Cause]:
    seen: set[tuple[str, object]] = set()
    for cause in (
        *signs.failures(build),
        *(cause for case in cases if case.ran for cause in cold.causes(case)),
        *(cause for case in cases if case.ran for cause in rerun.causes(case)),
        *signs.noticed(build),
    ):
        key = (cause.code or cause.what, cause.span)
        if key not in seen and not (
            cause.span is None and any(cause.code == one for one, _ in seen)
        ):
            seen.add(key)
            yield cause
