"""Small lockfiles, written in the tests that read them."""

from __future__ import annotations

from collections.abc import Iterable

from lamina.lock.model import Archive, Lock
from lamina.lock.select import Selection, select
from lamina.lock.target import Libc, Target, make_target
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Extras, Groups, Wanted
from lamina.oci.descriptor import Platform

INDEX = "https://index.example/simple"
HASH = "sha256:" + "ab" * 32
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def target(
    python: str = "3.12.4",
    platform: str = "linux/amd64",
    libc: Libc | None = None,
    *,
    free_threaded: bool = False,
) -> Target:
    """Return a target of which only what matters to a test is given."""
    libc = libc or Libc("glibc", (2, 36))
    return make_target(Platform.parse(platform), python, libc, free_threaded=free_threaded)


def wanted(
    *, extras: Iterable[str] = (), groups: Iterable[str] = (), project: str | None = None
) -> Wanted:
    """Return what asks for extras and groups of a project."""
    return Wanted(
        project=project,
        extras=Extras(named=frozenset(extras)),
        groups=Groups(named=frozenset(groups)),
    )


def wheel(filename: str) -> str:
    """Return the entry of a wheel on the index."""
    return f'{{ url = "https://files.example/{filename}", hash = "{HASH}", size = 7 }}'


def package(
    name: str,
    version: str = "1.0",
    *,
    wheels: Iterable[str] | None = None,
    needs: str = "",
    more: str = "",
) -> str:
    """Return the entry of a package on the index, by default with one pure wheel."""
    if wheels is None:
        wheels = [f"{name.replace('-', '_')}-{version}-py3-none-any.whl"]
    return f"""
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "{INDEX}" }}
dependencies = [{needs}]
wheels = [{", ".join(wheel(filename) for filename in wheels)}]
{more}
"""


def project(needs: str = "", more: str = "", name: str = "app") -> str:
    """Return the entry of the project that the lockfile lies beside."""
    return f"""
[[package]]
name = "{name}"
version = "0.1.0"
source = {{ virtual = "." }}
dependencies = [{needs}]
{more}
"""


def lock_text(*entries: str, head: str = "") -> str:
    """Return a lockfile with these entries."""
    return f'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n{head}\n' + "".join(entries)


def lock(*entries: str, head: str = "") -> Lock:
    """Return what `lock_text` says, parsed."""
    return parse(lock_text(*entries, head=head))


def chosen(selection: Selection) -> list[str]:
    """Return name and version of each distribution."""
    return [f"{d.name} {d.version}" for d in selection.distributions]


def filenames(locked: Lock, for_: Target) -> list[str]:
    """Return the wheels that are selected."""
    artifacts = [d.artifact for d in select(locked, for_).distributions]
    return [artifact.filename for artifact in artifacts if isinstance(artifact, Archive)]
