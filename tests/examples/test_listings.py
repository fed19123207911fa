import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest

from hpcfair_kg import modelAPI
from hpcfair_kg.models import infer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

pytestmark = [pytest.mark.torch, pytest.mark.tensorflow]


def python(script, folder, *arguments):
    """Run an example as its reader does, in a folder of its own."""
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HPCFAIR_HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the encoder, the decoder and the input are, and what Listing 3 made of them and printed."""
    for module in ("torch", "onnxscript", "tensorflow", "tf2onnx"):
        if find_spec(module) is None:
            pytest.skip(f"needs {module}")
    folder = tmp_path_factory.mktemp("listings")
    python("make_encoder_decoder.py", folder)
    (folder / "printed").write_text(python("listing3.py", folder))
    return folder


def test_listing_3_says_what_it_did(folder):
    lines = (folder / "printed").read_text().splitlines()
    assert lines[0].startswith("encoder: encoder.onnx: the ONNX form (opset 18) equals the original within")
    assert "opset 10 was asked for" in lines[1]
    assert any(line.startswith("decoder: decoder.onnx: the ONNX form") for line in lines)
    assert any("wired: input symbols -> encoder.symbols, encoder." in line for line in lines)
    assert any("merged: out.onnx, equal to the chained run" in line for line in lines)


def test_the_output_mirrors_the_input(folder):
    given, sequences = np.loadtxt(folder / "out.txt"), np.loadtxt(folder / "input.txt")
    assert given.shape == (len(sequences), 16)
    np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-5)


def test_the_merged_file_equals_the_chained_run_at_other_lengths(folder):
    encoder, decoder, merged = (infer.load(folder / f"{n}.onnx") for n in ("encoder", "decoder", "out"))
    onnx.checker.check_model(folder / "out.onnx", full_check=True)
    for shape in ((1, 1), (2, 30), (5, 9)):
        symbols = np.random.default_rng(3).integers(0, 16, shape)
        (memory,) = infer.run(encoder, {"symbols": symbols}).values()
        (chained,) = infer.run(decoder, {"memory": memory}).values()
        (at_once,) = infer.run(merged, {"symbols": symbols}).values()
        np.testing.assert_allclose(at_once, chained, rtol=1e-5, atol=1e-7)


def test_the_same_on_a_service(folder, live, monkeypatch):
    monkeypatch.chdir(folder)
    here = (folder / "out.txt").read_text()
    api = modelAPI(live.url, live.token, say=lambda line: None)
    converted = api.conversion(EXAMPLES / "listing1.yaml")
    assert [result.verdict.outcome for result in converted] == ["equal", "equal"]
    result = api.collaborate(EXAMPLES / "listing2.yaml")
    np.testing.assert_allclose(np.loadtxt("out.txt"), np.loadtxt(here.splitlines()), rtol=1e-5)
    assert result.wiring.startswith("input symbols -> encoder.symbols")
    assert result.merged.name == "out.onnx"
    assert result.verdict.outcome == "equal"


@pytest.mark.parametrize("number", [1, 2])
def test_the_examples_are_the_papers_listings_but_for_file_names(number):
    """The keys, their groups and their values, as the paper prints them."""
    import yaml

    example = yaml.safe_load((EXAMPLES / f"listing{number}.yaml").read_text())
    assert list(example) == [
        "general_args",
        "device_args",
        "model_args" if number == 1 else "task_args",
        "out_args",
    ]
    assert example["device_args"] == {
        "worker_num": 4,
        "device": "cpu",
        "gpu_mapping_file": "",
        "gpu_mapping_key": "",
    }
    arguments = example["model_args" if number == 1 else "task_args"]
    assert arguments["onnx_version"] == 10
    assert arguments["model_name"] == ["encoder", "decoder"]
