"""File capabilities, from the text that `setcap` takes to the bytes that the kernel reads.

cap_from_text(3) has the text; the bytes are ``struct vfs_cap_data``, revision 2, of
``linux/capability.h``: a number with the revision and the effective bit, then permitted and
inheritable sets, the low halves before the high ones, all little-endian.
"""

from __future__ import annotations

import re
import struct

from lamina.system.scripts.options import Unknown


def _words(text: str) -> list[str]:
    return text.split()


_NAMES = _words(
    """
chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio
sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time
sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
    """
)
"""In the order of their numbers."""
_NUMBERS = {f"cap_{name}": number for number, name in enumerate(_NAMES)}
_CLAUSE = re.compile(r"(?P<names>[a-z_]+(?:,[a-z_]+)*)[+=](?P<flags>[eip]+)")
_REVISION, _EFFECTIVE = 0x02000000, 1


def capabilities_of(text: str) -> bytes:
    """Return the value of the attribute ``security.capability`` for one clause of names.

    Raises `Unknown` for any other text.

    >>> capabilities_of("cap_net_raw+ep").hex()
    '0100000200200000000000000000000000000000'
    """
    clause = _CLAUSE.fullmatch(text.lower())
    names = clause["names"].split(",") if clause else []
    if clause is None or not all(name in _NUMBERS for name in names):
        raise Unknown
    flags = clause["flags"]
    mask = sum(1 << _NUMBERS[name] for name in set(names))
    permitted = mask if "p" in flags else 0
    inheritable = mask if "i" in flags else 0
    if not permitted and not inheritable:
        raise Unknown
    magic = _REVISION | (_EFFECTIVE if "e" in flags else 0)
    low, high = (1 << 32) - 1, 32
    return struct.pack(
        "<5I", magic, permitted & low, inheritable & low, permitted >> high, inheritable >> high
    )
