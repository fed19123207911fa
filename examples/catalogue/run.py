"""`make run`: install, start the service with the example catalogue, bring PyTorch and TensorFlow behind it.

Uses only the standard library, for it runs before anything is installed.
Everything that it starts ends with it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from examples.catalogue.install import PYTHON, ROOT, VENV, CannotInstall, install

Command = Sequence[str | Path]
FIRST = ("sklearn", "boosting", "data", "image", "text", "examples")
BEHIND = (("PyTorch", "torch"), ("TensorFlow", "tensorflow"), ("Transformers", "transformers"))
NOTICE = "They are being installed behind this page, and their models follow by themselves."
AT_FIRST = 5
"""How many entries of the catalogue need neither PyTorch nor TensorFlow."""


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--behind", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.behind:
        behind()
        return
    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        require_free(chosen.port)
        say("Installing what the service needs into .venv (the first time: about a minute) …")
        install(*FIRST)
        run(chosen.port)


def run(port: int) -> None:
    """Start the service, what fills it and what it lacks yet; wait for the service to end."""
    serve: Command = [_command("hpcfair-server"), "serve", "--port", str(port), "--ready-at", str(AT_FIRST)]
    with child(serve, HPCFAIR_NOTICE=NOTICE) as server:
        await_answer(server, port, "/health/live")
        environment = {"HPCFAIR_ENDPOINT": f"http://127.0.0.1:{port}", "HPCFAIR_TOKEN": token()}
        with child([sys.executable, "-m", __spec__.name, "--behind"], **environment):
            await_answer(server, port, "/health/ready")
            announce(port)
            server.wait()
    raise SystemExit(server.returncode)


def behind() -> None:
    """Upload what can be at once; then install each framework and upload what it opens."""
    fill: Command = [PYTHON, "-m", "examples.catalogue.fill"]
    subprocess.run(fill, cwd=ROOT)
    for name, extra in BEHIND:
        began = time.monotonic()
        try:
            if install(extra):
                say(f"{name} came after {time.monotonic() - began:.0f} s; its models follow.")
        except CannotInstall as exc:
            say(f"{name} could not be installed and its models stay out: {exc}")
            continue
        subprocess.run(fill, cwd=ROOT)
    say("The example catalogue is complete.")


def require_free(port: int) -> None:
    """End with what to do when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise SystemExit(
                f"Port {port} cannot be used: {exc.strerror}. Stop what answers on http://127.0.0.1:{port} "
                f"(see `ss -ltnp 'sport = :{port}'`), or take another: make run PORT={port + 1}"
            ) from exc


@contextlib.contextmanager
def child(command: Command, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, and end the whole group at the end."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def token() -> str:
    """Return a token for the owner of the examples, made once and kept beside the data."""
    kept = Path(os.environ.get("HPCFAIR_DATA_DIR") or ROOT / "data") / "examples.token"
    if not kept.exists():
        create: Command = [
            _command("hpcfair-server"),
            "token",
            "create",
            "examples",
            "--scope",
            "read",
            "--scope",
            "write",
        ]
        made = subprocess.run(create, cwd=ROOT, capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(f"No token could be made for the examples: {made.stderr.strip()}")
        kept.touch(mode=0o600)
        kept.write_text(made.stdout.split()[-1])
    return kept.read_text()


def await_answer(server: subprocess.Popen[bytes], port: int, path: str, seconds: float = 90) -> None:
    """Wait until the service answers a path with success, or the time is over; end when it has ended."""
    until = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
            return
        time.sleep(0.1)
    if server.poll() is not None:
        raise SystemExit(f"The service ended at once ({server.returncode}); what it said is above.")


def announce(port: int) -> None:
    """Say where the service is and what to try."""
    elsewhere = f"export HPCFAIR_ENDPOINT=http://127.0.0.1:{port}\n  " if port != 8080 else ""
    say(f"""
HPCFair-KG answers on http://127.0.0.1:{port}. Open it in a browser, and in another terminal try:

  {elsewhere}.venv/bin/hpcfair search wine --framework scikit-learn
  .venv/bin/hpcfair query 'SELECT * {{ ?model a <https://hpc-fair.github.io/ontology#AIModel> }}'
  .venv/bin/hpcfair download examples/wine

with a token, which running a model and uploading need:

  export HPCFAIR_TOKEN=$(.venv/bin/hpcfair-server token create me)
  .venv/bin/hpcfair infer examples/wine-classifier examples/catalogue/three-wines.csv
  .venv/bin/hpcfair upload model.onnx --name my-model --license MIT

Models of PyTorch and TensorFlow follow as soon as their frameworks are installed.
Ctrl-C ends the service; the catalogue is kept.
""")


def say(text: str) -> None:
    """Print now, for whoever watches."""
    print(text, flush=True)


def _command(name: str) -> Path:
    return VENV / "bin" / name


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
