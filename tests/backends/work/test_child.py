import os
import signal

import pytest

from hpcfair_kg.backends.work import child
from hpcfair_kg.backends.work.base import Limits

LIMITS = Limits(seconds=900, memory=12 << 30, file_size=1536)


@pytest.mark.parametrize(
    ("status", "said", "cause", "detail"),
    [
        (signal.SIGXCPU, "", "time", "used more than 900 s"),
        (signal.SIGXFSZ, "", "size", "wrote a file larger than 1.5 KiB"),
        (signal.SIGABRT, "terminate called: std::bad_alloc", "memory", "ran out of memory (limit 12 GiB)"),
        (signal.SIGABRT, "assertion failed", "crash", "crashed with SIGABRT"),
        (signal.SIGKILL, "", "memory", "was killed: the machine is short of memory, or is being stopped"),
        (1 << 8, "", "crash", "ended without an answer"),
    ],
)
def test_a_wait_status_becomes_a_sentence_and_a_cause(status, said, cause, detail):
    failed = child.why(status, said, LIMITS)
    assert (failed.members["cause"], failed.detail) == (cause, detail)


@pytest.mark.parametrize(
    ("kind", "message", "cause"),
    [
        ("MemoryError", "", "memory"),
        ("RuntimeError", "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory", "memory"),
        ("ResourceExhaustedError", "OOM when allocating tensor with shape[1,2]", "memory"),
        ("ValueError", "no such operator", "error"),
    ],
)
def test_what_libraries_say_of_memory_is_known(kind, message, cause):
    assert child.raised(kind, message, LIMITS).members["cause"] == cause


def test_a_pidfd_is_readable_when_its_process_has_ended():
    pid = os.posix_spawn("/bin/true", ["true"], {})
    pidfd = os.pidfd_open(pid)
    assert child.readable(pidfd, 30)
    os.close(pidfd)
    os.waitpid(pid, 0)
