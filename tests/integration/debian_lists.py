"""The Packages indices that this machine's apt has read, and the status of a small Debian."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache

from integration.apt_oracle import Suite, apt_would_install
from lamina.deb.packages import PackagesFile

_FORMAT = "$(FILENAME)\t$(CODENAME)\t$(COMPONENT)\t$(ORIGIN)\t$(ARCHITECTURE)"


@dataclass(frozen=True)
class DebianLists:
    """The main component of Debian, as of the last ``apt-get update`` of this machine."""

    suites: tuple[Suite, ...]
    """The release, its updates, security: in the order of apt's sources."""
    architecture: str

    @property
    def files(self) -> tuple[PackagesFile, ...]:
        """The same, for the code under test."""
        return tuple(PackagesFile(suite.packages, suite.name) for suite in self.suites)


@cache
def debian_lists() -> DebianLists:
    """Read them; a machine without is told what to run."""
    architecture = _run("dpkg", "--print-architecture").decode().strip()
    lines = _run("apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages").decode()
    suites = []
    for line in lines.splitlines():
        path, codename, component, origin, of = line.split("\t")
        if (component, origin, of) == ("main", "Debian", architecture):
            suites.append(Suite(codename, _run("/usr/lib/apt/apt-helper", "cat-file", path)))
    assert suites, "These tests read the package lists of a Debian; run `apt-get update`"
    return DebianLists(tuple(suites), architecture)


@cache
def minimal_status() -> bytes:
    """The status of a Debian as debootstrap makes it, from the release without its updates."""
    release = debian_lists().suites[0]
    paragraphs = [f"{text.strip()}\n" for text in release.packages.decode().split("\n\n")]
    required = [
        _field("Package", text)
        for text in paragraphs
        if "\nEssential: yes\n" in text or "\nPriority: required\n" in text
    ]
    chosen = apt_would_install(b"", [release], [*required, "apt"])
    status = [
        f"{text}Status: install ok installed\n"
        for text in paragraphs
        if text.strip() and chosen.get(_field("Package", text)) == _field("Version", text)
    ]
    return "\n".join(status).encode()


def _field(name: str, paragraph: str) -> str:
    match = re.search(rf"^{name}: (.*)$", paragraph, re.MULTILINE)
    assert match is not None
    return match[1]


def _run(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout
