"""Random projects, locked by the real uv: we choose what it chooses, and refuse what it refuses.

``LAMINA_EXAMPLES`` is how many of each kind are tried (`make scenarios-random` tries many); without
it they are few, and the same at each run.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from integration.oracle.bench import Bench, open_bench
from integration.oracle.random_projects import Ask, RandomProject, projects
from integration.uv_oracle import full_version
from lamina.lock.model import LockError
from lamina.lock.select import select
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Extras, Groups, Wanted
from lamina.oci.descriptor import Platform

pytestmark = [pytest.mark.integration, pytest.mark.scenarios]

EXAMPLES = os.environ.get("LAMINA_EXAMPLES")
laws = settings(
    max_examples=int(EXAMPLES or 25),
    derandomize=EXAMPLES is None,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=tuple(Phase) if EXAMPLES else (Phase.generate,),
    print_blob=True,
)

MACHINES = {"x86_64-manylinux_2_28": "linux/amd64", "aarch64-manylinux_2_28": "linux/arm64"}
ADDED = re.compile(r"^ \+ ([\w.-]+)==(\S+)$", re.MULTILINE)
UNSOLVABLE = re.compile(r"No solution found")
KINDS = {
    "forks": projects(forks=True, conflicts=False, environments=False),
    "conflicts": projects(forks=False, conflicts=True, environments=False),
    "conflicts in forks": projects(forks=True, conflicts=True, environments=False),
    "environments": projects(forks=True, conflicts=False, environments=True),
}
numbers = count()

Answer = frozenset[tuple[str, str]] | None
"""Names and versions; None where it is refused."""


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with open_bench() as bench:
        yield bench


@pytest.mark.parametrize("kind", KINDS)
def test_we_choose_what_uv_chooses(bench: Bench, kind: str) -> None:
    tally: Counter[str] = Counter()

    @laws
    @given(KINDS[kind])
    def law(project: RandomProject) -> None:
        tally.update(check(bench, project))

    law()

    # Else the law would say nothing.
    assert tally["locked"] > tally["unlocked"] / 2, tally
    assert tally["installed"] > tally["refused"] / 2, tally
    assert tally["differing"], tally


def check(bench: Bench, project: RandomProject) -> Counter[str]:
    """Compare all that is asked of a project, if it can be locked; return what has happened."""
    name = f"random-{next(numbers)}"
    folder = bench.root / name
    folder.mkdir()
    index = bench.server.add_index(name, project.index)
    table = f'[[tool.uv.index]]\nurl = "{index}"\ndefault = true\n'
    (folder / "pyproject.toml").write_text(project.pyproject + table)
    done = bench.uv(folder, bench.base("3.11")[0], "lock")
    if done.returncode != 0:
        assert UNSOLVABLE.search(done.stderr), (done.stderr, project.pyproject)
        return Counter({"unlocked": 1})
    tally = Counter({"locked": 1})
    answers = set()
    for ask in project.asks:
        theirs = chosen_by_uv(bench, folder, ask)
        assert chosen(bench, folder, ask) == theirs, (ask, project.pyproject)
        tally["refused" if theirs is None else "installed"] += 1
        answers.add(theirs)
    tally["differing"] += len(answers) > 1
    shutil.rmtree(folder)
    return tally


def chosen_by_uv(bench: Bench, folder: Path, ask: Ask) -> Answer:
    asked = [flag for extra in ask.extras for flag in ("--extra", extra)]
    asked += [flag for group in ask.groups for flag in ("--group", group)]
    flags = ["--frozen", "--no-default-groups", "--python-platform", ask.platform, "--dry-run"]
    done = bench.uv(folder, bench.base(ask.python)[0], "sync", *flags, *asked)
    if done.returncode != 0:
        assert "error:" in done.stderr, done.stderr
        return None
    return frozenset(ADDED.findall(done.stderr))


def chosen(bench: Bench, folder: Path, ask: Ask) -> Answer:
    version = full_version(bench.base(ask.python)[0])
    target = make_target(Platform.parse(MACHINES[ask.platform]), version, Libc("glibc", (2, 28)))
    lock = parse((folder / "uv.lock").read_text())
    wanted = Wanted(
        extras=Extras(named=frozenset(ask.extras)), groups=Groups(named=frozenset(ask.groups))
    )
    try:
        selection = select(lock, target, wanted)
    except LockError:
        return None
    return frozenset((each.name, str(each.version)) for each in selection.distributions)
