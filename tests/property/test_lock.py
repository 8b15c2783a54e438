"""Laws of the lock: no input gives a traceback, order says nothing, conditions are canonical."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from lamina.errors import LaminaError
from lamina.lock.equivalence import Term, same_terms
from lamina.lock.freshness import check
from lamina.lock.markers import Condition, Evaluator, Truth, holds
from lamina.lock.model import LockError
from lamina.lock.select import select
from lamina.lock.uvlock import parse
from lamina.lock.wanted import Extras, Wanted
from unit.lock.locks import lock_text, package, project, target

TARGET = target("3.12.4")
EXTRAS = ("a", "b", "c")

atoms = st.one_of(
    st.builds("extra {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from(EXTRAS)),
    st.builds("sys_platform {} 'linux'".format, st.sampled_from(["==", "!="])),
    st.builds(
        "python_full_version {} '{}'".format,
        st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
        st.sampled_from(["3.11", "3.12.4", "3.13"]),
    ),
)
markers = st.recursive(
    atoms,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
)
activations = [set(some) for size in range(4) for some in combinations(EXTRAS, size)]


def table(truth: Truth) -> list[bool]:
    return [holds(truth, active) for active in activations]


@given(markers, markers)
def test_two_conditions_are_identical_exactly_when_they_always_agree(one: str, other: str) -> None:
    evaluator = Evaluator(TARGET.marker_environment)
    first, second = evaluator.condition(one), evaluator.condition(other)

    assert (first is second) == (table(first) == table(second))


@given(markers, markers)
def test_both_and_either_are_what_they_say(one: str, other: str) -> None:
    evaluator = Evaluator(TARGET.marker_environment)
    first, second = evaluator.condition(one), evaluator.condition(other)
    pairs = list(zip(table(first), table(second), strict=True))

    assert table(evaluator.both(first, second)) == [a and b for a, b in pairs]
    assert table(evaluator.either(first, second)) == [a or b for a, b in pairs]


@given(markers.filter(lambda marker: "extra" not in marker))
def test_a_marker_without_extras_is_what_packaging_says(marker: str) -> None:
    truth = Evaluator(TARGET.marker_environment).condition(marker)

    assert not isinstance(truth, Condition)
    assert truth == Marker(marker).evaluate(dict(TARGET.marker_environment))


@given(markers)
def test_a_marker_means_the_same_as_packaging_writes_it(marker: str) -> None:
    one, other = Term((marker,)), Term((str(Marker(marker)),))

    for extra in EXTRAS:
        assert same_terms(
            [one],
            [other],
            requires_python=parse("version = 1").requires_python,
            active=frozenset({extra}),
        )


ENTRIES = [
    project('{ name = "p0" }, { name = "p3" }'),
    package("p0", needs='{ name = "p1" }, { name = "p2", extra = ["x"] }'),
    package("p1", needs='{ name = "p0" }'),
    package("p2", more='[package.optional-dependencies]\nx = [{ name = "p4" }]'),
    package("p3", needs="""{ name = "p5", marker = "sys_platform == 'win32'" }"""),
    package("p4", wheels=["p4-1.0-py3-none-any.whl", "p4-1.0-cp312-cp312-linux_x86_64.whl"]),
    package("p5"),
]


@given(st.permutations(ENTRIES))
def test_the_order_of_the_packages_does_not_matter(entries: list[str]) -> None:
    expected = select(parse(lock_text(*ENTRIES)), TARGET)

    assert select(parse(lock_text(*entries)), TARGET) == expected
    assert [d.name for d in expected.distributions] == ["p0", "p1", "p2", "p3", "p4"]


def inline(value: Any) -> str:
    """Write a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def document(value: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(k)} = {inline(v)}\n" for k, v in value.items())


WORDS = (
    "name", "version", "source", "registry", "git", "url", "path", "directory", "editable",
    "virtual", "subdirectory", "wheels", "filename", "hash", "size", "sdist", "dependencies",
    "optional-dependencies", "dev-dependencies", "metadata", "requires-dist", "requires-dev",
    "provides-extras", "extra", "extras", "marker", "specifier", "package", "group",
)  # fmt: skip
TEXTS = [
    "",
    ".",
    "app",
    "1.0",
    "x" * 3,
    "sys_platform == 'linux'",
    "https://[",
    "a-1-py3-none-any.whl",
]
TEXTS += ["https://files.example/app-1.0-py3-none-any.whl", "sha256:00", "extra == 'extra-3-app-x'"]

odd = st.recursive(
    st.one_of(st.booleans(), st.integers(-2, 10**30), st.floats(0, 1), st.sampled_from(TEXTS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=20,
)
plain = {
    "name": st.just("app"),
    "source": st.sampled_from([{"virtual": "."}, {"registry": "https://index.example/simple"}]),
}
entries = st.fixed_dictionaries(plain, optional={word: odd for word in WORDS if word not in plain})
locks = st.fixed_dictionaries(
    {"version": st.just(1), "package": st.one_of(st.lists(entries, max_size=3), odd)},
    optional=dict.fromkeys(
        ["revision", "requires-python", "resolution-markers", "supported-markers", "conflicts",
         "manifest"],
        odd,
    ),
)  # fmt: skip


@given(locks)
def test_a_lock_of_any_shape_is_read_or_refused_without_a_traceback(shape: dict[str, Any]) -> None:
    with suppress(LockError):
        locked = parse(document(shape))
        check(locked, {"project": {"name": "app"}})
        select(locked, TARGET, Wanted(extras=Extras(all=True)))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_without_a_traceback(text: str) -> None:
    with suppress(LockError):
        parse(text)


projects = st.fixed_dictionaries(
    {"project": st.fixed_dictionaries({"name": st.just("app")}, optional={
        key: odd
        for key in ("requires-python", "dependencies", "optional-dependencies", "dynamic")
    })},
    optional={"dependency-groups": odd, "tool": st.fixed_dictionaries({"uv": st.fixed_dictionaries(
        {}, optional={
            key: odd
            for key in ("sources", "index", "conflicts", "environments", "dev-dependencies",
                        "constraint-dependencies", "override-dependencies", "no-sources")
        })})},
)  # fmt: skip


@given(projects)
def test_a_pyproject_of_any_shape_is_compared_without_a_traceback(shape: dict[str, Any]) -> None:
    locked = parse(lock_text(project(more="[package.metadata]\nrequires-dist = []")))
    with suppress(LaminaError):
        check(locked, tomllib.loads(document(shape)))
