"""Maintainer scripts, read and never run: what they would do at a first installation.

Debian Policy, chapter 6: `preinst install`, then `postinst configure`. What cannot be told for
certain is left undone and named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from lamina.deb.control import parse_paragraph, parse_paragraphs
from lamina.system.scripts.caches import COMMANDS
from lamina.system.scripts.commands import deeds_of
from lamina.system.scripts.deeds import (
    NOTHING,
    Alternative,
    Copy,
    Deed,
    Deeds,
    Folder,
    Link,
    Owner,
    Permission,
    Text,
    Undone,
)
from lamina.system.scripts.effects import NO_MATTER, UNREADABLE, WRITES, effect_of
from lamina.system.scripts.options import Unknown, absolute
from lamina.system.scripts.shell.run import TooMuch, follow
from lamina.system.scripts.shell.steps import Step
from lamina.system.scripts.shell.surroundings import Surroundings

_CONFIGURE = ("configure", "")
_CALLS = (("preinst", ("install",)), ("postinst", _CONFIGURE))
"""The scripts, and what dpkg gives them when no version has been there before."""
_SHELL = re.compile(rb"#!\s*(/usr)?/bin/(ba|da)?sh\b")
_VOLATILE = ("/run/", "/var/run/", "/proc/", "/sys/", "/dev/", "/tmp/")  # noqa: S108
_TRANSIENT = (*_VOLATILE, "/var/log/", "/var/cache/")
"""What is written there does not have to be in an image."""
_SETID = 0o6000
_HOOKS = frozenset({"rtupdate", "post-rtupdate"})
"""What the hooks of Python's packages are told: they compile modules."""
_OURS = frozenset(
    {"/etc/ca-certificates.conf", "/etc/hosts", "/etc/networks", "/usr/local/share/ca-certificates"}
)
"""What scripts make step by step, and we, or whatever runs containers, make otherwise."""


def read_scripts(
    package: str,
    control_files: Mapping[str, bytes],
    paths: Collection[str] = (),
    programs: Collection[str] | None = None,
) -> Deeds:
    """Return what the maintainer scripts of a package would do at its first installation.

    ``control_files`` are all that the package has beside its data; ``paths`` all that it ships,
    absolute; ``programs`` the names of all that the system has, if they are known. Scripts ask for
    both.
    """
    around = _surroundings(package, control_files, frozenset(paths), programs)
    reading = _Reading(around)
    for name, found in _followed(control_files, around):
        if found is None:
            reading.leave(UNREADABLE, name)
        for step in found or ():
            reading.take(step)
    return reading.deeds()


def needed_files(package: str, control_files: Mapping[str, bytes]) -> frozenset[str]:
    """Return the files, relative to the root, whose bytes deeds of the package may be made of.

    More than are needed in the end, since this is asked before the package is unpacked.
    """
    around = _surroundings(package, control_files, None, None)
    sources: set[str] = set()
    for _, found in _followed(control_files, around):
        for step in found or ():
            with suppress(Unknown):
                sources |= {_source(deed) for deed in _deeds(step)}
    return frozenset(source.lstrip("/") for source in sources if source)


def _source(deed: Deed) -> str:
    match deed:
        case Permission():
            return deed.path
        case Copy():
            return deed.source
        case _:
            return ""


def _followed(
    control_files: Mapping[str, bytes], around: Surroundings
) -> Iterator[tuple[str, tuple[Step, ...] | None]]:
    """Give the steps of each script in turn; none where it cannot be followed."""
    config = control_files.get("config", b"")
    try:
        answers = follow(config, _CONFIGURE, around).answers if _SHELL.match(config) else {}
        around = replace(around, answers=answers or (around.answers if not config else {}))
    except TooMuch:
        around = replace(around, answers={})
    for name, arguments in _CALLS:
        script = control_files.get(name)
        if script is None:
            continue
        try:
            found = follow(script, arguments, around) if _SHELL.match(script) else None
        except TooMuch:
            found = None
        if found is not None:
            around = replace(around, changed=found.changed)
        yield name, None if found is None or found.has_failed else found.steps


def _deeds(step: Step) -> list[Deed]:
    """Return what a step does. Raises `Unknown`."""
    literal = [word.value for word in step.words if word.value is not None]
    if not literal or len(literal) < len(step.words):
        raise Unknown
    return deeds_of(literal)


def _surroundings(
    package: str,
    control_files: Mapping[str, bytes],
    paths: Collection[str] | None,
    programs: Collection[str] | None,
) -> Surroundings:
    control = parse_paragraph(control_files["control"], where=f"the control file of `{package}`")
    answers = _defaults(control_files.get("templates", b""))
    return Surroundings(package, control["Architecture"], paths, programs, answers)


def _defaults(templates: bytes) -> dict[str, str | None]:
    """Return what debconf answers where nobody is asked and no script has chosen."""
    return {
        each["Template"]: each.get("Default", "")
        for each in parse_paragraphs(templates, where="the templates of debconf")
        if "Template" in each and each.get("Type") in ("boolean", "multiselect", "select", "string")
    }


