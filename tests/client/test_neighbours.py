import json

import pytest
from click.testing import CliRunner

from hpcfair_kg import Client, errors
from hpcfair_kg.artifact import Fit
from hpcfair_kg.cli import main
from hpcfair_kg.client import Entry
from tests.pool import POOL, save


@pytest.fixture(scope="module")
def keys(live, tmp_path_factory):
    """Three models and a table in the catalogue, by name."""
    folder = tmp_path_factory.mktemp("neighbours")
    chosen = [model for model in POOL if model.name in ("image-encoder", "image-decoder", "image-features")]
    (folder / "measured.csv").write_text("a,b,c\n1.5,2.5,3.5\n")
    with Client(live.url, live.token) as client:
        paths = [save(model, folder) for model in chosen] + [folder / "measured.csv"]
        return {path.stem: client.upload(path, license="MIT").key for path in paths}


def test_neighbours_are_typed(live, keys):
    with Client(live.url) as client:
        found = client.compatible(keys["image-encoder"])
        best = found.after[0]
        assert isinstance(best.artifact, Entry)
        assert (best.artifact.name, best.fit.wiring) == ("image-decoder", {"latent": "latent"})
        assert isinstance(best.fit, Fit)
        assert (best.fit.complete, best.fit.ambiguous) == (True, False)
        assert found.models == ()
        assert [one.artifact.name for one in found.before][:1] == ["image-decoder"]
        pages = client.compatible(keys["image-decoder"], "after", limit=1)
        names = [one.artifact.name for one in pages.every("after")]
        assert {"image-encoder", "image-features"} <= set(names)
        assert len(names) == pages.total["after"]
        with pytest.raises(errors.UnknownParameter):
            client.compatible(keys["measured"], "after")


def test_the_command_prints_a_line_each(live, keys, tmp_path, monkeypatch):
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path))
    command = ["compatible", keys["image-encoder"], "--role", "after", "--on", live.url]
    shown = CliRunner().invoke(main, command)
    assert shown.exit_code == 0, shown.output
    assert "after\tada/image-decoder\t" in shown.output
    assert "latent -> latent" in shown.output
    document = json.loads(CliRunner().invoke(main, [*command, "--json"]).output)
    assert document["after"][0]["fit"]["wiring"] == {"latent": "latent"}
    assert set(document) == {"after", "total", "next"}
