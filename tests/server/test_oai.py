"""OAI-PMH over HTTP: every answer by the rules of its schema, then as the harvester Sickle sees a service that runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from flask.testing import FlaskClient

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge.oai_formats import FORMATS
from hpcfair_kg.settings import Settings
from server import oai
from tests.running import start, stop
from tests.server.living import send
from tests.server.oai_rules import OAI, codes, read
from tests.server.parts import CSV
from tests.server.stock import fill, served, stock

BASE = "https://models.example.org/kg"
MANY = 250


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FlaskClient, list[Artifact]]]:
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("shop") / "data", base_url=BASE))
    artifacts = stock(BASE, MANY)
    fill(hub, artifacts)
    yield served(hub), artifacts
    hub.close()


def ask(client: FlaskClient, **arguments: str) -> bytes:
    """Return the answer to a request, which is said to be XML whatever it is."""
    asked = {name.rstrip("_"): value for name, value in arguments.items()}
    answer = client.get(f"/oai?{urlencode(asked)}")
    assert (answer.status_code, answer.content_type) == (200, "text/xml; charset=utf-8")
    return answer.data


def parts(client: FlaskClient, verb: str, **arguments: str) -> Iterator[Any]:
    """Yield the parts of a list, as a harvester goes through them."""
    while arguments:
        root = read(ask(client, verb=verb, **arguments))
        yield root.find(f"{OAI}{verb}")
        token = root.findtext(f".//{OAI}resumptionToken")
        arguments = {"resumptionToken": token} if token else {}


def headers(part: Any) -> list[tuple[str, str, str, bool]]:
    """Return what the headers of a part say."""
    return [
        (
            str(header.findtext(f"{OAI}identifier")),
            str(header.findtext(f"{OAI}datestamp")),
            str(header.findtext(f"{OAI}setSpec")),
            header.get("status") == "deleted",
        )
        for header in part.iter(f"{OAI}header")
    ]


def expected(artifacts: list[Artifact]) -> list[tuple[str, str, str, bool]]:
    return [(a.id, f"{a.modified[:19]}Z", a.kind, a.status == "withdrawn") for a in artifacts]


def test_who_we_are(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    found = read(ask(client, verb="Identify")).find(f"{OAI}Identify")
    assert found is not None
    assert {one.tag.removeprefix(OAI): one.text for one in found} == {
        "repositoryName": "Models and datasets of models.example.org",
        "baseURL": f"{BASE}/oai",
        "protocolVersion": "2.0",
        "adminEmail": "noreply@models.example.org",
        "earliestDatestamp": f"{artifacts[0].modified[:19]}Z",
        "deletedRecord": "persistent",
        "granularity": "YYYY-MM-DDThh:mm:ssZ",
    }


def test_the_formats(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    for arguments in ({}, {"identifier": artifacts[4].id}):
        root = read(ask(client, verb="ListMetadataFormats", **arguments))
        found = [[str(part.text) for part in one] for one in root.iter(f"{OAI}metadataFormat")]
        assert found == [[prefix, form.schema, form.namespace] for prefix, form in FORMATS.items()]


def test_the_sets(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    specs = [spec.text for spec in read(ask(shop[0], verb="ListSets")).iter(f"{OAI}setSpec")]
    assert specs == ["model", "dataset", "workflow"]


@pytest.mark.parametrize("prefix", FORMATS)
def test_the_records_whole_and_in_order(shop: tuple[FlaskClient, list[Artifact]], prefix: str) -> None:
    client, artifacts = shop
    found = list(parts(client, "ListRecords", metadataPrefix=prefix))
    assert [header for part in found for header in headers(part)] == expected(artifacts)
    assert [len(headers(part)) for part in found] == [100, 100, 50]
    for part in found:
        for record in part.iter(f"{OAI}record"):
            header, metadata = record.find(f"{OAI}header"), record.find(f"{OAI}metadata")
            assert (metadata is None) == (header.get("status") == "deleted")
            if metadata is not None:
                assert metadata[0].tag.startswith(f"{{{FORMATS[prefix].namespace}}}")


def test_a_list_counts_itself_and_ends_with_an_empty_token(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    tokens = [
        token
        for part in parts(shop[0], "ListRecords", metadataPrefix="oai_dc")
        for token in part.iter(f"{OAI}resumptionToken")
    ]
    assert [token.get("cursor") for token in tokens] == ["0", "100", "200"]
    assert {token.get("completeListSize") for token in tokens} == {str(MANY)}
    assert [bool(token.text) for token in tokens] == [True, True, False]


def test_a_whole_list_has_no_token(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    (part,) = parts(client, "ListIdentifiers", metadataPrefix="rdf")
    assert headers(part) == expected(artifacts)
    assert part.find(f"{OAI}resumptionToken") is None


@pytest.mark.parametrize("kind", ["model", "dataset", "workflow"])
def test_a_set_and_a_time(shop: tuple[FlaskClient, list[Artifact]], kind: str) -> None:
    client, artifacts = shop
    for first, last in (("2026-03-02", "2026-03-02"), ("2026-03-01T00:00:10Z", "2026-03-02T00:01:00Z")):
        asked = {"metadataPrefix": "oai_dc", "set": kind, "from_": first, "until": last}
        found = [header for part in parts(client, "ListIdentifiers", **asked) for header in headers(part)]
        assert found == [
            h for h in expected(artifacts) if h[2] == kind and first <= h[1][: len(first)] <= last
        ]
        assert found


def test_one_record(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    for artifact in (artifacts[0], next(a for a in artifacts if a.status == "withdrawn")):
        root = read(ask(client, verb="GetRecord", metadataPrefix="oai_dc", identifier=artifact.id))
        assert headers(root) == expected([artifact])
        title = root.findtext(".//{http://purl.org/dc/elements/1.1/}title")
        assert title == (artifact.title if artifact.status == "ready" else None)


def test_a_request_is_echoed_where_it_was_understood(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    request = read(ask(shop[0], verb="ListIdentifiers", metadataPrefix="rdf", from_="2030-01-01")).find(
        f"{OAI}request"
    )
    assert request is not None
    assert request.text == f"{BASE}/oai"
    assert request.attrib == {"verb": "ListIdentifiers", "metadataPrefix": "rdf", "from": "2030-01-01"}
    refused = read(ask(shop[0], verb="ListIdentifiers", metadataPrefix="rdf", colour="red")).find(
        f"{OAI}request"
    )
    assert refused is not None
    assert refused.attrib == {}


def test_a_form_is_a_request_too(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    answer = client.post(
        "/oai", data={"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": artifacts[0].id}
    )
    assert headers(read(answer.data)) == expected(artifacts[:1])
    assert codes(client.post("/oai?verb=Identify").data) == ["badVerb"]
    assert codes(client.post("/oai", json={"verb": "Identify"}).data) == ["badVerb"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "badVerb"),
        ("verb=Steal", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&x=%00%1f%EF%BF%BF", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-01&until=2026-03-01T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-03-02&until=2026-03-01", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&" + "x" * 4000 + "=1", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=GetRecord&metadataPrefix=marc21&identifier=x", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2099-01-01", "noRecordsMatch"),
        ("verb=ListIdentifiers&metadataPrefix=oai_dc&until=1969-12-31", "noRecordsMatch"),
        ("verb=ListIdentifiers&metadataPrefix=oai_dc&until=2026-02-28", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=" + "A" * 4000, "badResumptionToken"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=" + "x" * 4000, "idDoesNotExist"),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=a/b%20%3Cc%3E%22", "idDoesNotExist"),
        (
            "verb=GetRecord&metadataPrefix=oai_dc&identifier=" + BASE + "/ark:/99999/a%20b%00",
            "idDoesNotExist",
        ),
        ("verb=ListMetadataFormats&identifier=" + BASE + "/ark:/99999/zzzzzzzzz", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=", "idDoesNotExist"),
    ],
)
def test_what_is_wrong_has_the_code_of_the_protocol(
    shop: tuple[FlaskClient, list[Artifact]], query: str, code: str
) -> None:
    answer = shop[0].get(f"/oai?{query}")
    assert answer.status_code == 200
    assert codes(answer.data) == [code]


def test_an_item_has_one_name(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    client, artifacts = shop
    for name in (artifacts[0].key, f"ada/{artifacts[0].name}", f"ark:/99999/{artifacts[0].key}"):
        assert codes(ask(client, verb="GetRecord", metadataPrefix="rdf", identifier=name)) == [
            "idDoesNotExist"
        ]


def test_a_token_is_of_its_verb(
    shop: tuple[FlaskClient, list[Artifact]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(oai.PAGE, "ListIdentifiers", 10)  # type: ignore[arg-type]
    root = read(ask(shop[0], verb="ListIdentifiers", metadataPrefix="rdf"))
    token = str(root.findtext(f".//{OAI}resumptionToken"))
    assert codes(ask(shop[0], verb="ListRecords", resumptionToken=token)) == ["badResumptionToken"]


def test_an_empty_catalogue_says_so(tmp_path: Path) -> None:
    hub = Hub.open(
        Settings(data_dir=tmp_path / "data", base_url="http://localhost:8080", admin_email="x@site.edu")
    )
    client = served(hub)
    root = read(ask(client, verb="Identify"))
    assert root.findtext(f".//{OAI}adminEmail") == "x@site.edu"
    assert root.findtext(f".//{OAI}earliestDatestamp") == root.findtext(f"{OAI}responseDate")
    assert codes(ask(client, verb="ListRecords", metadataPrefix="oai_dc")) == ["noRecordsMatch"]
    hub.close()


def test_the_schema_of_the_protocol_agrees(shop: tuple[FlaskClient, list[Artifact]]) -> None:
    """Against the schema itself, where it is at hand; what stands in <metadata> has others."""
    etree = pytest.importorskip("lxml.etree", reason="lxml (extra 'validators') is not installed")
    path = Path(os.environ.get("HPCFAIR_REFERENCE", "")) / "vocab" / "oai-pmh" / "OAI-PMH.xsd"
    if not path.is_file():
        pytest.skip(
            "HPCFAIR_REFERENCE has no vocab/oai-pmh/OAI-PMH.xsd, http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
        )
    schema = etree.XMLSchema(etree.fromstring(path.read_bytes().replace(b'"strict"', b'"skip"')))
    client, artifacts = shop
    for asked in (
        {"verb": "Identify"},
        {"verb": "ListSets"},
        {"verb": "ListMetadataFormats"},
        {"verb": "GetRecord", "metadataPrefix": "rdf", "identifier": artifacts[0].id},
        {"verb": "GetRecord", "metadataPrefix": "rdf", "identifier": "a b<\x00>"},
        {"verb": "GetRecord"},
        {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc", "set": "model"},
        *({"verb": "ListRecords", "metadataPrefix": prefix, "from_": "2026-03-01"} for prefix in FORMATS),
    ):
        schema.assertValid(etree.fromstring(ask(client, **asked)))


@pytest.fixture
def port(tmp_path: Path) -> int:
    """A free port, and a data folder with 250 artifacts of ada's whose IRIs begin with it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number: int = listening.getsockname()[1]
    hub = Hub.open(Settings(data_dir=tmp_path / "data", port=number))
    fill(hub, stock(hub.settings.base, MANY))
    hub.close()
    return number


