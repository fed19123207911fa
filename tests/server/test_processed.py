"""Text and pictures go in and labels come out: by the protocol, by the form, as the page's snippets say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.client import tensors
from hpcfair_kg.errors import WrongInput
from hpcfair_kg.hub import Hub
from hpcfair_kg.protocol import HEADER
from hpcfair_kg.settings import Settings
from server import create_app
from server.fields import SENTENCE
from server.snippets import snippets
from tests import processed
from tests.buffered import Buffered
from tests.server.parts import form
from tests.server.test_trying import tables

SAID = ["so so good", "good bad Bad"]
TEXT = {"name": "text", "datatype": "BYTES", "shape": [2], "data": SAID}
RAW = [
    {"name": name, "datatype": "INT64", "shape": [1, 2], "data": data}
    for name, data in {"input_ids": [5, 6], "attention_mask": [1, 0]}.items()
]


@dataclass(frozen=True)
class Processed:
    """A catalogue of a classifier of texts and one of pictures, and its client."""

    hub: Hub
    client: FlaskClient
    headers: dict[str, str]
    texts: Artifact
    pictures: Artifact

    def infer(self, model: Artifact, *inputs: Any, outputs: Any = ()) -> TestResponse:
        """Ask in JSON."""
        document = {"inputs": inputs, "outputs": [{"name": name} for name in outputs]}
        return self.client.post(f"/v2/models/{model.key}/infer", json=document, headers=self.headers)

    def asked(self, model: Artifact, feeds: Any, outputs: Any = None) -> dict[str, Any]:
        """Ask in bytes, as our client does."""
        sent = tensors.request(feeds, outputs, binary=True)
        url, headers = f"/v2/models/{model.key}/infer", self.headers | sent.headers
        answer = self.client.post(url, data=sent.body, headers=headers)
        assert answer.status_code == 200, answer.text
        return tensors.arrays(answer.data, answer.headers.get(HEADER))


@pytest.fixture(scope="module")
def processing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processed]:
    """The two models, converted and proved."""
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra `text`")
    pytest.importorskip("PIL", reason="Pillow comes with the extra `image`")
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("processed") / "data", threads=8))
    token = hub.accounts.create("ada")
    app = create_app(hub)
    app.testing = True
    app.test_client_class = Buffered
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def sent(name: str, files: processed.Files) -> Artifact:
        said = form({"name": name, "license": "MIT"}, *files)
        answer = client.post("/api/artifacts", data=said, headers=headers | {"Prefer": "wait=120"})
        assert answer.status_code == 201, answer.text
        return hub.find(answer.get_json()["key"])

    yield Processed(
        hub, client, headers, sent("moods", processed.texts()), sent("colours", processed.pictures())
    )
    hub.close()


def data(answer: TestResponse) -> dict[str, Any]:
    """Return the data of the outputs by name."""
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"] for output in answer.get_json()["outputs"]}


def test_sentences_become_labels(processing: Processed) -> None:
    given = data(processing.infer(processing.texts, TEXT))
    assert given["label"] == ["neutral", "bad"]
    assert given["logits"] == [2, 1, 0, 0, 1, 2]
    scores = np.exp([2, 2]) / (np.exp([2, 1, 0]).sum())
    np.testing.assert_allclose(given["score"], scores, rtol=1e-6)


def test_only_the_outputs_asked_for_come(processing: Processed) -> None:
    assert data(processing.infer(processing.texts, TEXT, outputs=["label"])) == {"label": ["neutral", "bad"]}
    assert [*data(processing.infer(processing.texts, *RAW, outputs=["score", "logits"]))] == [
        "score",
        "logits",
    ]


def test_tensors_in_tensors_out_as_before(processing: Processed) -> None:
    assert data(processing.infer(processing.texts, *RAW)) == {"logits": [0, 1, 0]}


def test_bytes_carry_text_too(processing: Processed) -> None:
    given = processing.asked(processing.texts, {"text": SAID}, ["label"])
    assert given["label"].tolist() == ["neutral", "bad"]


def test_a_picture_is_its_pixels_or_its_file_in_bytes_or_in_json(processing: Processed) -> None:
    packed, pixels = processed.png(0, 200, 0), np.full((30, 20, 3), (0, 200, 0), np.uint8)
    for image in (packed, pixels, [pixels], [packed, processed.png(250, 0, 0, size=(9, 9))]):
        given = processing.asked(processing.pictures, {"image": image}, ["label"])
        assert given["label"].tolist() == ["green", "red"][: len(given["label"])]
    for values in (np.frombuffer(packed, np.uint8), pixels):
        tensor = {
            "name": "image",
            "datatype": "UINT8",
            "shape": [*values.shape],
            "data": values.ravel().tolist(),
        }
        assert data(processing.infer(processing.pictures, tensor))["label"] == ["green"]


def test_the_hub_does_the_same(processing: Processed) -> None:
    given = processing.hub.infer(
        "ada/moods", {"text": np.array(SAID, object)}, ["label"], principal=_ada(processing)
    )
    assert given["label"].tolist() == ["neutral", "bad"]


def _ada(processing: Processed) -> Any:
    return processing.hub.accounts.principal(processing.headers["Authorization"].removeprefix("Bearer "))


def test_the_metadata_has_tensors_and_tells_what_people_can_give(processing: Processed) -> None:
    said = processing.client.get("/v2/models/ada%2Fmoods").get_json()
    assert [tensor["name"] for tensor in said["inputs"]] == ["input_ids", "attention_mask"]
    assert [tensor["name"] for tensor in said["outputs"]] == ["logits"]
    assert said["parameters"]["processing"] == {
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "score", "datatype": "FP32", "shape": [-1]},
        ],
    }
    image = processing.client.get("/v2/models/ada%2Fcolours").get_json()["parameters"]["processing"]["inputs"]
    assert image == [{"name": "image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([TEXT | {"name": "texts"}], "no input 'texts'"),
        ([TEXT | {"datatype": "INT64", "data": [1, 2]}], "text is int64; it is a list of texts"),
        ([TEXT | {"shape": [1, 2]}], "text has the shape [1, 2]; it is a list of texts"),
        ([TEXT, *RAW], "give the one or the other"),
        ([TEXT | {"data": ["a", 1]}], "BYTES are sent as texts"),
        ([TEXT | {"shape": [1025], "data": ["a"] * 1025}], "at most 1,024"),
        ([TEXT | {"shape": [1], "data": ["a" * (1 << 21)]}], "1,048,576 characters"),
        ([RAW[0]], "no value for input 'attention_mask'"),
    ],
)
def test_wrong_text_is_told_both_ways(processing: Processed, inputs: Any, said: str) -> None:
    answer = processing.infer(processing.texts, *inputs)
    assert answer.status_code == 422, answer.text
    assert said in answer.get_json()["detail"]
    expected = answer.get_json()["expected"]
    assert [spec["name"] for spec in expected] == ["input_ids", "attention_mask", "text"]
    assert expected[-1]["becomes"] == ["attention_mask", "input_ids"]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.frombuffer(b"\x89PNG no more", np.uint8), "no image of PNG"),
        (np.zeros((4, 4), np.float32), "image is float32; it is uint8"),
        (np.zeros((300, 1, 1, 3), np.uint8), "1 to 256"),
        (np.zeros((2, 2, 2, 2, 3), np.uint8), "image has the shape"),
    ],
)
def test_a_wrong_picture_is_told_both_ways(processing: Processed, image: Any, said: str) -> None:
    sent = tensors.request({"image": image}, None, binary=True)
    url, headers = f"/v2/models/{processing.pictures.key}/infer", processing.headers | sent.headers
    answer = processing.client.post(url, data=sent.body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert said in answer.get_json()["detail"]
    assert [spec["name"] for spec in answer.get_json()["expected"]] == ["pixel_values", "image"]


def test_an_output_that_is_none_is_told(processing: Processed) -> None:
    answer = processing.infer(processing.texts, TEXT, outputs=["lable"])
    assert (answer.status_code, "the model gives logits, label, score" in answer.text) == (422, True)


def test_the_hub_tells_both_ways_too(processing: Processed) -> None:
    with pytest.raises(WrongInput) as caught:
        processing.hub.infer("ada/moods", {"nothing": np.zeros(1)}, principal=_ada(processing))
    assert [spec["name"] for spec in caught.value.members["expected"]][-1] == "text"


def tried(processing: Processed, model: Artifact, **fields: Any) -> TestResponse:
    """Send the form of a model's page."""
    token = processing.headers["Authorization"].removeprefix("Bearer ")
    return processing.client.post(
        f"/ark:/99999/{model.key}/try", data={"token": token, **fields}, headers={"Accept": "text/html"}
    )


