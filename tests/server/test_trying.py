from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from lxml import html
from onnx import TensorProto, helper
from werkzeug.test import TestResponse

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from server.trying import LARGEST
from tests.buffered import Buffered
from tests.onnx_files import save, value
from tests.server.parts import PICKLE, Filled, form, scaler

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
EVIL = '"><script>alert(1)</script>'
INPUTS = {
    "table": (TensorProto.FLOAT, ["n", 3]),
    "column": (TensorProto.DOUBLE, ["n", 1]),
    "cube": (TensorProto.FLOAT16, [1, 2, 2]),
    "ids": (TensorProto.INT64, ["n", "t"]),
    "small": (TensorProto.INT8, [2]),
    "mask": (TensorProto.BOOL, ["n", "t"]),
    "one": (TensorProto.FLOAT, []),
    EVIL: (TensorProto.STRING, ["n"]),
}


@dataclass(frozen=True)
class Tried:
    """A catalogue of models to try, its client, and tokens that may run them and that may not."""

    hub: Hub
    client: FlaskClient
    token: str
    reader: str
    models: dict[str, Artifact]

    def path(self, name: str) -> str:
        """Return where a model is tried."""
        return f"/ark:/99999/{self.models[name].key}/try"

    def run(self, name: str, token: str | None = None, accept: Any = HTML, **fields: Any) -> TestResponse:
        """Send the form, every field as the page has it but those given."""
        page = html.fromstring(self.client.get(self.path(name), headers=HTML).text)
        typed = {area.name: area.value for area in page.xpath("//form//textarea")}
        data = typed | {"token": self.token if token is None else token} | fields
        return self.client.post(self.path(name), data=data, headers=accept)


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    """Models with inputs of every kind, a wide one, and one that cannot be run."""
    folder = tmp_path_factory.mktemp("tried")
    hub = Hub.open(Settings(data_dir=folder / "data", threads=8))
    token = hub.accounts.create("ada")
    app = create_app(hub)
    app.testing = True
    app.test_client_class = Buffered
    client = app.test_client()
    models = {}
    for name, data in {
        "every.onnx": every(folder),
        "wide.onnx": wide(folder),
        "scaler.onnx": scaler(),
        "old.pkl": PICKLE,
    }.items():
        said = {"name": name.partition(".")[0], "title": EVIL, "license": "MIT", "kind": "model"}
        headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=120"}
        answer = client.post("/api/artifacts", data=form(said, (name, data)), headers=headers)
        assert answer.status_code == 201, answer.text
        models[said["name"]] = hub.find(answer.get_json()["key"])
    yield Tried(hub, client, token, hub.accounts.create("bob", ("read",)), models)
    hub.close()


def every(folder: Path) -> bytes:
    """Return a model that gives back whatever it is fed."""
    outputs = [f"{name} again" for name in INPUTS]
    nodes = [
        helper.make_node("Identity", [name], [output]) for name, output in zip(INPUTS, outputs, strict=True)
    ]
    return save(
        folder / "every.onnx",
        nodes,
        [value(name, kind, shape) for name, (kind, shape) in INPUTS.items()],
        [value(output, *INPUTS[name]) for name, output in zip(INPUTS, outputs, strict=True)],
    ).read_bytes()


def wide(folder: Path) -> bytes:
    """Return a model whose input is larger than what is typed by hand."""
    node = helper.make_node("Neg", ["x"], ["y"])
    shapes = {"shape": ["n", 3000]}
    return save(folder / "wide.onnx", [node], [value("x", **shapes)], [value("y", **shapes)]).read_bytes()


def tables(answer: TestResponse) -> dict[str, list[list[str]]]:
    """Return the outputs that a page shows, the cells of each row."""
    page = html.fromstring(answer.text)
    return {
        region.getprevious().xpath("string(code)"): [
            [cell.text_content() for cell in row.xpath("td")] for row in region.xpath(".//tbody/tr")
        ]
        for region in page.xpath('//div[contains(@class, "outputs")]')
    }


