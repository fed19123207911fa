"""FAIR Signposting: the links of pages, files and descriptions, as a stranger's reader finds them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import httpx
import pytest
from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact, File, Person
from hpcfair_kg.hub import Hub
from server import signposting
from server.negotiation import RDF
from tests.running import Live
from tests.server.parts import CSV, Filled, scaler

FILE = File("data/people.csv", "csv", "original", 10, "ab" * 32, "text/csv")
ARTIFACT = Artifact(
    "https://models.example.org/ark:/99999/h7x2k9b4m",
    "h7x2k9b4m",
    "ada",
    "people",
    kind="dataset",
    license="CC-BY-4.0",
    creators=(Person("A. Author", "0000-0002-1825-0097"), Person("B. Second")),
    files=(FILE,),
)
MANY = replace(ARTIFACT, files=tuple(replace(FILE, name=f"data/{n:05d}.csv") for n in range(5000)))


def relations(links: str) -> dict[str, list[str]]:
    """Return the targets of a Link header by relation."""
    found: dict[str, list[str]] = {}
    for target, relation in re.findall(r'<([^>]*)>; rel="([^"]*)"', links):
        found.setdefault(relation, []).append(target)
    return found


class TestPage:
    def test_it_has_every_link_of_the_profile(self, filled: Filled) -> None:
        model, path = filled.model, f"/ark:/99999/{filled.model.key}"
        found = relations(filled.client.get(path, headers={"Accept": "text/html"}).headers["Link"])
        assert found["cite-as"] == [model.id]
        assert found["type"] == ["https://schema.org/AboutPage", "https://schema.org/Dataset"]
        assert found["item"] == [model.url(file) for file in model.files]
        assert found["license"] == ["http://spdx.org/licenses/MIT"]
        assert found["author"] == ["https://orcid.org/0000-0002-1825-0097"]
        assert found["linkset"] == [f"{model.id}/linkset.json", f"{model.id}/linkset.txt"]
        assert {f"{model.id}.{suffix}" for suffix in RDF} < set(found["describedby"])

    def test_what_it_calls_itself_its_description_does_too(self, filled: Filled) -> None:
        for artifact in (filled.model, filled.dataset):
            described = filled.client.get(f"/ark:/99999/{artifact.key}/views/schema.org").get_json(force=True)
            assert "Dataset" in described["@type"]

    def test_every_description_is_of_the_type_and_profile_that_is_said(self, filled: Filled) -> None:
        links = [link for link in signposting.of_page(filled.model) if link.relation == "describedby"]
        assert len(links) > 10
        for link in links:
            answer = filled.client.get(link.target.removeprefix(filled.hub.settings.base))
            assert (answer.status_code, answer.mimetype) == (200, link.type)
        profiles = {link.target.rpartition("/")[2]: link.profile for link in links}
        assert profiles["ro-crate"] == "https://w3id.org/ro/crate/1.3"
        assert profiles["schema.org"] == "https://schema.org/"

    def test_what_was_withdrawn_has_no_items(self) -> None:
        withdrawn = replace(ARTIFACT, status="withdrawn")
        assert not list(signposting.of_items(withdrawn))
        assert not [
            link for link in signposting.linkset(withdrawn) if link.relation in ("item", "collection")
        ]

    def test_a_header_has_room_for_some_files_and_always_for_one(self) -> None:
        links = list(signposting.of_page(MANY))
        header = signposting.header(links, signposting.of_items(MANY))
        assert 1 <= len(relations(header)["item"]) < 50
        assert len(header) < signposting.ROOM + 2 * header.count(", <")
        long = (link for link in signposting.of_items(replace(MANY, files=(replace(FILE, name="x" * 4000),))))
        assert len(relations(signposting.header(links, long))["item"]) == 1

    def test_nothing_in_a_description_breaks_out_of_the_header(self) -> None:
        strange = replace(FILE, remote="https://x.example/a,b;ü", media_type='a"b\r\nX: y', sha256="")
        artifact = replace(ARTIFACT, files=(strange,), license="https://x.example/licence,ü", creators=())
        header = signposting.header(signposting.of_page(artifact), signposting.of_items(artifact))
        assert header.isascii()
        assert header.isprintable()
        assert '<https://x.example/a,b;%C3%BC>; rel="item"' in header

    def test_no_licence_is_no_link(self) -> None:
        for license in ("", "LicenseRef-House", "MIT OR Apache-2.0"):
            links = signposting.of_page(replace(ARTIFACT, license=license))
            assert "license" not in {link.relation for link in links}


def test_a_file_leads_to_its_page_and_its_description(filled: Filled) -> None:
    dataset = filled.dataset
    answer = filled.client.get(dataset.url(dataset.files[0]).removeprefix(filled.hub.settings.base))
    found = relations(answer.headers["Link"])
    assert found["collection"] == [dataset.id]
    assert found["describedby"] == [f"{dataset.id}.jsonld"]
    assert found["license"] == ["http://spdx.org/licenses/CC-BY-4.0"]
    assert found["type"] == ["https://schema.org/DataDownload"]
    assert len(found["linkset"]) == 2


@pytest.mark.parametrize("suffix", [".ttl", ".jsonld", "/views/schema.org", "/views/bibtex", "/provenance"])
def test_a_description_leads_to_what_it_describes(filled: Filled, suffix: str) -> None:
    found = relations(filled.client.get(f"/ark:/99999/{filled.model.key}{suffix}").headers["Link"])
    assert found["describes"] == found["cite-as"] == [filled.model.id]
    assert "item" not in found


class TestLinkset:
    def test_both_forms_say_the_same(self, filled: Filled) -> None:
        path = f"/ark:/99999/{filled.model.key}/linkset"
        as_json, as_text = filled.client.get(f"{path}.json"), filled.client.get(f"{path}.txt")
        assert (as_json.mimetype, as_text.mimetype) == ("application/linkset+json", "application/linkset")
        said = {
            (context["anchor"], relation, link["href"])
            for context in as_json.get_json(force=True)["linkset"]
            for relation, links in context.items()
            if relation != "anchor"
            for link in links
        }
        pattern = r'<([^>]*)>; rel="([^"]*)".*?; anchor="([^"]*)"'
        assert said == {(anchor, rel, target) for target, rel, anchor in re.findall(pattern, as_text.text)}

    def test_accept_chooses_and_a_suffix_that_there_is_none_of_is_told(self, filled: Filled) -> None:
        path = f"/ark:/99999/{filled.model.key}/linkset"
        assert filled.client.get(path).mimetype == "application/linkset+json"
        chosen = filled.client.get(path, headers={"Accept": "application/linkset"})
        assert chosen.mimetype == "application/linkset"
        again = filled.client.get(path, headers={"If-None-Match": filled.client.get(path).headers["ETag"]})
        assert again.status_code == 304
        wrong = filled.client.get(f"{path}.xml")
        assert (wrong.status_code, wrong.get_json()["detail"]) == (
            404,
            "no form 'xml' of the link set; there are: json, txt",
        )

    def test_all_files_are_in_it_however_many(self) -> None:
        contexts = signposting.as_json(signposting.linkset(MANY))["linkset"]
        assert len(contexts[0]["item"]) == 5000
        assert len({context["anchor"] for context in contexts}) == len(contexts)
        anchors = {context["anchor"] for context in contexts if "collection" in context}
        assert anchors == {item["href"] for item in contexts[0]["item"]}


def test_what_lies_elsewhere_is_led_to_with_its_links(hub: Hub, client: FlaskClient) -> None:
    iri, key = hub.catalogue.mint()
    far = replace(FILE, remote="https://data.example.org/people.csv")
    hub.catalogue.commit(
        replace(
            ARTIFACT,
            id=iri,
            key=key,
            files=(far,),
            created="2026-01-01T00:00:00Z",
            modified="2026-01-01T00:00:00Z",
        ),
        (),
    )
    answer = client.get(f"/ark:/99999/{key}/files/data/people.csv")
    assert (answer.status_code, answer.headers["Location"]) == (302, far.remote)
    assert relations(answer.headers["Link"])["collection"] == [iri]


@pytest.fixture(scope="module")
def published(live: Live) -> dict[str, str]:
    """The record of a model in a service that runs."""
    metadata = {"name": "signposted", "license": "MIT", "kind": "model"}
    answer = httpx.post(
        f"{live.url}/api/artifacts",
        headers={"Authorization": f"Bearer {live.token}", "Prefer": "wait=120"},
        files=[
            ("metadata", (None, json.dumps(metadata))),
            ("file", ("signposted.onnx", scaler(31.0))),
            ("file", ("notes ü.csv", CSV + b"1.9,90\n")),
        ],
        timeout=150,
    )
    assert answer.status_code == 201, answer.text
    record: dict[str, str] = answer.json()
    return record


class TestByTheirReader:
    """What the `signposting` library makes of it, over HTTP."""

    @pytest.fixture(autouse=True)
    def _library(self) -> None:
        pytest.importorskip("signposting", reason="signposting comes with the extra `validators`")

    def test_a_page_in_its_header(self, published: dict[str, str]) -> None:
        from signposting.resolver import find_signposting_http

        found = find_signposting_http(published["id"])
        assert str(found.citeAs.target) == published["id"]
        assert {str(link.target) for link in found.items} == {file["url"] for file in published["files"]}
        assert {str(link.type) for link in found.items} == {f["media_type"] for f in published["files"]}
        assert {str(link.target) for link in found.types} == {
            "https://schema.org/AboutPage",
            "https://schema.org/Dataset",
        }
        assert len(found.describedBy) > 10
        assert len(found.linksets) == 2

    @pytest.mark.parametrize("form", ["json", "txt"])
    def test_the_same_in_the_link_set(self, published: dict[str, str], form: str) -> None:
        from signposting.linkset import find_signposting_linkset
        from signposting.resolver import find_signposting_http

        page = {(str(link.rel), str(link.target)) for link in find_signposting_http(published["id"])}
        found = find_signposting_linkset(f"{published['id']}/linkset.{form}").for_context(published["id"])
        assert {(str(link.rel), str(link.target)) for link in found} == {
            link for link in page if link[0] != "linkset"
        }

    def test_files_and_descriptions_lead_back(self, published: dict[str, str]) -> None:
        from signposting.resolver import find_signposting_http

        for file in published["files"]:
            assert str(find_signposting_http(file["url"]).collection.target) == published["id"]
        described = find_signposting_http(f"{published['id']}/views/datacite")
        assert [str(link.target) for link in described.describes] == [published["id"]]
