"""What a build costs where only a registry knows the last one: ``make bench-registry``.

A registry on loopback, and Lamina with an empty store, on the 200 pins of `seed` (4.2 GB):

1. The first build and push.
2. A version bump, as on a new machine: nothing of ours but the image of the former version. It runs
   in a network of its own that has the registry and nothing else, so no package index either; and
   then with 50 ms added to each request. What the report says is compared with the registry's log.
3. One small distribution changed; a low one; the base.
4. What engines that hold the image before have to pull then: see `bench_pulls`.
5. Docker's own builds and pushes of the same project: see `bench_docker`.

    python tools/bench_registry.py [all | quick | build]

``quick`` leaves out Docker's builds, ``build`` the pulls too: a minute instead of half an hour.
Measures, and names the bar beside each figure; asserts nothing. About 40 GB of disk in TMPDIR,
freed at the end (``build``: 10 GB).
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench_docker import DockerFigures, measure_docker
from bench_pulls import Pushed, measure_pulls, other_base
from bench_seed import Bench, amount, bump
from engines import (
    CutOff,
    Program,
    ProgramFailed,
    Unavailable,
    cut_off,
    docker_registry,
    find_program,
    slow_proxy,
)
from lamina.errors import LaminaError
from registry_builds import BASE, NAME, Build, Site
from registry_log import Log
from seed import find_python, seed_base, seed_project

ROUNDS, SLOW_ROUNDS, DELAY = 5, 3, 0.05
SMALL, LOW = ("loguru", "0.7.2"), ("catboost", "1.2.7")
"""Pins to change, and to what: a small wheel that shares its layer, and a large one of its own."""
LOGGING = "log: {accesslog: {disabled: false}}\n"


@dataclass
class Results:
    """The rows of the table."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self, what: str, ours: str = "", docker: str = "", bar: str = "", note: str = ""
    ) -> None:
        """Add a row, and say at once what it says."""
        self.rows.append((what, ours, docker, bar, note))
        print(*filter(None, (what.strip(), ours, note)), sep="  ", file=sys.stderr, flush=True)

    def table(self) -> Table:
        """Return them all as one table."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("", "lamina", "docker", "bar", ""):
            table.add_column(
                heading, justify="right" if heading in ("lamina", "docker") else "left"
            )
        for row in self.rows:
            table.add_row(*row)
        return table


def main() -> int:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="?", choices=("all", "quick", "build"), default="all")
    parts = parser.parse_args().parts
    results = Results()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lamina-bench-")))
            python = find_python()
            bench = Bench(folder, seed_base(folder, python), python)
            docker = DockerFigures()
            if parts == "all":
                try:
                    docker = measure_docker(folder / "docker", bench.base, python)
                    tell_docker(docker, results)
                except (Unavailable, ProgramFailed) as error:
                    results.add("docker build", "", "failed", "", str(error)[-200:])
            registry = stack.enter_context(docker_registry(more=LOGGING))
            site = Site(bench, registry, Log(registry))
            images = measure_builds(site, docker, results)
            if parts != "build":
                measure_pulls(images, site.log, results.add)
    except (Unavailable, ProgramFailed, LaminaError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        Console(highlight=False, width=max(Console().width, 200)).print(results.table())
    return 0


def measure_builds(site: Site, docker: DockerFigures, results: Results) -> list[Pushed]:
    """Measure Lamina, and return the images that it pushed."""
    project = site.bench.folder / "project"
    shutil.copytree(seed_project(), project)
    site.bench.uv(project, "lock")
    push_base(site.bench.base, f"{site.registry.host}/{BASE}")

    first = site.build(project, "1")
    tell_first(first, docker, results)
    bump(site.bench, project)
    with cut_off(site.registry, more=LOGGING) as alone:
        log = Log(alone.registry)
        bumped = measure_bump(site, project, alone, log, docker, results)
        measure_slow(site, project, alone, log, results)

    low = changed(site, project, "low", LOW, "--cache-to", "none")
    tell_changed(f"{' '.join(LOW)} instead", low, results)
    push_base(other_base(site.bench), f"{site.registry.host}/{BASE}-changed")
    base = f"{site.registry.host}/{BASE}-changed"
    rebased = site.build(project, "rebased", "--base", base, "--cache-to", "none")
    tell_changed("another base instead", rebased, results)
    small = changed(site, project, "small", SMALL)
    tell_changed(f"{' '.join(SMALL)} instead", small, results)
    named = {"1": first, "2": bumped, "low": low, "rebased": rebased}
    titles = ("version 1", "version 2", "a low wheel changed", "the base changed")
    return [
        Pushed(title, f"{site.registry.host}/{NAME}:{tag}", built.layers)
        for title, (tag, built) in zip(titles, named.items(), strict=True)
    ]


def tell_docker(docker: DockerFigures, results: Results) -> None:
    """Tell of Docker's own builds, by the Dockerfile of the report."""
    for title, seconds, size in (
        ("docker build, first", docker.first, 0),
        ("docker push, first", docker.push, docker.push_bytes),
        ("docker build, version bump, same machine", docker.bump, 0),
        ("docker push, version bump", docker.bump_push, docker.bump_bytes),
    ):
        note = f"{amount(size)} out" if size else ""
        results.add(title, "", f"{seconds:.0f} s", "", note)


