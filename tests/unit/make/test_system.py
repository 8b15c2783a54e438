"""The layers of Debian packages: made, noted, and told of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

import pytest

from debs import Item, folder, make_deb
from lamina.archive.entry import file
from lamina.archive.rootfs import Rootfs
from lamina.deb.package import DebianPackage
from lamina.deb.status import STATUS
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.system import System
from lamina.make.system_parts import system_parts
from lamina.oci.digest import Digest
from lamina.plan.said import Said
from lamina.store.layers import StoredLayer
from lamina.system.base_paths import BasePaths
from lamina.system.notes import PackageNotes
from lamina.system.plan import SystemLayer, SystemPlan
from lamina.system.small_files import SmallFiles
from lamina.system.telling import KnownBase, told
from layers import Found, gunzip, untar
from unit.test_build import Ground

BASE = SmallFiles(
    {STATUS: b"Package: two\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"}
)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[ImageWorkshop]:
    with Ground(tmp_path).workshop() as workshop:
        yield workshop


class Packages:
    """Packages that lie in a folder, and what was fetched of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fetched: list[str] = []
        self.found: list[DebianPackage] = []

    def add(self, name: str, *items: Item, version: str = "2", **control: bytes) -> None:
        data = make_deb(items, name=name, version=version, control_files=control)
        (self.root / f"{name}.deb").write_bytes(data)
        sha256, path = hashlib.sha256(data).hexdigest(), f"pool/main/{name[0]}/{name}/{name}.deb"
        self.found.append(DebianPackage(name, version, "amd64", "s", path, len(data), sha256))

    def fetch(self, package: DebianPackage) -> Path:
        self.fetched.append(package.name)
        return self.root / package.file_name

    @property
    def system(self) -> System:
        plan = SystemPlan(
            architecture="amd64",
            packages=tuple(self.found),
            base=Digest.of(b"base"),
            rootfs=Rootfs(links={"lib": "usr/lib"}),
        )
        return System(
            plan=plan,
            fetch=self.fetch,
            small_files=lambda: BASE,
            base_paths=lambda: BasePaths(folders=frozenset({"usr"}), leaves={"lib": "usr/lib"}),
            base_entries=lambda _paths: [],
        )


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path)


def files(layer: object) -> dict[str, Found]:
    return untar(gunzip(cast(StoredLayer, layer).path.read_bytes()))


def said(system: System, workshop: ImageWorkshop) -> Said:
    """Make all layers; return what is to be said of them."""
    layers = [part.make().contents.said for part in system_parts(system, workshop)]
    return Said(
        tuple(text for each in layers for text in each.notes),
        tuple(text for each in layers for text in each.warnings),
    )


