"""The README's session is run as printed, and prints what the README says, numbers aside."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Live

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def session() -> list[tuple[str, list[str]]]:
    """Return the commands of the console block, each with the lines that follow it."""
    block = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert block
    said: list[tuple[str, list[str]]] = []
    for line in block[1].splitlines():
        if line.startswith("$ "):
            said.append((line[2:], []))
        else:
            said[-1][1].append(line)
    return said


def plain(text: str) -> str:
    """Return a line with its numbers, keys and blanks made alike."""
    text = re.sub(r"ark:/99999/\w+|https?://[\w.:]+", "#", text)
    return re.sub(r"[\d.,e+-]*\d[\d.,]*", "0", re.sub(r"\s+", " ", text)).strip(" [].")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the examples in it and the project's commands on a path of its own."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (("python", ""), ("hpcfair", "-m hpcfair_kg.cli"), ("hpcfair-server", "-m server")):
        (commands / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        (commands / name).chmod(0o755)
    return tmp_path


def environment(place: Path, live: Live) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HPCFAIR_ENDPOINT": live.url,
        "HPCFAIR_DATA_DIR": str(live.data_dir),
        "HPCFAIR_HOME": str(place / "home"),
        "HPCFAIR_CACHE": str(place / "cache"),
    }


def test_the_session_prints_what_it_says(place: Path, live: Live) -> None:
    pytest.importorskip("skops", reason="scikit-learn is not installed: make sklearn")
    said = session()
    script = "set -e\n" + "\n".join(f"{command}; echo ---" for command, _ in said)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=place,
        env=environment(place, live),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split("---\n")
    for (command, expected), real in zip(said, printed, strict=False):
        lines = {plain(line) for line in real.splitlines()}
        missing = [line for line in expected if plain(line) not in lines]
        assert not missing, f"{command} printed:\n{real}"


def test_the_python_of_the_readme_runs(place: Path, live: Live) -> None:
    pytest.importorskip("skops", reason="scikit-learn is not installed: make sklearn")
    upload = [command for command, _ in session() if command.startswith(("python", "hpcfair upload"))]
    (snippet,) = re.findall(r"```python\n(from hpcfair_kg import Client.*?)```", README, re.DOTALL)
    (place / "snippet.py").write_text(snippet.replace("http://127.0.0.1:8080", live.url))
    known = environment(place, live) | {"HPCFAIR_TOKEN": live.token}
    # the session's test may have uploaded it before: then the name is taken, and that is well
    script = f"{upload[0]} && ({upload[1]} || hpcfair info ada/iris-forest)"
    subprocess.run(["bash", "-c", script], cwd=place, env=known, check=True, timeout=300, capture_output=True)
    done = subprocess.run(
        [sys.executable, "snippet.py"], cwd=place, env=known, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("equal ")
