"""The filter, for both architectures, run by an interpreter of its own (the kernel's is tried in test_sandbox)."""

import os

import pytest

from hpcfair_kg.backends.box import seccomp, syscalls


def decided(program, architecture, number, *arguments):
    """Run a filter as the kernel does, and return its verdict."""
    data = {0: number, 4: architecture} | {16 + 8 * n: value for n, value in enumerate(arguments)}
    accumulator, at = 0, 0
    while True:
        operation, yes, no, operand = program[at]
        at += 1
        if operation == seccomp._RETURN:
            return operand
        if operation == seccomp._LOAD:
            accumulator = data.get(operand, 0) & 0xFFFFFFFF
        elif operation == seccomp._AND:
            accumulator &= operand
        else:
            test = {
                seccomp._EQUAL: accumulator == operand,
                seccomp._GREATER: accumulator > operand,
                seccomp._SET: bool(accumulator & operand),
            }[operation]
            at += yes if test else no


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
class TestFilter:
    EPERM, ENOSYS, ALLOW, KILL = 0x50001, 0x50026, 0x7FFF0000, 0x80000000

    def verdict(self, name, call, *arguments):
        table = syscalls.REFUSED | syscalls.ABSENT | syscalls.EXAMINED
        number = table[call][seccomp._COLUMN[name]]
        return decided(seccomp.program(name, 4711), seccomp._AUDIT[name], number, *arguments)

    def test_every_call_on_the_list_is_refused(self, name):
        for call, numbers in syscalls.REFUSED.items():
            if numbers[seccomp._COLUMN[name]] is not None:
                assert self.verdict(name, call) == self.EPERM, call
        for call in syscalls.ABSENT:
            assert self.verdict(name, call) == self.ENOSYS

    @pytest.mark.parametrize(
        ("call", "allowed", "refused"),
        [
            ("clone", (0x3D0F00,), (17,)),
            ("socketpair", (1, 1 | 0o2000000), (1, 2)),
            ("socketpair", (1, 1), (2, 1)),
            ("kill", (4711, 9), (1, 9)),
            ("kill", (4711, 9), (0xFFFFFFFF, 9)),
            ("tgkill", (4711, 4712, 6), (4712, 4712, 6)),
            ("prlimit64", (0, 7), (1, 7)),
            ("sched_setaffinity", (0,), (1,)),
            ("prctl", (15,), (1,)),
            ("fcntl", (3, 4), (3, 8)),
            ("ioctl", (3, 0x5413), (3, 0x5412)),
            ("openat", (3, 0, os.O_WRONLY | os.O_TRUNC), (3, 0, os.O_RDONLY | os.O_TRUNC)),
        ],
    )
    def test_calls_that_are_allowed_in_part(self, name, call, allowed, refused):
        assert self.verdict(name, call, *allowed) == self.ALLOW
        assert self.verdict(name, call, *refused) == self.EPERM

    def test_ordinary_calls_are_allowed_and_unknown_ones_are_absent(self, name):
        program, here = seccomp.program(name, 4711), seccomp._AUDIT[name]
        assert decided(program, here, {"x86_64": 0, "aarch64": 63}[name]) == self.ALLOW  # read
        assert decided(program, here, syscalls.NEWEST + 1) == self.ENOSYS
        assert decided(program, here, 0x40000029) == self.ENOSYS  # socket, by the x32 interface

    def test_another_architecture_is_killed(self, name):
        assert decided(seccomp.program(name, 4711), 0x40000003, 1) == self.KILL
