"""An artifact as one zip: whole, described, unpacked without surprise, and never held in memory."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from tests.server.parts import CSV, Filled, form, scaler

LARGE = 300 << 20


def unpacked(body: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


def test_it_holds_every_file_and_what_describes_them(filled: Filled, tmp_path: Path) -> None:
    answer = filled.client.get(f"/ark:/99999/{filled.model.key}/views/ro-crate.zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers["Content-Disposition"] == "attachment; filename=scaler-1.0.crate.zip"
    folder = unpacked(answer.data, tmp_path)
    assert (folder / "scaler.onnx").read_bytes() == scaler()
    described = json.loads((folder / "ro-crate-metadata.json").read_text())
    parts = {entity["@id"] for entity in described["@graph"] if entity["@type"] == "File"}
    assert parts == {file.name for file in filled.model.files}


def test_roc_validator_finds_it_whole(
    filled: Filled, tmp_path: Path, issues: Callable[..., list[list[tuple[str, str]]]]
) -> None:
    answer = filled.client.get(f"/ark:/99999/{filled.model.key}/views/ro-crate.zip")
    (found,) = issues(unpacked(answer.data, tmp_path / "crate"))
    assert {severity for severity, _ in found} <= {"RECOMMENDED"}


def test_the_same_again_is_spared_and_head_says_how_much_there_is(filled: Filled) -> None:
    path = f"/ark:/99999/{filled.dataset.key}/views/ro-crate.zip"
    head, whole = filled.client.head(path), filled.client.get(path)
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.data)
    assert whole.headers["ETag"].startswith('W/"')
    again = filled.client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_lies_elsewhere_is_in_it_by_its_address(hub: Hub, client: FlaskClient, tmp_path: Path) -> None:
    writer = hub.blobs.writer()
    writer.write(CSV)
    blob = writer.finish()
    here = File("data/ü a.csv", "csv", "original", len(CSV), blob.sha256, "text/csv")
    far = replace(here, name="far.csv", remote="https://data.example.org/far.csv", size=None, sha256="")
    own = replace(here, name="ro-crate-metadata.json")
    iri, key = hub.catalogue.mint()
    time = "2026-03-01T12:00:00Z"
    artifact = Artifact(iri, key, "ada", "d", kind="dataset", license="MIT", created=time, modified=time)
    hub.catalogue.commit(replace(artifact, files=(here, far, own)), ())
    body = client.get(f"/ark:/99999/{key}/views/ro-crate.zip").data
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert names == ["ro-crate-metadata.json", "data/ü a.csv", "data/ro-crate-metadata.json"]
    described = json.loads((unpacked(body, tmp_path) / "ro-crate-metadata.json").read_text())
    parts = {entity["@id"]: entity for entity in described["@graph"] if entity["@type"] == "File"}
    assert set(parts) == {"data/%C3%BC%20a.csv", far.remote, "data/ro-crate-metadata.json"}
    assert "sdDatePublished" in parts[far.remote or ""]


def test_what_was_withdrawn_is_not_given_out(client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=60"}
    sent = client.post(
        "/api/artifacts", data=form({"name": "d", "license": "MIT"}, ("d.csv", CSV)), headers=headers
    ).get_json()
    client.delete(f"/api/artifacts/{sent['key']}?reason=wrong", headers=headers)
    answer = client.get(f"/ark:/99999/{sent['key']}/views/ro-crate.zip")
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (410, "withdrawn")


@pytest.fixture
def large(settings: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    """Settings by which a file of 300 MiB may be registered where it lies."""
    folder = tmp_path / "site"
    folder.mkdir()
    with (folder / "large.bin").open("wb") as file:
        file.truncate(LARGE)
    return replace(settings, register_dirs=(folder,)), folder / "large.bin"


def test_memory_does_not_grow_with_the_files(large: tuple[Settings, Path]) -> None:
    settings, path = large
    with path.open("rb") as file:
        registered = {"path": str(path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    hub = Hub.open(settings)
    try:
        token = hub.accounts.create("ada")
        app: Flask = create_app(hub)
        client = app.test_client()
        sent = client.post(
            "/api/artifacts",
            json={"name": "large", "license": "MIT", "kind": "dataset", "files": [registered]},
            headers={"Authorization": f"Bearer {token}", "Prefer": "wait=60"},
        )
        assert sent.status_code in (201, 202), sent.text
        answer = client.get(f"/ark:/99999/{sent.get_json()['key']}/views/ro-crate.zip", buffered=False)
        tracemalloc.start()
        length = sum(map(len, answer.iter_encoded()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        answer.close()
        assert length == int(answer.headers["Content-Length"]) > LARGE
        assert peak < 8 << 20
    finally:
        hub.close()
