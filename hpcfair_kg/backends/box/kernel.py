"""The few system calls that Python has no name for."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from functools import cache
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

_CAPABILITY_VERSION_3 = 0x20080522


def machine() -> str:
    """Return the architecture whose numbers hold here: "x86_64", "aarch64" or another's name."""
    return platform.machine()


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call; raises `OSError` where it fails."""
    result: int = _libc().syscall(ctypes.c_long(number), *map(_word, arguments))
    return _checked(result)


def prctl(option: int, value: int, pointer: Any = 0) -> int:
    """Set a property of this process (prctl(2)); raises `OSError` where it fails."""
    result: int = _libc().prctl(option, *map(_word, (value, pointer, 0, 0)))
    return _checked(result)


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` (unshare(2)); raises `OSError` where it is not allowed."""
    _checked(_libc().unshare(flags))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which forked it, ends, however that ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise ProcessLookupError(f"process {parent} has ended already")


def drop_capabilities() -> None:
    """Give up every capability and the ways to win one back (capabilities(7), no_new_privs)."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc().capset(ctypes.byref(header), ctypes.byref(nothing)))
    prctl(PR_SET_NO_NEW_PRIVS, 1)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _word(value: Any) -> Any:
    return ctypes.c_ulong(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
