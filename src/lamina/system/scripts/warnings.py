"""What is said of packages whose maintainer scripts would have done more than we do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lamina.system.scripts.caches import missing_caches
from lamina.system.scripts.deeds import Copy, Deeds, Permission, Text, Undone
from lamina.system.scripts.effects import EFFECTS, WRITES

_MOST = 3
"""How many commands are shown for one effect."""


def warnings(
    deeds: Iterable[Deeds],
    listed: Mapping[str, tuple[str, ...]],
    left: Mapping[str, Iterable[Permission | Copy | Text]],
) -> list[str]:
    """Return one text for each package where something is missing, by name.

    ``listed`` has the absolute paths of each package's files; ``left`` what could not be made.
    """
    missing: dict[str, list[Undone]] = {}
    for each in deeds:
        missing[each.package] = [*each.undone, *_left(left.get(each.package, ()))]
    for package, undone in missing_caches(listed):
        missing.setdefault(package, []).append(undone)
    return [_text(package, undone) for package, undone in sorted(missing.items()) if undone]


def _left(left: Iterable[Permission | Copy | Text]) -> Iterable[Undone]:
    commands: dict[str, list[str]] = {}
    for each in left:
        match each:
            case Permission():
                effect, command = "modes or owners of files are not changed", _command(each)
            case Copy():
                effect, command = EFFECTS["cp"], f"cp {each.source} {each.path}"
            case _:
                effect, command = WRITES, f"... > {each.path}"
        commands.setdefault(effect, []).append(command)
    return [Undone(effect, tuple(each)) for effect, each in commands.items()]


def _command(permission: Permission) -> str:
    owner = permission.owner
    names = f"{owner.user}:{owner.group}" if owner.group else owner.user
    mode = permission.mode.shown
    done = [
        f"chown {names} {permission.path}" if names else "",
        f"chmod {mode} {permission.path}" if mode else "",
        f"setcap {permission.capabilities} {permission.path}" if permission.capabilities else "",
    ]
    return " && ".join(each for each in done if each)


def _text(package: str, undone: Iterable[Undone]) -> str:
    lines = [f"The scripts of `{package}` are not run, and not all that they do is made otherwise"]
    lines += [_line(each) for each in undone]
    lines.append(
        "  To run them where that matters, build an image from this one with "
        f"`RUN /var/lib/dpkg/info/{package}.postinst configure`"
    )
    return "\n".join(lines)


def _line(undone: Undone) -> str:
    shown = "; ".join(undone.commands[:_MOST])
    more = len(undone.commands) - _MOST
    rest = f"; and {more} more" if more > 0 else ""
    effect = undone.effect if undone.is_certain else f"perhaps {undone.effect}"
    return f"  {effect}: {shown}{rest}"
