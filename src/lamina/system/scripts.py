"""Maintainer scripts, read and never run: what they would do at a first installation.

Debian Policy, chapter 6: `preinst install`, then `postinst configure`. What cannot be told for
certain is left undone and named, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from lamina.deb.control import parse_paragraph, parse_paragraphs
from lamina.system.caches import COMMANDS
from lamina.system.commands import Unknown, deeds_of
from lamina.system.deeds import Deed, Deeds, Folder, Owner, Permission, Undone
from lamina.system.effects import NO_MATTER, UNREADABLE, WRITES, effect_of
from lamina.system.shell.run import Step, TooMuch, steps
from lamina.system.shell.surroundings import Surroundings

_CALLS = (("preinst", ("install",)), ("postinst", ("configure", "")))
"""The scripts, and what dpkg gives them when no version has been there before."""
_SHELL = re.compile(rb"#!\s*(/usr)?/bin/(ba|da)?sh\b")
_VOLATILE = ("/run/", "/var/run/", "/proc/", "/sys/", "/dev/", "/tmp/")  # noqa: S108
_TRANSIENT = (*_VOLATILE, "/var/log/", "/var/cache/")
"""What is written there does not have to be in an image."""
_OURS = frozenset({"/etc/ca-certificates.conf"})
"""Files that scripts write by hand, and that we make otherwise."""


def read_scripts(
    package: str, control_files: Mapping[str, bytes], paths: Collection[str] = ()
) -> Deeds:
    """Return what the maintainer scripts of a package would do at its first installation.

    ``control_files`` are all that the package has beside its data; ``paths`` all that it ships,
    absolute, so that scripts which ask for them can be answered.
    """
    around = _surroundings(package, control_files, paths)
    reading = _Reading(around)
    for name, arguments in _CALLS:
        script = control_files.get(name)
        if script is None:
            continue
        if not _SHELL.match(script):
            reading.leave(UNREADABLE, name)
            continue
        try:
            found = steps(script, arguments, around)
        except TooMuch:
            reading.leave(UNREADABLE, name)
            continue
        for step in found:
            reading.take(step)
    return reading.deeds()


def _surroundings(
    package: str, control_files: Mapping[str, bytes], paths: Collection[str]
) -> Surroundings:
    control = parse_paragraph(control_files["control"], where=f"the control file of `{package}`")
    known = frozenset(paths)
    return Surroundings(package, control["Architecture"], known, _answers(control_files))


def _answers(control_files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what debconf answers by itself: the defaults, unless a script may choose another."""
    templates = control_files.get("templates")
    config = control_files.get("config", b"")
    if templates is None or b"db_set" in config or b"debconf-set" in config:
        return {}
    paragraphs = parse_paragraphs(templates, where="the templates of debconf")
    return {
        each["Template"]: each.get("Default", "")
        for each in paragraphs
        if "Template" in each and each.get("Type") in ("boolean", "select", "string")
    }


@dataclass(slots=True)
class _Reading:
    """What has been found in the scripts of one package so far."""

    around: Surroundings
    made: list[Deed] = field(default_factory=list)
    undone: dict[tuple[str, bool], list[str]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Take one command into account."""
        if step.name in COMMANDS:
            return
        written = [path for path in step.writes if self._matters(path)]
        if written:
            self.leave(WRITES, f"{step.text} > {written[0]}", is_certain=step.is_certain)
            return
        if not step.words or step.writes or (step.name in NO_MATTER and not _changes(step)):
            return
        literal = [word.value for word in step.words]
        try:
            if not step.is_certain or None in literal:
                raise Unknown
            for deed in deeds_of([value for value in literal if value is not None]):
                self._add(deed)
        except Unknown:
            if not self._is_transient(step):
                self.leave(effect_of(step.name), step.text, is_certain=step.is_certain)

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

    def _is_transient(self, step: Step) -> bool:
        """Say whether a command is about nothing but what an image need not have."""
        paths = [word.value or word.text for word in step.words[1:]]
        paths = [path for path in paths if "/" in path]
        return bool(paths) and all(path.startswith(_TRANSIENT) for path in paths)

    def _add(self, deed: Deed) -> None:
        """Add a deed; a permission of a folder made before belongs to that one."""
        match deed:
            case Permission():
                self._permit(deed)
            case Folder(path=path) if path.startswith(_VOLATILE):
                pass
            case _:
                if deed not in self.made:
                    self.made.append(deed)

    def _permit(self, permission: Permission) -> None:
        for at, deed in enumerate(self.made):
            if isinstance(deed, Folder) and deed.path == permission.path:
                self.made[at] = replace(
                    deed,
                    mode=deed.mode if permission.mode is None else permission.mode,
                    owner=_over(deed.owner, permission.owner),
                )
                return
            if isinstance(deed, Permission) and deed.path == permission.path:
                self.made[at] = Permission(
                    deed.path,
                    deed.mode if permission.mode is None else permission.mode,
                    _over(deed.owner, permission.owner),
                    is_override=deed.is_override or permission.is_override,
                )
                return
        if permission.path in self.around.paths:
            self.made.append(permission)
        elif not permission.path.startswith(_TRANSIENT):
            raise Unknown


def _changes(step: Step) -> bool:
    """Say whether a command that usually only asks changes something after all."""
    options = [word.text for word in step.words[1:]]
    if step.name == "sed":
        return any(option.startswith(("-i", "--in-place")) for option in options)
    return step.name == "find" and any(option.startswith("-exec") for option in options)


def _over(below: Owner, above: Owner) -> Owner:
    return Owner(above.user or below.user, above.group or below.group)
