"""dpkg's notes on which package is interested in which trigger (deb-triggers(5), dpkg-trigger(1)).

With them, a package that is installed in a child image wakes those of the image, as in any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamina.archive.entry import Entry, file

FOLDER = "var/lib/dpkg/triggers"
FILE = f"{FOLDER}/File"
_WAITS = {"interest": "", "interest-await": "", "interest-noawait": "/noawait"}


def interests(triggers: bytes) -> Iterator[tuple[str, str]]:
    """Give the triggers that a package wants to hear of, each with what dpkg adds to its name.

    >>> list(interests(b"interest-noawait /usr/share/man"))
    [('/usr/share/man', '/noawait')]
    """
    for line in triggers.decode("utf-8", "replace").splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 2 and words[0] in _WAITS:
            yield words[1], _WAITS[words[0]]


def triggers(base: Mapping[str, bytes], packages: Mapping[str, bytes]) -> list[Entry]:
    """Return the files of `FOLDER` that are other than in the base.

    ``packages`` has the control file ``triggers`` by the name of the package, with its architecture
    where dpkg adds it: of those that several architectures may be installed of at once. What a
    package was interested in before it was upgraded counts no more.
    """
    before: dict[str, list[str]] = {
        path: data.decode("utf-8", "surrogateescape").splitlines()
        for path, data in base.items()
        if path.startswith(f"{FOLDER}/") and path.rpartition("/")[2] not in ("Lock", "Unincorp")
    }
    after = {
        path: [line for line in lines if _package(line) not in packages]
        for path, lines in before.items()
    }
    for package in sorted(packages):
        for trigger, waits in interests(packages[package]):
            if trigger.startswith("/"):
                after.setdefault(FILE, []).append(f"{trigger} {package}{waits}")
            else:
                after.setdefault(f"{FOLDER}/{trigger}", []).append(f"{package}{waits}")
    # The order within a file has no meaning; one that only moved is left as it was.
    return [
        file(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
        for path, lines in sorted(after.items())
        if sorted(lines) != sorted(before.get(path, []))
    ]


def _package(line: str) -> str:
    return line.rpartition(" ")[2].partition("/")[0]
