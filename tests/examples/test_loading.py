"""The short examples are run against a real service that holds what `make run` begins with."""

import json

import pytest
from click.testing import CliRunner

from examples.catalogue import author
from examples.catalogue.fetch import catalogue
from examples.catalogue.fill import OWNER
from hpcfair_kg import Client, modelAPI
from hpcfair_kg.cli import main
from tests.examples.test_listings import EXAMPLES
from tests.running import operator

for module in ("sklearn", "skops", "skl2onnx", "pandas", "pyarrow"):
    pytest.importorskip(module, reason=f"needs {module} (extras sklearn and data)")


@pytest.fixture(scope="module")
def filled(live, tmp_path_factory):
    """The service, with the wines and their classifier in it as the example catalogue names them."""
    token = operator("token", "create", OWNER, folder=live.data_dir).stdout.strip()
    known = {entry.name: entry for entry in catalogue()}
    with Client(live.url, token) as client:
        for name, make in (("wine", author.wine_table), ("wine-classifier", author.wine_classifier)):
            folder = tmp_path_factory.mktemp(name)
            make(folder, folder)
            files = [path for path in folder.iterdir() if path.suffix in (".csv", ".skops")]
            client.upload(files, name=name, metadata=known[name].metadata)
    return live


@pytest.fixture
def call(filled, tmp_path, monkeypatch):
    """A function: run an example as its first lines say, and return what is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))

    def run(name, *words):
        result = CliRunner().invoke(main, ["run", str(EXAMPLES / name), "--on", filled.url, *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_search(call):
    (line,) = call("search.yaml").splitlines()
    assert line.split("\t")[:4] == ["examples/wine-classifier", "model", "scikit-learn", "ready"]


def test_load_model(call, filled, tmp_path):
    assert "takes X float32 ['batch', 13]" in call("load_model.yaml")
    assert (tmp_path / "wine-classifier.onnx").is_file()
    session = modelAPI(filled.url, say=lambda line: None).load_model(EXAMPLES / "load_model.yaml")
    assert [tensor.name for tensor in session.get_outputs()] == ["label", "probabilities"]


def test_load_dataset(call, tmp_path):
    assert call("load_dataset.yaml").startswith(
        "wine: 178 rows, 3 columns: alcohol float64, hue float64, grower int64"
    )
    assert (tmp_path / "wine.parquet").is_file()
    (document,) = json.loads(call("load_dataset.yaml", "--json"))
    assert document["rows"][0] == {"alcohol": 14.23, "hue": 1.04, "grower": 0}
