"""Each rule finds its bad example, and nothing in its good one."""

from __future__ import annotations

import re

import pytest

from dockerfiles import REPORT, codes, told
from lamina.doctor.finding import Rule
from lamina.doctor.rules import RULES, find_rule

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


@every_rule
def test_a_rule_finds_its_bad_example_and_not_its_good_one(rule: Rule) -> None:
    assert rule.code in codes(rule.bad)
    assert rule.code not in codes(rule.good)


@every_rule
def test_a_rule_is_told_in_our_words(rule: Rule) -> None:
    assert re.fullmatch(r"LAM\d{3}", rule.code)
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.sources


def test_codes_are_given_once_and_in_order() -> None:
    assert [rule.code for rule in RULES] == sorted({rule.code for rule in RULES})


def test_rules_are_found_by_their_codes() -> None:
    assert find_rule("lam101") is RULES[1]
    assert find_rule("LAM999") is None


def test_what_is_wrong_with_the_dockerfile_of_the_report() -> None:
    assert told(REPORT) == [
        "19:24 error LAM101 The cache mount is at `/app/~/.cache/uv`, but uv uses "
        "`/root/.cache/uv`: no builder expands `~`",
        "21:5 note LAM401 This runs again at each change of the project's own version, which is in "
        "`pyproject.toml` and in `uv.lock`",
        "27:44 error LAM701 `python:3.10.14-slim` is `bullseye` or newer, and here packages of "
        "`buster` are added",
        "27:44 error LAM702 `buster` has had no security updates since 2024-06-30",
        "30:5 warning LAM703 `apt-get update` and `install` are in two `RUN`s: the lists grow old",
        "30:5 note LAM704 The lists of `apt-get update` stay in the layer, in `/var/lib/apt/lists`",
    ]
