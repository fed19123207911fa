import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg import Client, errors
from hpcfair_kg.client import Entry, Job, downloads


def model(path, scale, metadata="0"):
    """y = x * scale, a file of its own for each scale."""
    node = helper.make_node("Mul", ["x", "w"], ["y"])
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 3]) for n in "xy"]
    weights = [helper.make_tensor("w", TensorProto.FLOAT, [1], [scale])]
    graph = helper.make_graph([node], metadata, ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    for name in ("HPCFAIR_ENDPOINT", "HPCFAIR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def hub(live):
    with Client(live.url, live.token) as client:
        yield client


@pytest.fixture(scope="module")
def doubling(live, tmp_path_factory):
    """A model that is in the catalogue for all tests of this file."""
    path = model(tmp_path_factory.mktemp("models") / "doubling.onnx", 2.0)
    with Client(live.url, live.token) as client:
        return client.upload(path, tags=["client-test", "arithmetic"], license="MIT").key


def test_an_upload_waits_and_comes_back_proved(hub, doubling):
    entry = hub.get(doubling)
    assert isinstance(entry, Entry)
    assert entry.verdict.outcome == "consistent"
    assert entry.status == "ready"
    assert entry.inputs[0].shape == ("batch", 3)
    assert entry.creators[0].name == "Ada Lovelace"
    assert entry.files[0].name == "doubling.onnx"


@pytest.mark.parametrize("form", ["id", "key", "ark", "name", "version"])
def test_any_id_will_do(hub, doubling, form):
    entry = hub.get(doubling)
    spoken = {
        "id": entry.id,
        "key": entry.key,
        "ark": entry.id[entry.id.index("ark:/") :],
        "name": "ada/doubling",
        "version": f"ada/doubling@{entry.version}",
    }[form]
    assert hub.get(spoken) == entry
    assert hub.infer(spoken, {"x": [[1, 2, 3]]})["y"].tolist() == [[2, 4, 6]]


def test_inference_takes_and_gives_arrays(hub, doubling):
    given = hub.infer(doubling, {"x": np.array([[1.5, np.nan, -3]])})
    assert given["y"].dtype == np.float32
    np.testing.assert_array_equal(given["y"], np.float32([[3, np.nan, -6]]))
    assert hub.infer(doubling, {"x": np.zeros((0, 3))})["y"].shape == (0, 3)


def test_wrong_input_comes_back_with_what_is_expected(hub, doubling):
    with pytest.raises(errors.WrongInput) as caught:
        hub.infer(doubling, {"x": [[1, 2]]})
    assert caught.value.members["expected"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]


def test_search_has_hits_facets_and_pages(hub, doubling, tmp_path):
    for scale in (3.0, 4.0):
        hub.upload(model(tmp_path / f"times{scale:.0f}.onnx", scale), tags=["client-test"], license="MIT")
    found = hub.search(tags=["client-test"], framework="onnx", facets=["tag"], limit=2)
    assert found.total == 3
    assert len(found.hits) == 2
    assert {"value": "arithmetic", "count": 1} in found.facets["tag"]
    assert sorted(hit.name for hit in found) == ["doubling", "times3", "times4"]
    assert hub.search(tags=["client-test", "arithmetic"]).total == 1
    assert [hit.key for hit in hub.search("doubling", owner="ada")] == [doubling]
    with pytest.raises(errors.UnknownParameter) as caught:
        hub.search(colour="red")
    assert "tag" in caught.value.members["known"]


def test_a_download_is_verified_and_resumed(hub, doubling, tmp_path):
    entry = hub.get(doubling)
    (path,) = hub.download(entry.id, tmp_path / "out")
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry.files[0].sha256
    kept = tmp_path / "cache" / entry.files[0].sha256[:2] / entry.files[0].sha256
    kept.unlink()
    kept.with_suffix(".part").write_bytes(content[:50])
    asked = []
    stream = hub.service.stream

    def watched(path, headers):
        asked.append(headers)
        return stream(path, headers)

    hub.service.stream = watched
    (again,) = entry_download(hub, entry, tmp_path / "again")
    assert [(one["Range"], one["If-Range"]) for one in asked] == [("bytes=50-", f'"{entry.files[0].sha256}"')]
    assert again.read_bytes() == content


def entry_download(hub, entry, folder):
    return hub.get(entry.key).download(folder, format="onnx")


def test_a_download_that_is_not_its_hashs_bytes_is_refused(hub, doubling, tmp_path):
    entry = hub.get(doubling)
    kept = tmp_path / "cache" / entry.files[0].sha256[:2] / f"{entry.files[0].sha256}.part"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"wrong from the start")
    with pytest.raises(errors.CorruptFile, match="arrived as sha256"):
        hub.download(doubling, tmp_path / "out")
    assert hub.download(doubling, tmp_path / "out")[0].is_file()


def test_which_files_are_downloaded(hub, doubling):
    entry = hub.get(doubling)
    assert [file.name for file in downloads.chosen(entry, "original", None)] == ["doubling.onnx"]
    with pytest.raises(errors.NotFound, match="opset"):
        downloads.chosen(entry, "onnx", 99)


def test_a_job_can_be_followed(hub, tmp_path):
    job = hub.upload(model(tmp_path / "five.onnx", 5.0), license="MIT", wait=False)
    assert isinstance(job, Job)
    heard = list(job.events())
    assert heard[-1]["event"] == "done"
    entry = job.wait()
    assert entry.status == "ready"
    assert job.state == "succeeded"
    assert [step.state for step in job.steps] == ["succeeded"] * len(job.steps)
    assert hub.job(entry.key).id == job.id
    with pytest.raises(errors.Conflict):
        job.cancel()
    assert hub.jobs() == []


def test_the_same_again_is_the_same_artifact(hub, doubling, tmp_path):
    path = model(tmp_path / "doubling.onnx", 2.0)
    assert hub.upload(path, license="MIT").key == doubling
    with pytest.raises(errors.Duplicate) as caught:
        hub.upload(path, name="other", license="MIT")
    assert caught.value.members["existing"].endswith(doubling)


def test_a_folder_is_one_artifact(hub, tmp_path):
    folder = tmp_path / "bundle"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_text("a,b\n1,2\n")
    (folder / "README.md").write_text("rows")
    entry = hub.upload(
        folder, license="CC-BY-4.0", creators=["B. Author"], metadata={"description": "two numbers"}
    )
    assert entry.name == "bundle"
    assert sorted(file.name for file in entry.files) == ["README.md", "data/rows.csv"]
    assert entry.description == "two numbers"
    paths = entry.download(tmp_path / "back")
    assert (tmp_path / "back/data/rows.csv") in paths


def test_bad_metadata_comes_back_with_the_report(hub, tmp_path):
    with pytest.raises(errors.InvalidMetadata) as caught:
        hub.upload(model(tmp_path / "m.onnx", 9.0), license="MTI")
    assert caught.value.members["report"]
    with pytest.raises(errors.NotFound, match=r"no file .*none"):
        hub.upload(tmp_path / "none.onnx", license="MIT")


def test_sparql_in_its_four_forms(hub, doubling):
    iri = hub.get(doubling).id
    rows = hub.sparql(
        f"SELECT ?keyword (1 + 1 AS ?two) WHERE {{ <{iri}> <http://www.w3.org/ns/dcat#keyword> ?keyword }}"
    )
    assert {(row["keyword"], row["two"]) for row in rows} == {("client-test", 2), ("arithmetic", 2)}
    assert hub.sparql(f"ASK {{ <{iri}> ?p ?o }}") is True
    assert len(hub.sparql(f"CONSTRUCT {{ <{iri}> ?p ?o }} WHERE {{ <{iri}> ?p ?o }}")) > 5
    assert len(hub.sparql(f"DESCRIBE <{iri}>")) > 5
    with pytest.raises(errors.QuerySyntax):
        hub.sparql("SELEKT ?s")
    with pytest.raises(errors.QueryRefused):
        hub.sparql("SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")


def test_the_description_as_graph_and_as_json_ld(hub, doubling):
    entry = hub.get(doubling)
    graph = hub.graph("ada/doubling")
    assert any(str(subject) == entry.id for subject in graph.subjects())
    assert entry.id in json.dumps(entry.jsonld)


def test_without_a_token_reading_is_open_and_writing_is_not(live, doubling, tmp_path):
    with Client(live.url) as anyone:
        assert anyone.get(doubling).name == "doubling"
        with pytest.raises(errors.Unauthorized):
            anyone.upload(model(tmp_path / "m.onnx", 8.0), license="MIT")
    with Client(live.url, "hpcfair_wrong") as stranger, pytest.raises(errors.Unauthorized):
        stranger.get(doubling)


def test_whose_token_it_is(hub):
    who = hub.whoami()
    assert who["owner"] == "ada"
    assert "write" in who["scopes"]
    assert who["person"]["name"] == "Ada Lovelace"


def test_the_address_and_the_token_come_from_the_environment(live, monkeypatch, doubling):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url + "/")
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    with Client() as client:
        assert client.endpoint == live.url
        assert client.whoami()["owner"] == "ada"
    assert repr(client) == f"Client({live.url!r})"


def test_what_is_not_there(hub):
    with pytest.raises(errors.NotFound):
        hub.get("nobody/nothing")
    with pytest.raises(errors.NotFound):
        hub.job("ark:/99999/none")


def test_an_opset_asks_for_the_onnx_form(hub, doubling):
    entry = hub.get(doubling)
    assert [file.name for file in downloads.chosen(entry, None, 18)] == ["doubling.onnx"]
    with pytest.raises(errors.NotFound, match="opset"):
        downloads.chosen(entry, None, 12)


def test_what_is_no_model_is_said_to_be_none(hub, tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    entry = hub.upload(path, license="MIT")
    with pytest.raises(errors.NotRunnable, match="it is a dataset, no model"):
        downloads.chosen(entry, "onnx", None)
    with pytest.raises(errors.NotRunnable, match="it is a dataset, no model"):
        hub.infer(entry.key, {"x": np.zeros(1)})
