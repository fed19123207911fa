from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient

from hpcfair_kg.activity import Job, Step
from hpcfair_kg.artifact import Artifact, TensorSpec
from hpcfair_kg.hub import Hub
from server.suggested import Suggestion, suggestions
from tests.server.parts import Filled, form, scaler

MODEL = Artifact("i", "k", "ada", "m")


@pytest.fixture(autouse=True)
def request_of_anyone(filled: Filled) -> Iterator[None]:
    """A request: who asks may see what."""
    with filled.client.application.test_request_context():
        yield


def shapes(*specs: TensorSpec, told: str = "") -> list[tuple[int, ...]]:
    """Return what is suggested for inputs, where the smoke test told something."""
    jobs = [Job("k.1", steps=(Step("convert", "succeeded"), Step("smoke", "succeeded", detail=told)))]
    return [each.shape for each in suggestions(replace(MODEL, inputs=specs), jobs)]


def test_free_dimensions_are_one_where_nothing_is_known() -> None:
    spec = TensorSpec("x", "float32", ("batch", "2*n + 1", 3))
    assert shapes(spec) == [(1, 3, 3)]
    assert shapes(TensorSpec("x", "float32")) == [()]


def test_they_are_what_the_model_ran_on() -> None:
    told = "ran once on inputs a.b [2, 64], c [64, 9] gave y [1, 1], a [7, 7] in 0.1 ms"
    inputs = TensorSpec("a.b", "float32", ("n", "t")), TensorSpec("c", "int64", ("t", 9))
    assert shapes(*inputs, told=told) == [(2, 64), (64, 9)]
    assert shapes(TensorSpec("a", "float32", ("n",)), told=told) == [(1,)]


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (TensorSpec("x", "float16", (3,)), [0.1, 0.2, 0.3]),
        (TensorSpec("x", "float32"), 0.1),
        (TensorSpec("ids", "int64", (2,)), [0, 0]),
        (TensorSpec("attention_mask", "int64", (2,)), [1, 1]),
        (TensorSpec("x", "bool", (1,)), [False]),
        (TensorSpec("key_mask", "bool", (1,)), [True]),
        (TensorSpec("x", "string", (1, 1)), [["text"]]),
    ],
)
def test_values_are_small(spec: TensorSpec, values: object) -> None:
    array = Suggestion(spec, tuple(size for size in spec.shape if isinstance(size, int))).array()
    assert array.tolist() == values
    assert array.shape == spec.shape


def test_the_authors_own_sample_comes_first(hub: Hub, client: FlaskClient, token: str) -> None:
    def sent(name: str, *files: tuple[str, bytes]) -> Artifact:
        answer = client.post(
            "/api/artifacts",
            data=form({"name": name, "license": "MIT"}, *files),
            headers={"Authorization": f"Bearer {token}", "Prefer": "wait=120"},
        )
        assert answer.status_code == 201, answer.text
        return hub.find(answer.get_json()["key"])

    own = sent("own", ("m.onnx", scaler(3.0)), ("samples.csv", b"a,b,c\n5,6,7\n8,9,10\n"))
    odd = sent("odd", ("m.onnx", scaler(4.0)), ("samples.csv", b"a,b\n5,6\n"))
    broken = sent("broken", ("m.onnx", scaler(5.0)), ("sample.npy", b"\x93NUMPY\x01\x00"))
    with client.application.test_request_context():
        found = [suggestions(artifact, hub.jobs(artifact))[0].array() for artifact in (own, odd, broken)]
    np.testing.assert_array_equal(found[0], [[5, 6, 7]])
    np.testing.assert_array_equal(found[1], [[0.1, 0.2, 0.3]])
    np.testing.assert_array_equal(found[2], [[0.1, 0.2, 0.3]])
