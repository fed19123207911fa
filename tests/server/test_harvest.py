"""The feed and the sitemap, read to the end as a harvester reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge.describe import describe, read
from hpcfair_kg.knowledge.index import microseconds
from hpcfair_kg.knowledge.walk import moment
from hpcfair_kg.settings import Settings
from server import harvest
from tests.server.parts import Filled
from tests.server.stock import fill, served, stock

BASE = "https://models.example.org/kg"
MANY = 130


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, FlaskClient, list[Artifact]]]:
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("shop") / "data", base_url=BASE))
    artifacts = stock(BASE, MANY)
    fill(hub, artifacts)
    yield hub, served(hub), artifacts
    hub.close()


def pages(client: FlaskClient, path: str) -> Iterator[list[bytes]]:
    """Yield the lines of each page, following the links."""
    while path:
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (200, "application/jsonl")
        assert answer.data.endswith(b"\n") or not answer.data
        yield answer.data.splitlines()
        following = re.fullmatch(rf'<{BASE}([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = following[1] if following else ""


@pytest.mark.parametrize("lines", [7, MANY, 1000])
def test_the_feed_is_every_record_in_order(
    shop: tuple[Hub, FlaskClient, list[Artifact]], monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    monkeypatch.setattr(harvest, "LINES", lines)
    _, client, artifacts = shop
    found = list(pages(client, "/harvest.jsonl"))
    assert [len(page) for page in found] == [lines] * (MANY // lines) + (
        [MANY % lines] if MANY % lines else []
    )
    for line, artifact in zip((line for page in found for line in page), artifacts, strict=True):
        document = json.loads(line)
        assert isinstance(document["@context"], dict)
        assert document["id"] == artifact.id
        assert ("withdrawn" in document) == (artifact.status == "withdrawn")


def test_a_line_is_the_whole_record(shop: tuple[Hub, FlaskClient, list[Artifact]]) -> None:
    _, client, artifacts = shop
    line = next(pages(client, "/harvest.jsonl"))[4]
    back = [quad.triple for quad in ox.parse(line, format=ox.RdfFormat.JSON_LD)]
    assert set(back) == set(describe(artifacts[4]))
    assert read(back).title == artifacts[4].title


@pytest.mark.parametrize("since", ["2026-03-01", "2026-03-02", "2026-03-01T00:01:02.5+00:00", "2030-01-01"])
def test_since_leaves_out_what_did_not_change(
    shop: tuple[Hub, FlaskClient, list[Artifact]], monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    monkeypatch.setattr(harvest, "LINES", 20)
    _, client, artifacts = shop
    found = [
        json.loads(line)["id"]
        for page in pages(client, f"/harvest.jsonl?since={quote(since)}")
        for line in page
    ]
    assert found == [one.id for one in artifacts if microseconds(one.modified) >= moment(since)]
    assert len(found) == MANY if since == "2026-03-01" else len(found) < MANY


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=last+spring", "since is 'last spring'; it must be a date or a time such as 2026-03-01"),
        ("since=" + "9" * 4000, "it must be a date or a time"),
        ("since=2026-03-01&since=2026-03-02", "since is given 2 times"),
        ("until=2026-03-01", "unknown parameter 'until'; there are: since, cursor"),
        ("x" * 4000 + "=1", "unknown parameter 'xxx"),
        ("cursor=nonsense", "the cursor is none that came from here"),
        ("cursor=" + "A" * 4000, "the cursor is none that came from here"),
        (f"cursor={cursors.write(0, 5)}", "another question"),
        (f"cursor={cursors.write(1, 5, 6)}", "another question"),
        (f"cursor={cursors.write(0, 5, -6)}", "the cursor is none that came from here"),
        (f"since=2026-03-01&cursor={cursors.write(0, 5, 6)}", "the cursor belongs to another question"),
    ],
)
def test_bad_questions_are_told(shop: tuple[Hub, FlaskClient, list[Artifact]], query: str, told: str) -> None:
    answer = shop[1].get(f"/harvest.jsonl?{query}")
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (400, f"{BASE}/problems/unknown-parameter")
    assert told in problem["detail"]
    assert len(problem["detail"]) < 200


def test_what_is_withdrawn_comes_last_and_as_withdrawn(tmp_path: Path) -> None:
    hub = Hub.open(Settings(data_dir=tmp_path / "data", base_url=BASE))
    artifacts = stock(BASE, 3)
    fill(hub, artifacts)
    client = served(hub)
    before = artifacts[-1].modified
    gone = replace(artifacts[0], status="withdrawn", reason="wrong", modified="2026-04-01T00:00:00Z")
    hub.catalogue.commit(gone, [])
    (lines,) = pages(client, f"/harvest.jsonl?since={before}")
    documents = [json.loads(line) for line in lines]
    assert [(d["id"], d["status"]) for d in documents[-1:]] == [(gone.id, "withdrawn")]
    assert documents[-1]["withdrawn"] == "2026-04-01T00:00:00Z"
    hub.close()


def test_what_is_no_longer_public_is_left_out(tmp_path: Path) -> None:
    """The graph is asked, not the index: they differ for a moment."""
    hub = Hub.open(Settings(data_dir=tmp_path / "data", base_url=BASE))
    artifacts = stock(BASE, 3)
    fill(hub, artifacts)
    hub.public.write({artifacts[1].id: describe(replace(artifacts[1], visibility="private"))})
    client = served(hub)
    (lines,) = pages(client, "/harvest.jsonl")
    assert [json.loads(line)["id"] for line in lines] == [artifacts[0].id, artifacts[2].id]
    hub.close()


NS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def located(document: bytes, tag: str) -> list[tuple[str, str]]:
    root = ElementTree.fromstring(document)
    assert root.tag == NS + tag
    return [(str(one.findtext(f"{NS}loc")), str(one.findtext(f"{NS}lastmod"))) for one in root]


@pytest.mark.parametrize("urls", [10, 104, 50_000])
def test_the_sitemap_lists_what_is_there_to_see(
    shop: tuple[Hub, FlaskClient, list[Artifact]], monkeypatch: pytest.MonkeyPatch, urls: int
) -> None:
    monkeypatch.setattr(harvest, "URLS", urls)
    hub, client, artifacts = shop
    shown = [one for one in artifacts if one.status != "withdrawn"]
    assert len(shown) == 104
    hub.renderings = type(hub.renderings)(hub.site, 1 << 20)  # what was made with other sizes
    sitemaps = located(client.get("/sitemap.xml").data, "sitemapindex")
    assert len(sitemaps) == -(-len(shown) // urls)
    found = [located(client.get(page.removeprefix(BASE)).data, "urlset") for page, _ in sitemaps]
    assert all(len(page) <= urls for page in found)
    assert [entry for page in found for entry in page] == [(one.id, one.modified) for one in shown]
    for page, (_, latest) in zip(found, sitemaps, strict=True):
        assert latest[:19] == max(when for _, when in page)[:19]


def test_the_sitemap_is_made_once_a_commit_and_has_an_etag(
    shop: tuple[Hub, FlaskClient, list[Artifact]],
) -> None:
    _, client, _ = shop
    etag = client.get("/sitemap.xml").headers["ETag"]
    assert client.get("/sitemap.xml", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "query", ["cursor=x", "page=2", "cursor=a&cursor=b", f"cursor={cursors.write(0, 5, 6)}"]
)
def test_a_sitemap_that_there_is_not(shop: tuple[Hub, FlaskClient, list[Artifact]], query: str) -> None:
    assert shop[1].get(f"/sitemap.xml?{query}").status_code == 400


def test_an_empty_catalogue_has_one_empty_sitemap(tmp_path: Path) -> None:
    hub = Hub.open(Settings(data_dir=tmp_path / "data", base_url=BASE))
    client = served(hub)
    ((page, _),) = located(client.get("/sitemap.xml").data, "sitemapindex")
    assert located(client.get(page.removeprefix(BASE)).data, "urlset") == []
    assert client.get("/harvest.jsonl").data == b""
    hub.close()


def test_crawlers_are_told_where_it_is(shop: tuple[Hub, FlaskClient, list[Artifact]]) -> None:
    assert f"Sitemap: {BASE}/sitemap.xml\n" in shop[1].get("/robots.txt").text


def test_an_upload_is_in_both(filled: Filled) -> None:
    assert filled.model.id in filled.client.get("/harvest.jsonl").text
    (page,) = re.findall(r"<loc>(?:https?://[^/]+)([^<]+)</loc>", filled.client.get("/sitemap.xml").text)
    assert filled.model.id in filled.client.get(page).text


def test_a_harvester_holds_a_place_while_it_reads(shop: tuple[Hub, FlaskClient, list[Artifact]]) -> None:
    _, client, _ = shop
    room = client.application.extensions["room"]
    reading = client.get("/harvest.jsonl", buffered=False)
    assert room.taken == 1
    for _ in range(room.size - 1):
        room.enter()
    refused = client.get("/harvest.jsonl")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    for _ in range(room.size - 1):
        room.leave()
    reading.close()
    assert room.taken == 0
    assert client.get("/harvest.jsonl?cursor=x").status_code == 400
    assert client.head("/harvest.jsonl", buffered=True).status_code == 200
    assert room.taken == 0
