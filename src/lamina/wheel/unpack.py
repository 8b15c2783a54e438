"""A wheel and a scheme to entries: what an installer would have written, RECORD included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic

from lamina.archive.entry import Content, Entry, Kind, Literal, directory
from lamina.archive.parents import with_parents
from lamina.wheel.errors import WheelError
from lamina.wheel.metadata import (
    WheelName,
    check_metadata,
    check_wheel_file,
    data_folder,
    find_dist_info,
)
from lamina.wheel.record import Row, file_row, parse_record, render_record
from lamina.wheel.scheme import Placement, Placer, Scheme
from lamina.wheel.scripts import EntryPoint, launcher, parse_entry_points, rewrite_shebang
from lamina.wheel.source import AnyMember, WheelSource

INSTALLER = b"lamina"
NOTHING: Mapping[str, bytes] = {}
_SMALL = 1 << 24
_LARGEST_RECORD = 1 << 27
_HEAD = 1 << 16
# Written anew, whatever the wheel holds; what uv notes of its own cache is of no use here.
_OURS = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A wheel as it lies in the environment."""

    name: str
    version: str
    entries: tuple[Entry, ...]
    """In the order of the wheel's bytes, generated files last; parents are left out."""
    record: str
    """The path of its RECORD, which is among the entries."""
    rows: tuple[Row, ...]
    """What RECORD says."""


def unpack(
    wheel: WheelSource[AnyMember],
    scheme: Scheme,
    direct_url: bytes | None = None,
    notes: Mapping[str, bytes] = NOTHING,
) -> Unpacked:
    """Return the entries of a wheel; their content is read when it is asked for.

    ``direct_url`` is the ``direct_url.json`` of a wheel that comes from no index; ``notes`` are
    more files of the installer's beside it, by name. Raises `WheelError`, which names the wheel.
    """
    try:
        return _Unpacking(wheel, scheme).run(direct_url, notes)
    except WheelError as error:
        raise error.of(wheel.name) from error


def layer_entries(wheels: Iterable[Unpacked]) -> Iterator[Entry]:
    """Give the entries of wheels that share a layer, with their parents.

    Of a path that several own, the last one's content stands; an archive holds no path twice.
    """
    entries = [entry for wheel in wheels for entry in wheel.entries]
    last = {entry.path: entry for entry in entries}
    return with_parents(entry for entry in entries if last[entry.path] is entry)


