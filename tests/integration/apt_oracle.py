"""The real apt, asked what it would install; the code under test is compared with its answers.

Nothing of this machine takes part: apt gets a root of its own, with the dpkg status and the
Packages indices of the test, and simulates. No network, no root rights.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

_INSTALL = re.compile(r"^Inst (?P<name>\S+) (?:\[[^\]]*\] )?\((?P<version>\S+) ", re.MULTILINE)
_BROKEN = re.compile(r"^Starting pkgProblemResolver with broken count: [1-9]", re.MULTILINE)
_RANKED = re.compile(r"^ (?:\*\*\*|   ) (?P<version>\S+) (?P<priority>-?[0-9]+)$", re.MULTILINE)
_REMOVE = re.compile(r"^Remv (?P<name>\S+)", re.MULTILINE)
_YES = {"apt-get": ("--yes",)}


@dataclass(frozen=True)
class Suite:
    """One Packages index, and what its Release file says."""

    name: str
    packages: bytes
    fields: Mapping[str, str] = field(default_factory=dict)
    """More fields of Release, such as ``NotAutomatic: yes``."""


@dataclass(frozen=True)
class AptAnswer:
    """How apt would do what it was asked."""

    installed: Mapping[str, str]
    """The version of each package that apt would unpack, new or upgraded."""
    removed: tuple[str, ...]
    has_failed: bool
    was_repaired: bool
    """Its first choices did not do, so that its problem resolver changed something."""
    text: str
    """All that it said."""


def ask_apt(
    status: bytes, suites: Iterable[Suite], wishes: Sequence[str], *, architecture: str = "amd64"
) -> AptAnswer:
    """Return what ``apt-get install --no-install-recommends`` would do above that status."""
    with TemporaryDirectory() as name:
        return AptRoot(Path(name), status, suites, architecture=architecture).ask(*wishes)


def apt_would_install(
    status: bytes, suites: Iterable[Suite], wishes: Sequence[str], *, architecture: str = "amd64"
) -> dict[str, str]:
    """Return the version of each package that apt would unpack; fail if it does not or removes."""
    answer = ask_apt(status, suites, wishes, architecture=architecture)
    assert not answer.has_failed, answer.text
    assert not answer.removed, answer.text
    return dict(answer.installed)


class AptRoot:
    """A root for apt in a folder, its lists read once, to be asked many times."""

    def __init__(
        self,
        folder: Path,
        status: bytes,
        suites: Iterable[Suite],
        *,
        architecture: str = "amd64",
        preferences: str = "",
    ) -> None:
        self._config = folder / "apt.conf"
        for each in ("etc/apt.conf.d", "etc/preferences.d", "lists/partial", "archives/partial"):
            (folder / each).mkdir(parents=True)
        (folder / "status").write_bytes(status)
        (folder / "etc/preferences").write_text(preferences)
        self._config.write_text(_config(folder, architecture))
        lines = [_publish(folder / "archive" / suite.name, suite) for suite in suites]
        (folder / "etc/sources.list").write_text("".join(lines))
        done = self._run("apt-get", "update")
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(self, *wishes: str) -> AptAnswer:
        """Return what apt would do to install ``wishes``."""
        options = ("--simulate", "--no-install-recommends", "--allow-downgrades")
        done = self._run("apt-get", "install", *options, *wishes)
        found = {match["name"]: match["version"] for match in _INSTALL.finditer(done.stdout)}
        return AptAnswer(
            found,
            tuple(_REMOVE.findall(done.stdout)),
            done.returncode != 0,
            _BROKEN.search(done.stderr) is not None,
            done.stdout + done.stderr,
        )

    def priorities(self, name: str) -> dict[str, int]:
        """Return what apt gives to each version of a package, that of the base among them."""
        said = self._run("apt-cache", "policy", name).stdout
        return {match["version"]: int(match["priority"]) for match in _RANKED.finditer(said)}

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "APT_CONFIG": str(self._config), "LC_ALL": "C.UTF-8"}
        command = [program, "--quiet", *_YES.get(program, ()), *arguments]
        return subprocess.run(command, env=env, text=True, capture_output=True, check=False)


def _config(folder: Path, architecture: str) -> str:
    return (
        f'Dir "{folder}";\n'
        f'Dir::Etc "{folder}/etc/";\n'
        f'Dir::State "{folder}/";\n'
        f'Dir::State::lists "{folder}/lists/";\n'
        f'Dir::State::status "{folder}/status";\n'
        f'Dir::Cache "{folder}/";\n'
        f'APT::Architecture "{architecture}";\n'
        f'APT::Architectures {{ "{architecture}"; }};\n'
        'Acquire::Languages "none";\n'
        'APT::Sandbox::User "";\n'
        'Debug::pkgProblemResolver "true";\n'
        'APT::Get::Always-Include-Phased-Updates "true";\n'
    )


def _publish(folder: Path, suite: Suite) -> str:
    """Write a flat archive, and return its line of sources.list."""
    folder.mkdir(parents=True)
    (folder / "Packages").write_bytes(suite.packages)
    digest = hashlib.sha256(suite.packages).hexdigest()
    fields = {"Suite": suite.name, "Codename": suite.name, **suite.fields}
    (folder / "Release").write_text(
        "".join(f"{key}: {value}\n" for key, value in fields.items())
        + "Date: Sat, 12 Sep 2026 07:55:41 UTC\n"
        + f"SHA256:\n {digest} {len(suite.packages)} Packages\n"
    )
    return f"deb [trusted=yes] file:{folder} ./\n"
