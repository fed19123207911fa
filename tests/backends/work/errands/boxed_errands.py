"""What the tests send into boxes: the friendly, the failing and the hostile.  Standard library only."""

# the attacks are meant as the system calls they are
# ruff: noqa: PTH101, PTH102, PTH104, PTH208, PTH211

import ctypes
import errno
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from hpcfair_kg.errors import CorruptFile, WrongInput


def add(a, b, emit):
    return a + b


def told(count, emit):
    for number in range(count):
        emit({"event": "step", "number": number})
    return count


def refuse(emit):
    raise WrongInput("x is missing", expected=["x"])


def fail(emit):
    raise LookupError("no such thing")


def no_json(emit):
    return object()


def sleep(seconds, emit):
    emit({"event": "step", "pid": os.getpid()})
    time.sleep(seconds)


def crash(emit):
    ctypes.string_at(0)


def abort_for_memory(emit):
    os.write(2, b"memory allocation of 99999999 bytes failed\n" * 5000)
    os.abort()


def leave(emit):
    os._exit(3)


def allocate(size, emit):
    return len(bytearray(size))


def write(name, size, emit):
    with Path(name).open("wb") as stream:
        for _ in range(0, size, 1 << 16):
            stream.write(bytes(1 << 16))
    return sorted(str(path) for path in Path.cwd().iterdir())


def pretend(frame, emit):
    """Send bytes of one's own choice to the parent, as code that took the process over would."""
    with socket.socket(fileno=os.dup(3)) as sock:
        sock.sendall(bytes.fromhex(frame))
    time.sleep(60)


def surroundings(emit):
    return {
        "environment": dict(os.environ),
        "block": Path("/proc/self/environ").read_bytes().decode(),
        "folder": str(Path.cwd()),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
    }


def attempt(what, target, emit):
    """Attack, and return "done", "refused" or the name of another error."""
    try:
        ATTACKS[what](target)
    except OSError as exc:  # EXDEV: what Landlock says to a link that would lead out of a folder
        return "refused" if exc.errno in (errno.EPERM, errno.EACCES, errno.EXDEV) else repr(exc)
    return "done"


def _thread(target):
    thread = threading.Thread(target=time.sleep, args=(0,))
    thread.start()
    thread.join()


def _from_a_thread(target):
    """The filter holds for threads that are started inside, too."""
    caught = []
    thread = threading.Thread(target=lambda: caught.append(attempt("connect", target, None)))
    thread.start()
    thread.join()
    if caught != ["done"]:
        raise PermissionError(errno.EPERM, caught[0])


def _datagram(target):
    left, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.sendto(b"x", target)


def _truncate_open_for_reading(target):
    os.close(os.open(target, os.O_RDONLY | os.O_TRUNC))


def _libc(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


ATTACKS = {
    "connect": lambda target: socket.create_connection(("127.0.0.1", int(target)), timeout=5),
    "connect by thread": _from_a_thread,
    "unix": lambda target: socket.socket(socket.AF_UNIX).connect(target),
    "datagram": _datagram,
    "stream pair": lambda target: socket.socketpair(),
    "read": lambda target: Path(target).read_bytes(),
    "list": os.listdir,
    "write": lambda target: Path(target).write_bytes(b"x"),
    "overwrite": lambda target: Path(target).open("r+b").close(),
    "truncate": lambda target: os.truncate(target, 0),
    "truncate for reading": _truncate_open_for_reading,
    "remove": os.unlink,
    "rename": lambda target: os.rename(target, f"{target}.new"),
    "link here": lambda target: os.link(target, "linked"),
    "symlink here": lambda target: os.symlink(target, "pointer"),
    "fifo here": lambda target: os.mkfifo("pipe"),
    "folder here": lambda target: os.mkdir("folder"),
    "chmod": lambda target: os.chmod(target, 0o777),
    "fchmod": lambda target: os.fchmod(os.open(target, os.O_RDONLY), 0o777),
    "chown": lambda target: os.chown(target, os.getuid(), os.getgid()),
    "utime": os.utime,
    "setxattr": lambda target: os.setxattr(target, "user.x", b"x"),
    "exec": lambda target: os.execv(target, [target]),
    "subprocess": lambda target: subprocess.run([target], check=True),
    "fork": lambda target: os.fork() or os._exit(0),
    "thread": _thread,
    "signal": lambda target: os.kill(int(target), signal.SIGCONT),
    "signal self": lambda target: os.kill(os.getpid(), signal.SIGCONT),
    "limits of others": lambda target: _libc("prlimit", int(target), 7, None, None),
    "ptrace": lambda target: _libc("ptrace", 16, int(target), None, None),
    "outlive": lambda target: _libc("prctl", 1, 0, 0, 0, 0),
    "new user": lambda target: _libc("unshare", 0x10000000),
    "mount": lambda target: _libc("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "memory file": lambda target: os.memfd_create("x"),
}


def echo(emit):
    """Stay, and answer with what was sent; some messages do harm."""

    def answer(message, payload):
        if "sleep" in message:
            time.sleep(message["sleep"])
        if "crash" in message:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "allocate" in message:
            bytearray(message["allocate"])
        if "fail" in message:
            raise LookupError("no such thing")
        if "refuse" in message:
            raise CorruptFile("cut off")
        return {"pid": os.getpid(), "got": message}, payload[::-1]

    return answer