def tell_first(first: Build, docker: DockerFigures, results: Results) -> None:
    """Tell of the first build."""
    theirs, seconds = docker.first + docker.push, first.run.seconds
    ratio = f"1/{theirs / seconds:.1f} of Docker's" if theirs else ""
    results.add(
        "first build and push, empty store",
        f"{seconds:.1f} s",
        f"{theirs:.0f} s" if theirs else "",
        "1/8, aim 1/10",
        ratio,
    )
    results.add("  peak memory", amount(first.run.peak_bytes))
    results.add("  dependency bytes in", amount(first.transfer["dependency_bytes_in"]))
    results.add("  base bytes in", amount(first.transfer["base_bytes_in"]))
    out = amount(docker.push_bytes) if docker.push_bytes else ""
    results.add("  bytes out", amount(first.transfer["bytes_out"]), out)
    results.add("  layers", str(len(first.layers)), "", "", first.run.made)
    tell_agreement([first], results)


def measure_bump(
    site: Site, project: Path, alone: CutOff, log: Log, docker: DockerFigures, results: Results
) -> Build:
    """Measure some bumps, each on a new machine, where nothing but the registry is."""
    builds = []
    for index in range(ROUNDS):
        tag = str(index + 2)
        builds.append(site.build_cut_off(project, tag, alone, log, site.registry.host))
        bump(site.bench, project)
    fresh = docker.first + docker.push
    results.add(
        "version bump, registry alone",
        times(builds),
        f"{fresh:.0f} s" if fresh else "",
        "under 1 s, aim 0.5",
        "in a network namespace with nothing but loopback and the registry",
    )
    results.add("  peak memory", amount(max(each.run.peak_bytes for each in builds)))
    for count in ("dependency_bytes_in", "wheels_downloaded", "base_bytes_in"):
        results.add(f"  {count}", spread([each.transfer[count] for each in builds]), "", "0")
    results.add("  other_bytes_in", spread([each.transfer["other_bytes_in"] for each in builds]))
    besides = [each.transfer["bytes_out"] - each.own_bytes for each in builds]
    own = f"that is {spread([each.own_bytes for each in builds])}"
    results.add("  bytes out besides the project's own layer", spread(besides), "", "100,000", own)
    counts = [each.seen.besides for each in builds]
    note = f"{spread([each.transfer['requests'] for each in builds])} in all: {kinds(builds[-1])}"
    results.add("  requests besides HEADs of reused layers", spread(counts), "", "25", note)
    trips = [each.transfer["round_trips"] for each in builds]
    results.add("  round trips", spread(trips), "", "10")
    tell_agreement(builds, results)
    return builds[0]


