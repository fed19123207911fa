from __future__ import annotations

import base64
import hashlib
import re

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from hpcfair_kg.hub import Hub
from server.negotiation import RDF
from tests.server.parts import CSV, Filled, form, scaler

HTML = {"Accept": "text/html"}


@pytest.fixture
def path(filled: Filled) -> str:
    """The path of the model's landing page."""
    return filled.model.id.removeprefix(filled.hub.settings.base)


@pytest.fixture
def file(filled: Filled) -> str:
    """The path of the dataset's one file."""
    return filled.dataset.url(filled.dataset.files[0]).removeprefix(filled.hub.settings.base)


class TestPage:
    def test_it_shows_what_a_reader_looks_for(self, filled: Filled, path: str) -> None:
        page = filled.client.get(path, headers=HTML)
        assert (page.status_code, page.mimetype) == (200, "text/html")
        for shown in (
            "A scaler",
            "ada/scaler",
            filled.model.files[0].sha256,
            "batch × 3",
            "Ada Lovelace",
            "spdx.org",
        ):
            assert shown in page.text, shown
        assert page.text.count("<h1") == 1
        assert 'lang="en"' in page.text

    def test_the_verdict_is_said_in_words(self, filled: Filled, path: str) -> None:
        assert "The ONNX file is what it declares" in filled.client.get(path, headers=HTML).text

    def test_strangers_words_stay_words(self, filled: Filled, path: str) -> None:
        page = filled.client.get(path, headers=HTML).text
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        blocks = re.findall(r"<script[^>]*>", page)
        assert blocks == ['<script type="application/ld+json">']

    def test_its_own_figures_stand_in_json_ld(self, filled: Filled, path: str) -> None:
        page = filled.client.get(path, headers=HTML).text
        block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
        assert block
        graph = {t.object.value for t in ox.parse(block[1].encode(), format=ox.RdfFormat.JSON_LD)}
        assert "A scaler" in graph
        assert any("<script>" in value for value in graph)

    def test_a_dataset_shows_its_columns(self, filled: Filled) -> None:
        page = filled.client.get(f"/ark:/99999/{filled.dataset.key}", headers=HTML).text
        assert "height" in page
        assert "weight" in page

    def test_what_cannot_be_converted_says_why(self, filled: Filled) -> None:
        page = filled.client.get(f"/ark:/99999/{filled.broken.key}", headers=HTML).text
        assert "This model has no ONNX form." in page
        assert filled.broken.reason
        assert escape(filled.broken.reason) in page

    def test_its_signposts_lead_on(self, filled: Filled, path: str) -> None:
        links = filled.client.get(path, headers=HTML).headers["Link"]
        assert f'<{filled.model.id}>; rel="cite-as"' in links
        assert f'<{filled.model.id}.jsonld>; rel="describedby"; type="application/ld+json"' in links
        assert f'<{filled.model.url(filled.model.files[0])}>; rel="item"; type="application/onnx"' in links
        assert '<http://spdx.org/licenses/MIT>; rel="license"' in links
        assert '<https://orcid.org/0000-0002-1825-0097>; rel="author"' in links

    def test_an_unknown_key_and_a_foreign_naan(self, filled: Filled) -> None:
        assert filled.client.get("/ark:/99999/nothing").status_code == 404
        assert filled.client.get(f"/ark:/12345/{filled.model.key}").status_code == 404
        assert filled.client.get(f"/ark:/99999/{filled.model.key}.pdf").status_code == 404


