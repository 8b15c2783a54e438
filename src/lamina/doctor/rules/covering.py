"""Is a tool's cache on a mount? What the rules about mounts ask."""

from __future__ import annotations

import posixpath
import re

from lamina.dockerfile.model.run import CacheFolder, Invocation, PlacedMount, Run
from lamina.dockerfile.model.tools import TOOLS
from lamina.dockerfile.model.users import ROOT

VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
FOLDERS = {tool.folder: tool.name for tool in TOOLS}
_TOOL_WORDS = frozenset(FOLDERS) | {"poetry", "python", ".cache", "cache", "~"}
_OTHERS = frozenset(
    {"apt", "dpkg", "apk", "dnf", "yum", "npm", ".npm", "pnpm", "yarn", "cargo", ".cargo", "go",
     "go-build", "ccache", "sccache", "huggingface", "torch", "node_modules", ".gradle", ".m2"}
)  # fmt: skip


def covers(mount: PlacedMount, cache: CacheFolder) -> bool:
    """Say whether a tool's cache is on a mount."""
    return mount.path is not None and cache.path is not None and is_below(cache.path, mount.path)


def is_below(path: str, folder: str) -> bool:
    """Say whether a path is a folder, or in it."""
    return posixpath.commonpath([path, folder]) == folder


def is_covered(run: Run, invocation: Invocation) -> bool:
    """Say whether a command's cache is on one of its mounts."""
    return any(covers(mount, invocation.cache) for mount in run.caches)


def in_roots_home(run: Run) -> PlacedMount | None:
    """Return a cache mount in the home of root, of a step that another user runs."""
    if run.before.user.name == ROOT.name or run.before.user.is_root:
        return None
    return next((mount for mount in run.caches if is_below(mount.path or "/", "/root")), None)


def meant(run: Run) -> list[tuple[PlacedMount, Invocation]]:
    """Return the cache mounts that are meant for a tool's cache and miss it."""
    found = []
    for invocation in run.installs:
        cache = invocation.cache
        if cache.is_off or cache.path is None or is_covered(run, invocation):
            continue
        for mount in run.caches:
            if mount.path is not None and _is_meant(mount, invocation, run):
                found.append((mount, invocation))
    # Each mount once: the first command that it was meant for tells enough.
    firsts = {mount.span: (mount, invocation) for mount, invocation in reversed(found)}
    return [firsts[span] for span in sorted(firsts)]


def _is_meant(mount: PlacedMount, invocation: Invocation, run: Run) -> bool:
    if any(covers(mount, each.cache) for each in run.invocations):
        return False
    words = [word for word in (mount.path or "").lower().split("/") if word]
    if _OTHERS & set(words):
        return False
    parts = {part for word in words for part in re.split(r"[-_]", word)} | set(words)
    return bool(parts & _TOOL_WORDS) or len(run.caches) == 1


def assumption(run: Run, names: frozenset[str]) -> tuple[str, ...]:
    """Return the note that a finding holds unless the base image sets one of some variables."""
    if not names or run.before.base.is_known:
        return ()
    *others, last = [f"`{name}`" for name in sorted(names)]
    listed = f"{', '.join(others)} or {last}" if others else last
    base = run.before.base.name
    image = f"`{base}`" if base else "the base image"
    return (f"Unless {image} sets {listed}: `--pull` asks it",)


def unmounted(run: Run) -> list[Invocation]:
    """Return the first command of each tool whose cache is in the layer, with no mount for it."""
    told = {invocation.line.tool.name for _, invocation in meant(run)}
    found = []
    for invocation in run.installs:
        tool = invocation.line.tool.name
        is_kept = not invocation.cache.is_off and invocation.cache.path is not None
        if invocation.line.shown == "uv run":
            # Mostly, what it would install is installed already.
            continue
        if is_kept and tool not in told and not is_covered(run, invocation):
            told.add(tool)
            found.append(invocation)
    return found
