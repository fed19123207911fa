from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib

from hpcfair_kg.activity import Verdict
from hpcfair_kg.hub import Hub
from hpcfair_kg.knowledge import ontology
from hpcfair_kg.knowledge.vocabulary import HK, HPC, QUDT, UNIT
from hpcfair_kg.settings import Settings
from server.sparql import examples, shelves
from tests.server import curated
from tests.server.answers import ANSWERS
from tests.server.curated import BASE, ROOT, onnx
from tests.server.parts import Filled

# rdflib 7.6 calls re.sub in a way that Python 3.13 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:'count' is passed as positional argument:DeprecationWarning")

JSON, TURTLE = "application/sparql-results+json", "text/turtle"
QUERIES = Path(__file__).resolve().parents[2] / "server" / "queries"
NAMES = sorted(str(path.relative_to(QUERIES))[:-3] for path in QUERIES.rglob("*.rq"))
COMPETENCY = [name for name in NAMES if "competency" in name]

VOCABULARIES = (
    "dcat3/dcat3.ttl",
    "prov-o/prov-o.ttl",
    "dqv/dqv.ttl",
    "croissant/croissant.ttl",
    "fair4ml/fair4ml-0.1.0.jsonld",
)
SPACES = (rdflib.DCTERMS, rdflib.FOAF, rdflib.RDF, rdflib.RDFS, rdflib.XSD)  # rdflib knows the terms of these
# QUDT's vocabulary has 3 MB and is in no reference of ours; these are in its release 3.5.
UNITS = {QUDT.numericValue, QUDT.hasUnit, UNIT.SEC, UNIT.MilliSEC, UNIT.MicroSEC}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The curated catalogue."""
    hub = Hub.open(Settings(data_dir=tmp_path_factory.mktemp("curated") / "data", base_url=BASE))
    curated.curate(hub)
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def dataset(hub: Hub) -> rdflib.Dataset:
    """The same graphs in rdflib, another engine, whose default graph is their union too."""
    dataset = rdflib.Dataset(default_union=True)
    for name in hub.public.store.named_graphs():
        triples = ox.serialize(hub.public.triples(name.value), format=ox.RdfFormat.N_TRIPLES)
        dataset.graph(rdflib.URIRef(name.value)).parse(data=triples, format="nt")
    return dataset


def text(name: str) -> str:
    """Return a query."""
    return (QUERIES / f"{name}.rq").read_text()


def asked(hub: Hub, query: str) -> Any:
    """Return what the service answers, as `plain` has it."""
    result = hub.sparql(query, (JSON, TURTLE))
    if result.media_type == JSON:
        return plain(json.loads(result.body), query)
    return {tuple(map(short, triple)) for triple in rdflib.Graph().parse(data=result.body, format="turtle")}


def elsewhere(graph: rdflib.Graph, query: str) -> Any:
    """Return what rdflib answers, as `asked` does."""
    result = graph.query(query)
    if result.type == "CONSTRUCT":
        return {tuple(map(short, triple)) for triple in result}
    body = result.serialize(format="json")
    assert body is not None
    return plain(json.loads(body), query)


def plain(answer: dict[str, Any], query: str) -> Any:
    """Return a yes or no, or rows; rows that a query leaves in no order are sorted."""
    if "boolean" in answer:
        return answer["boolean"]
    rows = [
        tuple(_cell(row.get(name)) for name in answer["head"]["vars"])
        for row in answer["results"]["bindings"]
    ]
    return rows if re.search(r"^ORDER BY", query, re.MULTILINE) else sorted(rows)


def _cell(cell: dict[str, str] | None) -> Any:
    if cell is None:
        return None
    kind = cell.get("datatype", "").rpartition("#")[2]
    if kind in ("integer", "decimal", "double"):
        return float(cell["value"])
    return cell["value"] == "true" if kind == "boolean" else _spelled(cell["value"])


def _spelled(value: str) -> str:
    """Return a value as Oxigraph spells it, without what the catalogue's IRIs begin with."""
    return value.removeprefix(ROOT).replace("+00:00", "Z")


def short(term: Any) -> str:
    """Return a term of a graph without what the catalogue's IRIs or a vocabulary's begin with."""
    if isinstance(term, rdflib.Literal):
        return str(term)
    return term.removeprefix(ROOT) if term.startswith(ROOT) else re.split("[#/]", term)[-1]


