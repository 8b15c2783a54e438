"""Whose signature is believed for an archive: the keys that its source names, or the usual ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lamina.errors import LaminaError

_FINGERPRINT = re.compile("[0-9A-Fa-f]{40}")

Read = Callable[[str], bytes | None]
"""Gives the content of a file by its absolute path; None where there is none."""


class KeyringNotFound(LaminaError):
    """No keyring to check an archive's signature with."""

    def __init__(self, archive: str, tried: Iterable[str]) -> None:
        lines = "".join(f"\n  {path}" for path in tried)
        super().__init__(
            f"Unable to find the keys that {archive} is signed with; tried{lines}",
            hint="Name a keyring as `debian-keyring` in `[tool.lamina]`, or in "
            "`LAMINA_DEBIAN_KEYRING`; Debian's is in the package `debian-archive-keyring`",
        )


class DamagedKeyring(LaminaError):
    """A keyring that cannot be read, of those that were found for an archive."""

    def __init__(self, error: LaminaError, tried: Sequence[str]) -> None:
        paths = ", ".join(f"`{path}`" for path in tried)
        which = f"It is {'one of ' if len(tried) > 1 else ''}{paths}; name" if paths else "Name"
        super().__init__(
            str(error),
            hint=f"{which} another one as `debian-keyring` in `[tool.lamina]`, or in "
            "`LAMINA_DEBIAN_KEYRING`",
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose signatures are believed for one archive."""

    keyrings: tuple[bytes, ...] = field(default=(), repr=False)
    fingerprints: frozenset[str] = frozenset()
    """If any, only these keys of the keyrings; in lower case."""
    tried: tuple[str, ...] = ()
    """Where keyrings were looked for; for the error where there is none, or one is damaged."""


def named_keys(signed_by: str, read: Read) -> Keys:
    """Return the keys of one `Signed-By`: those in the files that it names, or the key itself.

    Fingerprints, which name no file, say which of the keys count (sources.list(5)).
    """
    if "\n" in signed_by:
        return Keys((signed_by.encode(),))
    words = signed_by.split()
    paths = [word for word in words if not _FINGERPRINT.fullmatch(word.rstrip("!"))]
    found = (next(filter(None, map(read, _spellings(path))), None) for path in paths)
    return Keys(
        keyrings=tuple(keyring for keyring in found if keyring is not None),
        fingerprints=frozenset(
            word.rstrip("!").lower() for word in words if _FINGERPRINT.fullmatch(word.rstrip("!"))
        ),
        tried=tuple(paths),
    )


def usual_keys(groups: Iterable[Sequence[str]], read: Read) -> Keys:
    """Return the keys that count where none are named: those of the first group that has any."""
    tried: list[str] = []
    for paths in groups:
        tried += paths
        found = tuple(keyring for path in paths if (keyring := read(path)) is not None)
        if found:
            return Keys(found, tried=tuple(tried))
    return Keys(tried=tuple(tried))


def _spellings(path: str) -> tuple[str, ...]:
    """Return a path, and what else it is called: Debian's keyring got another ending in trixie."""
    stem, dot, ending = path.rpartition(".")
    other = {"gpg": "pgp", "pgp": "gpg"}.get(ending)
    if other is None or not stem.endswith("-archive-keyring"):
        return (path,)
    return path, f"{stem}{dot}{other}"
