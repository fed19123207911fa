import subprocess
import sys

import pytest

HEAVY = {
    "numpy",
    "onnx",
    "onnxruntime",
    "rdflib",
    "httpx",
    "rich",
    "yaml",
    "torch",
    "tensorflow",
    "flask",
    "pyoxigraph",
}


@pytest.mark.parametrize(
    "code",
    [
        "import hpcfair_kg",
        "from hpcfair_kg import Client, Artifact, Job; Client()",
        "import click.testing, hpcfair_kg.cli as c; click.testing.CliRunner().invoke(c.main, ['--help'])",
    ],
)
def test_what_is_asked_for_first_imports_nothing_heavy(code):
    """Lightness is what is imported: a time would depend on the machine."""
    listed = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