def test_every_query_has_its_answer() -> None:
    assert sorted(ANSWERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_query_finds_what_it_should_and_nothing_else(hub: Hub, name: str) -> None:
    assert asked(hub, text(name)) == ANSWERS[name]


@pytest.mark.filterwarnings("ignore:Dataset[.]:DeprecationWarning")  # rdflib warns of itself
@pytest.mark.parametrize("name", NAMES)
def test_another_engine_finds_the_same(dataset: rdflib.Dataset, name: str) -> None:
    assert elsewhere(dataset, text(name)) == ANSWERS[name]


@pytest.mark.parametrize("name", COMPETENCY)
def test_the_competency_questions_need_no_named_graphs(dataset: rdflib.Dataset, name: str) -> None:
    merged = rdflib.Graph()
    for subject, predicate, value, _ in dataset.quads():
        merged.add((subject, predicate, value))
    assert elsewhere(merged, text(name)) == ANSWERS[name]


def test_a_value_at_the_top_can_be_changed(hub: Hub) -> None:
    query = text("4-provenance/2-lineage").replace("examples/wine-classifier", "ada/encoder")
    assert asked(hub, query) == {
        ("encoder-2", "handle", "ada/encoder"),
        ("encoder-2", "previousVersion", "encoder-1"),
        ("encoder-1", "handle", "ada/encoder"),
        ("encoder-2", "wasDerivedFrom", "on-flawed"),
        ("on-flawed", "handle", "ada/on-flawed"),
        ("on-flawed", "trainedOn", "flawed"),
        ("flawed", "handle", "ada/flawed"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": Verdict("different", 0.3)},
        {"verdict": None},
        {"verdict": Verdict("inconsistent"), "status": "failed-proof", "files": (onnx("converted"),)},
    ],
)
def test_what_is_served_unproved_would_be_seen(tmp_path: Path, wrong: dict[str, Any]) -> None:
    hub = Hub.open(Settings(data_dir=tmp_path / "data", base_url=BASE))
    hub.catalogue.commit(curated.artifact("bad", **wrong), [])
    assert asked(hub, text("2-trust/2-served-unproved")) is True
    hub.close()


def test_the_page_shows_them_under_their_headings_and_which_is_asked(filled: Filled) -> None:
    title, query = examples()[3]
    page = filled.client.get("/sparql", query_string={"query": query}, headers={"Accept": "text/html"}).text
    assert all(f"<h3>{heading}</h3>" in page for heading, _ in shelves())
    assert re.findall('aria-current="true">([^<]*)<', page) == [title]


def test_questions_stand_under_short_headings() -> None:
    headings = [heading for heading, _ in shelves()]
    assert headings[:2] + headings[-1:] == ["Finding", "Trust", "Competency questions"]
    assert all(title.endswith(("?", ")")) for title, _ in examples())
    assert len({title for title, _ in examples()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_can_be_copied_elsewhere(name: str) -> None:
    assert {prefix for prefix, _ in used(text(name))} == set(prefixes(text(name)))


@pytest.mark.parametrize("name", NAMES)
def test_our_terms_are_declared_in_the_ontology(name: str) -> None:
    declared = subjects(ontology.triples())
    assert {
        term for term in terms(text(name)) if term in HK or (term in HPC and term != HPC.lassen)
    } <= declared


@pytest.mark.parametrize("name", NAMES)
def test_every_term_is_one_of_its_vocabulary(reference: Path, name: str) -> None:
    paths = ("hpc-ontology-1.1.0/ontology.ttl", *(f"vocab/{path}" for path in VOCABULARIES))
    declared = subjects(ontology.triples()) | UNITS
    for path in paths:
        declared |= subjects(ox.parse(path=reference / path, base_iri=BASE))
    assert not {
        term for term in terms(text(name)) - declared if not any(term.value in space for space in SPACES)
    }


def bare(query: str) -> str:
    """Return a query without its prefixes, comments, strings and IRIs."""
    return re.sub(r'^PREFIX .*|#.*|"[^"]*"|<[^<>\s]*>', " ", query, flags=re.MULTILINE)


def prefixes(query: str) -> dict[str, str]:
    """Return the namespaces that a query declares."""
    return dict(re.findall(r"^PREFIX (\w+): <(.*)>$", query, re.MULTILINE))


def used(query: str) -> set[tuple[str, str]]:
    """Return the prefixed names in a query."""
    return set(re.findall(r"\b([a-z]\w*):(\w+)", bare(query)))


def terms(query: str) -> set[ox.NamedNode]:
    """Return the terms in a query."""
    return {ox.NamedNode(prefixes(query)[prefix] + name) for prefix, name in used(query)}


def subjects(triples: Iterable[Any]) -> set[Any]:
    """Return what a graph says something of."""
    return {triple.subject for triple in triples}
