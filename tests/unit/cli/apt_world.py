"""A mirror on loopback, signed by a key of its own, and a base image that trusts it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from debs import Item, Mirror, make_deb, stanza
from fakes.server import Answer, Server
from images import Member, MemoryLayer, make_layer, write_layout
from integration import file_trees
from projects import LockedProject
from unit.cli.program import Ended, Program
from unit.cli.pushing import base_image, python_layer

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9
Description: the C library
"""
KEYRING = "usr/share/keyrings/own.gpg"
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


@dataclass
class Deb:
    """A package of the mirror."""

    name: str
    version: str = "1.0-1"
    items: Sequence[Item] = ()
    fields: str = ""
    """Of its control file, and of the index."""
    control_files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """Its file."""
        return make_deb(
            self.items,
            name=self.name,
            version=self.version,
            fields=f"Maintainer: N <n@host.example>\nDescription: {self.name}\n{self.fields}",
            control_files=self.control_files,
        )

    @property
    def file_name(self) -> str:
        """Where its file lies in the mirror."""
        return f"pool/main/{self.name}_{self.version}_amd64.deb"

    @property
    def stanza(self) -> str:
        """Its entry in the index."""
        return stanza(self.name, self.version, deb=self.data, fields=self.fields)


@dataclass
class AptWorld:
    """The mirror, the base and a project; `build` builds the project upon the base."""

    program: Program
    server: Server
    mirror: Mirror
    status: str | None = STATUS
    os_release: bytes = OS_RELEASE
    has_sources: bool = True

    @classmethod
    def make(
        cls, program: Program, server: Server, locked: LockedProject, folder: Path
    ) -> AptWorld:
        """Return a world with an empty mirror."""
        locked.write()
        (locked.folder / "main.py").write_text("")
        return cls(program, server, Mirror(folder, url=f"{server.address}/debian"))

    def publish(self, *debs: Deb, **release: str) -> None:
        """Put up packages, and a suite of them; ``release`` as `Mirror.publish` takes it."""
        for deb in debs:
            self.mirror.documents[f"{self.mirror.url}/{deb.file_name}"] = deb.data
        self.mirror.publish("bookworm", [deb.stanza for deb in debs], **release)
        for url, data in self.mirror.documents.items():
            self.server.answer(url.removeprefix(self.server.address), Answer(data))

    def spoil(self, path: str, data: bytes) -> None:
        """Let the mirror answer otherwise below its URL."""
        self.server.answer(f"/debian/{path}", Answer(data))

    def lose(self, path: str) -> None:
        """Let the mirror have nothing below its URL at a path."""
        self.server.answer(f"/debian/{path}", Answer(status=404))

    def files(self) -> file_trees.Tree:
        """Return what lies in the image that was built."""
        return file_trees.of_layers(file_trees.layer_blobs(self.program.root / "out"))

    def member(self, path: str) -> tarfile.TarInfo:
        """Return the member of the highest layer that has this path."""
        return self._found(path)[0]

    def text(self, path: str) -> str:
        """Return what lies in a file of the image."""
        return self._found(path)[1].decode()

    def _found(self, path: str) -> tuple[tarfile.TarInfo, bytes]:
        for blob in reversed(file_trees.layer_blobs(self.program.root / "out")):
            with tarfile.open(blob) as tar:
                for member in tar:
                    if member.name == path:
                        file = tar.extractfile(member) if member.isreg() else None
                        return member, file.read() if file else b""
        raise KeyError(path)

    @property
    def asked(self) -> list[str]:
        """The paths below the mirror's URL that it was asked for."""
        return [each.target.removeprefix("/debian/") for each in self.server.asked]

    def write_base(self, *above: MemoryLayer) -> None:
        """Write the base image."""
        members = [
            Member("etc/os-release", data=self.os_release),
            Member(KEYRING, data=self.mirror.keyring),
            Member("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\n"),
            Member("etc/group", data=b"root:x:0:\n"),
        ]
        if self.status is not None:
            members.append(Member("var/lib/dpkg/status", data=self.status.encode()))
            members.append(Member("var/lib/dpkg/info/format", data=b"1\n"))
        if self.has_sources:
            text = (
                f"Types: deb\nURIs: {self.mirror.url}\nSuites: bookworm\nComponents: main\n"
                f"Signed-By: /{KEYRING}\n"
            )
            members.append(Member("etc/apt/sources.list.d/own.sources", data=text.encode()))
        image = base_image(python_layer(), make_layer(*members), *above)
        write_layout(self.program.root / "base", [("", image)])

    def build(self, *wishes: str, more: Sequence[str] = ()) -> Ended:
        """Build with these packages."""
        if not (self.program.root / "base").exists():
            self.write_base()
        apt = [part for wish in wishes for part in ("--apt", wish)]
        return self.program("build", "project", "--base", "oci:base", "-o", "oci:out", *apt, *more)

    def report(self, *wishes: str) -> Any:
        """Build, which must end well; return the report."""
        ended = self.build(*wishes, more=["--json"])
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def refused(self, *wishes: str, more: Sequence[str] = ()) -> str:
        """Build, which must end in an explained error; return it from ``error:`` on."""
        ended = self.build(*wishes, more=more)
        assert (ended.code, ended.out) == (1, ""), ended
        assert "Traceback" not in ended.err
        _, error, text = ended.err.partition("error: ")
        assert error, ended.err
        assert not (self.program.root / "out").exists()
        return (error + text).replace(self.server.address, "http://MIRROR")
