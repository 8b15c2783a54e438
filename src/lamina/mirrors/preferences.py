"""Which versions a base prefers, by the files of its apt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.deb import apt_conf, preferences
from lamina.deb.packages import PackagesFile
from lamina.deb.preferences import Preferences, parse_preferences
from lamina.errors import LaminaError
from lamina.mirrors.choice import BaseFiles

_PREFERENCES = "etc/apt/preferences"
_CONF = "etc/apt/apt.conf"
_DEFAULT_RELEASE = "APT::Default-Release"


class UnknownDefaultRelease(LaminaError):
    """A base that wants a release which none of its sources has."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Unable to find the default release of the base, `{name}`: no source has it",
            hint=f"The base names it as `{_DEFAULT_RELEASE}` in `/{_CONF}` or `/{_CONF}.d`; name "
            "sources that have it as `apt-sources` in `[tool.lamina]`",
        )


def preferences_of(
    base: BaseFiles, files: Sequence[PackagesFile], architecture: str
) -> Preferences:
    """Return the preferences of a base, read in the order of apt (apt_preferences(5)).

    ``files`` are what its sources have. Raises `ControlError` and `UnknownDefaultRelease`.
    """
    pins = [
        pin
        for path, data in _read(base, _PREFERENCES)
        for pin in parse_preferences(data, where=f"`/{path}` of the base")
    ]
    release = apt_conf.option([data for _, data in _read(base, _CONF)], _DEFAULT_RELEASE)
    if release and not any(preferences.is_of_release(release, each.provenance) for each in files):
        raise UnknownDefaultRelease(release)
    return Preferences(pins, release, architecture=architecture)


def _read(base: BaseFiles, path: str) -> Iterator[tuple[str, bytes]]:
    """Return the files of a kind; of preferences the folder goes last, of options first."""
    is_preferences = path == _PREFERENCES
    is_read = preferences.is_read if is_preferences else apt_conf.is_read
    inside = [
        (name, data)
        for name, data in base.below(f"{path}.d").items()
        if is_read(name.split("/")[-1])
    ]
    data = base.get(path)
    single = [] if data is None else [(path, data)]
    yield from single + inside if is_preferences else inside + single
