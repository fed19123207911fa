from __future__ import annotations

import io
import json

import pytest
from flask.testing import FlaskClient

from hpcfair_kg.hub import Hub
from tests.server.parts import Filled, form, scaler


def test_an_upload_is_answered_with_its_job_and_its_record(hub: Hub, client: FlaskClient, token: str) -> None:
    sent = client.post(
        "/api/artifacts",
        data=form({"name": "m", "license": "mit", "tags": ["a"]}, ("folder/m.onnx", scaler())),
        headers={"Authorization": f"Bearer {token}"},
    )
    assert sent.status_code == 202
    record = sent.get_json()
    assert sent.headers["Location"] == f"/api/jobs/{record['job']}"
    assert (record["owner"], record["name"], record["license"], record["kind"]) == (
        "ada",
        "m",
        "MIT",
        "model",
    )
    assert record["creators"] == [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}]
    assert [f["name"] for f in record["files"]] == ["folder/m.onnx"]
    assert hub.wait(record["job"], 120).state == "succeeded"
    assert client.get(f"/api/artifacts/{record['key']}").get_json()["status"] == "ready"


def test_waiting_answers_the_finished_record(filled: Filled) -> None:
    sent = filled.send(
        {"name": "waited", "license": "MIT"}, ("m.onnx", scaler(3.0)), Prefer="respond-async, wait=120"
    )
    assert sent.status_code == 201
    assert sent.get_json()["status"] == "ready"
    assert sent.get_json()["verdict"]["outcome"] == "consistent"
    assert sent.headers["Location"] == sent.get_json()["id"]
    assert sent.headers["Preference-Applied"] == "wait=120"


def test_the_same_again_is_the_same_record(filled: Filled) -> None:
    again = filled.send({"name": "scaler", "license": "MIT"}, ("scaler.onnx", scaler()))
    assert again.status_code == 200
    assert again.get_json()["id"] == filled.model.id


def test_the_same_under_another_name_is_a_duplicate(filled: Filled) -> None:
    other = filled.send({"name": "other", "license": "MIT"}, ("scaler.onnx", scaler()))
    assert other.status_code == 409
    assert other.get_json()["type"].endswith("/problems/duplicate")
    assert other.get_json()["existing"] == filled.model.id


def test_a_name_is_taken_once(filled: Filled) -> None:
    before = filled.blobs
    other = filled.send({"name": "scaler", "license": "MIT"}, ("scaler.onnx", scaler(7.0)))
    assert other.status_code == 409
    assert other.get_json()["type"].endswith("/problems/name-taken")
    assert filled.blobs == before


@pytest.mark.parametrize(
    ("metadata", "status", "code"),
    [
        ("{", 422, "invalid-metadata"),
        ("[1]", 422, "invalid-metadata"),
        ({"name": "x"}, 422, "invalid-metadata"),
        ({"name": "x", "license": "Apache2"}, 422, "invalid-metadata"),
        ({"name": "x", "license": "MIT", "lisence": "MIT"}, 422, "invalid-metadata"),
    ],
)
def test_bad_metadata_is_refused_and_nothing_is_kept(
    filled: Filled, metadata: object, status: int, code: str
) -> None:
    before = filled.blobs
    answer = filled.send(metadata, ("new.onnx", scaler(11.0)))
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["type"].endswith(f"/problems/{code}")
    assert problem["report"]
    assert filled.blobs == before


def test_a_licence_near_miss_gets_a_suggestion(filled: Filled) -> None:
    answer = filled.send({"name": "x", "license": "Apache2"}, ("new.onnx", scaler(11.0)))
    assert "Apache-2.0" in answer.get_json()["detail"]


def test_an_empty_file_is_refused(filled: Filled) -> None:
    answer = filled.send({"name": "empty", "license": "MIT"}, ("m.onnx", b""))
    assert answer.status_code == 422
    assert answer.get_json()["type"].endswith("/problems/corrupt-file")


def test_sending_needs_a_token_that_writes(filled: Filled) -> None:
    data = form({"name": "x", "license": "MIT"}, ("m.onnx", scaler(12.0)))
    without = filled.client.post("/api/artifacts", data=data)
    assert without.status_code == 401
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    reader = filled.hub.accounts.create("eve", ("read",))
    data = form({"name": "x", "license": "MIT"}, ("m.onnx", scaler(12.0)))
    refused = filled.client.post("/api/artifacts", data=data, headers={"Authorization": f"Bearer {reader}"})
    assert refused.status_code == 403
    assert refused.get_json()["type"].endswith("/problems/forbidden")


def test_another_media_type_is_told_what_to_send(filled: Filled) -> None:
    answer = filled.client.post(
        "/api/artifacts", data=b"x", content_type="application/octet-stream", headers=filled.headers
    )
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.get_json()["detail"]


