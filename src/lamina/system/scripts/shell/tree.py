"""The tree that a script is read to."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser


def parse(script: bytes) -> Node:
    """Return the root of a script, of whatever can be made sense of."""
    return _parser().parse(script).root_node


@cache
def _parser() -> Parser:
    # Ten milliseconds that an image without packages of Debian has no use for.
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def patterns(item: Node) -> list[Node]:
    """Return the patterns of one branch of a `case`."""
    return item.children_by_field_name("value")


def parts_of_if(node: Node) -> tuple[list[Node], list[Node], list[Node]]:
    """Return the condition, what is done then, and the clauses that follow."""
    condition: list[Node] = []
    body: list[Node] = []
    rest: list[Node] = []
    is_condition = True
    for child in node.children:
        if child.type == "then":
            is_condition = False
        elif child.type in ("elif_clause", "else_clause"):
            rest.append(child)
        elif child.is_named:
            (condition if is_condition else body).append(child)
    return condition, body, rest


def only_output(node: Node) -> Node | None:
    """Return the substitution that a command consists of, if it is nothing else."""
    children = node.named_children
    if len(children) != 1 or children[0].type != "command_name":
        return None
    inner = children[0].named_children
    return inner[0] if len(inner) == 1 and inner[0].type == "command_substitution" else None
