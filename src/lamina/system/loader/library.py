"""A shared library as the loader's cache has it (glibc: sysdeps/generic/ldconfig.h)."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.system.loader.elf import ElfWatch, SharedObject

_LIBC6 = 0x0003
"""The type of every library since glibc 2: ``libc6`` in the list of `ldconfig`."""

_X86_64, _I386, _AARCH64, _ARM, _RISCV = 62, 3, 183, 40, 243
_PPC64, _S390, _LOONGARCH = 21, 22, 258

_FIXED = {
    (_X86_64, True): 0x0300,
    (_X86_64, False): 0x0800,
    (_I386, False): 0x0000,
    (_AARCH64, True): 0x0A00,
    (_PPC64, True): 0x0500,
    (_S390, True): 0x0400,
}
"""By machine and class, what a process must be to load the library."""


@dataclass(frozen=True, slots=True)
class Library:
    """A file that may be listed in the cache, should it lie where `ldconfig` looks."""

    path: str
    """Relative to the root, as its package has it."""
    soname: str
    """Empty if it says none."""
    flags: int
    """Type and machine, such as 0x0303 for x86-64."""
    isa_level: int = 0


def is_library_name(name: str) -> bool:
    """Say whether a file of this name may be a shared library, or the loader itself.

    >>> [is_library_name(name) for name in ("libz.so.1.3", "ld-linux.so.2", "_ssl.so", "libz.a")]
    [True, True, False, False]
    """
    if not (name.isascii() and name.isprintable()):
        return False
    return name.startswith(("lib", "ld-", "ld.so.", "ld64.so.")) and ".so" in name


def library_of(path: str, watch: ElfWatch) -> Library | None:
    """Return what the file at ``path`` is, its content having been fed to ``watch``.

    ``None`` for what is no shared library, or one of a machine that Debian does not know.
    """
    found = watch.found()
    if found is None or not is_library_name(path.rpartition("/")[2]):
        return None
    required = _required(found)
    if required is None:
        return None
    return Library(path, found.soname, required | _LIBC6, found.isa_level)


def _required(found: SharedObject) -> int | None:
    flags = found.processor_flags
    if found.machine == _ARM and not found.is_64:
        # EF_ARM_ABI_FLOAT_HARD, EF_ARM_ABI_FLOAT_SOFT (ELF for the Arm Architecture).
        return 0x0900 if flags & 0x400 else 0x0B00 if flags & 0x200 else 0x0000
    if found.machine == _RISCV and found.is_64:
        # The float ABI is in two bits (RISC-V ELF psABI): 0 is soft, 2 is double.
        return {0: 0x0F00, 4: 0x1000}.get(flags & 0x6)
    if found.machine == _LOONGARCH and found.is_64:
        return {1: 0x1100, 3: 0x1200}.get(flags & 0x7)
    return _FIXED.get((found.machine, found.is_64))