def test_a_body_larger_than_allowed_is_refused_before_it_is_read(filled: Filled) -> None:
    answer = filled.client.post(
        "/api/artifacts",
        input_stream=io.BytesIO(b""),
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": str(1 << 60)},
        headers=filled.headers,
    )
    assert answer.status_code == 413
    assert answer.get_json()["type"].endswith("/problems/too-large")


@pytest.mark.parametrize("spoken", ["{id}", "ark:/99999/{key}", "{key}", "ada/scaler", "ada/scaler@1.0"])
def test_every_kind_of_id_finds_the_record(filled: Filled, spoken: str) -> None:
    spoken = spoken.format(id=filled.model.id, key=filled.model.key)
    answer = filled.client.get(f"/api/artifacts/{spoken}")
    assert answer.status_code == 200
    assert answer.get_json() == json.loads(json.dumps(filled.hub.find(filled.model.key).record()))


def test_the_record_has_an_etag(filled: Filled) -> None:
    first = filled.client.get(f"/api/artifacts/{filled.model.key}")
    etag = first.headers["ETag"]
    assert etag == f'"{filled.hub.etag(filled.model)}"'
    again = filled.client.get(f"/api/artifacts/{filled.model.key}", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_an_unknown_id_is_not_found(filled: Filled) -> None:
    answer = filled.client.get("/api/artifacts/nobody/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert "nobody/nothing" in answer.get_json()["detail"]


class TestChanging:
    @pytest.fixture
    def own(self, filled: Filled) -> str:
        """The key of a dataset that is edited or withdrawn."""
        stem = f"own{len(filled.hub.versions(filled.model))}"
        data = f"a,b\n1,{id(self)}\n".encode()
        answer = filled.send(
            {"name": f"{stem}-{id(self)}", "license": "MIT"}, ("own.csv", data), Prefer="wait=60"
        )
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["key"])

    def test_an_edit_changes_the_record_and_its_etag(self, filled: Filled, own: str) -> None:
        before = filled.client.get(f"/api/artifacts/{own}").headers["ETag"]
        edited = filled.client.patch(
            f"/api/artifacts/{own}",
            json={"title": "Changed", "tags": ["b", "a"]},
            headers=filled.headers | {"If-Match": before},
        )
        assert edited.status_code == 200, edited.text
        assert (edited.get_json()["title"], edited.get_json()["tags"]) == ("Changed", ["a", "b"])
        assert edited.headers["ETag"] not in ("", before)

    def test_an_edit_of_an_old_record_is_a_conflict(self, filled: Filled, own: str) -> None:
        answer = filled.client.patch(
            f"/api/artifacts/{own}", json={"title": "x"}, headers=filled.headers | {"If-Match": '"old"'}
        )
        assert answer.status_code == answer.get_json()["status"] == 412
        assert answer.get_json()["type"].endswith("/problems/conflict")
        assert filled.hub.find(own).title != "x"

    def test_only_the_owner_changes_it(self, filled: Filled, own: str) -> None:
        other = {"Authorization": f"Bearer {filled.hub.accounts.create('eve')}"}
        assert (
            filled.client.patch(f"/api/artifacts/{own}", json={"title": "x"}, headers=other).status_code
            == 403
        )
        assert filled.client.delete(f"/api/artifacts/{own}", headers=other).status_code == 403
        assert filled.client.delete(f"/api/artifacts/{own}").status_code == 401

    def test_a_withdrawn_artifact_leaves_a_tombstone(self, filled: Filled, own: str) -> None:
        url = filled.hub.find(own).record()["files"][0]["url"]
        gone = filled.client.delete(
            f"/api/artifacts/{own}", json={"reason": "private data"}, headers=filled.headers
        )
        assert (gone.status_code, gone.get_json()["status"]) == (200, "withdrawn")
        assert filled.client.get(f"/api/artifacts/{own}").get_json()["reason"] == "private data"
        file = filled.client.get(url)
        assert (file.status_code, file.get_json()["type"].rpartition("/")[2]) == (410, "withdrawn")
        page = filled.client.get(f"/ark:/99999/{own}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "was withdrawn" in page.text
        assert "private data" in page.text


def test_a_new_version_joins_the_others(filled: Filled) -> None:
    answer = filled.client.post(
        "/api/artifacts/ada/people/versions",
        data=form({"version": "2.0"}, ("people.csv", b"height,weight\n1.9,80\n")),
        headers=filled.headers | {"Prefer": "wait=60"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["previous"] == filled.dataset.id
    listed = filled.client.get("/api/artifacts/ada/people/versions").get_json()["versions"]
    assert [v["version"] for v in listed] == ["1.0", "2.0"]
    assert filled.client.get("/api/artifacts/ada/people@1.0").get_json()["id"] == filled.dataset.id
