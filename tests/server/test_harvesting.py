"""Harvesting in over HTTP, from the command line, and through the operator's socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import admin
from server.cli import main
from server.harvesting import LONGEST
from tests.server.parts import Filled

SCHEMA = {"@vocab": "http://schema.org/"}
CARD = "---\nlicense: mit\n---\n# A model\nText"


def described(number: int = 1, **said: Any) -> dict[str, Any]:
    """Return a description in schema.org's words."""
    return {"@context": SCHEMA, "@type": "Dataset", "@id": f"https://d.example/{number}", "name": f"Set {number}", "license": "MIT"} | said  # fmt: skip


class TestOverHttp:
    @pytest.fixture
    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def send(self, client: FlaskClient, data: Any, headers: dict[str, str], kind: str = "application/ld+json", query: str = "") -> TestResponse:  # fmt: skip
        body = data if isinstance(data, (str, bytes)) else json.dumps(data)
        return client.post(f"/api/harvest{query}", data=body, headers=headers | {"Content-Type": kind})

    def test_descriptions_in_a_report_out(
        self, hub: Hub, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        answer = self.send(client, described(genre="x"), headers)
        assert answer.status_code == 200, answer.text
        report = answer.get_json()
        assert (report["taken"], report["refused"]) == (1, 0)
        assert report["not_understood"] == {"schema:Dataset schema:genre": 1}
        assert hub.find(report["artifacts"][0]["id"]).owner == "ada"
        assert list((hub.settings.data_dir / "work").glob("harvest-*")) == []

    @pytest.mark.parametrize("kind", ["application/jsonl", "application/x-ndjson"])
    def test_json_lines(self, client: FlaskClient, headers: dict[str, str], kind: str) -> None:
        lines = "\n".join(json.dumps(described(n)) for n in (1, 2)) + "\n{\n"
        report = self.send(client, lines, headers, kind).get_json()
        assert (report["taken"], report["refused"]) == (2, 1)
        assert report["refusals"][0]["document"] == "the body, line 3"

    def test_a_card_is_known_by_where_it_was_found(
        self, hub: Hub, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        refused = self.send(client, CARD, headers, "text/markdown").get_json()
        assert "?source= over HTTP" in refused["refusals"][0]["reasons"][0]["message"]
        report = self.send(
            client, CARD, headers, "text/markdown; charset=utf-8", "?source=https://huggingface.co/a/m"
        ).get_json()
        assert report["taken"] == 1
        assert hub.find("ada/m").source == "https://huggingface.co/a/m"

    def test_a_refused_one_is_a_report_all_the_same(
        self, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        answer = self.send(client, b"PK\x03\x04", headers)
        assert answer.status_code == 200
        assert answer.get_json()["refusals"][0]["reasons"][0]["message"].startswith("this is an archive")

    @pytest.mark.parametrize(
        ("kind", "query", "status", "code"),
        [
            ("application/pdf", "", 415, "unknown-format"),
            ("", "", 415, "unknown-format"),
            ("text/turtle", "?fetch=1", 400, "unknown-parameter"),
        ],
    )
    def test_what_is_asked_wrongly(
        self, client: FlaskClient, headers: dict[str, str], kind: str, query: str, status: int, code: str
    ) -> None:
        answer = self.send(client, "x", headers, kind, query)
        assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (status, code)

    def test_it_takes_a_token_that_may_write(self, hub: Hub, client: FlaskClient) -> None:
        assert self.send(client, described(), {}).status_code == 401
        reader = {"Authorization": f"Bearer {hub.accounts.create('eve', ('read',))}"}
        assert self.send(client, described(), reader).status_code == 403

    def test_too_long_a_document(self, client: FlaskClient, headers: dict[str, str]) -> None:
        longer = {"CONTENT_LENGTH": str(LONGEST + 1)}
        answer = client.post(
            "/api/harvest", headers=headers, content_type="text/turtle", data=b"x", environ_overrides=longer
        )
        assert answer.status_code == 413

    def test_more_than_other_bodies_may_have_is_taken(
        self, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        lines = "\n".join(json.dumps(described(1, description="x" * 90_000)) for _ in range(50))
        assert self.send(client, lines, headers, "application/jsonl").get_json()["unchanged"] == 49


def test_what_one_service_gives_another_takes(
    filled: Filled, hub: Hub, client: FlaskClient, token: str
) -> None:
    lines = filled.client.get("/harvest.jsonl").data
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/jsonl"}
    # Both catalogues of this test have one address; the sender's stands for another's.
    lines = lines.replace(filled.hub.settings.base.encode(), b"https://other.example.org")
    report = client.post("/api/harvest", data=lines, headers=headers).get_json()
    assert report["taken"] >= 3, report
    assert report["refusals"] == []
    copy = hub.find("ada/scaler")
    assert copy.inputs == filled.model.inputs
    assert {file.name: file.remote for file in copy.files}["scaler.onnx"].startswith(
        "https://other.example.org/ark:"
    )
    assert client.post("/api/harvest", data=lines, headers=headers).get_json()["taken"] == 0
    assert client.get(f"/api/artifacts/{copy.key}").status_code == 200
    assert (
        client.get(copy.id.removeprefix(hub.settings.base), headers={"Accept": "text/html"}).status_code
        == 200
    )


class TestCommand:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "descriptions"
        (folder / "m").mkdir(parents=True)
        (folder / "one.json").write_text(json.dumps(described(1)))
        (folder / "m" / "README.md").write_text(CARD)
        return folder

    def run(self, data: Path, *args: str) -> Result:
        return CliRunner().invoke(main, ["import", *args, "--data-dir", str(data)])

    def test_in_the_folder_itself(self, tmp_path: Path, folder: Path) -> None:
        data = tmp_path / "data"
        done = self.run(data, str(folder), "--owner", "lab", "--source", "https://huggingface.co/a")
        assert done.exit_code == 0, done.output
        assert "2 taken, 0 updated, 0 unchanged, 0 withdrawn, 0 refused" in done.output
        hub = Hub.open(Settings(data_dir=data))
        try:
            assert {a.owner for a in hub.catalogue.all()} == {"lab"}
            assert hub.find("lab/m").source == "https://huggingface.co/a/m"
        finally:
            hub.close()

    def test_what_is_refused_is_said_and_ends_with_1(self, tmp_path: Path, folder: Path) -> None:
        (folder / "bad.json").write_text(
            json.dumps(described(2, license="MIT License\n\nPermission is granted"))
        )
        done = self.run(tmp_path / "data", str(folder), "--owner", "lab")
        assert done.exit_code == 1
        assert "refused    https://d.example/2  in bad.json" in done.output
        assert "license: this is the text of a licence" in done.output
        assert "--source on the command line" in done.output  # the card without an address
        assert "1 taken" in done.output

    def test_as_json(self, tmp_path: Path, folder: Path) -> None:
        done = self.run(tmp_path / "data", str(folder / "one.json"), "--json")
        assert json.loads(done.stdout)["taken"] == 1

    def test_a_path_that_is_none(self, tmp_path: Path) -> None:
        assert self.run(tmp_path / "data", str(tmp_path / "nothing")).exit_code == 2

    @pytest.fixture
    def door(self, hub: Hub) -> Iterator[None]:
        door = admin.Admin(hub, hub.settings.data_dir)
        yield
        door.close()

    @pytest.mark.usefixtures("door")
    def test_through_the_service_that_runs(self, hub: Hub, folder: Path) -> None:
        done = self.run(
            hub.settings.data_dir, str(folder), "--owner", "lab", "--source", "https://huggingface.co/a"
        )
        assert done.exit_code == 0, done.output
        assert hub.find("lab/set-1").source == "https://d.example/1"

    def test_as_an_operator_runs_it(self, tmp_path: Path, folder: Path) -> None:
        command = [
            sys.executable,
            "-m",
            "server",
            "import",
            "one.json",
            "--json",
            "--data-dir",
            str(tmp_path / "data"),
        ]
        root = str(Path(__file__).parents[2])
        done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["taken"] == 1
