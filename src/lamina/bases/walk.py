"""All layers of a base read once, as they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lamina.archive.entry import Entry, Kind
from lamina.archive.tree import BadPath, Tree
from lamina.bases.base import Base, BaseError
from lamina.errors import LaminaError
from lamina.oci.blob import DamagedBlob, UnreadableBlob, unpacked, verified
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.oci.layer import Layer

Look = Callable[[Member, Tree, Changeset], None]
"""Sees a member that was just laid over the tree; its content is read through the changeset."""


def walk(base: Base, look: Look) -> Tree:
    """Return the tree of a base, while ``look`` sees each member of its layers, lowest first.

    Blobs are checked against their digests on the way. Raises `BaseError`, `DamagedBlob`.
    """
    tree = Tree()
    for number, layer in enumerate(base.layers):
        tree.next_layer()
        try:
            _read(layer, tree, look)
        except DamagedBlob:
            raise
        except (UnreadableBlob, MalformedLayer, BadPath) as error:
            raise _unreadable(base, number, str(error), error) from error
        except OSError as error:
            raise _unreadable(base, number, error.strerror or "broken", error) from error
    return tree


def _unreadable(base: Base, number: int, why: str, error: Exception) -> BaseError:
    hint = error.hint if isinstance(error, LaminaError) else None
    message = f"Unable to read layer {number + 1} of the base image `{base.name}`: {why}"
    return BaseError(message, hint=hint)


def _read(layer: Layer, tree: Tree, look: Look) -> None:
    with layer.open() as blob:
        stored = verified(blob, layer.descriptor)
        changeset = Changeset(unpacked(stored))
        for member in changeset:
            tree.apply(_entry(member))
            look(member, tree, changeset)
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
