"""Packages above a base, unpacked twice: by the real dpkg, and by us in layers, in any order."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from itertools import permutations
from pathlib import Path

from debian.deb822 import Deb822

from debs import Item, folder, make_deb
from images import make_image, pack
from integration import file_trees
from lamina.archive.tree import WHITEOUT
from lamina.bases.base import Base
from lamina.bases.scan import scan
from lamina.bases.small_files import read_entries, read_small_files
from lamina.deb.package import DebianPackage
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.system import System
from lamina.make.system_parts import system_parts
from lamina.oci.digest import Digest
from lamina.plan.key import LayerKey
from lamina.store.layers import StoredLayer
from lamina.system.plan import SystemLayer, SystemPlan

DPKG = "var/lib/dpkg"


@dataclass(frozen=True)
class Deb:
    """A package; of the folders that lead to its items, it has each."""

    name: str
    items: Sequence[Item] = ()
    fields: str = ""
    version: str = "1"
    conffiles: str = ""
    control_files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        known: dict[str, Item] = {}
        for item in self.items:
            parts = item.name.strip("/").split("/")
            for depth in range(2, len(parts)):
                above = "/".join(parts[:depth])
                known.setdefault(above, folder(f"{above}/"))
            known[item.name.rstrip("/")] = item
        sums = "".join(
            f"{md5(item.data).hexdigest()}  {path.removeprefix('./')}\n"
            for path, item in known.items()
            if item.type == tarfile.REGTYPE and f"/{path[2:]}\n" not in self.conffiles
        )
        return make_deb(
            known.values(),
            name=self.name,
            version=self.version,
            fields=f"Maintainer: N <n@host.example>\nDescription: d\n{self.fields}",
            control_files={
                "md5sums": sums.encode(),
                **self.control_files,
                **({"conffiles": self.conffiles.encode()} if self.conffiles else {}),
            },
        )


@dataclass(frozen=True)
class State:
    """What is on a disk, and what dpkg says of it."""

    tree: file_trees.Tree
    lists: dict[str, list[str]]
    packages: dict[str, tuple[str, str]]
    """Of each package its status, and its configuration files."""
    audit: str
    owners: dict[str, set[str]]
    """What ``dpkg --search`` says of every path."""


@dataclass(frozen=True)
class DpkgRoot:
    """A folder that dpkg takes for the root."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> DpkgRoot:
        """Return a root without any package."""
        for each in ("info", "updates"):
            (path / DPKG / each).mkdir(parents=True)
        for each in ("status", "available"):
            (path / DPKG / each).touch()
        (path / DPKG / "info/format").write_text("1\n")
        return cls(path)

    def copy(self, path: Path) -> DpkgRoot:
        """Return another root with all of this."""
        shutil.copytree(self.path, path, symlinks=True)
        return DpkgRoot(path)

    def dpkg(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run dpkg on it."""
        command = ["dpkg", "--root", self.path, "--force-unsafe-io", *arguments]
        return subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, deb: Deb, *options: str) -> str:
        """Install a package; return what dpkg complains about, nothing if it does not."""
        file = self.path.parent / f"{deb.name}.deb"
        file.write_bytes(deb.data)
        done = self.dpkg("--force-depends", "--no-triggers", *options, "--install", file)
        return done.stderr if done.returncode else ""

    @property
    def state(self) -> State:
        tree = file_trees.of_folder(self.path)
        lists = {
            each.name: sorted(each.read_text().splitlines())
            for each in (self.path / DPKG / "info").glob("*.list")
        }
        paragraphs = Deb822.iter_paragraphs((self.path / DPKG / "status").read_text())
        listed = sorted({path for each in lists.values() for path in each if path != "/."})
        return State(
            {path: node for path, node in tree.items() if not path.startswith(DPKG)},
            lists,
            {each["Package"]: (each["Status"], each.get("Conffiles", "")) for each in paragraphs},
            self.dpkg("--audit").stdout,
            self._owners(listed),
        )

    def _owners(self, paths: Sequence[str]) -> dict[str, set[str]]:
        said = self.dpkg("--search", *paths).stdout.splitlines() if paths else []
        found = (line.rpartition(": ") for line in said)
        return {path: set(names.split(", ")) for names, _, path in found}

    def as_base(self) -> Base:
        """Return an image with all that lies in it."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for each in sorted(self.path.iterdir()):
                tar.add(each, each.name)
        image = make_image(pack(buffer.getvalue()))
        return Base("base", None, image.config, image.layers)

    def apply(self, layer: bytes) -> None:
        """Lay a layer over it, as engines do: what is no directory takes the place of one."""
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:*") as tar:
            for member in tar:
                assert not Path(member.name).name.startswith(WHITEOUT)
                at = self.path / member.name
                if at.is_symlink() or (at.exists() and not at.is_dir()):
                    at.unlink()
                elif at.is_dir() and not member.isdir():
                    shutil.rmtree(at)
                tar.extract(member, self.path, numeric_owner=True, filter="fully_trusted")


@dataclass(frozen=True, slots=True)
class Arranged(SystemPlan):
    """Packages in layers of the test's choice."""

    groups: tuple[tuple[DebianPackage, ...], ...] = field(default=(), kw_only=True)

    @property
    def layers(self) -> tuple[SystemLayer, ...]:
        return tuple(
            SystemLayer(LayerKey.of({"test": [each.sha256 for each in group]}), group)
            for group in self.groups
        )


def arrangements(debs: Sequence[Deb]) -> Iterable[tuple[tuple[Deb, ...], ...]]:
    """Give ways to lay packages: all in one layer, and each in its own, in every order."""
    ordered = sorted(debs, key=lambda each: each.name)
    if len(debs) > 1:
        yield (tuple(ordered),)
    for order in permutations(ordered):
        yield tuple((each,) for each in order)


def lay(
    root: DpkgRoot, groups: Iterable[Iterable[Deb]], workshop: ImageWorkshop, folder: Path
) -> None:
    """Lay our layers of packages over a root."""
    base = root.as_base()
    small_files, paths = read_small_files(base)
    files: dict[str, Path] = {}

    def package(deb: Deb) -> DebianPackage:
        digest = Digest.of(deb.data)
        files[deb.name] = folder / f"{deb.name}-{digest.hex[:8]}.deb"
        files[deb.name].write_bytes(deb.data)
        path = f"pool/main/{deb.name}.deb"
        return DebianPackage(deb.name, deb.version, "amd64", "s", path, len(deb.data), digest.hex)

    laid = tuple(tuple(package(deb) for deb in group) for group in groups)
    facts = scan(base)
    plan = Arranged(
        architecture="amd64",
        packages=tuple(sorted((each for group in laid for each in group), key=lambda p: p.name)),
        base=base.identity,
        rootfs=facts.rootfs,
        rearranged=facts.rearranged,
        keeps_docs=True,
        groups=laid,
    )
    system = System(
        plan=plan,
        fetch=lambda each: files[each.name],
        small_files=lambda: small_files,
        base_paths=lambda: paths,
        base_entries=lambda wanted: read_entries(base, wanted),
    )
    made = [part.make() for part in system_parts(system, workshop)]
    for layer in made:
        assert isinstance(layer, StoredLayer)
        root.apply(layer.path.read_bytes())
