"""What F-UJI 3.5.1 (metrics v0.8) looks for in a landing page, metric by metric, on what the service really answers.

Each check was found by leaving one thing out at a time before the assessor; together they are its 26 points.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest

from tests.server.parts import Filled

SCHEMA = "http://schema.org/"
LINKED = ("http://spdx.org/licenses/", "http://www.w3.org/ns/prov#", "http://www.w3.org/ns/mls#")
OPEN = ("text/", "application/json", "application/ld+json", "application/xml")
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DATASET = "http://www.w3.org/ns/dcat#Dataset"
ACCESS = "http://publications.europa.eu/resource/authority/access-right/"
ARK = r"https?://[^/]+/ark:/\d{5}/\w+"


@dataclass(frozen=True)
class Page:
    """A landing page as an assessor has it: the HTML, its JSON-LD, and a way to ask for more."""

    html: str
    said: dict[str, Any]
    filled: Filled

    def status(self, address: str, accept: str = "*/*") -> int:
        return self.answer(address, accept).status_code

    def answer(self, address: str, accept: str) -> Any:
        path = address.removeprefix(self.filled.hub.settings.base)
        return self.filled.client.get(path, headers={"Accept": accept})

    @property
    def files(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.said["distribution"]
        assert found
        return found


@pytest.fixture(params=["model", "dataset"])
def page(filled: Filled, request: pytest.FixtureRequest) -> Page:
    artifact = getattr(filled, request.param)
    answer = filled.client.get(f"/ark:/99999/{artifact.key}", headers={"Accept": "text/html"})
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL)
    assert answer.status_code == 200
    assert block
    return Page(answer.text, json.loads(block[1]), filled)


def unique_identifier(page: Page) -> bool:
    return bool(re.fullmatch(r"https?://\S+", page.said["identifier"]))


def persistent_identifier_that_leads_to_the_page(page: Page) -> bool:
    address = page.said["identifier"]
    return bool(re.fullmatch(ARK, address)) and page.answer(address, "text/html").text == page.html


def core_metadata(page: Page) -> bool:
    wanted = (
        "creator",
        "name",
        "identifier",
        "datePublished",
        "publisher",
        "@type",
        "description",
        "keywords",
    )
    return all(page.said.get(name) for name in wanted)


def a_link_to_the_data(page: Page) -> bool:
    return all(file["contentUrl"].startswith(page.said["identifier"]) for file in page.files)


def metadata_embedded_for_search_engines(page: Page) -> bool:
    graph = ox.parse(json.dumps(page.said).encode(), format=ox.RdfFormat.JSON_LD)
    return sum(1 for quad in graph if quad.predicate.value.startswith(SCHEMA)) > 20


def the_access_level(page: Page) -> bool:
    return str(page.said["conditionsOfAccess"]).startswith(ACCESS)


def the_page_and_the_data_answer(page: Page) -> bool:
    addresses = [page.said["identifier"], *(file["contentUrl"] for file in page.files)]
    return all(page.status(address) == 200 for address in addresses)


def a_standard_protocol_for_the_page(page: Page) -> bool:
    return urlsplit(page.said["url"]).scheme in ("http", "https")


def a_standard_protocol_for_the_data(page: Page) -> bool:
    return all(urlsplit(file["contentUrl"]).scheme in ("http", "https") for file in page.files)


def a_formal_language(page: Page) -> bool:
    negotiated = page.answer(page.said["identifier"], "text/turtle")
    if negotiated.mimetype != "text/turtle":
        return False
    typed = re.findall(r'<link rel="describedby" type="([^"]+)" href="([^"]+)"', page.html)
    parsed = ox.parse(negotiated.data, format=ox.RdfFormat.TURTLE)
    return len(list(parsed)) > 20 and all(page.answer(at, kind).mimetype == kind for kind, at in typed)


def a_namespace_of_linked_data(page: Page) -> bool:
    return page.said["license"].startswith(LINKED)


def links_to_related_things(page: Page) -> bool:
    related = [page.said["includedInDataCatalog"], *page.said.get("isBasedOn", [])]
    return all(thing["@id"].startswith(("http://", "https://")) for thing in related)


def type_format_and_size(page: Page) -> bool:
    return bool(page.said["@type"]) and all(
        file["encodingFormat"] and int(file["contentSize"]) > 0 for file in page.files if "sha256" in file
    )


def a_machine_readable_licence(page: Page) -> bool:
    return bool(re.fullmatch(r"http://spdx\.org/licenses/[\w.-]+", page.said["license"]))


def who_made_it_and_when(page: Page) -> bool:
    dates = (page.said["datePublished"], page.said["dateModified"])
    return all(re.match(r"\d{4}-\d\d-\d\dT", date) for date in dates) and bool(page.said["creator"])


def a_community_standard(page: Page) -> bool:
    record = page.answer(page.said["identifier"], "application/n-triples").text
    return "Dataset" in page.said["@type"] and f"<{page.said['identifier']}> <{TYPE}> <{DATASET}> ." in record


def an_open_file_format(page: Page) -> bool:
    return any(file["encodingFormat"].startswith(OPEN) for file in page.files)


METRICS: dict[str, Callable[[Page], bool]] = {
    "FsF-F1-01MD": unique_identifier,
    "FsF-F1-02MD": persistent_identifier_that_leads_to_the_page,
    "FsF-F2-01M": core_metadata,
    "FsF-F3-01M": a_link_to_the_data,
    "FsF-F4-01M": metadata_embedded_for_search_engines,
    "FsF-A1-01M": the_access_level,
    "FsF-A1-02MD": the_page_and_the_data_answer,
    "FsF-A1.1-01MD": a_standard_protocol_for_the_page,
    "FsF-A1.2-01MD": a_standard_protocol_for_the_data,
    "FsF-I1-01M": a_formal_language,
    "FsF-I2-01M": a_namespace_of_linked_data,
    "FsF-I3-01M": links_to_related_things,
    "FsF-R1-01M": type_format_and_size,
    "FsF-R1.1-01M": a_machine_readable_licence,
    "FsF-R1.2-01M": who_made_it_and_when,
    "FsF-R1.3-01M": a_community_standard,
    "FsF-R1.3-02D": an_open_file_format,
}


@pytest.mark.parametrize("metric", METRICS)
def test_a_landing_page_meets_the_metric(page: Page, metric: str) -> None:
    assert METRICS[metric](page), f"{metric}: no {METRICS[metric].__name__.replace('_', ' ')}"


@pytest.mark.parametrize("metric", METRICS)
def test_a_page_that_says_it_badly_does_not_meet_it(filled: Filled, metric: str) -> None:
    file = {"contentUrl": "ftp://a.example/b", "encodingFormat": "", "contentSize": "0", "sha256": ""}
    badly = {
        "identifier": "nothing",
        "url": "ftp://a.example/",
        "@type": "",
        "creator": [],
        "datePublished": "last spring",
        "dateModified": "",
        "license": "mine",
        "conditionsOfAccess": "ask me",
        "includedInDataCatalog": {"@id": "here"},
        "distribution": [file],
    }
    assert not METRICS[metric](Page("", badly, filled))


def test_signposts_say_the_same_in_the_header(filled: Filled) -> None:
    for artifact in (filled.model, filled.dataset):
        links = filled.client.head(f"/ark:/99999/{artifact.key}", headers={"Accept": "text/html"}).headers[
            "Link"
        ]
        assert set(re.findall(r'rel="([\w-]+)"', links)) >= {
            "cite-as",
            "describedby",
            "item",
            "license",
            "type",
        }