@pytest.mark.parametrize("name", ["every", "wide", "scaler"])
def test_what_the_form_holds_at_first_really_runs(tried: Tried, name: str) -> None:
    answer = tried.run(name)
    assert answer.status_code == 200, answer.text
    assert set(tables(answer)) == {spec.name for spec in tried.models[name].outputs}


def test_the_landing_page_has_the_form(tried: Tried) -> None:
    page = html.fromstring(tried.client.get(tried.path("every").removesuffix("/try"), headers=HTML).text)
    (posted,) = page.xpath("//form[@method='post']")
    assert (posted.get("action"), posted.get("enctype")) == (tried.path("every"), "multipart/form-data")
    assert [legend.xpath("string(code)") for legend in posted.xpath(".//legend")] == list(INPUTS)
    named = {label.get("for") for label in posted.xpath(".//label")}
    fields = posted.xpath(".//textarea | .//input")
    assert named == {field.get("id") for field in fields}
    told = {part.get("id") for part in page.xpath("//*[@id]")}
    assert {word for field in fields for word in field.get("aria-describedby", "").split()} <= told
    assert {field.name for field in posted.xpath(".//input[@type='file']")} == {
        "input0-file", "input2-file", "input3-file", "input5-file",
    }  # fmt: skip


def test_it_gives_what_the_model_gives_and_keeps_what_was_typed(tried: Tried) -> None:
    answer = tried.run("scaler", input0="1 2 3\r\n4 5 0.25")
    assert tables(answer) == {"y": [["2", "4", "6"], ["8", "10", "0.5"]]}
    assert "It took " in answer.text
    page = html.fromstring(answer.text)
    assert page.xpath("//textarea")[0].value.strip("\n") == "1 2 3\n4 5 0.25"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_is_never_sent_back(tried: Tried) -> None:
    for answer in (tried.run("scaler"), tried.run("scaler", input0="x"), tried.run("scaler", tried.reader)):
        assert tried.token not in answer.text
        assert tried.reader not in answer.text
        assert "Set-Cookie" not in answer.headers


def test_a_file_is_read_in_place_of_what_is_typed(tried: Tried) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([[1.0, 2.0, 3.0]]))
    answer = tried.run("scaler", **{"input0-file": (io.BytesIO(stream.getvalue()), "rows.npy")})
    assert tables(answer) == {"y": [["2", "4", "6"]]}
    answer = tried.run("scaler", **{"input0-file": (io.BytesIO(b"a,b\n1,2\n"), "rows.csv")})
    assert (answer.status_code, "the model takes" in answer.text) == (422, True)


def test_a_large_output_is_cut_and_comes_whole_as_json(tried: Tried) -> None:
    answer = tried.run("wide")
    assert "50 of 3,000 rows" in answer.text
    assert len(tables(answer)["y"]) == 50
    saved = tried.run("wide", **{"as": "json"})
    assert saved.headers["Content-Disposition"] == "attachment; filename=wide.json"
    assert len(saved.get_json()["y"][0]) == 3000


@pytest.mark.parametrize(
    ("name", "fields", "at", "said"),
    [
        ("scaler", {"input0": "1 2 three"}, "input0", "'three' is no number"),
        ("scaler", {"input0": "1 2"}, "input0", "the model takes ['batch', 3]"),
        ("scaler", {"input0": ""}, "input0", "nothing was typed"),
        ("every", {"input4": "1 200"}, "input4", "the model takes int8"),
        ("every", {"input3": "[[1], [2, 3]]"}, "input3", "unequal length"),
    ],
)
def test_what_is_wrong_is_shown_at_its_field(
    tried: Tried, name: str, fields: dict[str, str], at: str, said: str
) -> None:
    answer = tried.run(name, **fields)
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    assert said in page.xpath(f"string(//*[@id='{at}-wrong'])")
    (field,) = page.xpath("//textarea[@aria-invalid]")
    assert (field.get("id"), field.value.strip("\n")) == (at, fields[at])
    assert field.get("aria-describedby").split() == [f"{at}-hint", f"{at}-wrong"]
    assert page.xpath(f"string(//*[@role='alert']//a[@href='#{at}'])")


