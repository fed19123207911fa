"""The rules of the house, as tests: who imports whom, how long things are, what importing costs."""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hpcfair_kg.formats.base import Format
from hpcfair_kg.plugins import shelf

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("hpcfair_kg", "server", "examples") for path in (ROOT / folder).rglob("*.py")
)
HEAVY = {
    "torch", "tensorflow", "keras", "tf2onnx", "sklearn", "skl2onnx", "xgboost", "lightgbm", "transformers",
    "pandas", "pyarrow", "h5py", "scipy", "tokenizers", "PIL",
}  # fmt: skip
SHELVES = (
    "hpcfair_kg.formats",
    "hpcfair_kg.knowledge.harvest",
    "hpcfair_kg.knowledge.views",
    "hpcfair_kg.models.processing",
    "hpcfair_kg.models.rows",
)


def python(code, **environment):
    """Run code in an interpreter of its own and return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def loaded_by(statement):
    modules = python(f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))")
    return {name.partition(".")[0] for name in modules}


def test_imports_run_down_only():
    pytest.importorskip("importlinter", reason="import-linter comes with the extra `test`")
    # In a process of its own: it sets up logging anew, which closes the stream that TensorFlow's logger
    # holds, and that is pytest's own once a test has imported TensorFlow.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_at_most_400_lines_and_a_function_50(path):
    text = path.read_text()
    assert text.count("\n") <= 400
    functions = (
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno - f.lineno >= 50}
    assert not long


@pytest.mark.parametrize("name", SHELVES)
def test_every_plug_in_of_a_shelf_is_found_under_a_name_of_its_own(name):
    offered = []
    for module in pkgutil.iter_modules(importlib.import_module(name).__path__):
        offered += getattr(importlib.import_module(f"{name}.{module.name}"), "PLUGINS", ())
    names = [plugin.name for plugin in offered]
    assert sorted(names) == sorted(shelf(name))
    assert offered


def test_every_format_that_is_written_is_offered():
    package = "hpcfair_kg.formats"
    offered = {type(plugin) for plugin in shelf(package).values()}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        for kind in vars(importlib.import_module(f"{package}.{module.name}")).values():
            if inspect.isclass(kind) and issubclass(kind, Format) and not inspect.isabstract(kind):
                assert kind in offered, f"{kind.__name__} is not in PLUGINS of its module"


def test_every_format_says_what_brings_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for plugin in shelf("hpcfair_kg.formats").values():
        assert plugin.extra in {"", *project["optional-dependencies"]}
        if plugin.inspect_needs or getattr(plugin, "needs", ()):
            assert plugin.extra or plugin.name == "onnx", f"{plugin.name} needs modules and names no extra"


def test_importing_the_package_or_the_client_costs_little():
    foreign = HEAVY | {"onnx", "onnxruntime", "numpy", "rdflib", "pyoxigraph", "flask", "tantivy"}
    assert not loaded_by("import hpcfair_kg") & (foreign | {"httpx", "rich", "yaml"})
    assert not loaded_by("from hpcfair_kg import Artifact, Client; Client") & foreign


@pytest.mark.parametrize("module", ["server", "hpcfair_kg.hub", "hpcfair_kg.cli", "hpcfair_kg.api"])
def test_no_door_imports_a_framework(module):
    assert not loaded_by(f"import {module}") & HEAVY


def test_every_public_name_is_there():
    import hpcfair
    import hpcfair_kg

    for name in hpcfair_kg.__all__:
        assert getattr(hpcfair_kg, name) is getattr(hpcfair, name)


def test_onnxruntime_is_not_let_to_phone_home(tmp_path):
    code = """
import json, pathlib, sys
import hpcfair_kg
import numpy as np, onnx
from onnx import TensorProto, helper
from hpcfair_kg.models import infer
x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy")
graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnx.save(model, sys.argv[1] if len(sys.argv) > 1 else "model.onnx")
"""
    code = code.replace('sys.argv[1] if len(sys.argv) > 1 else "model.onnx"', repr(str(tmp_path / "m.onnx")))
    code += f"""
answer = infer.run(infer.load(pathlib.Path({str(tmp_path / "m.onnx")!r})), {{"x": np.ones(2, "float32")}})
print(json.dumps(answer["y"].tolist()))
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: "" for key in os.environ if key.startswith("XDG_")}
    assert python(code, HOME=str(home), **environment) == [-1.0, -1.0]
    assert list(home.rglob("*")) == []