@dataclass(slots=True)
class _Reading:
    """What has been found in the scripts of one package so far."""

    around: Surroundings
    made: list[Deed] = field(default_factory=list)
    undone: dict[tuple[str, bool], list[str]] = field(default_factory=dict)

    @property
    def _shipped(self) -> Collection[str]:
        return self.around.paths or ()

    def take(self, step: Step) -> None:
        """Take one command into account."""
        if step.name in COMMANDS:
            return
        if step.name == "rm":
            self._remove(step)
        written = [path for path in step.writes if self._matters(path)]
        if written and self._write(step):
            return
        if written:
            self.leave(WRITES, f"{step.text} > {written[0]}", is_certain=step.is_certain)
            return
        if not step.words or step.writes or (step.name in NO_MATTER and not _changes(step)):
            return
        try:
            found = [deed for deed in _deeds(step) if not self._is_chosen(deed)]
            if found and not step.is_certain:
                raise Unknown
            for deed in found:
                self._add(deed)
        except Unknown:
            if not self._is_passed_over(step):
                self.leave(effect_of(step.name), step.text, is_certain=step.is_certain)

    def _write(self, step: Step) -> bool:
        """Say whether a file is made of what a command writes to it."""
        if step.output is None or not step.is_certain or len(step.writes) != 1:
            return False
        (path,) = step.writes
        try:
            absolute(path)
        except Unknown:
            return False
        if path in self._shipped:
            return False
        for at, deed in enumerate(self.made):
            if isinstance(deed, Text) and deed.path == path:
                before = deed.text if step.output.is_appended else ""
                self.made[at] = replace(deed, text=before + step.output.text)
                return True
            if isinstance(deed, Copy) and deed.path == path:
                return False
        if step.output.is_appended:
            return False
        self.made.append(Text(path, step.output.text))
        return True

    def _is_chosen(self, deed: Deed) -> bool:
        """Say whether an alternative is there already, so that a script that asks adds none."""
        return isinstance(deed, Alternative) and any(
            isinstance(made, Alternative) and (made.name, made.path) == (deed.name, deed.path)
            for made in self.made
        )

    def _text(self, path: str) -> Text:
        """Return a file that was written before. Raises `Unknown`."""
        found = [deed for deed in self.made if isinstance(deed, Text) and deed.path == path]
        if not found:
            raise Unknown
        return found[0]

    def _remove(self, step: Step) -> None:
        """Forget what was made and is removed again; a file that might be is left there."""
        paths = {word.value for word in step.words[1:]}
        if step.is_certain:
            self.made = [
                deed
                for deed in self.made
                if not (isinstance(deed, Copy | Link | Text) and deed.path in paths)
            ]

    def leave(self, effect: str, command: str, *, is_certain: bool = True) -> None:
        """Note a command that nothing is made of."""
        commands = self.undone.setdefault((effect, is_certain), [])
        if command not in commands:
            commands.append(command)

    def deeds(self) -> Deeds:
        """Return all that was found."""
        undone = tuple(
            Undone(effect, tuple(commands), is_certain)
            for (effect, is_certain), commands in self.undone.items()
        )
        return Deeds(self.around.package, tuple(self.made), undone)

    def _matters(self, path: str) -> bool:
        return path not in _OURS and not path.startswith(_TRANSIENT)

    def _is_passed_over(self, step: Step) -> bool:
        """Say whether a command is about nothing but what an image need not have from here."""
        paths = [path for word in step.words[1:] if "/" in (path := word.value or word.text)]
        if any(path.endswith("/py_compile.py") for path in paths):
            return True
        if _HOOKS & {word.value for word in step.words[1:]}:
            return True
        paths = [path for path in paths if not path.startswith("$(")]
        return bool(paths) and all(path in _OURS or path.startswith(_TRANSIENT) for path in paths)

    def _add(self, deed: Deed) -> None:
        """Add a deed; a permission of what was made before belongs to that."""
        match deed:
            case Permission():
                self._permit(deed)
            case Folder(path=path) | Copy(path=path) if path.startswith(_VOLATILE):
                pass
            case Copy(source=source) if source != NOTHING and source not in self._shipped:
                text = self._text(source)
                self.made.append(replace(text, path=deed.path, mode=deed.mode, owner=deed.owner))
            case _:
                if deed not in self.made:
                    self.made.append(deed)

    def _permit(self, permission: Permission) -> None:
        for at, deed in enumerate(self.made):
            if isinstance(deed, Folder | Copy | Text) and deed.path == permission.path:
                if permission.capabilities:
                    raise Unknown
                is_directory = isinstance(deed, Folder)
                self.made[at] = replace(
                    deed,
                    mode=permission.mode.of(deed.mode, is_directory=is_directory),
                    owner=_over(deed.owner, permission.owner),
                )
                if is_directory:
                    # Another package may bring the folder, which is then there already.
                    self._change(permission, is_directory=True)
                return
        if permission.path in self._shipped:
            self._change(permission)
        elif not permission.path.startswith(_TRANSIENT):
            raise Unknown

    def _change(self, permission: Permission, *, is_directory: bool = False) -> None:
        for at, deed in enumerate(self.made):
            if isinstance(deed, Permission) and deed.path == permission.path:
                self.made[at] = _after(deed, permission, is_directory=is_directory)
                return
        self.made.append(permission)


def _changes(step: Step) -> bool:
    """Say whether a command that usually only asks changes something after all."""
    options = [word.text for word in step.words[1:]]
    if step.name == "sed":
        return any(option.startswith(("-i", "--in-place")) for option in options)
    return step.name == "find" and any(option.startswith("-exec") for option in options)


def _after(deed: Permission, later: Permission, *, is_directory: bool) -> Permission:
    """Return one change that is both. Raises `Unknown` where the kernel would take something."""
    has_rights = bool(deed.mode.bits & _SETID or deed.capabilities)
    if has_rights and later.owner != Owner() and not is_directory:
        # Who gives a file away gives no rights of its owner with it (chown(2)).
        raise Unknown
    return Permission(
        deed.path,
        deed.mode.then(later.mode),
        _over(deed.owner, later.owner),
        later.capabilities or deed.capabilities,
        is_override=deed.is_override or later.is_override,
    )


def _over(below: Owner, above: Owner) -> Owner:
    return Owner(above.user or below.user, above.group or below.group)
