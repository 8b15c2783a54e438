"""What must be known of a base image, learned by reading all of its layers once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from lamina.archive.entry import Entry, Kind
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import BadPath, Tree
from lamina.bases.base import Base, BaseError
from lamina.bases.clues import Clues, Subject
from lamina.bases.interpreter import find_libc, find_python
from lamina.errors import LaminaError
from lamina.oci.blob import DamagedBlob, UnreadableBlob, unpacked, verified
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument, encode
from lamina.oci.layer import Layer
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
    tree, clues = Tree(), Clues()
    for number, layer in enumerate(base.layers):
        tree.next_layer()
        try:
            _read(layer, tree, clues)
        except DamagedBlob:
            raise
        except (UnreadableBlob, MalformedLayer, BadPath) as error:
            raise _unreadable(base, number, str(error), error) from error
        except OSError as error:
            raise _unreadable(base, number, error.strerror or "broken", error) from error
    clues.forget_hidden(tree)
    python = find_python(base.name, tree, clues, base.config.env)
    libc = find_libc(base.name, tree, clues, python)
    libraries = (*clues.of(Subject.GLIBC), *clues.of(Subject.MUSL))
    keep = [python.path.lstrip("/"), *libraries] if python else libraries
    return BaseFacts(python, libc, Rootfs.of(tree, keep=keep))


def _unreadable(base: Base, number: int, why: str, error: Exception) -> BaseError:
    hint = error.hint if isinstance(error, LaminaError) else None
    message = f"Unable to read layer {number + 1} of the base image `{base.name}`: {why}"
    return BaseError(message, hint=hint)


def _read(layer: Layer, tree: Tree, clues: Clues) -> None:
    with layer.open() as blob:
        stored = verified(blob, layer.descriptor)
        changeset = Changeset(unpacked(stored))
        for member in changeset:
            tree.apply(_entry(member))
            clues.look_at(member, tree, changeset)
        _exhaust(stored)


def _exhaust(stored: Iterator[bytes]) -> None:
    """Read to the end, where the digest is checked."""
    for _ in stored:
        pass


def _entry(member: Member) -> Entry:
    if member.is_directory:
        kind = Kind.DIRECTORY
    else:
        kind = Kind.SYMLINK if member.is_symlink else Kind.FILE
    return Entry(
        member.path, kind, member.mode, target=member.target, uid=member.uid, gid=member.gid
    )
