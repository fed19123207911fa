"""The catalogue for machines: every page, every syntax, and the way through it by links alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.vocabulary import DCAT, DCTERMS, FDP, HYDRA, LDP, VOID
from server import catalog
from server.negotiation import RDF
from tests.server.parts import CSV, Filled, form

TURTLE = {"Accept": "text/turtle"}
NEXT = re.compile(r'<([^>]*)>; rel="next"')


def graph(body: bytes, suffix: str = "ttl") -> set[ox.Triple]:
    format = ox.RdfFormat.from_media_type(RDF[suffix])
    return {quad.triple for quad in ox.parse(body, format=format)}


def objects(triples: set[ox.Triple], predicate: ox.NamedNode) -> list[str]:
    return sorted(t.object.value for t in triples if t.predicate == predicate)


def local(filled: Filled, address: str) -> str:
    return address.removeprefix(filled.hub.settings.base)


def pages(filled: Filled, path: str) -> Iterator[set[ox.Triple]]:
    """Follow the Link header to the last page."""
    while path:
        answer = filled.client.get(path, headers=TURTLE)
        assert answer.status_code == 200
        yield graph(answer.data)
        found = NEXT.search(", ".join(answer.headers.getlist("Link")))
        path = local(filled, found[1]) if found else ""


@pytest.mark.parametrize("suffix", list(RDF))
def test_suffix_and_accept_are_the_same_catalogue(filled: Filled, suffix: str) -> None:
    by_suffix = filled.client.get(f"/catalog.{suffix}")
    by_accept = filled.client.get("/catalog", headers={"Accept": RDF[suffix]})
    assert by_suffix.mimetype == by_accept.mimetype == RDF[suffix]
    artifacts = {filled.model.id, filled.dataset.id, filled.broken.id}
    for answer in (by_suffix, by_accept):
        assert artifacts <= set(objects(graph(answer.data, suffix), DCAT.dataset))


def test_a_page_leads_to_the_next_by_header_and_by_triple(filled: Filled) -> None:
    whole = objects(graph(filled.client.get("/catalog").data), DCAT.dataset)
    seen: list[str] = []
    for page in pages(filled, "/catalog.ttl?limit=1"):
        seen += objects(page, DCAT.dataset)
    assert sorted(seen) == whole
    first = filled.client.get("/catalog.ttl?limit=1")
    (following,) = objects(graph(first.data), HYDRA.next)
    assert f'<{following}>; rel="next"' in first.headers.getlist("Link")
    assert local(filled, following).startswith("/catalog.ttl?limit=1&cursor=")


def test_a_search_narrows_it(filled: Filled) -> None:
    found = graph(filled.client.get("/catalog?kind=dataset&tag=demo").data)
    assert objects(found, DCAT.dataset) == [filled.dataset.id]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("?colour=red", 400, "colour"),
        ("?limit=501", 400, "0 to 500"),
        ("?cursor=abc", 400, "cursor"),
        (".pdf", 404, "jsonld, ttl, nt, rdf"),
    ],
)
def test_what_is_wrong_is_told(filled: Filled, asked: str, status: int, said: str) -> None:
    answer = filled.client.get(f"/catalog{asked}")
    assert answer.status_code == status
    assert said in answer.get_json()["detail"]


def test_a_person_is_led_to_the_front_page(filled: Filled) -> None:
    answer = filled.client.get("/catalog?tag=tiny", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{filled.hub.settings.base}/?tag=tiny")


def test_the_etag_holds_until_the_catalogue_changes(hub: Hub, client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=60"}
    first = client.get("/catalog")
    assert client.get("/catalog", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    sent = client.post(
        "/api/artifacts", data=form({"name": "d", "license": "MIT"}, ("d.csv", CSV)), headers=headers
    ).get_json()
    second = client.get("/catalog", headers={"If-None-Match": first.headers["ETag"]})
    assert objects(graph(second.data), DCAT.dataset) == [sent["id"]]
    said = {t.subject.value: t.object.value for t in graph(second.data) if t.predicate == DCTERMS.modified}
    assert said[f"{hub.settings.base}/catalog"] == said[sent["id"]]
    client.delete(f"/api/artifacts/{sent['key']}", headers=headers)
    assert objects(graph(client.get("/catalog").data), DCAT.dataset) == []


def test_a_page_that_a_commit_overtook_is_not_kept(
    hub: Hub, client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=60"}
    search = hub.search

    def overtaken(*asked: Any) -> Any:
        monkeypatch.setattr(hub, "search", search)
        found = search(*asked)
        client.post(
            "/api/artifacts", data=form({"name": "d", "license": "MIT"}, ("d.csv", CSV)), headers=headers
        )
        return found

    monkeypatch.setattr(hub, "search", overtaken)
    assert objects(graph(client.get("/catalog").data), DCAT.dataset) == []
    assert len(objects(graph(client.get("/catalog").data), DCAT.dataset)) == 1


def test_from_the_point_to_the_bytes_by_turtle_alone(filled: Filled) -> None:
    def read(address: str) -> set[ox.Triple]:
        answer = filled.client.get(local(filled, address), headers=TURTLE)
        assert (answer.status_code, answer.mimetype) == (200, "text/turtle")
        return graph(answer.data)

    (listed,) = objects(read("/"), FDP.metadataCatalog)
    contained = set(objects(read(listed), LDP.contains))
    assert f"{filled.dataset.id}/views/fdp" in contained
    found = set()
    for address in contained:
        described = read(address)
        assert set(objects(described, DCAT.distribution)) <= {t.subject.value for t in described}
        found |= set(objects(described, DCAT.downloadURL))
    file = filled.dataset.url(filled.dataset.files[0])
    assert file in found
    assert filled.client.get(local(filled, file)).data == CSV


def test_void_by_accept(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = filled.client.get("/.well-known/void")
    assert answer.mimetype == "text/turtle"
    said = graph(answer.data)
    counted = {t.predicate: t.object.value for t in said if t.subject.value.endswith("#dataset")}
    assert int(counted[VOID.triples]) == filled.hub.public.count()
    assert int(counted[VOID.entities]) == filled.hub.index.count
    assert filled.client.get(local(filled, counted[VOID.exampleResource])).status_code == 200
    as_json = filled.client.get("/.well-known/void", headers={"Accept": "application/ld+json"})
    assert graph(as_json.data, "jsonld") == said
    monkeypatch.setattr(catalog, "COUNTED", 0)
    filled.hub.renderings._kept.clear()
    uncounted = graph(filled.client.get("/.well-known/void").data)
    assert not any(t.predicate == VOID.triples and t.subject.value.endswith("#dataset") for t in uncounted)
    filled.hub.renderings._kept.clear()
