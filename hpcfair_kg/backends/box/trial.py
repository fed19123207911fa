"""Tries the box on this machine: puts on every layer there is, then attacks it, and prints what got through.

Called by `sandbox.probe` as a program: FOLDER (with inside/, outside/secret) PORT (somebody listens there).
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from hpcfair_kg.backends.sandbox import enter
from hpcfair_kg.backends.work.base import Limits

_ORDER = ("rlimits", "namespaces", "no-new-privileges", "landlock", "seccomp")
"""Each before those that would refuse it."""


def main(folder: Path, port: int) -> None:
    """Enter layer by layer, so that one that is missing does not hide the others, and attack."""
    layers = [layer for layer in _ORDER if _entered(layer, folder / "inside")]
    secret = folder / "outside" / "secret"
    attacks: dict[str, Callable[[], object]] = {
        "network": lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close(),
        "reading": secret.read_bytes,
        "writing": lambda: (folder / "outside" / "new").write_bytes(b""),
        "overwriting": lambda: secret.open("r+b").close(),
        "changing modes": lambda: secret.chmod(0o777),
        "removing": secret.unlink,
    }
    got_through = [name for name, attack in attacks.items() if _succeeds(attack)]
    print(json.dumps({"layers": layers, "got_through": got_through}))


def _entered(layer: str, inside: Path) -> bool:
    return _succeeds(lambda: enter(Limits(seconds=30, memory=1 << 30), (), inside, (layer,)))


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
