"""Random projects over a random index: forks, extras, groups and conflicts, as hypothesis draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tiny import Dist, quoted

NAMES = ("a", "b", "c", "d", "e")
EXTRAS = ("x", "y")
"""Of the distributions of the index."""
OWN_EXTRAS, OWN_GROUPS = ("one", "two", "three"), ("dev", "docs", "test")

MARKERS = (
    "sys_platform == 'linux'",
    "sys_platform != 'linux'",
    "platform_machine == 'x86_64'",
    "platform_machine == 'aarch64' or sys_platform == 'win32'",
    "python_version < '3.12'",
    "python_version >= '3.12'",
    "python_full_version >= '3.11.3' and implementation_name == 'cpython'",
    "os_name == 'posix' and platform_machine != 'x86_64'",
)
OPPOSITES = (
    ("sys_platform == 'linux'", "sys_platform != 'linux'"),
    ("platform_machine == 'x86_64'", "platform_machine != 'x86_64'"),
    ("python_version < '3.12'", "python_version >= '3.12'"),
)

Item = tuple[str, str]
"""``extra`` or ``group``, and its name."""


@dataclass(frozen=True)
class Ask:
    """What is asked of a lock."""

    extras: tuple[str, ...]
    groups: tuple[str, ...]
    platform: str
    """As uv's ``--python-platform``."""
    python: str


@dataclass(frozen=True)
class RandomProject:
    """A project, its index, and what is asked of its lock."""

    pyproject: str
    index: Sequence[Dist]
    asks: Sequence[Ask]


FORKED, DISPUTED = ("b", "c"), ("d", "e")
"""What forks, and what conflicts want in several versions: limits elsewhere would leave none."""


@st.composite
def requirements(draw: st.DrawFn, names: Sequence[str]) -> str:
    """Return a requirement of one of the names, most often without a limit or a marker."""
    name = draw(st.sampled_from(list(names)))
    extras = draw(st.sampled_from(["", "", "", "[x]", "[y]", "[x,y]"]))
    limit = "" if name in (*FORKED, *DISPUTED) else draw(st.sampled_from(["", "", ">=2", "<3"]))
    marker = draw(st.sampled_from([*[""] * len(MARKERS), *MARKERS]))
    return f"{name}{extras}{limit}" + (f" ; {marker}" if marker else "")


@st.composite
def indexes(draw: st.DrawFn) -> list[Dist]:
    """Return an index: what stands later is needed by what stands before, and seldom otherwise."""
    dists = []
    for number, name in enumerate(NAMES):
        later = NAMES[number + 1 :] or NAMES[:1]
        for version in range(1, draw(st.integers(2, 3)) + 1):
            names = NAMES if draw(st.integers(0, 9)) == 0 else later
            needs = draw(st.lists(requirements(names), max_size=2))
            extras = {
                extra: draw(st.lists(requirements(names), max_size=2))
                for extra in EXTRAS
                if draw(st.booleans())
            }
            dists.append(Dist(name, f"{version}.0", needs, extras))
    return dists


@st.composite
def projects(draw: st.DrawFn, *, forks: bool, conflicts: bool, environments: bool) -> RandomProject:
    """Return a project; the flags say what it surely has."""
    index = draw(indexes())
    sections: dict[Item, list[str]] = {("", ""): draw(st.lists(requirements(NAMES), max_size=3))}
    for kind, names in (("extra", OWN_EXTRAS), ("group", OWN_GROUPS)):
        for name in names:
            sections[kind, name] = draw(st.lists(requirements(NAMES), max_size=2))
    if forks:
        _fork(draw, index, sections)
    sets = _conflict(draw, index, sections) if conflicts else []
    _include(draw, sections, sets)
    text = _pyproject(sections, sets)
    if environments:
        chosen = draw(st.lists(st.sampled_from(MARKERS), min_size=1, max_size=2, unique=True))
        text += f"environments = {quoted(_disjoint(chosen))}\n"
    return RandomProject(text, index, draw(st.lists(asks(), min_size=2, max_size=4)))


def _fork(draw: st.DrawFn, index: Sequence[Dist], sections: Mapping[Item, list[str]]) -> None:
    """Ask for two versions of one project on different machines."""
    versions = _versions(index)
    for name in FORKED[: draw(st.integers(1, 2))]:
        one, other = draw(st.sampled_from(OPPOSITES))
        where = draw(st.sampled_from(sorted(sections)))
        for marker in (one, other):
            version = draw(st.sampled_from(versions[name]))
            sections[where].append(f"{name}=={version} ; {marker}")


def _conflict(
    draw: st.DrawFn, index: Sequence[Dist], sections: Mapping[Item, list[str]]
) -> list[list[Item]]:
    """Let extras and groups exclude each other, and want other versions of one project."""
    versions = _versions(index)
    items = [("extra", name) for name in OWN_EXTRAS] + [("group", name) for name in OWN_GROUPS]
    sets = draw(
        st.lists(
            st.lists(st.sampled_from(items), min_size=2, max_size=3, unique=True),
            min_size=1,
            max_size=2,
        )
    )
    for name, members in zip(DISPUTED, sets, strict=False):
        for number, item in enumerate(members):
            if draw(st.integers(0, 4)):
                version = versions[name][number % len(versions[name])]
                sections[item].append(f"{name}=={version}")
    return sets


def _include(
    draw: st.DrawFn, sections: Mapping[Item, list[str]], sets: Sequence[Sequence[Item]]
) -> None:
    """Let an extra or a group take an extra of the project itself, now and then."""
    taken = {item for members in sets for item in members}
    for (kind, name), texts in sections.items():
        if kind and draw(st.integers(0, 3)) == 0:
            other = draw(st.sampled_from(OWN_EXTRAS))
            if ("extra", other) not in taken and other != name:
                texts.append(f"app[{other}]")


def _versions(index: Sequence[Dist]) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for each in index:
        versions.setdefault(each.name, []).append(each.version)
    return versions


def _disjoint(markers: Sequence[str]) -> list[str]:
    """Return environments of which no two overlap, as uv asks."""
    found: list[str] = []
    for marker in markers:
        others = " and ".join(f"({_negated(each)})" for each in found)
        found.append(f"({marker}) and {others}" if others else marker)
    return found


def _negated(marker: str) -> str:
    """Return the opposite of a marker without parentheses."""
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", "and": "or", "or": "and"}
    return " ".join(opposite.get(word, word) for word in marker.split(" "))


def _pyproject(sections: Mapping[Item, list[str]], sets: Sequence[Sequence[Item]]) -> str:
    text = '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    text += f"dependencies = {quoted(sections['', ''])}\n[project.optional-dependencies]\n"
    text += "".join(f"{name} = {quoted(sections['extra', name])}\n" for name in OWN_EXTRAS)
    text += "[dependency-groups]\n"
    text += "".join(f"{name} = {quoted(sections['group', name])}\n" for name in OWN_GROUPS)
    conflicts = ", ".join(
        f"[{', '.join(f'{{ {kind} = {name!r} }}' for kind, name in members)}]" for members in sets
    )
    return f"{text}[tool.uv]\nconflicts = [{conflicts}]\n"


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    """Return what is asked of a lock."""
    some = st.lists(st.sampled_from(OWN_EXTRAS), max_size=2, unique=True)
    groups = st.lists(st.sampled_from(OWN_GROUPS), max_size=2, unique=True)
    return Ask(
        tuple(draw(some)),
        tuple(draw(groups)),
        draw(st.sampled_from(["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"])),
        draw(st.sampled_from(["3.11", "3.12"])),
    )
