"""The project as others get it: a wheel, and a checkout installed in place, both seen from another folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
USE = """
import hpcfair_kg, pathlib
from hpcfair import modelAPI
from hpcfair_kg.knowledge import ontology, validate
assert ontology.context() and ontology.terms() and "sh:NodeShape" in validate.text("artifact.ttl")
print(pathlib.Path(hpcfair_kg.__file__).parent)
"""


def run(*command, **options):
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="hatchling comes with the extra `test`")
    place = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place, cwd=ROOT)
    return next(place.glob("*.whl"))


@pytest.fixture
def environment(tmp_path):
    """A fresh environment that sees our dependencies, and not our project."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def installed(environment, *what):
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "--python", environment, "install", *quiet, "--force-reinstall", *what)
    return environment.parent


def test_the_wheel_holds_what_is_read_at_run_time(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"hpcfair.py", "hpcfair_kg/__init__.py", "server/__init__.py"} <= names
    for folder, inside in (("ontology", "_ontology"), ("shapes", "_shapes")):
        for path in (ROOT / folder).iterdir():
            assert f"hpcfair_kg/knowledge/{inside}/{path.name}" in names
    for package in ("hpcfair_kg", "server"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert str(path.relative_to(ROOT)) in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_the_wheel_works_away_from_the_checkout(wheel, environment, tmp_path):
    folder = installed(environment, wheel)
    assert str(tmp_path) in run(environment, "-c", USE, cwd=tmp_path)
    assert "Usage" in run(folder / "hpcfair", "--help", cwd=tmp_path)
    assert "Usage" in run(folder / "hpcfair-server", "--help", cwd=tmp_path)


def test_a_checkout_installed_in_place_works(environment, tmp_path):
    folder = installed(environment, "--editable", ROOT)
    assert run(environment, "-c", USE, cwd=tmp_path).strip() == str(ROOT / "hpcfair_kg")
    assert "Usage" in run(folder / "hpcfair", "--help", cwd=tmp_path)


def test_a_checkout_that_is_not_installed_works(environment):
    assert run(environment, "-c", USE, cwd=ROOT).strip() == str(ROOT / "hpcfair_kg")