def measure_slow(site: Site, project: Path, alone: CutOff, log: Log, results: Results) -> None:
    """Measure bumps where each request takes a while."""
    builds = []
    with slow_proxy(alone.registry, DELAY, alone.enter) as host:
        for index in range(SLOW_ROUNDS):
            builds.append(site.build_cut_off(project, f"slow{index}", alone, log, host))
            bump(site.bench, project)
    results.add(f"  {DELAY * 1000:.0f} ms more a request", times(builds), "", "2 s")
    trips = spread([each.transfer["round_trips"] for each in builds])
    results.add("  round trips then", trips, "", "", disagreements(builds))


def changed(site: Site, project: Path, tag: str, pin: tuple[str, str], *options: str) -> Build:
    """Build and push a project that has another version of one distribution."""
    name, version = pin
    other = site.bench.folder / tag
    shutil.copytree(project, other)
    pyproject = other / "pyproject.toml"
    text = re.sub(rf'"{name}==[^"]+"', f'"{name}=={version}"', pyproject.read_text())
    pyproject.write_text(text)
    site.bench.uv(other, "lock", "--upgrade-package", f"{name}=={version}")
    return site.build(other, tag, *options)


def tell_changed(title: str, build: Build, results: Results) -> None:
    """Tell what a change made necessary."""
    transfer = build.transfer
    results.add(title, f"{build.run.seconds:.2f} s", "", "", build.run.made)
    names = [each["name"] for layer in build.made for each in layer["distributions"]]
    results.add(
        "  wheels downloaded",
        str(transfer["wheels_downloaded"]),
        "",
        "those of its layer" if names else "0",
        f"of its layer: {', '.join(names)}" if names else "",
    )
    results.add("  dependency bytes in", amount(transfer["dependency_bytes_in"]))
    results.add("  base bytes in", amount(transfer["base_bytes_in"]))
    uploads = {each["digest"]: each for each in build.layers}
    pushed = [
        f"{uploads[digest]['kind']} {amount(uploads[digest]['size'])}"
        for digest in build.seen.uploads
        if digest in uploads
    ]
    results.add("  bytes out", amount(transfer["bytes_out"]), "", "", ", ".join(pushed))
    tell_agreement([build], results)


def tell_agreement(builds: Sequence[Build], results: Results) -> None:
    """Tell whether the reports say what the registry saw."""
    differ = disagreements(builds)
    results.add("  report and registry's log", "differ" if differ else "agree", "", "agree", differ)


def disagreements(builds: Sequence[Build]) -> str:
    """Return what the reports say that the registry did not see."""
    return "; ".join(sorted({each.disagreements for each in builds} - {""}))


def push_base(base: str, name: str) -> None:
    """Push a base from its layout."""
    skopeo = Program((find_program("skopeo"), "--insecure-policy"))
    skopeo("copy", "--dest-tls-verify=false", f"oci:{base}", f"docker://{name}")


def kinds(build: Build) -> str:
    """Count the requests of a build by what they are about."""
    found = Counter(
        f"{each.method} {about} {each.status}"
        for each in build.seen.each
        for about in ("manifest", "upload", "blob")
        if f"/{about}s/" in each.path and not (about == "blob" and "/uploads/" in each.path)
    )
    return ", ".join(f"{count} {what}" for what, count in sorted(found.items()))


def times(builds: Sequence[Build]) -> str:
    """Write how long some builds took: the median, and the extremes."""
    seconds = sorted(each.run.seconds for each in builds)
    return f"{statistics.median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f})"


def spread(values: Sequence[int]) -> str:
    """Write some counts: one, or from the least to the most."""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


if __name__ == "__main__":
    sys.exit(main())