def test_the_form_takes_sentences_and_shows_labels_first(processing: Processed) -> None:
    page = html.fromstring(processing.client.get(f"/ark:/99999/{processing.texts.key}/try").text)
    (area,) = page.xpath("//textarea")
    assert (area.value.strip(), page.xpath("//fieldset/legend/code/text()")) == (SENTENCE, ["text"])
    answer = tried(processing, processing.texts, input0="so so good\r\ngood, bad, Bad")
    assert answer.status_code == 200, answer.text
    assert list(tables(answer)) == ["label", "score", "logits"]
    assert tables(answer)["label"] == [["neutral"], ["bad"]]
    file = (io.BytesIO(b"bad\ngood\n"), "lines.txt")
    assert tables(tried(processing, processing.texts, **{"input0-file": file}))["label"] == [
        ["bad"],
        ["good"],
    ]
    assert tried(processing, processing.texts, input0=SENTENCE).status_code == 200


def test_the_form_takes_a_picture(processing: Processed) -> None:
    page = html.fromstring(processing.client.get(f"/ark:/99999/{processing.pictures.key}/try").text)
    (file,) = page.xpath("//input[@type='file']")
    assert (file.get("id"), file.name, page.xpath("//textarea")) == ("input0", "input0-file", [])
    chosen = (io.BytesIO(processed.png(0, 0, 200)), "blue.png")
    answer = tried(processing, processing.pictures, **{"input0-file": chosen})
    assert tables(answer)["label"] == [["blue"]], answer.text
    for data, said in ((b"", "no image was chosen"), (b"GIF no more", "the bytes are no image")):
        answer = tried(processing, processing.pictures, **{"input0-file": (io.BytesIO(data), "a.png")})
        assert (answer.status_code, said in answer.text.lower()) == (422, True)


def test_the_page_shows_how_people_use_it(processing: Processed) -> None:
    for model, python, curl in (
        (
            processing.texts,
            '"text": ["A sentence."],',
            '{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["A sentence."]}',
        ),
        (processing.pictures, '"image": Path("picture.png").read_bytes(),', "pixel_values"),
    ):
        shown = {snippet.title: snippet.text for snippet in snippets(model, "http://here")}
        assert python in shown["Python"]
        assert 'print(answer["label"], answer["score"])' in shown["Python"]
        assert "import numpy" not in shown["Python"]
        compile(shown["Python"], "snippet", "exec")
        assert curl in shown["curl"]