def test_sickle_harvests_a_service_that_runs(tmp_path: Path, port: int) -> None:
    """All of it, with a restart between two parts; then what changed since: an upload and a withdrawal."""
    sickle = pytest.importorskip("sickle", reason="Sickle (extra 'validators') is not installed")
    live = start(tmp_path / "data", "--port", str(port))
    try:
        harvester = sickle.Sickle(f"{live.url}/oai")
        identity = harvester.Identify()
        assert (identity.deletedRecord, identity.granularity) == ("persistent", "YYYY-MM-DDThh:mm:ssZ")
        assert [one.setSpec for one in harvester.ListSets()] == ["model", "dataset", "workflow"]
        assert [one.metadataPrefix for one in harvester.ListMetadataFormats()] == list(FORMATS)

        records = harvester.ListRecords(metadataPrefix="oai_dc")
        found = [next(records) for _ in range(100)]
        stop(live.process)
        live = start(tmp_path / "data", "--port", str(port))
        found += records
        artifacts = stock(live.url, MANY)
        assert [one.header.identifier for one in found] == [one.id for one in artifacts]
        assert [one.deleted for one in found] == [one.status == "withdrawn" for one in artifacts]
        assert found[0].metadata["title"] == [artifacts[0].title]

        sent = send(live, {"name": "late", "license": "MIT"}, ("late.csv", CSV)).json()
        withdrawn = httpx.delete(
            f"{live.url}/api/artifacts/{artifacts[1].key}", headers={"Authorization": f"Bearer {live.token}"}
        )
        assert withdrawn.status_code == 200
        later = list(harvester.ListRecords(metadataPrefix="oai_dc", **{"from": f"{sent['modified'][:19]}Z"}))
        assert {(one.header.identifier, one.deleted) for one in later} == {
            (sent["id"], False),
            (artifacts[1].id, True),
        }
        with pytest.raises(sickle.oaiexceptions.BadResumptionToken):
            next(harvester.ListRecords(resumptionToken="x"))
    finally:
        stop(live.process)
