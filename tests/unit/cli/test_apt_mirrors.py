"""Packages above a base: where the command line gets them, and by whose keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from debs import Item, Mirror, folder, make_deb, stanza
from fakes.server import Answer, Server, serve
from images import Member, make_image, make_layer, write_layout
from images import folder as layer_folder
from projects import LockedProject
from unit.cli.program import Program

DEB = make_deb([folder("./usr/"), Item("./usr/data", b"data")], name="data")
POOL = "pool/main/data_1.0-1_amd64.deb"
OS_RELEASE = b'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg"
DATE = "Tue, 10 Sep 2024 07:55:41 UTC"


@dataclass
class Setting:
    """A project upon a base whose apt sources name a mirror on loopback."""

    program: Program
    server: Server
    mirror: Mirror

    def publish(self) -> None:
        packages = [stanza("data", deb=DEB)]
        self.mirror.publish("trixie", packages, compression=".gz", date=DATE)
        self.mirror.documents[f"{self.mirror.url}/{POOL}"] = DEB
        for url, data in self.mirror.documents.items():
            self.server.answer(urlsplit(url).path, Answer(data))

    @property
    def usual(self) -> Mapping[str, bytes]:
        """The files of such a base."""
        return {
            "etc/os-release": OS_RELEASE,
            "etc/apt/sources.list": f"deb {self.mirror.url} trixie main\n".encode(),
            "var/lib/dpkg/status": b"",
            KEYRING: self.mirror.keyring,
        }

    def base(self, files: Mapping[str, bytes] | None = None) -> None:
        """Make the base of these files; as a rule one of Debian with a source and its keys."""
        files = self.usual if files is None else files
        folders = {path.rpartition("/")[0] for path in files}
        parents = {"/".join(each.split("/")[:n]) for each in folders for n in range(1, 9)}
        members = [layer_folder(path) for path in sorted(parents)]
        members += [Member(path, data=data) for path, data in sorted(files.items())]
        write_layout(self.program.root / "base", [("1", make_image(make_layer(*members)))])

    def build(self, *args: str) -> str:
        """Build with the package; return what is said."""
        ended = self.program(
            "build", "project", "--base", "oci:base:1", "--apt", "data", "-o", "oci:out", *args
        )
        return f"{ended.code}\n{ended.err}"

    def refused(self, *args: str) -> str:
        """Build, which must end in an explained error; return the error."""
        said = self.build(*args)
        assert said.startswith("1\n"), said
        return said[said.index("error: ") :].rstrip("\n")


@pytest.fixture
def setting(locked: LockedProject, program: Program) -> Iterator[Setting]:
    locked.write()
    with serve() as server:
        mirror = Mirror(program.root, url=f"{server.address}/debian")
        setting = Setting(program, server, mirror)
        setting.publish()
        setting.base()
        yield setting


WHERE = "`InRelease` of `trixie` at 127.0.0.1"
SIGNATURE_HINT = (
    "hint: The mirror may be damaged, or the keyring older than the archive's keys: update the "
    "package of the keyring, or name another one as `debian-keyring` in `[tool.lamina]`"
)


def test_a_package_comes_from_where_the_base_says(setting: Setting) -> None:
    assert setting.build().startswith("0\n")
    assert f"/debian/{POOL}" in {each.target for each in setting.server.asked}


def test_what_the_base_prefers_counts(setting: Setting) -> None:
    pin = b"Package: *\nPin: origin 127.0.0.1\nPin-Priority: -1\n"
    setting.base({**setting.usual, "etc/apt/preferences.d/none": pin})

    assert setting.refused().startswith(
        "error: Unable to install `data`\n"
        "  the preferences of the base's apt refuse data 1.0-1\n\nhint: "
    )


def test_keys_of_others_are_not_believed(setting: Setting, locked: LockedProject) -> None:
    stranger = Mirror(setting.program.root)
    (locked.folder / "keys.gpg").write_bytes(stranger.keyring)
    with (locked.folder / "pyproject.toml").open("a") as file:
        file.write('[tool.lamina]\ndebian-keyring = "keys.gpg"\n')

    assert setting.refused() == (
        f"error: Unable to verify the signature of {WHERE}: it is signed by "
        f"`{setting.mirror.signer}`, which the keyring does not have\n\n{SIGNATURE_HINT}"
    )


def test_a_source_that_wants_no_signature_is_refused(setting: Setting) -> None:
    source = f"deb [trusted=yes] {setting.mirror.url} trixie main\n"
    setting.base({"etc/os-release": OS_RELEASE, "etc/apt/sources.list": source.encode()})

    assert setting.refused() == (
        "error: Unable to believe `trixie` at 127.0.0.1: the source in `/etc/apt/sources.list:1` "
        "says to trust it without a signature\n\n"
        "hint: Name its key in `Signed-By` instead of `Trusted: yes`; or name the sources to use "
        "as `apt-sources` in `[tool.lamina]`"
    )


def test_a_base_without_sources_may_have_a_mirror_configured(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.base({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": b""})
    keyring = setting.program.root / "keys.gpg"
    keyring.write_bytes(setting.mirror.keyring)
    monkeypatch.setenv("LAMINA_DEBIAN_MIRROR", setting.mirror.url)
    monkeypatch.setenv("LAMINA_DEBIAN_KEYRING", str(keyring))

    assert setting.build().startswith("0\n")