def test_all_that_is_wrong_is_shown_at_once(tried: Tried) -> None:
    page = html.fromstring(tried.run("every", input0="a", input1="b").text)
    assert [field.get("id") for field in page.xpath("//textarea[@aria-invalid]")] == ["input0", "input1"]


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [("", 401, "type it here"), ("wrong", 401, "not known here"), (None, 403, "the scope 'run'")],
)
def test_running_needs_a_token(tried: Tried, token: str | None, status: int, said: str) -> None:
    answer = tried.run("scaler", tried.reader if token is None else token, input0="7 8 9")
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    page = html.fromstring(answer.text)
    assert said in page.xpath("string(//*[@id='token-wrong'])")
    assert page.xpath("//textarea")[0].value.strip("\n") == "7 8 9"


def test_a_token_in_the_header_does_as_well(tried: Tried) -> None:
    headers = {"Authorization": f"Bearer {tried.token}"}
    assert tried.client.post(
        tried.path("scaler"), data={"input0": "[[1, 2, 3]]"}, headers=headers
    ).get_json() == {"y": [[2, 4, 6]]}


def test_a_program_gets_json_for_answers_and_problems(tried: Tried) -> None:
    assert tried.run("scaler", accept={"Accept": "*/*"}, input0="1 2 3").get_json() == {"y": [[2, 4, 6]]}
    wrong = tried.run("scaler", accept={"Accept": "application/json"}, input0="1 2")
    assert (wrong.status_code, wrong.content_type) == (422, "application/problem+json")
    assert wrong.get_json()["expected"][0]["name"] == "x"


def test_every_dtype_comes_out_as_json(tried: Tried) -> None:
    answer = json.loads(tried.run("every", input7="naïve <b>", **{"as": "json"}).text)
    assert answer[f"{EVIL} again"] == ["naïve <b>"]
    np.testing.assert_allclose(answer["cube again"], [[[0.1, 0.2], [0.3, 0.4]]], rtol=1e-3)
    assert answer["mask again"] == [[True]]


def test_strangers_names_and_values_stay_words(tried: Tried) -> None:
    answers = [
        tried.client.get(tried.path("every"), headers=HTML),
        tried.run("every", input7=f"</textarea>{EVIL}"),
        tried.run("every", input0=f"</textarea>{EVIL}"),
    ]
    for answer in answers:
        assert "<script" not in answer.text
        assert not html.fromstring(answer.text).xpath("//script")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert tables(answers[1])[f"{EVIL} again"] == [[f"</textarea>{EVIL}"]]


def test_what_cannot_be_run_says_why_in_place_of_the_form(tried: Tried) -> None:
    model = tried.models["old"]
    for path in (tried.path("old"), tried.path("old").removesuffix("/try")):
        page = html.fromstring(tried.client.get(path, headers=HTML).text)
        assert model.reason
        assert model.reason in page.text_content()
        assert not page.xpath("//form[@method='post']")
    answer = tried.client.post(tried.path("old"), data={"token": tried.token}, headers=HTML)
    assert answer.status_code == 409


def test_a_dataset_has_no_form(filled: Filled) -> None:
    page = filled.client.get(f"/ark:/99999/{filled.dataset.key}", headers=HTML).text
    assert 'id="try"' not in page
    tried = filled.client.get(f"/ark:/99999/{filled.dataset.key}/try", headers=HTML)
    assert "it is a dataset, no model" in tried.text


def test_a_body_that_is_too_large_is_refused(tried: Tried) -> None:
    answer = tried.run("scaler", input0="1" * (LARGEST + 1))
    assert (answer.status_code, answer.mimetype) == (413, "text/html")


def test_an_unknown_key(filled: Filled) -> None:
    assert filled.client.get("/ark:/99999/nothing/try").status_code == 404