def test_files_lie_where_the_base_leads_and_above_them_is_what_is_installed(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("one", folder("./lib/"), Item("./lib/x", b"x"))

    below, above = [files(part.make()) for part in system_parts(packages.system, workshop)]

    assert list(below) == ["usr", "usr/lib", "usr/lib/x"]
    assert b"Package: one\nStatus: install ok installed\n" in above[STATUS].data
    assert above["var/lib/dpkg/info/one.list"].data == b"/.\n/lib\n/lib/x\n"


def test_a_package_is_fetched_once_and_noted_for_later(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("one", Item("./usr/x", b"x"))
    first = [part.make().diff_id for part in system_parts(packages.system, workshop)]
    assert packages.fetched == ["one"]

    *_, configuration = system_parts(packages.system, workshop)

    assert configuration.make().diff_id == first[-1]
    assert packages.fetched == ["one"]


def test_an_update_of_the_base_fetches_nothing(workshop: ImageWorkshop, packages: Packages) -> None:
    packages.add("one", Item("./usr/x", b"x"))
    system = packages.system
    before = system_parts(system, workshop)
    for part in before:
        part.make()

    after = system_parts(
        replace(system, plan=replace(system.plan, base=Digest.of(b"another"))), workshop
    )

    assert [part.plan for part in after[:-1]] == [part.plan for part in before[:-1]]
    assert after[-1].plan.key != before[-1].plan.key
    after[-1].make()
    assert packages.fetched == ["one"]


def test_what_takes_the_place_of_a_package_of_the_base_is_told(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("two", Item("./usr/bin/sudo", b"#!", mode=0o4755))

    assert said(packages.system, workshop).notes == (
        "two has a setuid or setgid program: /usr/bin/sudo",
        "Newer than in the base: two 2 (was 1); what only the older ones had of files stays below",
    )


def test_configuration_that_was_edited_in_the_base_is_kept_and_told(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add(
        "one", folder("./etc/"), Item("./etc/f", b"new"), conffiles=b"/etc/f\n", version="1"
    )
    lies = BasePaths(folders=frozenset({"etc"}), leaves={"etc/f": None}, edited={"etc/f": "0" * 32})
    system = replace(
        packages.system,
        base_paths=lambda: lies,
        base_entries=lambda paths: [file(path, b"edited") for path in paths],
    )

    below, above = [files(part.make()) for part in system_parts(system, workshop)]

    assert below["etc/f"].data == b"new"
    assert above["etc/f"].data == b"edited"
    assert said(system, workshop).notes == (
        "Edited in the base, and kept instead of what one brings: `/etc/f`",
    )


def test_what_is_given_capabilities_is_named(workshop: ImageWorkshop, packages: Packages) -> None:
    script = b"#!/bin/sh\nsetcap cap_net_raw+ep /usr/bin/one\n"
    packages.add("one", Item("./usr/bin/one", b"#!", mode=0o755), postinst=script)

    assert said(packages.system, workshop).notes == (
        "As a script of its package would, `/usr/bin/one` is given capabilities",
    )


def test_what_scripts_would_have_done_is_a_warning(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("one", postinst=b"#!/bin/sh\nsetcap -r /usr/bin/one\n")

    (warning,) = said(packages.system, workshop).warnings
    assert warning.startswith("The scripts of `one` are not run")


def test_where_the_base_has_all_there_is_no_layer(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    assert system_parts(packages.system, workshop) == []


def test_a_base_that_an_earlier_image_tells_is_not_read(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("one", Item("./usr/x", b"x"))
    read = packages.system
    base = KnownBase(BASE.travelling, read.base_paths())
    told = replace(read, small_files=never, base_paths=never, told_base=lambda: base)

    *_, expected = [part.make().diff_id for part in system_parts(read, workshop)]
    *_, got = [part.make().diff_id for part in system_parts(told, workshop)]

    assert got == expected


def test_where_certificates_are_gathered_a_base_that_has_some_is_read(
    workshop: ImageWorkshop, packages: Packages
) -> None:
    packages.add("one", postinst=b"#!/bin/sh\nupdate-ca-certificates\n")
    base = replace(BASE, files={**BASE.files, "usr/share/ca-certificates/a.crt": b"a"})
    system = packages.system
    told = KnownBase(base.travelling, system.base_paths())
    system = replace(system, small_files=lambda: base, told_base=lambda: told)

    *_, configuration = [files(part.make()) for part in system_parts(system, workshop)]

    assert configuration["etc/ssl/certs/ca-certificates.crt"].data == b"a\n"


def test_a_package_that_an_earlier_image_tells_of_is_not_fetched(
    workshop: ImageWorkshop, packages: Packages, tmp_path: Path
) -> None:
    packages.add("one", Item("./usr/lib/libone.so.1", b"x"), postinst=b"#!/bin/sh\n")
    packages.add("two", Item("./usr/x", b"x"))
    first = [part.make() for part in system_parts(packages.system, workshop)]
    telling = told({path: found.data for path, found in files(first[-1]).items()})
    assert telling is not None
    packages.fetched.clear()

    def former(layers: Sequence[SystemLayer]) -> dict[DebianPackage, PackageNotes]:
        assert layers == packages.system.plan.layers
        return {each: telling.packages[each.name] for each in packages.found}

    system = replace(packages.system, notes=former)
    (tmp_path / "empty").mkdir()
    with Ground(tmp_path / "empty").workshop() as empty:
        again = system_parts(system, empty)[-1].make()

    assert again.diff_id == first[-1].diff_id
    assert packages.fetched == []


def never() -> NoReturn:
    raise AssertionError("the base is read")
