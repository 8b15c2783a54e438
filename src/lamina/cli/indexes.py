"""The package indexes that uv would use for the project, and the user's credentials for them.

The lock has the address of every distribution, so only what a build backend needs is looked for on
an index.
"""

from __future__ import annotations

import netrc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from lamina.cli.uv_files import UvTable, read_members, uv_tables
from lamina.fetch.finder import Finder, Netrc, Sources
from lamina.fetch.indexes import (
    Index,
    direct_urls,
    first_text,
    indexes_of_environment,
    indexes_of_pip,
    indexes_of_table,
    uv_table,
)
from lamina.fetch.keyring import KeyringProgram
from lamina.fetch.uv_store import StoredCredentials, parse_uv_store
from lamina.project.requirements import PackageIndexes

Warn = Callable[[str], object]


def package_indexes(
    environ: Mapping[str, str], found: tuple[Index, ...], address: Callable[[str], str]
) -> PackageIndexes:
    """Return where pip looks: as uv's variables say, else as its settings do, else as pip likes.

    An index that is only for the projects that name it (``explicit``) is none for a backend, and a
    page of links is none. ``address`` gives the address of an index with its credentials.
    """
    usable = [each for each in found if not each.is_explicit and not each.is_flat]
    default = next((each.url for each in usable if each.is_default), None)
    return PackageIndexes(
        environ=dict(environ),
        index_url=default,
        extra_index_urls=tuple(each.url for each in usable if not each.is_default),
        address=address,
    )


def configured_indexes(
    environ: Mapping[str, str], folder: Path, tables: tuple[UvTable, ...]
) -> tuple[Index, ...]:
    """Return the indexes of variables and settings, first those that count first."""
    found = [*indexes_of_environment(environ, folder)]
    for each in tables:
        found += indexes_of_table(each.table, each.folder, environ)
    return tuple(found)


def find_credentials(
    environ: Mapping[str, str],
    home: Path,
    folder: Path,
    document: Mapping[str, object],
    warn: Warn,
) -> tuple[Finder, tuple[Index, ...]]:
    """Return what finds credentials for the project's package indexes, and where backends look.

    The indexes that `pyproject.toml` defines are known even where a `uv.toml` wins over it, since
    ``tool.uv.sources`` names them. Raises `UvSettingsUnreadable`.
    """
    tables = uv_tables(environ, home, folder)
    indexes = configured_indexes(environ, folder, tables)
    members = [*read_members(folder, document)]
    named: list[Index] = []
    for place, member in members:
        table = {"index": uv_table(member).get("index")}
        named += [each for each in indexes_of_table(table, place, environ) if each not in indexes]
    sources = Sources(
        indexes=(*indexes, *named, *indexes_of_pip(environ)),
        urls=tuple(url for _, member in members for url in direct_urls(member)),
        netrc=cache(lambda: _netrc(environ, home, warn)),
        stored=cache(lambda: _stored(environ, home, warn)),
        keyring=_keyring(environ, tables, warn),
        warn=warn,
    )
    return Finder(sources), indexes


def _keyring(
    environ: Mapping[str, str], tables: tuple[UvTable, ...], warn: Warn
) -> KeyringProgram | None:
    asked = environ.get("UV_KEYRING_PROVIDER") or first_text(
        [each.table for each in tables], "keyring-provider"
    )
    if asked == "subprocess":
        return KeyringProgram(environ)
    if asked not in (None, "disabled"):
        warn(f"Unable to use uv's keyring provider `{asked}`: only `subprocess` is known")
    return None


def _netrc(environ: Mapping[str, str], home: Path, warn: Warn) -> Netrc | None:
    """Read the netrc file; what it holds is in no message."""
    named = environ.get("NETRC")
    path = Path(named) if named else home / ".netrc"
    try:
        hosts = netrc.netrc(path).hosts
    except FileNotFoundError:
        return None
    except netrc.NetrcParseError as error:
        warn(f"Unable to parse `{path}`, line {error.lineno}; nothing of it is used")
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        warn(f"Unable to read `{path}`: {reason}")
        return None
    return Netrc(
        named or "~/.netrc",
        {host: (user, password or "") for host, (user, _, password) in hosts.items()},
    )


def _stored(environ: Mapping[str, str], home: Path, warn: Warn) -> tuple[StoredCredentials, ...]:
    """Read what `uv auth login` has kept; what it holds is in no message."""
    state = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "uv"
    folder = Path(environ.get("UV_CREDENTIALS_DIR") or state / "credentials")
    path = folder / "credentials.toml"
    try:
        return parse_uv_store(path.read_text(encoding="utf-8"), datetime.now(UTC))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        warn(f"Unable to read `{path}`: {error.strerror}")
    except (ValueError, RecursionError):
        warn(f"Unable to parse `{path}`; nothing of it is used")
    return ()
