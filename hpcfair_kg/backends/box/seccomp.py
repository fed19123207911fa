"""seccomp: a filter in the kernel that refuses system calls, whatever code asks for them.

The filter is classic BPF over `struct seccomp_data`
(https://docs.kernel.org/userspace-api/seccomp_filter.html).  Arguments are
compared by their low 32 bits: each one looked at here is an int in the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Iterable, Iterator

from hpcfair_kg.backends.box.kernel import PR_SET_PDEATHSIG, machine, prctl
from hpcfair_kg.backends.box.syscalls import ABSENT, EXAMINED, NEWEST, REFUSED, Numbers

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand."""

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN = {"x86_64": 0, "aarch64": 1}
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_LOAD, _AND, _EQUAL, _GREATER, _SET, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_CLONE_THREAD = 0x10000
_SETOWN = (8, 15)  # F_SETOWN, F_SETOWN_EX: signals to others
_TERMINAL = (0x5412, 0x541C, 0x8901, 0x8902)  # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install() -> None:
    """Put the filter on this process for good; raises `OSError` where the kernel or architecture has none."""
    if machine() not in _AUDIT:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine()}")
    code = b"".join(
        op.to_bytes(2, "little") + bytes((yes, no)) + operand.to_bytes(4, "little")
        for op, yes, no, operand in program(machine(), os.getpid())
    )
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)))


def program(architecture: str, pid: int) -> tuple[Instruction, ...]:
    """Return the filter for "x86_64" or "aarch64", for the process `pid`."""
    return (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[architecture]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, 1, NEWEST),  # also the x32 calls, which begin at 2^30
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        *_refuse(REFUSED.values(), architecture, errno.EPERM),
        *_refuse(ABSENT.values(), architecture, errno.ENOSYS),
        *_examine(architecture, pid),
        (_RETURN, 0, 0, _ALLOW),
    )


def _refuse(calls: Iterable[Numbers], architecture: str, code: int) -> Iterator[Instruction]:
    for numbers in calls:
        if (number := numbers[_COLUMN[architecture]]) is not None:
            yield (_EQUAL, 0, 1, number)
            yield (_RETURN, 0, 0, _ERRNO | code)


def _examine(architecture: str, pid: int) -> Iterator[Instruction]:
    for name, test in _tests(pid):
        number = EXAMINED[name][_COLUMN[architecture]]
        if number is not None:
            yield (_EQUAL, 0, len(test) + 1, number)
            yield from test
            yield (_LOAD, 0, 0, _NUMBER)


def _tests(pid: int) -> Iterator[tuple[str, tuple[Instruction, ...]]]:
    """Yield what is asked of the arguments of calls that are allowed in part."""
    yield "clone", _only_with(0, _CLONE_THREAD)
    yield "socketpair", _only(0, (socket.AF_UNIX,))
    # a datagram socket could be sent from to any path; the type's low bits say which it is
    yield "socketpair", _only(1, (socket.SOCK_STREAM,), mask=0xF)
    yield "kill", _only(0, (pid,))
    yield "tgkill", _only(0, (pid,))
    yield "prlimit64", _only(0, (0, pid))
    yield "sched_setaffinity", _only(0, (0, pid))
    yield "prctl", _never(0, (PR_SET_PDEATHSIG,))
    yield "fcntl", _never(1, _SETOWN)
    yield "ioctl", _never(1, _TERMINAL)
    # truncating what is open for reading only: older Landlocks do not see it
    yield "open", _never(1, (os.O_TRUNC,), mask=os.O_ACCMODE | os.O_TRUNC)
    yield "openat", _never(2, (os.O_TRUNC,), mask=os.O_ACCMODE | os.O_TRUNC)


def _argument(index: int, mask: int) -> tuple[Instruction, ...]:
    return ((_LOAD, 0, 0, _ARGUMENTS + 8 * index), (_AND, 0, 0, mask))


def _only(index: int, values: tuple[int, ...], mask: int = 0xFFFFFFFF) -> tuple[Instruction, ...]:
    left = range(len(values), 0, -1)
    matches = tuple((_EQUAL, n, 0, value) for n, value in zip(left, values, strict=True))
    return (*_argument(index, mask), *matches, (_RETURN, 0, 0, _ERRNO | errno.EPERM))


def _never(index: int, values: tuple[int, ...], mask: int = 0xFFFFFFFF) -> tuple[Instruction, ...]:
    tests = (
        step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ERRNO | errno.EPERM))
    )
    return (*_argument(index, mask), *tests)


def _only_with(index: int, flag: int) -> tuple[Instruction, ...]:
    return (*_argument(index, 0xFFFFFFFF), (_SET, 1, 0, flag), (_RETURN, 0, 0, _ERRNO | errno.EPERM))
