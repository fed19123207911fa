from __future__ import annotations

import re
from dataclasses import replace

from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from tests.server.parts import Filled


def test_it_lives_and_is_ready(filled: Filled) -> None:
    assert filled.client.get("/health/live").get_json() == {"live": True}
    assert filled.client.get("/health/ready").get_json()["ready"] is True


def test_it_is_not_ready_before_the_first_entries_are_in(settings: Settings) -> None:
    hub = Hub.open(replace(settings, ready_at=3))
    try:
        answer = create_app(hub).test_client().get("/health/ready")
    finally:
        hub.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "0 of the first 3" in answer.get_json()["detail"]


def test_metrics_are_what_prometheus_reads(filled: Filled) -> None:
    filled.client.open("/nothing", method="MADEUP")
    text = filled.client.get("/metrics").text
    line = re.compile(
        r'(# TYPE \w+ (gauge|counter|histogram)|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+)'
    )
    assert all(line.fullmatch(row) for row in text.splitlines())
    assert "hpcfair_sandbox_holds 1" in text
    assert 'method="OTHER"' in text
    assert "MADEUP" not in text


def test_metrics_count_inferences(filled: Filled) -> None:
    def counted() -> dict[str, float]:
        rows = (row.rpartition(" ") for row in filled.client.get("/metrics").text.splitlines())
        return {
            name: float(value) for name, _, value in rows if name.startswith(("hpcfair_inf", "hpcfair_m"))
        }

    x = {"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
    for name in ("x", "z"):
        document = {"inputs": [x | {"name": name}]}
        filled.client.post("/v2/models/ada%2Fscaler/infer", json=document, headers=filled.headers)
    before = counted()
    filled.client.post("/v2/models/ada%2Fscaler/infer", json={"inputs": [x]}, headers=filled.headers)
    after = counted()
    assert (
        after['hpcfair_inferences_total{outcome="ok"}']
        == before['hpcfair_inferences_total{outcome="ok"}'] + 1
    )
    assert after['hpcfair_inferences_total{outcome="wrong-input"}'] >= 1
    assert after["hpcfair_inference_seconds_count"] == before["hpcfair_inference_seconds_count"] + 1
    assert after["hpcfair_inference_seconds_count"] == after['hpcfair_inference_seconds_bucket{le="+Inf"}']
    assert after["hpcfair_models_open"] >= 1
    assert after["hpcfair_models_opened_total"] >= 1
