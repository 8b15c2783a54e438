"""What must be known of a base image, learned by reading all of its layers once."""

from __future__ import annotations

from typing import Protocol

from lamina.archive.rearranged import Rearranged
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import BadPath, Leaf, Tree, split
from lamina.bases.base import Base
from lamina.bases.clues import Clues, Subject
from lamina.bases.interpreter import find_libc, find_python
from lamina.bases.walk import walk
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode
from lamina.plan.base import BaseFacts


class FactsCache(Protocol):
    """Where facts of base images are kept; both ways by the identity of the base."""

    def get(self, digest: Digest) -> bytes | None:
        """Return what was kept, or ``None``."""
        ...

    def put(self, digest: Digest, data: bytes) -> None:
        """Keep ``data``."""
        ...


def facts_of(base: Base, cache: FactsCache) -> BaseFacts:
    """Return the facts of a base, from ``cache`` or by reading the base; then they are kept."""
    if (kept := cache.get(base.identity)) is not None:
        try:
            return BaseFacts.parse(kept)
        except MalformedDocument:
            pass  # Of another release, or damaged: read the base again.
    facts = scan(base)
    cache.put(base.identity, encode(facts.to_json()))
    return facts


def scan(base: Base) -> BaseFacts:
    """Read all layers of a base once, as they lie, and say what a plan must know of it.

    Blobs are checked against their digests on the way. Little is held: the tree of paths, and the
    few small files that tell of Python and of the C library.
    """
    clues = Clues()
    tree = walk(base, clues.look_at)
    clues.forget_hidden(tree)
    python = find_python(base.name, tree, clues, base.config.env)
    libc = find_libc(base.name, tree, clues, python)
    libraries = (*clues.of(Subject.GLIBC), *clues.of(Subject.MUSL))
    keep = [python.path.lstrip("/"), *libraries] if python else libraries
    return BaseFacts(
        python,
        libc,
        Rootfs.of(tree, keep=keep),
        users=_names(tree, clues, Subject.USERS, "etc/passwd"),
        groups=_names(tree, clues, Subject.GROUPS, "etc/group"),
        has_shell=_has_shell(tree),
        rearranged=_rearranged(clues),
    )


def _rearranged(clues: Clues) -> Rearranged:
    diversions, overrides = (
        [line for texts in clues.of(each).values() for text in texts for line in text.splitlines()]
        for each in (Subject.DIVERSIONS, Subject.OVERRIDES)
    )
    users, groups = (
        {
            name: int(number)
            for text in clues.of(each).get(path, ())
            for name, _, number in [text.partition(":")]
            if number.isdecimal()
        }
        for each, path in ((Subject.USERS, "etc/passwd"), (Subject.GROUPS, "etc/group"))
    )
    return Rearranged.read(diversions, overrides, users, groups)


def _names(tree: Tree, clues: Clues, subject: Subject, path: str) -> tuple[str, ...] | None:
    """Return the names in a file, none if it is absent; ``None`` if it is elsewhere."""
    try:
        place = tree.place(path)
    except BadPath:
        return None
    node = tree.find(split(place))
    if isinstance(node, Leaf) and node.target is not None:
        return None
    found = clues.of(subject).get(place, ())
    return tuple(sorted({text.partition(":")[0] for text in found}))


def _has_shell(tree: Tree) -> bool:
    try:
        return isinstance(tree.find(tree.resolve("bin/sh")), Leaf)
    except BadPath:
        return False
