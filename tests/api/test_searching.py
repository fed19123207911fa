import json

import pytest
from click.testing import CliRunner

from hpcfair_kg import Client, modelAPI
from hpcfair_kg.cli import main
from hpcfair_kg.errors import InvalidConfig, UnknownParameter, Unreachable
from tests.api.test_there import save


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    for name in ("HPCFAIR_ENDPOINT", "HPCFAIR_TOKEN", "HPCFAIR_DATA_DIR", "HPCFAIR_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def task(tag=(), **arguments):
    return {"general_args": {"task": "search", "tag": list(tag)}, "task_args": arguments}


@pytest.fixture
def stored(here):
    """Three models in the catalogue of this folder, with no service at all."""
    files = [f"here-{n}.onnx" for n in range(3)]
    for n, file in enumerate(files):
        save(here / file, "Neg", "x", "h", n + 0.5)
    config = {"general_args": {"task": "store", "tag": "signs"}, "task_args": {"model_file": files}}
    config["task_args"]["license"] = "MIT"
    return [found.artifact for found in modelAPI(say=lambda line: None).store(config)]


def test_what_was_stored_here_is_found_here(stored):
    lines = []
    found = modelAPI(say=lines.append).search(task(tag=["signs"], query="here-1", kind="model"))
    assert [(hit.id, hit.status) for hit in found.hits] == [(stored[1].id, "ready")]
    assert found.facets["kind"] == [{"value": "model", "count": 1}]
    (said,) = lines
    assert said.splitlines() == [
        f"{stored[1].owner}/here-1\tmodel\tonnx\tready\tsigns\there-1",
        "1 of 1",
    ]


def test_iterating_goes_on_through_all_pages(stored):
    found = modelAPI(say=lambda line: None).search(task(limit=1))
    assert (len(found.hits), len(found)) == (1, 3)
    assert {hit.id for hit in found} == {artifact.id for artifact in stored}


def test_a_service_is_searched_by_the_same_configuration(live, here):
    save(here / "sought.onnx", "Neg", "x", "h", 12.5)
    with Client(live.url, live.token) as client:
        entry = client.upload("sought.onnx", tags=["sought"], license="MIT")
    api = modelAPI(live.url, live.token, say=lambda line: None)
    found = api.search(task(tag=["sought"], status=["ready", "converting"], license="MIT"))
    assert [hit.id for hit in found] == [entry.id]
    same = Client(live.url).search(tag=["sought"], status=["ready", "converting"], license="MIT")
    assert found.document() == same.document()
    assert api.search(task(tag=["sought"], license="Apache-2.0")).total == 0


def test_the_command_line_prints_hits_as_hpcfair_search_does(live, here):
    save(here / "printed.onnx", "Neg", "x", "h", 13.5)
    with Client(live.url, live.token) as client:
        client.upload("printed.onnx", tags=["printed"], license="MIT")
    (here / "s.yaml").write_text("general_args: {task: search, tag: printed}\n")
    run, search = (
        CliRunner().invoke(main, [*words, "--on", live.url])
        for words in (("run", "s.yaml"), ("search", "--tag", "printed"))
    )
    assert run.stdout == search.stdout == "ada/printed\tmodel\tonnx\tready\tprinted\tprinted\n"
    assert run.stderr == search.stderr == "1 of 1\n"
    run, search = (
        CliRunner().invoke(main, [*words, "--json", "--on", live.url])
        for words in (("run", "s.yaml"), ("search", "--tag", "printed"))
    )
    (document,) = json.loads(run.stdout)
    assert document == {"name": "search", "ok": True} | json.loads(search.stdout)


def test_a_catalogue_that_a_service_has_open_is_asked_of_the_service(live, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_DATA_DIR", str(live.data_dir))
    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url)
    found = modelAPI(say=lambda line: None).search(task(limit=0))
    assert found.total == Client(live.url).search(limit=0).total


def test_where_there_is_nothing_to_search_that_is_said_and_nothing_made(here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"nor is there a catalogue in data \(HPCFAIR_DATA_DIR\)"):
        modelAPI().search(task())
    assert list(here.iterdir()) == []


def test_a_configuration_for_another_task_or_too_many_words_are_refused(stored):
    with pytest.raises(InvalidConfig, match="is a configuration for store; search was asked for"):
        modelAPI().search({"general_args": {"task": "store"}})
    with pytest.raises(UnknownParameter, match="1000 are the most"):
        modelAPI().search(task(query="x" * 1001))
