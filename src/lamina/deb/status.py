"""dpkg's database of what is installed: ``/var/lib/dpkg/status``, one paragraph a package."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from lamina.deb.control import Paragraph

STATUS = "var/lib/dpkg/status"
STATUS_FOLDER = "var/lib/dpkg/status.d"
"""Where bases without dpkg, such as distroless, have a file for each package instead."""
INFO = "var/lib/dpkg/info"

_FIELD = re.compile(r"^(Package|Architecture):[ \t]*(\S+)", re.MULTILINE)


def stanza(control: Paragraph, conffiles: Mapping[str, str], *, is_installed: bool = True) -> str:
    """Return the paragraph of an installed package, made of its own control file.

    ``conffiles`` gives the MD5 of each of its configuration files, by the absolute path. Without
    ``is_installed`` it has no `Status`, as in `STATUS_FOLDER`.
    """
    name, *others = control.items()
    status = [("Status", "install ok installed")] if is_installed else []
    lines = [f"{key}: {value}\n" for key, value in (name, *status, *others)]
    if conffiles and is_installed:
        listed = "".join(f"\n {path} {md5}" for path, md5 in sorted(conffiles.items()))
        lines.append(f"Conffiles:{listed}\n")
    return "".join(lines)


def merged(status: str, stanzas: Sequence[str], architecture: str) -> str:
    r"""Return a status file with more packages, each in the place of an earlier version of it.

    ``architecture`` is the system's own, whose packages may become ones for all, and back.

    >>> merged("Package: a\nVersion: 1\n\nPackage: b\n", ["Package: a\nVersion: 2\n"], "amd64")
    'Package: a\nVersion: 2\n\nPackage: b\n'
    """
    paragraphs = [*re.split(r"\n\n+", status.strip("\n")), *stanzas]
    found = {_identity(each, architecture): each.rstrip("\n") for each in paragraphs if each}
    return "\n".join(f"{each}\n" for each in found.values())


def with_obsolete(status: str, obsolete: Mapping[str, Collection[str]]) -> str:
    r"""Return a status file in which configuration files are marked that others have now.

    ``obsolete`` gives their paths by what dpkg calls the files of a package.

    >>> with_obsolete("Package: a\nArchitecture: all\nConffiles:\n /x 00\n", {"a": {"/x"}})
    'Package: a\nArchitecture: all\nConffiles:\n /x 00 obsolete\n'
    """
    paragraphs = re.split(r"(\n\n+)", status)
    for number, text in enumerate(paragraphs):
        fields = dict(_FIELD.findall(text))
        name = fields.get("Package", "")
        for info_name in (name, f"{name}:{fields.get('Architecture')}"):
            for path in obsolete.get(info_name, ()):
                line = re.compile(rf"^( {re.escape(path)} [0-9a-f]+)$", re.MULTILINE)
                paragraphs[number] = line.sub(r"\1 obsolete", paragraphs[number])
    return "".join(paragraphs)


def _identity(paragraph: str, architecture: str) -> tuple[str, str]:
    """Return what dpkg tells packages apart by."""
    fields = dict(_FIELD.findall(paragraph))
    own = fields.get("Architecture", "all")
    return fields.get("Package", ""), architecture if own == "all" else own
