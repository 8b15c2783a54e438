"""From wishes to packages, in worlds of a few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from debs import stanza
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesFile, PackagesIndex
from lamina.deb.preferences import Preferences, parse_preferences
from lamina.deb.resolver import Resolution, Unsatisfiable, resolve
from lamina.deb.search import SearchTooLong
from lamina.deb.wish import Wish


def index(*stanzas: str, suite: str = "trixie", priority: int = 500) -> PackagesFile:
    return PackagesFile("\n".join(stanzas).encode(), suite, priority)


def base(*stanzas: str) -> Installed:
    return Installed.parse(["\n".join(stanzas).encode()], where="the base")


def solve(
    wishes: str,
    files: PackagesFile | Iterable[PackagesFile],
    installed: Installed | None = None,
    preferred: Mapping[str, str] | None = None,
) -> Resolution:
    found = [files] if isinstance(files, PackagesFile) else files
    return resolve(
        [Wish.parse(wish) for wish in wishes.split()],
        PackagesIndex(found),
        installed or Installed.nothing(),
        architecture="amd64",
        preferred=preferred or {},
    )


def names(found: Resolution) -> list[str]:
    return [f"{package.name} {package.version}" for package in found.packages]


def refusal(
    wishes: str,
    files: PackagesFile | Iterable[PackagesFile],
    installed: Installed | None = None,
) -> str:
    with pytest.raises(Unsatisfiable) as caught:
        solve(wishes, files, installed)
    header, _, chain = str(caught.value).partition("\n")
    assert header.startswith("Unable to install `")
    assert caught.value.hint == (
        "The base may be older or newer than the archives; take a base that is up to date, or ask "
        "for other versions"
    )
    return chain


def depends(*relations: str) -> str:
    return f"Depends: {', '.join(relations)}\n"


# Dependencies (Policy 7.2)


def test_what_a_package_depends_on_comes_with_it_and_what_it_recommends_does_not() -> None:
    packages = index(
        stanza("aa", "1", fields="Depends: bb (>= 1)\nPre-Depends: cc\nRecommends: dd\n"),
        stanza("bb", "1"),
        stanza("cc", "1"),
        stanza("dd", "1"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "bb 1", "cc 1"]


def test_cycles_end() -> None:
    packages = index(stanza("aa", "1", fields=depends("bb")), stanza("bb", fields=depends("aa")))

    assert names(solve("aa", packages)) == ["aa 1", "bb 1.0-1"]


@pytest.mark.parametrize(
    ("relation", "is_met"),
    [
        ("<< 2.0", False),
        ("<= 2.0", True),
        ("= 2.0", True),
        (">= 2.0", True),
        (">> 2.0", False),
        (">> 2.0~rc1", True),
        ("<< 1:0", True),
        ("= 2.0-0", True),
    ],
)
def test_versions_are_compared_in_debians_order(relation: str, is_met: bool) -> None:
    packages = index(stanza("aa", "1", fields=depends(f"bb ({relation})")), stanza("bb", "2.0"))

    if is_met:
        assert names(solve("aa", packages)) == ["aa 1", "bb 2.0"]
    else:
        assert refusal("aa", packages) == (
            f"  aa depends on bb ({relation}), but the archive has 2.0"
        )


def test_of_alternatives_the_first_that_can_be_had_is_taken() -> None:
    fields = depends("missing | old (>= 2) | broken | good | other")
    packages = index(
        stanza("aa", "1", fields=fields),
        stanza("old", "1"),
        stanza("broken", "1", fields=depends("missing")),
        stanza("good", "1"),
        stanza("other", "1"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "good 1"]


def test_an_alternative_that_is_there_or_chosen_is_enough() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("first | second")),
        stanza("first", "1"),
        stanza("second", "1"),
    )

    assert names(solve("aa second", packages)) == ["aa 1", "second 1"]
    assert names(solve("aa", packages, base(stanza("second", "1")))) == ["aa 1"]


def test_an_alternative_that_the_base_has_is_upgraded_before_another_is_installed() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("first (>= 2) | second (>= 2)")),
        stanza("first", "2"),
        stanza("second", "2"),
    )

    found = solve("aa", packages, base(stanza("second", "1")))

    assert names(found) == ["aa 1", "second 2"]


def test_choices_are_made_depth_first_as_apt_makes_them() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("first | second", "cc")),
        stanza("bb", "1", fields=depends("cc", "first | second")),
        stanza("cc", "1", fields=depends("second")),
        stanza("first", "1"),
        stanza("second", "1"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "cc 1", "first 1", "second 1"]
    assert names(solve("bb", packages)) == ["bb 1", "cc 1", "second 1"]


def test_choices_that_lead_nowhere_are_taken_back() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("bb | cc", "dd | ee", "ff")),
        stanza("bb", "1"),
        stanza("cc", "1"),
        stanza("dd", "1", fields="Conflicts: cc\n"),
        stanza("ee", "1"),
        stanza("ff", "1", fields="Breaks: bb\n"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "cc 1", "ee 1", "ff 1"]


def test_a_choice_that_a_far_need_forbids_is_not_tried_in_every_combination() -> None:
    """Of 2^40 combinations the last is right."""
    last = stanza("end", "1", fields=f"Conflicts: {', '.join(f'a{n}' for n in range(40))}\n")
    steps = [
        stanza(f"s{n}", "1", fields=depends(f"a{n} | b{n}", "end" if n == 39 else f"s{n + 1}"))
        for n in range(40)
    ]
    choices = [stanza(f"{side}{n}", "1") for side in "ab" for n in range(40)]

    found = names(solve("s0", index(last, *steps, *choices)))

    assert len(found) == 81
    assert "b0 1" in found


def test_where_no_candidates_go_together_other_versions_do() -> None:
    packages = [
        index(stanza("lib", "1"), stanza("lib-dev", "1", fields=depends("lib (= 1)"))),
        index(stanza("lib", "2"), suite="trixie-security"),
    ]

    assert names(solve("lib-dev", packages)) == ["lib 1", "lib-dev 1"]
    assert names(solve("lib", packages)) == ["lib 2"]


# Provides (Policy 7.5)


def test_a_real_package_goes_before_those_that_provide_its_name() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("awk")),
        stanza("awk", "1"),
        stanza("mawk", "1", fields="Priority: required\nProvides: awk\n"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "awk 1"]


def test_of_providers_the_highest_priority_is_taken_then_the_last_named() -> None:
    def provider(name: str, priority: str) -> str:
        return stanza(name, "1", fields=f"Priority: {priority}\nProvides: awk\n")

    first = [stanza("xx", fields="Suggests: nawk\n"), stanza("aa", "1", fields=depends("awk"))]
    optional = [provider(name, "optional") for name in ("original-awk", "gawk", "nawk")]

    assert names(solve("aa", index(*first, *optional))) == ["aa 1", "gawk 1"]
    required = provider("mawk", "required")
    assert names(solve("aa", index(required, *first, *optional))) == ["aa 1", "mawk 1"]


def test_where_a_name_stands_first_is_not_mistaken() -> None:
    def provider(name: str) -> str:
        return stanza(name, "1", fields="Provides: awk\n")

    others = [
        stanza("bb", fields="Built-Using: mawk\n"),
        stanza("cc", fields="Depends: mawk-doc, libmawk, mawk:any\nSuggests: b (= mawk)\n"),
    ]
    wants = stanza("aa", "1", fields=depends("awk"))

    found = solve("aa", index(*others, wants, provider("gawk"), provider("mawk")))

    assert names(found) == ["aa 1", "mawk 1"]


def test_a_provider_that_the_base_has_is_enough() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("awk")), stanza("gawk", "1", fields="Provides: awk\n")
    )

    assert names(solve("aa", packages, base(stanza("mawk", "1", fields="Provides: awk\n")))) == [
        "aa 1"
    ]


def test_what_is_provided_without_a_version_meets_no_versioned_relation() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("api (>= 2)")),
        stanza("none", "1", fields="Provides: api\n"),
        stanza("one", "1", fields="Provides: api (= 1)\n"),
    )
    three = index(stanza("three", "1", fields="Provides: api (= 3)\n"))

    assert names(solve("aa", [packages, three])) == ["aa 1", "three 1"]
    assert refusal("aa", packages) == (
        "  aa depends on api (>= 2), but what the archive has for it is of another version"
    )


def test_a_package_may_provide_another_version_of_itself() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("bb (>= 5)")),
        stanza("bb", "1", fields="Provides: bb (= 5)\n"),
    )

    assert names(solve("aa", packages)) == ["aa 1", "bb 1"]


# Conflicts, Breaks (Policy 7.3, 7.4)


@pytest.mark.parametrize("field", ["Conflicts", "Breaks"])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_packages_that_exclude_each_other_are_not_chosen_together(
    field: str, is_reversed: bool
) -> None:
    excludes, other = ("bb", "aa") if is_reversed else ("aa", "bb")
    packages = index(stanza(excludes, "1", fields=f"{field}: {other} (<< 2)\n"), stanza(other, "1"))
    verb = "breaks" if field == "Breaks" else "conflicts with"

    assert refusal("aa bb", packages) == f"  {excludes} {verb} {other} (<< 2)"


def test_what_is_excluded_may_be_provided() -> None:
    mta = "Provides: mta\nConflicts: mta\n"
    packages = index(stanza("exim", "1", fields=mta), stanza("postfix", "1", fields=mta))

    assert names(solve("exim", packages)) == ["exim 1"]
    assert refusal("exim postfix", packages) == "  postfix conflicts with mta, which exim provides"


def test_what_is_provided_without_a_version_is_not_excluded_with_one() -> None:
    packages = index(
        stanza("aa", "1", fields="Breaks: api (<< 2)\n"),
        stanza("none", "1", fields="Provides: api\n"),
        stanza("one", "1", fields="Provides: api (= 1)\n"),
    )

    assert names(solve("aa none", packages)) == ["aa 1", "none 1"]
    assert refusal("aa one", packages) == "  aa breaks api (<< 2), which one provides"


def test_what_a_package_excludes_in_the_base_is_upgraded() -> None:
    packages = index(stanza("aa", "1", fields="Breaks: libc6 (<< 2.37)\n"), stanza("libc6", "2.37"))

    found = solve("aa", packages, base(stanza("libc6", "2.36")))

    assert names(found) == ["aa 1", "libc6 2.37"]
    assert found.upgraded == {"libc6": ("2.36", "2.37")}


def test_what_is_excluded_in_the_base_and_cannot_be_upgraded_is_told() -> None:
    libc = base(stanza("libc6", "2.36"), stanza("mawk", "1", fields="Provides: awk\n"))
    packages = index(
        stanza("aa", "1", fields="Breaks: libc6 (<< 2.37)\n"),
        stanza("bb", "1", fields="Conflicts: awk\n"),
        stanza("libc6", "2.36"),
    )

    assert refusal("aa", packages, libc) == "  aa breaks libc6 (<< 2.37), and the base has 2.36"
    assert refusal("bb", packages, libc) == "  bb conflicts with awk, and the base has mawk 1"


def test_what_the_base_excludes_makes_it_follow() -> None:
    has = base(stanza("old", "1", fields="Breaks: aa (>= 2)\n"))

    assert names(solve("aa", index(stanza("aa", "2"), stanza("old", "2")), has)) == [
        "aa 2",
        "old 2",
    ]
    assert refusal("aa", index(stanza("aa", "2")), has) == "  old of the base breaks aa (>= 2)"


def test_nothing_of_the_base_is_removed_even_if_it_is_replaced() -> None:
    fields = "Provides: awk\nConflicts: mawk\nReplaces: mawk\n"
    has = base(stanza("mawk", "1"), stanza("dash", "1", fields="Essential: yes\n"))
    packages = index(
        stanza("gawk", "1", fields=fields), stanza("bash", "1", fields="Conflicts: dash\n")
    )

    assert refusal("gawk", packages, has) == "  gawk conflicts with mawk, and the base has 1"
    assert refusal("bash", packages, has) == "  bash conflicts with dash, and the base has 1"


# What the base has


def test_what_the_base_has_is_left_as_it_is() -> None:
    packages = index(
        stanza("aa", "2", fields=depends("bb")), stanza("bb", "2", fields=depends("cc"))
    )

    found = solve("aa", packages, base(stanza("bb", "1")))

    assert names(found) == ["aa 2"]
    assert found.upgraded == {}


def test_what_the_base_has_is_upgraded_where_a_dependency_needs_it() -> None:
    packages = index(stanza("aa", "2", fields=depends("bb (>= 2)")), stanza("bb", "2"))

    found = solve("aa", packages, base(stanza("bb", "1")))

    assert names(found) == ["aa 2", "bb 2"]
    assert found.upgraded == {"bb": ("1", "2")}


def test_what_is_asked_for_is_upgraded_to_its_candidate() -> None:
    found = solve("aa", index(stanza("aa", "2")), base(stanza("aa", "1")))

    assert names(found) == ["aa 2"]
    assert found.upgraded == {"aa": ("1", "2")}


@pytest.mark.parametrize("archive", [(), ("1",), ("0.9",)])
def test_what_the_base_has_newest_needs_nothing(archive: tuple[str, ...]) -> None:
    packages = index(*(stanza("aa", version, fields=depends("bb")) for version in archive))

    assert names(solve("aa", packages, base(stanza("aa", "1")))) == []


def test_nothing_is_downgraded_unless_that_version_is_asked_for() -> None:
    packages = index(stanza("aa", "1"), stanza("bb", "1", fields=depends("aa (<< 2)")))
    has = base(stanza("aa", "2"))

    assert refusal("bb", packages, has) == (
        "  bb depends on aa (<< 2), but the base has 2, the archive 1"
    )
    found = solve("aa=1 bb", packages, has)
    assert names(found) == ["aa 1", "bb 1"]
    assert found.upgraded == {"aa": ("2", "1")}


def test_what_needs_the_old_version_follows_an_upgrade() -> None:
    has = base(stanza("lib", "1"), stanza("tool", "1", fields=depends("lib (= 1)")))
    lib = stanza("lib", "2")
    tool = stanza("tool", "2", fields=depends("lib (= 2)"))

    assert names(solve("lib", index(lib, tool), has)) == ["lib 2", "tool 2"]
    assert refusal("lib=2", index(lib), has) == (
        "  tool of the base depends on lib (= 1), and lib would be 2"
    )


def test_what_needs_something_that_an_upgrade_no_longer_provides_follows_too() -> None:
    has = base(
        stanza("lib", "1", fields="Provides: api\n"),
        stanza("tool", "1", fields=depends("lib", "api")),
    )
    lib = stanza("lib", "2", fields=depends("new"))
    new = stanza("new", "1")
    tool = stanza("tool", "2", fields=depends("xx | new"))

    assert names(solve("lib", index(lib, new, tool, stanza("xx")), has)) == [
        "lib 2",
        "new 1",
        "tool 2",
    ]
    assert refusal("lib=2", index(lib, new), has) == (
        "  tool of the base depends on api, and lib would be 2"
    )


def test_what_the_base_has_of_the_same_source_is_upgraded_too() -> None:
    def built(name: str, version: str, fields: str = "") -> str:
        return stanza(name, version, fields=f"Source: src ({version})\n{fields}")

    has = base(built("bin", "1"), built("lib", "1"), built("doc", "1"), stanza("src", "1"))
    tool = built("tool", "2", depends("xx | yy"))
    lib = built("lib", "2", depends("yy"))
    others = [built("bin", "3"), stanza("src", "2"), stanza("xx", "1"), stanza("yy", "1")]

    found = solve("tool", index(tool, lib, *others), has)

    assert names(found) == ["lib 2", "src 2", "tool 2", "yy 1"]


def test_what_is_of_the_same_source_is_left_where_it_cannot_follow() -> None:
    has = base(stanza("lib", "1", fields="Source: src\n"))

    def with_lib(tool: str, lib: str = "", breaking: str = "") -> PackagesFile:
        return index(
            stanza("tool", "2", fields=f"Source: src\n{tool}"),
            stanza("lib", "2", fields=f"Source: src\n{lib}"),
            stanza("xx", "1", fields=breaking),
        )

    assert names(solve("tool", with_lib("", depends("missing")), has)) == ["tool 2"]
    assert names(solve("tool", with_lib("Breaks: lib (>= 2)\n"), has)) == ["tool 2"]
    later = with_lib(depends("xx"), breaking="Breaks: lib (>= 2)\n")
    assert names(solve("tool", later, has)) == ["tool 2", "xx 1"]


def test_a_held_package_is_not_upgraded() -> None:
    held = stanza("bb", "1", fields="Status: hold ok installed\n")
    packages = index(stanza("aa", "1", fields=depends("bb (>= 2)")), stanza("bb", "2"))

    assert refusal("aa", packages, base(held)) == (
        "  aa depends on bb (>= 2), but the base holds 1, the archive 2"
    )
    for wish in ("bb", "bb=2", "bb/trixie"):
        assert refusal(wish, packages, base(held)) == "  bb is held in the base, at 1"
    assert names(solve("bb=1", packages, base(held))) == []
    assert names(solve("bb", index(stanza("bb", "1")), base(held))) == []


def test_disorder_in_the_base_is_left_alone() -> None:
    has = base(
        stanza("aa", "1", fields="Depends: missing\nConflicts: bb\n"),
        stanza("bb", "1"),
        stanza("cc", "1", fields="Status: deinstall ok config-files\n"),
    )
    packages = index(stanza("dd", "1", fields=depends("aa", "bb", "cc")), stanza("cc", "2"))

    assert names(solve("dd", packages, has)) == ["cc 2", "dd 1"]
    assert names(solve("aa bb dd", packages, has)) == ["cc 2", "dd 1"]


def test_what_relied_on_the_base_before_an_upgrade_is_looked_at_again() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("lib (= 1)", "bb")),
        stanza("bb", "1", fields="Breaks: lib (<< 2)\n"),
        stanza("lib", "2"),
    )
    has = base(stanza("lib", "1"))

    assert refusal("aa", packages, has) == (
        "  aa depends on bb\n"
        "  bb breaks lib (<< 2), and the base has 1\n"
        "  aa depends on lib (= 1), but lib is to be 2"
    )
    fields = depends("lib (= 1) | cc", "bb")
    other = index(stanza("aa", "2", fields=fields), stanza("cc", "1"))
    assert names(solve("aa", [packages, other], has)) == ["aa 2", "bb 1", "cc 1", "lib 2"]


# Architectures


@pytest.mark.parametrize(
    ("relation", "fields", "is_met"),
    [
        ("bb:any", "", False),
        ("bb:any", "Multi-Arch: same\n", False),
        ("bb:any", "Multi-Arch: foreign\n", False),
        ("bb:any", "Multi-Arch: allowed\n", True),
        ("bb:amd64", "", True),
        ("bb:native", "", True),
        ("bb:i386", "", False),
        ("virtual:any", "Provides: virtual\n", False),
        ("virtual:any", "Provides: virtual\nMulti-Arch: foreign\n", False),
        ("virtual:any", "Provides: virtual\nMulti-Arch: allowed\n", True),
        ("virtual:any", "Provides: virtual:any\n", True),
        ("virtual", "Provides: virtual:any\n", False),
        ("virtual", "Provides: virtual:amd64\n", True),
        ("virtual:amd64", "Provides: virtual\n", True),
    ],
)
def test_qualifiers_of_architectures_count(relation: str, fields: str, is_met: bool) -> None:
    packages = index(stanza("aa", "1", fields=depends(relation)), stanza("bb", "1", fields=fields))

    if is_met:
        assert names(solve("aa", packages)) == ["aa 1", "bb 1"]
    else:
        assert refusal("aa", packages).startswith(f"  aa depends on {relation}, but ")


@pytest.mark.parametrize(
    ("relation", "is_hit"),
    [("bb", True), ("bb:amd64", True), ("bb:i386", False), ("bb:any", False), ("virtual", True)],
)
def test_qualifiers_count_in_what_is_excluded(relation: str, is_hit: bool) -> None:
    packages = index(
        stanza("aa", "1", fields=f"Conflicts: {relation}\n"),
        stanza("bb", "1", fields="Provides: virtual\n"),
    )

    if is_hit:
        assert refusal("aa bb", packages).startswith(f"  aa conflicts with {relation}")
    else:
        assert names(solve("aa bb", packages)) == ["aa 1", "bb 1"]


def test_packages_of_another_architecture_are_passed_over() -> None:
    other = stanza("aa", "2").replace("amd64", "arm64")
    for_all = stanza("bb", "1").replace("amd64", "all")

    assert names(solve("aa bb:all", index(stanza("aa", "1"), other, for_all))) == ["aa 1", "bb 1"]


def test_what_the_base_has_of_another_architecture_counts_where_it_may() -> None:
    def foreign(name: str, multi_arch: str) -> str:
        fields = f"Multi-Arch: {multi_arch}\n"
        return stanza(name, "1", fields=fields).replace("amd64", "i386")

    has = base(foreign("tool", "foreign"), foreign("lib", "same"), foreign("plain", "no"))
    packages = index(
        stanza("aa", "1", fields=depends("tool", "lib")),
        stanza("tool", "1"),
        stanza("lib", "1", fields="Multi-Arch: same\n"),
        stanza("lib", "2", fields="Multi-Arch: same\n"),
        stanza("plain", "1"),
    )

    assert names(solve("aa", packages, has)) == ["aa 1", "lib 1"]
    assert refusal("plain", packages, has) == "  plain is in the base for i386"


# Versions and suites


BACKPORTS = index(
    stanza("aa", "2", fields=depends("lib (>= 2)")),
    stanza("lib", "2"),
    stanza("only", "1"),
    suite="trixie-backports",
    priority=100,
)
MAIN = index(stanza("aa", "1", fields=depends("lib")), stanza("lib", "1"))


def test_the_highest_version_of_all_suites_is_the_candidate() -> None:
    security = index(stanza("aa", "1.0-1+deb13u2"), suite="trixie-security")

    for files in ([index(stanza("aa")), security], [security, index(stanza("aa"))]):
        (package,) = solve("aa", files).packages

        assert (package.version, package.suite) == ("1.0-1+deb13u2", "trixie-security")


def test_a_suite_that_is_not_automatic_is_left_out_until_it_is_asked_for() -> None:
    files = [MAIN, BACKPORTS]

    assert names(solve("aa", files)) == ["aa 1", "lib 1"]
    assert names(solve("only", files)) == ["only 1"]
    assert names(solve("aa/trixie-backports", files)) == ["aa 2", "lib 2"]
    assert names(solve("aa=2", files)) == ["aa 2", "lib 2"]
    assert names(solve("aa/trixie", files)) == ["aa 1", "lib 1"]


def test_a_suite_has_other_names() -> None:
    stable = PackagesFile(stanza("aa", "1").encode(), "trixie", aliases=frozenset({"stable"}))

    assert names(solve("aa/stable", [stable, BACKPORTS])) == ["aa 1"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("aa/trixie-security", "that suite does not have it, but trixie"),
        (
            "aa/trixie-securty",
            "no apt source names that suite (did you mean `trixie-security`?); trixie has it",
        ),
        ("aa/stabel", "no apt source names that suite (did you mean `stable`?); trixie has it"),
        ("aa/experimental", "no apt source names that suite; trixie has it"),
    ],
)
def test_a_suite_that_has_no_such_package_is_told_from_one_that_nothing_names(
    asked: str, why: str
) -> None:
    stable = PackagesFile(stanza("aa", "1").encode(), "trixie", aliases=frozenset({"stable"}))
    security = index(stanza("bb", "1"), suite="trixie-security")

    with pytest.raises(UnknownPackages) as caught:
        solve(asked, [stable, security])

    assert (
        str(caught.value) == f"Unable to find 1 Debian package in the archive\n  `{asked}`: {why}"
    )


def test_a_base_with_a_backport_is_upgraded_from_backports() -> None:
    experimental = index(stanza("lib", "3"), suite="experimental", priority=1)

    found = solve("lib", [MAIN, BACKPORTS, experimental], base(stanza("lib", "1.9")))

    assert names(found) == ["lib 2"]


def test_of_the_versions_that_a_pattern_admits_the_highest_is_taken() -> None:
    packages = index(*(stanza("aa", version) for version in ("14.9", "15.2", "15.10", "16.1")))

    assert names(solve("aa=15.*", packages)) == ["aa 15.10"]
    assert names(solve("aa=15.*", packages, base(stanza("aa", "15.2")))) == ["aa 15.10"]
    assert names(solve("aa=15.2", packages, base(stanza("aa", "15.2")))) == []


def test_a_package_may_be_asked_for_twice() -> None:
    packages = index(stanza("aa", "1"), stanza("aa", "2"))

    assert names(solve("aa aa aa=1", packages)) == ["aa 1"]
    assert names(solve("aa aa/trixie aa=2", packages)) == ["aa 2"]


def test_wishes_that_exclude_each_other_are_told() -> None:
    packages = index(
        stanza("aa", "1"), stanza("aa", "2"), stanza("bb", "1", fields=depends("aa (>= 2)"))
    )

    assert refusal("aa=1 bb", packages) == ("  bb depends on aa (>= 2), but 1 is asked for")
    assert refusal("aa=1 aa=2", packages) == "  no version of aa is all that is asked for"


# Preferences (apt_preferences(5))


def prefer(
    wishes: str, pins: str, files: Iterable[PackagesFile], installed: Installed | None = None
) -> Resolution:
    parsed = parse_preferences(pins.encode(), where="`preferences`")
    return resolve(
        [Wish.parse(wish) for wish in wishes.split()],
        PackagesIndex(files, Preferences(parsed, architecture="amd64")),
        installed or Installed.nothing(),
        architecture="amd64",
    )


def test_preferences_tell_the_candidate() -> None:
    versions = index(stanza("aa", "1"), stanza("aa", "2"))
    pins = "Package: aa\nPin: version 1\nPin-Priority: {}\n"

    assert names(prefer("aa", pins.format(501), [versions])) == ["aa 1"]
    assert names(prefer("aa", pins.format(499), [versions])) == ["aa 2"]
    assert names(prefer("aa=2", pins.format(501), [versions])) == ["aa 2"]


def test_a_base_goes_back_to_a_lower_version_only_from_1000_on() -> None:
    archive, has = index(stanza("aa", "1")), base(stanza("aa", "2"))
    pins = "Package: *\nPin: release *\nPin-Priority: 1000\n"
    of_archive = "Package: aa\nPin: version 1\nPin-Priority: {}\n"

    assert names(prefer("aa", of_archive.format(999), [archive], has)) == []
    assert names(prefer("aa", of_archive.format(1000), [archive], has)) == ["aa 1"]
    # The base's own has the same priority here.
    assert names(prefer("aa", pins, [archive], has)) == []


def test_what_the_base_has_is_left_where_its_priority_is_higher() -> None:
    experimental = index(stanza("aa", "1"), stanza("aa", "2"), suite="experimental", priority=1)
    now = "Package: *\nPin: release a=now\nPin-Priority: 600\n"

    assert names(solve("aa", experimental, base(stanza("aa", "1")))) == []
    assert names(prefer("aa", now, [index(stanza("aa", "2"))], base(stanza("aa", "1")))) == []


def test_what_preferences_refuse_is_not_taken_unasked() -> None:
    archive = index(
        stanza("aa", "1", fields=depends("bb | cc")), stanza("bb", "1"), stanza("cc", "1")
    )
    pins = "Package: bb\nPin: version *\nPin-Priority: -1\n"

    assert names(prefer("aa", pins, [archive])) == ["aa 1", "cc 1"]
    assert names(prefer("bb=1", pins, [archive])) == ["bb 1"]
    for wish, chain in (
        ("bb", "\n  the preferences of the base's apt refuse bb 1"),
        ("aa", "\n  aa depends on bb, but the preferences of the base's apt refuse bb 1"),
    ):
        only = index(stanza("aa", "1", fields=depends("bb")), stanza("bb", "1"))
        with pytest.raises(Unsatisfiable) as caught:
            prefer(wish, pins, [only])
        assert str(caught.value) == f"Unable to install `{wish}`{chain}"


def test_a_provider_that_preferences_refuse_is_none() -> None:
    archive = index(
        stanza("aa", "1", fields="Provides: mail\n"), stanza("bb", "1", fields="Provides: mail\n")
    )
    pins = "Package: aa\nPin: version *\nPin-Priority: -1\n"

    assert names(prefer("mail", pins, [archive])) == ["bb 1"]


def test_a_version_is_of_every_suite_that_has_it() -> None:
    files = [index(stanza("aa", "1")), index(stanza("aa", "1"), suite="trixie-updates")]

    assert names(solve("aa/trixie-updates", files)) == ["aa 1"]


# Pins


def test_pinned_versions_are_taken_where_they_do() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("lib")),
        stanza("lib", "1"),
        stanza("lib", "2"),
        stanza("bb", "1", fields=depends("lib (>= 2)")),
    )

    assert names(solve("aa", packages, preferred={"lib": "1"})) == ["aa 1", "lib 1"]
    assert names(solve("aa", packages, preferred={"lib": "0.9"})) == ["aa 1", "lib 2"]
    assert names(solve("aa bb", packages, preferred={"lib": "1"})) == ["aa 1", "bb 1", "lib 2"]
    has = base(stanza("lib", "1.5"))
    assert names(solve("aa", packages, has, preferred={"lib": "1"})) == ["aa 1"]


def test_what_is_pinned_goes_before_what_is_not() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("new | old")), stanza("new", "1"), stanza("old", "1")
    )

    pins = {"aa": "1", "old": "1"}

    assert names(solve("aa", packages, preferred=pins)) == ["aa 1", "old 1"]


def test_a_pinned_version_is_that_of_a_pattern_too() -> None:
    packages = index(stanza("aa", "15.2"), stanza("aa", "15.10"), stanza("aa", "16.1"))

    assert names(solve("aa=15.*", packages, preferred={"aa": "15.2"})) == ["aa 15.2"]
    assert names(solve("aa=15.*", packages, preferred={"aa": "16.1"})) == ["aa 15.10"]
    assert names(solve("aa", packages, preferred={"aa": "15.2"})) == ["aa 15.2"]


# Errors


def test_what_is_unsatisfiable_shows_the_chain() -> None:
    packages = index(
        stanza("aa", "2", fields=depends("missing | bb")),
        stanza("bb", "1", fields=depends("cc (>= 2.0)", "dd")),
        stanza("cc", "1.9"),
    )

    assert refusal("aa", packages) == (
        "  aa depends on missing | bb\n  bb depends on cc (>= 2.0), but the archive has 1.9"
    )


def test_all_that_cannot_be_had_alone_is_told_at_once() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("cc")),
        stanza("bb", "1", fields=depends("cc (>= 2)")),
        stanza("good", "1"),
        stanza("bad", "1", fields="Breaks: good\n"),
    )

    with pytest.raises(Unsatisfiable) as caught:
        solve("aa good bb bad", packages)

    assert str(caught.value) == (
        "Unable to install `aa`, `bb`\n"
        "  aa depends on cc, but it is not in the archive\n"
        "  bb depends on cc (>= 2), but it is not in the archive"
    )


def test_what_is_not_in_the_archive_is_told() -> None:
    packages = index(stanza("aa", "1", fields=depends("bb | cc (>= 1)")))

    assert refusal("aa", packages) == (
        "  aa depends on bb | cc (>= 1), but it is not in the archive"
    )


def test_what_is_unknown_is_named_at_once() -> None:
    packages = index(
        stanza("libfoo1", "1.0"),
        stanza("libfoo1", "1.1"),
        stanza("pp", fields="Provides: virtual\n"),
        stanza("qq", fields="Provides: virtual\n"),
    )

    with pytest.raises(UnknownPackages) as caught:
        solve("libfo1 virtual libfoo1=2.* libfoo1/sid libfoo1:arm64 zzzzz", packages)

    assert str(caught.value) == (
        "Unable to find 6 Debian packages in the archive\n"
        "  `libfo1`: no such package; there is `libfoo1`\n"
        "  `virtual`: a virtual package, provided by `pp`, `qq`; name one of them\n"
        "  `libfoo1=2.*`: the archive has 1.1, 1.0\n"
        "  `libfoo1/sid`: no apt source names that suite; trixie has it\n"
        "  `libfoo1:arm64`: the image is of amd64\n"
        "  `zzzzz`: no such package"
    )
    assert caught.value.hint == (
        "Look names up with `apt-cache search`; the archive may need another component or suite"
    )


def test_a_long_chain_is_cut() -> None:
    packages = index(
        *(stanza(f"p{number}", "1", fields=depends(f"p{number + 1}")) for number in range(25))
    )

    lines = refusal("p0", packages).splitlines()

    assert lines[0] == "  p0 depends on p1"
    assert lines[19:] == ["  p19 depends on p20", "  ... and 5 more"]


def test_what_two_need_is_told_once() -> None:
    packages = index(
        stanza("aa", "1", fields=depends("bb | cc")),
        stanza("bb", "1", fields=depends("dd")),
        stanza("cc", "1", fields=depends("dd")),
        stanza("dd", "1", fields=depends("ee")),
    )

    assert refusal("aa", packages) == (
        "  aa depends on bb | cc\n"
        "  bb depends on dd\n"
        "  dd depends on ee, but it is not in the archive\n"
        "  cc depends on dd"
    )


def test_a_virtual_package_with_one_provider_is_that() -> None:
    old = stanza("gawk", "1", fields="Provides: awk\n")
    arm = stanza("nawk", "1", fields="Provides: awk\n").replace("amd64", "arm64")
    packages = index(stanza("mawk", "1", fields="Provides: awk\n"), old, stanza("gawk", "2"), arm)

    assert names(solve("awk", packages)) == ["mawk 1"]
    assert names(solve("awk=1", packages)) == ["mawk 1"]


def test_a_package_of_the_base_may_be_the_one_provider() -> None:
    has = base(stanza("mawk", "1", fields="Provides: awk\n"))
    newer = index(stanza("mawk", "2", fields="Provides: awk\n"))

    assert names(solve("awk", index(stanza("zz")), has)) == []
    assert names(solve("awk", newer, has)) == ["mawk 2"]
    with pytest.raises(UnknownPackages) as caught:
        solve("awk", index(stanza("gawk", "1", fields="Provides: awk\n")), has)
    assert str(caught.value).endswith("provided by `gawk`, `mawk`; name one of them")


@pytest.mark.parametrize("architecture", ["any", "native", "all", "amd64"])
def test_a_package_may_be_asked_for_with_the_images_architecture(architecture: str) -> None:
    assert names(solve(f"aa:{architecture}", index(stanza("aa", "1")))) == ["aa 1"]


def test_what_is_hopelessly_tangled_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine pigeons in eight holes: no proof of resolution is short."""
    monkeypatch.setattr("lamina.deb.search._LIMIT", 200)
    holes = range(8)
    pigeons = [
        stanza(
            f"pigeon{number}",
            "1",
            fields=depends(" | ".join(f"at{number}-{hole}" for hole in holes)),
        )
        for number in range(9)
    ]
    places = [
        stanza(f"at{number}-{hole}", "1", fields=f"Provides: hole{hole}\nConflicts: hole{hole}\n")
        for number in range(9)
        for hole in holes
    ]

    with pytest.raises(SearchTooLong) as caught:
        solve(" ".join(f"pigeon{number}" for number in range(9)), index(*pigeons, *places))

    assert str(caught.value) == (
        "Unable to choose Debian packages: no choice was found in 200 attempts"
    )
    assert caught.value.hint == "Ask for some of the packages in one version: `NAME=VERSION`"
