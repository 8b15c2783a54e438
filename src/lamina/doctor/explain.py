"""The page about a rule, made from the rule itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.doctor.finding import Example, Rule


def explanation(rule: Rule) -> str:
    """Return the page about a rule, as Markdown."""
    parts = [
        f"# {rule.code}: {rule.title}",
        f"Severity: {rule.severity.value}",
        rule.why,
        "## What helps",
        rule.fix,
        *_by_itself(rule),
        "## Found in",
        *_example(rule.bad),
        "## Not found in",
        *_example(rule.good),
        "## Known from",
        "\n".join(f"- {source}" for source in rule.sources),
    ]
    return "\n\n".join(parts) + "\n"


def _by_itself(rule: Rule) -> Iterator[str]:
    if rule.mends:
        yield f"`--fix` does this by itself: {rule.mends}"
    if rule.leaves:
        yield f"`--fix` leaves it: {rule.leaves}"


def index(rules: Sequence[Rule]) -> str:
    """Return the page that lists all rules, as Markdown."""
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.severity.value} | {rule.title} | {_mark(rule)} |"
        for rule in rules
    ]
    return "\n".join([_HEAD, *rows, ""])


def _mark(rule: Rule) -> str:
    return "yes" if rule.mends else ""


def _example(example: Example) -> Iterator[str]:
    yield f"```dockerfile\n{example.dockerfile.rstrip()}\n```"
    for name, text in example.files.items():
        yield f"with `{name}`:"
        yield f"```\n{text.rstrip()}\n```"


_HEAD = """\
# Rules of `lamina doctor`

Made from the rules by `make rules`. `lamina doctor --explain CODE` shows the same pages.

| rule | severity | finds | `--fix` |
|---|---|---|---|"""