class TestDescription:
    @pytest.mark.parametrize("suffix", list(RDF))
    def test_suffix_and_accept_are_the_same(self, filled: Filled, path: str, suffix: str) -> None:
        by_suffix = filled.client.get(f"{path}.{suffix}")
        by_accept = filled.client.get(path, headers={"Accept": RDF[suffix]})
        assert by_suffix.mimetype == by_accept.mimetype == RDF[suffix]
        assert by_suffix.data == by_accept.data
        format = ox.RdfFormat.from_media_type(RDF[suffix])
        parsed = {quad.triple for quad in ox.parse(by_suffix.data, format=format)}
        assert parsed == set(filled.hub.triples(filled.model))

    def test_the_etag_spares_a_second_answer(self, filled: Filled, path: str) -> None:
        first = filled.client.get(f"{path}.ttl")
        assert first.headers["ETag"] != filled.client.get(f"{path}.nt").headers["ETag"]
        again = filled.client.get(f"{path}.ttl", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304

    def test_json_is_the_record(self, filled: Filled, path: str) -> None:
        answer = filled.client.get(path, headers={"Accept": "application/json"}, follow_redirects=True)
        assert answer.get_json()["id"] == filled.model.id

    def test_what_is_not_offered(self, filled: Filled, path: str) -> None:
        answer = filled.client.get(path, headers={"Accept": "image/png"})
        assert (answer.status_code, answer.content_type) == (406, "application/problem+json")
        assert "text/turtle" in answer.get_json()["detail"]


class TestFile:
    def test_the_bytes_and_what_names_them(self, filled: Filled, file: str) -> None:
        answer = filled.client.get(file)
        digest = hashlib.sha256(CSV)
        assert answer.data == CSV
        assert answer.headers["ETag"] == f'"{digest.hexdigest()}"'
        assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert answer.headers["Content-Disposition"] == "attachment; filename=people.csv"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Accept-Ranges"] == "bytes"

    def test_head_says_the_same_without_them(self, filled: Filled, file: str) -> None:
        answer = filled.client.head(file)
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Length"] == str(len(CSV))
        assert answer.headers["ETag"] == filled.client.get(file).headers["ETag"]

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [("bytes=0-3", 0, 4), ("bytes=5-", 5, None), ("bytes=-6", -6, None), ("bytes=3-999", 3, None)],
    )
    def test_a_range(self, filled: Filled, file: str, asked: str, start: int, end: int | None) -> None:
        answer = filled.client.get(file, headers={"Range": asked})
        assert (answer.status_code, answer.data) == (206, CSV[start:end])
        first, last = len(CSV[:start]), len(CSV[:start]) + len(CSV[start:end]) - 1
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(CSV)}"

    def test_a_range_that_is_not_there(self, filled: Filled, file: str) -> None:
        answer = filled.client.get(file, headers={"Range": "bytes=9999-"})
        assert (answer.status_code, answer.content_type) == (416, "application/problem+json")
        assert answer.headers["Content-Range"] == f"bytes */{len(CSV)}"

    @pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "lines=1-2", "bytes=x"])
    def test_what_is_no_single_range_gets_everything(self, filled: Filled, file: str, asked: str) -> None:
        answer = filled.client.get(file, headers={"Range": asked})
        assert (answer.status_code, answer.data) == (200, CSV)

    def test_the_same_again_is_spared(self, filled: Filled, file: str) -> None:
        etag = filled.client.get(file).headers["ETag"]
        assert filled.client.get(file, headers={"If-None-Match": etag}).status_code == 304
        stale = filled.client.get(file, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
        assert (stale.status_code, stale.data) == (200, CSV)

    @pytest.mark.parametrize("suffix", ["/files/data/people.csv", ".ttl"])
    def test_another_one_than_if_match_names_is_not_sent(
        self, filled: Filled, file: str, suffix: str
    ) -> None:
        address = file.removesuffix("/files/data/people.csv") + suffix
        answer = filled.client.get(address, headers={"If-Match": '"other"'})
        assert (answer.status_code, answer.content_type) == (412, "application/problem+json")
        assert "ETag" in answer.get_json()["detail"]
        current = filled.client.get(address).headers["ETag"]
        assert filled.client.get(address, headers={"If-Match": current}).status_code == 200

    def test_an_unknown_name(self, filled: Filled, path: str) -> None:
        answer = filled.client.get(f"{path}/files/other.onnx")
        assert answer.status_code == 404
        assert "scaler.onnx" in answer.get_json()["detail"]

    def test_any_name_can_be_fetched(self, hub: Hub, client: FlaskClient, token: str) -> None:
        name = 'Modell "Ü" %41 + #1?.onnx'
        sent = client.post(
            "/api/artifacts",
            data=form(
                {"name": "m", "license": "MIT"}, ("dir/README.md", b"# hello"), ("dir/m.onnx", scaler())
            ),
            headers={"Authorization": f"Bearer {token}"},
        )
        assert sent.status_code == 202, name
        for entry in sent.get_json()["files"]:
            assert client.get(entry["url"].removeprefix(hub.settings.base)).status_code == 200


def test_views_by_name(filled: Filled, path: str) -> None:
    answer = filled.client.get(f"{path}/views/schema.org")
    assert answer.status_code == 200
    assert filled.model.id in answer.text
    unknown = filled.client.get(f"{path}/views/marc21")
    assert unknown.status_code == 404
    assert "schema.org" in unknown.get_json()["detail"]


def test_views_are_offered_where_they_fit(filled: Filled, path: str) -> None:
    page = filled.client.get(path, headers=HTML).text
    assert f"{path}/views/model-card" in page
    assert "/views/croissant" not in page
    card = filled.client.get(f"{path}/views/model-card")
    assert (card.status_code, card.content_type) == (200, "text/markdown; charset=utf-8")
    misfit = filled.client.get(f"{path}/views/croissant")
    assert (misfit.status_code, misfit.get_json()["type"].rpartition("/")[2]) == (404, "not-found")
    assert "no view 'croissant' of a model; there are: " in misfit.get_json()["detail"]


def test_provenance_by_accept_and_suffix(filled: Filled, path: str) -> None:
    turtle = filled.client.get(f"{path}/provenance")
    assert turtle.mimetype == "text/turtle"
    parsed = {quad.triple for quad in ox.parse(turtle.data, format=ox.RdfFormat.TURTLE)}
    assert parsed == set(filled.hub.provenance(filled.model))
    assert filled.client.get(f"{path}/provenance.nt").mimetype == "application/n-triples"
    assert filled.client.get(f"{path}/provenance.pdf").status_code == 404
    page = filled.client.get(f"{path}/provenance", headers=HTML)
    assert (page.status_code, page.headers["Location"]) == (303, f"{path}#history")