class _Unpacking(Generic[AnyMember]):
    """The work on one wheel: what it holds, and what has been placed so far."""

    def __init__(self, wheel: WheelSource[AnyMember], scheme: Scheme) -> None:
        self._wheel = wheel
        self._scheme = scheme
        self._name = WheelName.parse(wheel.name)
        names = (m.name + "/" * m.is_directory for m in wheel.members)
        self._dist_info = find_dist_info(names, self._name.project)
        check_wheel_file(self._metadata("WHEEL"))
        check_metadata(self._metadata("METADATA"), self._name)
        self._recorded = parse_record(self._metadata("RECORD"))
        points = wheel.read(f"{self._dist_info}/entry_points.txt", limit=_SMALL)
        self._commands = parse_entry_points(points).commands(scheme.python) if points else ()
        self._placer = Placer(
            scheme,
            data_folder(self._dist_info),
            self._name.project,
            frozenset(command.name for command in self._commands),
        )
        self._entries: dict[str, Entry] = {}
        self._rows: dict[str, Row] = {}
        self._faults: list[str] = []

    def run(self, direct_url: bytes | None, notes: Mapping[str, bytes]) -> Unpacked:
        ours = {f"{self._dist_info}/{name}" for name in (*_OURS, *notes)}
        for member in self._wheel.members:
            if member.is_directory:
                self._add_directory(member)
            elif member.name not in ours:
                self._add_member(member)
        for command in self._commands:
            self._add_command(command)
        self._add_own("INSTALLER", INSTALLER)
        self._add_own("REQUESTED", b"")
        if direct_url is not None:
            self._add_own("direct_url.json", direct_url)
        for name, data in notes.items():
            self._add_own(name, data)
        record = self._add_record()
        self._faults.extend(_files_as_directories(self._entries))
        if self._faults:
            raise WheelError(*self._faults)
        rows = tuple(self._rows.values())
        version = str(self._name.version)
        return Unpacked(self._name.project, version, tuple(self._entries.values()), record, rows)

    def _metadata(self, file: str) -> bytes:
        limit = _LARGEST_RECORD if file == "RECORD" else _SMALL
        data = self._wheel.read(f"{self._dist_info}/{file}", limit=limit)
        if data is None:
            raise WheelError(f"there is no `{self._dist_info}/{file}`")
        return data

    def _add_directory(self, member: AnyMember) -> None:
        path = self._placer.directory(member.name)
        if path is None:
            return
        if self._entries.setdefault(path, directory(path)).kind is not Kind.DIRECTORY:
            self._faults.append(f"two of its files go to `/{path}`")

    def _add_member(self, member: AnyMember) -> None:
        placement = self._placer.file(member.name)
        if placement is None:
            return
        content: Content = self._wheel.content(member)
        row = self._recorded.get(member.name)
        row = Row(placement.record, row.hash, row.size) if row else None
        mode = 0o755 if member.is_executable or placement.is_script else 0o644
        if placement.is_script and (script := self._rewritten(member, content)) is not None:
            content, row = Literal(script), file_row(placement.record, script)
        self._add(placement, mode, content, row or Row(placement.record, "", member.size))

    def _rewritten(self, member: AnyMember, content: Content) -> bytes | None:
        """Return a script whose first line names the environment's interpreter, if it asks so."""
        head = next(iter(content.chunks()), b"")[:_HEAD]
        if rewrite_shebang(head, self._scheme.interpreter) is None:
            return None
        script = self._wheel.read(member.name, limit=_SMALL) or b""
        return rewrite_shebang(script, self._scheme.interpreter)

    def _add_command(self, command: EntryPoint) -> None:
        script = launcher(command, self._scheme.interpreter)
        placement = self._scheme.script(command.name)
        self._add(placement, 0o755, Literal(script), file_row(placement.record, script))

    def _add_own(self, file: str, data: bytes) -> None:
        placement = self._own(file)
        self._add(placement, 0o644, Literal(data), file_row(placement.record, data))

    def _add_record(self) -> str:
        placement = self._own("RECORD")
        name = placement.record
        row = self._recorded.get(name)
        if row is None:
            # As uv does with a RECORD that does not list itself: its old size stands there.
            row = Row(name, "", len(self._metadata("RECORD")))
        self._rows[name] = row._replace(path=name)
        data = render_record(self._rows.values())
        # uv writes over the wheel's RECORD, whose mode stays; other files of ours it makes anew.
        old = f"{self._dist_info}/RECORD"
        executable = any(each.is_executable for each in self._wheel.members if each.name == old)
        mode = 0o755 if executable else 0o644
        self._add(placement, mode, Literal(data), self._rows[name])
        return placement.destination

    def _own(self, file: str) -> Placement:
        placement = self._placer.file(f"{self._dist_info}/{file}")
        assert placement is not None, "only a script can be left out"
        return placement

    def _add(self, placement: Placement, mode: int, content: Content, row: Row) -> None:
        entry = Entry(placement.destination, Kind.FILE, mode, content)
        if self._entries.setdefault(placement.destination, entry) is not entry:
            self._faults.append(f"two of its files go to `/{placement.destination}`")
        self._rows[placement.record] = row


def _files_as_directories(entries: Mapping[str, Entry]) -> Iterator[str]:
    """Name the files that others lie below, as may happen between the kinds of ``.data``."""
    seen: set[str] = set()
    for path in entries:
        at = path.rfind("/")
        while at > 0 and (parent := path[:at]) not in seen:
            seen.add(parent)
            entry = entries.get(parent)
            if entry is not None and entry.kind is not Kind.DIRECTORY:
                yield f"`/{parent}` is a file, and `/{path}` lies below it"
            at = path.rfind("/", 0, at)
