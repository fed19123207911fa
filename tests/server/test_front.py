from __future__ import annotations

import re

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from server.negotiation import RDF
from tests.server.parts import Filled

HTML = {"Accept": "text/html"}


def titles(page: str) -> list[str]:
    """Return the titles of the hits of a page."""
    return re.findall(r'<h3><a href="[^"]*">([^<]*)</a>', page)


def test_the_page_lists_what_there_is(filled: Filled) -> None:
    page = filled.client.get("/", headers=HTML)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert {"A scaler", "people", "old"} <= set(titles(page.text))
    assert page.text.count("<h1") == 1
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text


def test_words_and_facets_narrow_it(filled: Filled) -> None:
    assert titles(filled.client.get("/?q=scaler&kind=model&tag=tiny", headers=HTML).text) == ["A scaler"]
    page = filled.client.get("/?tag=tiny&tag=demo", headers=HTML).text
    assert titles(page) == ["A scaler"]
    assert page.count('" checked') == 2


def test_a_choice_can_be_taken_away(filled: Filled) -> None:
    page = filled.client.get("/?q=a&tag=tiny", headers=HTML).text
    assert re.search(r'<a href="\?q=a" title="Take this away">Tag: tiny', page)


def test_a_choice_that_nothing_fits_is_still_shown(filled: Filled) -> None:
    page = filled.client.get("/?framework=jax", headers=HTML).text
    assert "Nothing fits all of this" in page
    assert re.search(r'value="jax" checked', page)


def test_pages_follow_each_other(filled: Filled) -> None:
    first = filled.client.get("/?tag=demo&limit=1", headers=HTML).text
    following = re.search(r'<a href="([^"]*)" rel="next">', first)
    assert following
    second = filled.client.get("/" + following[1].replace("&amp;", "&"), headers=HTML).text
    assert titles(first) != titles(second)
    assert "First page" in second


def test_what_a_person_mistypes_is_told_on_a_page(filled: Filled) -> None:
    page = filled.client.get("/?colour=red", headers=HTML)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert "colour" in page.text


def test_an_empty_catalogue_says_how_to_fill_it(client: FlaskClient) -> None:
    assert "hpcfair upload" in client.get("/", headers=HTML).text


def test_what_is_not_installed_is_said_with_what_brings_it(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = filled.hub.status()
    torch = {
        "name": "torch",
        "formats": ["pt2", "torchscript"],
        "missing": ["torch"],
        "command": "make torch",
    }
    monkeypatch.setattr(filled.hub, "status", lambda: status | {"converters": [torch], "waiting": 2})
    page = filled.client.get("/", headers=HTML).text
    assert "pt2, torchscript" in page
    assert "<code>make torch</code>" in page
    assert "2 artifacts wait now" in page


@pytest.mark.parametrize("suffix", list(RDF))
def test_machines_get_the_way_to_the_catalogue(filled: Filled, suffix: str) -> None:
    answer = filled.client.get("/", headers={"Accept": RDF[suffix]})
    assert answer.mimetype == RDF[suffix]
    parsed = ox.parse(answer.data, format=ox.RdfFormat.from_media_type(RDF[suffix]))
    found = [q.object.value for q in parsed if q.predicate.value.endswith("metadataCatalog")]
    assert found == [f"{filled.hub.settings.base}/catalog"]
    assert answer.headers["Link"] == f'<{found[0]}>; rel="first"'


def test_a_machine_that_asks_for_a_part_is_led_to_its_pages(filled: Filled) -> None:
    answer = filled.client.get("/?tag=tiny&tag=demo", headers={"Accept": "text/turtle"})
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"{filled.hub.settings.base}/catalog?tag=tiny&tag=demo",
    )
