from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from hpcfair_kg.errors import BoxFailed, Busy, Conflict, InvalidMetadata, NameTaken
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.entries import Entry
from server.uploading import LABELS, metadata, problems
from server.waiting import Room
from tests.server.parts import CSV, Filled, scaler

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
TYPED = {
    "name": "typed",
    "title": "Typed <b>",
    "description": "One.\r\nTwo & </textarea>.",
    "tags": " tiny, by hand ,",
    "kind": "",
    "version": "2.0",
    "license": "MIT",
    "creators": "Ada Lovelace 0000-0002-1825-0097\r\nBob",
}


def upload(client: FlaskClient, bearer: str, /, *files: tuple[str, bytes], **typed: Any) -> TestResponse:
    """Send the form as a browser does: what was typed, then files, empty where none was chosen."""
    folder = typed.pop("folder", ())
    accept = typed.pop("accept", HTML)
    data: dict[str, Any] = TYPED | {"token": bearer} | typed
    data["file"] = [(io.BytesIO(content), name) for name, content in files] or (io.BytesIO(), "")
    data["folder"] = [(io.BytesIO(content), name) for name, content in folder] or (io.BytesIO(), "")
    return client.post("/upload", data=data, headers=accept)


def bearer(filled: Filled) -> str:
    """Return ada's token."""
    return filled.headers["Authorization"].partition(" ")[2]


def wrong(answer: TestResponse) -> set[str]:
    """Return the fields that a page shows problems at; "" where it shows one that has no field."""
    page = html.fromstring(answer.text)
    shown = {found.get("id").removesuffix("-wrong") for found in page.xpath("//*[@class='wrong']")}
    linked = {link.get("href").lstrip("#") for link in page.xpath("//*[@role='alert']//a")}
    assert shown == linked, (shown, linked)
    return shown or {""}


def test_the_form_is_linked_labelled_and_in_the_order_that_streams(filled: Filled) -> None:
    assert 'href="/upload"' in filled.client.get("/", headers=HTML).text
    page = html.fromstring(filled.client.get("/upload").text)
    (posted,) = page.xpath("//form[@method='post']")
    assert posted.get("enctype") == "multipart/form-data"
    fields = posted.xpath(".//input | .//textarea | .//select")
    assert [field.name for field in fields] == [*TYPED_IN_ORDER, "token", "file", "folder"]
    assert {label.get("for") for label in posted.xpath(".//label")} == {field.get("id") for field in fields}
    told = {part.get("id") for part in page.xpath("//*[@id]")}
    assert {word for field in fields for word in field.get("aria-describedby", "").split()} <= told
    assert len(page.xpath("//datalist/option")) > 40


TYPED_IN_ORDER = [name for name in LABELS if name not in ("token", "file")]


def test_what_is_sent_is_here_and_led_to(hub: Hub, client: FlaskClient, token: str) -> None:
    answer = upload(client, token, ("m.onnx", scaler(21.0)))
    artifact = hub.find("ada/typed")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/ark:/99999/{artifact.key}")
    assert (artifact.title, artifact.description) == ("Typed <b>", "One.\nTwo & </textarea>.")
    assert (artifact.tags, artifact.version, artifact.license) == (("by hand", "tiny"), "2.0", "MIT")
    assert [(p.name, p.orcid) for p in artifact.creators] == [
        ("Ada Lovelace", "0000-0002-1825-0097"),
        ("Bob", None),
    ]
    assert client.application.extensions["room"].taken == 0
    assert artifact.job
    hub.wait(artifact.job, 60)
    assert 'http-equiv="refresh"' not in client.get(answer.headers["Location"], headers=HTML).text


def test_the_page_of_what_is_being_converted_looks_again(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    converting = replace(filled.model, status="converting", verdict=None)
    entry = Entry(tuple(describe(converting)))
    monkeypatch.setattr(filled.hub, "entry", lambda *_: entry)
    page = filled.client.get(f"/ark:/99999/{filled.model.key}", headers=HTML).text
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "<textarea" not in page


def test_a_folder_is_one_artifact(hub: Hub, client: FlaskClient, token: str) -> None:
    folder = [("my data/a.csv", CSV), ("my data/more/b.csv", CSV + b"1.9,80\n")]
    answer = upload(client, token, ("README.md", b"# hello"), folder=folder)
    assert answer.status_code == 303, answer.text
    assert {file.name for file in hub.find("ada/typed").files} == {"a.csv", "more/b.csv", "README.md"}


def test_a_browser_that_knows_no_folders_sends_files(hub: Hub, client: FlaskClient, token: str) -> None:
    assert upload(client, token, folder=[("a.csv", CSV)]).status_code == 303
    assert [file.name for file in hub.find("ada/typed").files] == ["a.csv"]


def test_the_same_again_leads_to_what_is_here(filled: Filled) -> None:
    answer = upload(filled.client, bearer(filled), ("scaler.onnx", scaler()), name="scaler", version="1.0")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/ark:/99999/{filled.model.key}")


@pytest.mark.parametrize(
    ("typed", "at", "status", "said"),
    [
        ({"name": "My Model"}, {"name"}, 422, "&#39;my-model&#39; would do"),
        ({"name": "", "license": "Apache2"}, {"name", "license"}, 422, "Apache-2.0"),
        ({"creators": "Ada 0000-0002-1825-0098"}, {"creators"}, 422, "mistyped"),
        ({"version": "1 0", "kind": "thing"}, {"version", "kind"}, 422, "without spaces"),
        ({"token": ""}, {"token"}, 401, "type it here"),
        ({"token": "guessed"}, {"token"}, 401, "not known here"),
        ({"name": "scaler"}, {"name"}, 409, "scaler"),
    ],
)
def test_what_is_wrong_is_shown_at_its_field_and_nothing_typed_is_lost(
    filled: Filled, typed: dict[str, str], at: set[str], status: int, said: str
) -> None:
    before = filled.blobs
    answer = upload(filled.client, bearer(filled), ("new.onnx", scaler(22.0)), **typed)
    assert (answer.status_code, wrong(answer)) == (status, at)
    assert said in answer.text
    page = html.fromstring(answer.text)
    (posted,) = page.xpath("//form[@method='post']")
    for name, text in (TYPED | typed).items():
        if name not in ("token", "kind"):
            assert posted.fields[name].strip("\n") == text.replace("\r\n", "\n"), name
    assert posted.fields["token"] in (None, "")
    assert bearer(filled) not in answer.text
    assert filled.blobs == before


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([], 422, "choose a file"),
        ([("m.onnx", b"")], 422, "m.onnx"),
        ([("a.csv", CSV), ("a.csv", CSV)], 422, "two files are named"),
        ([("../a.csv", CSV)], 422, "no name for a file"),
    ],
)
def test_files_that_do_not_do(filled: Filled, files: list[tuple[str, bytes]], status: int, said: str) -> None:
    before = filled.blobs
    answer = upload(filled.client, bearer(filled), *files)
    assert answer.status_code == status
    assert said in html.fromstring(answer.text).text_content()
    assert filled.blobs == before


def test_what_is_here_already_is_linked(filled: Filled) -> None:
    answer = upload(filled.client, bearer(filled), ("other.onnx", scaler()))
    assert answer.status_code == 409
    assert f'href="/ark:/99999/{filled.model.key}"' in answer.text


def test_a_program_gets_problems_as_json(filled: Filled) -> None:
    answer = upload(filled.client, bearer(filled), ("a.csv", CSV), name="My Model", accept={"Accept": "*/*"})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.get_json()["report"][0]["path"] == "name"


def test_strangers_take_no_place_and_the_many_are_told_to_come_back(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Room(1)
    full.enter()
    monkeypatch.setitem(filled.client.application.extensions, "room", full)
    assert upload(filled.client, "guessed", ("a.csv", CSV)).status_code == 401
    answer = upload(filled.client, bearer(filled), ("new.csv", CSV + b"2,90\n"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert html.fromstring(answer.text).xpath("//input[@id='name']")[0].value == "typed"


def test_another_body_is_refused(filled: Filled) -> None:
    answer = filled.client.post("/upload", data=b"{}", content_type="application/json", headers=HTML)
    assert (answer.status_code, answer.mimetype) == (415, "text/html")


def test_what_was_typed_is_metadata() -> None:
    assert metadata({"name": " m ", "title": "", "tags": ",", "creators": "\n", "token": "x"}) == {
        "name": "m"
    }


@pytest.mark.parametrize(
    ("line", "person"),
    [
        ("Ada Lovelace", {"name": "Ada Lovelace"}),
        (
            "Ada, https://orcid.org/0000-0002-1825-0097",
            {"name": "Ada", "orcid": "https://orcid.org/0000-0002-1825-0097"},
        ),
        ("Ada (0000-0002-1825-009X)", {"name": "Ada", "orcid": "0000-0002-1825-009X"}),
        ("0000-0002-1825-0097", {"orcid": "0000-0002-1825-0097"}),
        ("A group (of people)", {"name": "A group (of people"}),
    ],
)
def test_creators_are_a_line_each(line: str, person: dict[str, str]) -> None:
    assert metadata({"creators": line})["creators"] == [person]


def test_each_problem_has_a_place() -> None:
    report = [{"path": "creators[0].orcid", "message": "a"}, {"path": "file-m.onnx.size", "message": "b"}]
    report += [{"path": "creators[1]", "message": "c"}, {"path": "operators", "message": "d"}]
    found = problems(InvalidMetadata("all", report=report))
    assert found == {"creators": "a; c", "file": "b", "": "d"}
    assert problems(NameTaken("taken")) == {"name": "taken"}
    for exc in (Conflict("x"), Busy("x"), BoxFailed("x")):
        assert problems(exc) == {"": "x"}


def test_no_script_and_no_address_of_another_site_is_in_it(filled: Filled) -> None:
    page = filled.client.get("/upload")
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
