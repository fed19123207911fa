"""Croissant files that mlcroissant, the reference implementation, validates and reads the data by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld as pyld
from rdflib import Graph

from hpcfair_kg.artifact import Artifact, Column, File, Person
from hpcfair_kg.errors import NotFound
from hpcfair_kg.knowledge.views import base
from hpcfair_kg.knowledge.views.croissant import CONTEXT

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = 'A "title"\n---\n{"@id": "x"} </script> %}{% \\'
COLUMNS = (Column("sepal length (cm)", "float64"), Column('spe"cies, {x}', "string"), Column("n", "int64"))

# mlcroissant 1.1.1 uses what rdflib 7.6 and pandas 3.1 are to drop.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning"),
]


@pytest.fixture
def ready(dataset: Artifact) -> Artifact:
    return replace(dataset, status="ready", reason=None, derived_from=("https://other.example/ark:/1/a", "x"))


def view(artifact: Artifact) -> dict[str, Any]:
    chosen = base.find(artifact, "croissant")
    assert chosen.media_type == "application/ld+json"
    document: dict[str, Any] = json.loads(chosen.render(artifact))
    return document


def read(document: dict[str, Any], **files: Path) -> Any:
    """Return mlcroissant's dataset; it raises for an error, and warnings are errors here."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant comes with the extra `validators`")
    dataset = mlcroissant.Dataset(jsonld=document, mapping=files or None)
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    return dataset


def test_it_is_the_golden_one(ready: Artifact) -> None:
    assert base.find(ready, "croissant").render(ready) == (GOLDEN / "croissant.jsonld").read_bytes()


def test_mlcroissant_finds_nothing_wrong(ready: Artifact) -> None:
    found = read(view(ready)).metadata
    assert found.conforms_to == ["http://mlcommons.org/croissant/1.1"]
    assert (found.name, found.version, found.url) == ("Iris", "1.0", ready.id)
    assert [(f.name, f.sha256, f.encoding_formats) for f in found.distribution] == [
        ("iris.csv", "01" * 32, ["text/csv"])
    ]
    assert [f.name for f in found.record_sets[0].fields] == ["sepal length (cm)", "species"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_mlcroissant_reads_the_records(ready: Artifact, tmp_path: Path, form: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas comes with the extra `data`")
    table = pandas.DataFrame({COLUMNS[0].name: [5.1, 4.9], COLUMNS[1].name: ["a, b", "ü"], "n": [1, 2]})
    path = tmp_path / f'ta "b" lé.{form}'
    if form == "csv":
        table.to_csv(path, index=False)
    else:
        pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `data`")
        table.to_parquet(path)
    media_type = "text/csv" if form == "csv" else "application/vnd.apache.parquet"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = File(path.name, form, "original", path.stat().st_size, digest, media_type)
    document = view(replace(ready, columns=COLUMNS, files=(file,)))
    dataset = read(document, **{document["distribution"][0]["@id"]: path})
    records = list(dataset.records(document["recordSet"][0]["@id"]))
    values = [[v.decode() if isinstance(v, bytes) else v for v in record.values()] for record in records]
    assert values == [[5.1, "a, b", 1], [4.9, "ü", 2]]


def test_a_file_that_is_not_the_one_described_is_refused(ready: Artifact, tmp_path: Path) -> None:
    other = tmp_path / "iris.csv"
    other.write_text("sepal length (cm),species\n1,x\n")
    document = view(ready)
    dataset = read(document, **{document["distribution"][0]["@id"]: other})
    with pytest.raises(Exception, match="operation Download"):
        list(dataset.records(document["recordSet"][0]["@id"]))


def test_hostile_text_stays_text(ready: Artifact) -> None:
    artifact = replace(
        ready, title=HOSTILE, description=HOSTILE, tags=(HOSTILE,), creators=(Person(HOSTILE),)
    )
    found = read(view(artifact)).metadata
    assert (found.name, found.description, found.keywords) == (HOSTILE, HOSTILE, [HOSTILE])
    assert [person.name for person in found.creators] == [HOSTILE]


def test_the_context_is_inside_and_is_the_standard_one(ready: Artifact) -> None:
    rdf = pytest.importorskip(
        "mlcroissant._src.core.rdf", reason="mlcroissant comes with the extra `validators`"
    )
    context = pytest.importorskip("mlcroissant._src.core.context")
    standard = rdf.make_context(context.Context(conforms_to="http://mlcommons.org/croissant/1.1"))
    assert view(ready)["@context"] == CONTEXT == standard | {"prov": "http://www.w3.org/ns/prov#"}


def test_croissant_declares_every_term_of_its_own(ready: Artifact, reference: Path) -> None:
    declared = {str(s) for s in Graph().parse(reference / "vocab/croissant/croissant.ttl").subjects()}
    # The published vocabulary file lags behind the specification: it names element types nowhere.
    text = {str(t) for node in pyld.flatten(view(ready)) for t in _terms(node)}
    used = {t for t in text if t.startswith("http://mlcommons.org/croissant/")}
    assert used - declared <= {
        "http://mlcommons.org/croissant/Float64",
        "http://mlcommons.org/croissant/isArray",
    }
    assert "http://mlcommons.org/croissant/recordSet" in used


def _terms(node: dict[str, Any]) -> list[str]:
    types = node.get("http://mlcommons.org/croissant/dataType", [])
    return [*(k for k in node if not k.startswith("@")), *node.get("@type", []), *(t["@id"] for t in types)]


def test_a_withdrawn_dataset_is_described_without_files(dataset: Artifact) -> None:
    found = view(dataset)
    assert found["creativeWorkStatus"] == "Withdrawn"
    assert "distribution" not in found
    assert "recordSet" not in found
    assert found["variableMeasured"] == ["sepal length (cm)", "species"]
    read(found)


def test_a_remote_file_is_listed_where_its_hash_is_known_and_else_told_of(harvested: Artifact) -> None:
    found = view(harvested)
    assert [(f["contentUrl"], f["sha256"]) for f in found["distribution"]] == [
        ("https://data.example.org/iris.csv", "01" * 32)
    ]
    assert "more.csv (https://data.example.org/more.csv)" in found["description"]
    assert found["sameAs"] == [harvested.source]
    assert read(found).metadata.name == "Iris"


def test_a_dataset_of_which_no_file_was_hashed_is_described_without_files(harvested: Artifact) -> None:
    found = view(replace(harvested, files=harvested.files[1:]))
    assert not {"distribution", "recordSet"} & set(found)
    assert found["variableMeasured"] == ["sepal length (cm)", "species"]
    read(found)


def test_one_remote_table_that_was_hashed_has_its_records(harvested: Artifact) -> None:
    found = read(view(replace(harvested, files=harvested.files[:1]))).metadata
    assert [f.name for f in found.record_sets[0].fields] == ["sepal length (cm)", "species"]


def test_who_paid_and_what_it_was_derived_from(ready: Artifact, model: Artifact) -> None:
    fetched = replace(ready, source="https://data.example.org/iris", projects=model.projects)
    found = view(fetched)
    assert [f["name"] for f in found["funder"]] == list(model.projects[0].funders)
    sources = ["https://data.example.org/iris", "https://other.example/ark:/1/a"]
    assert found["prov:wasDerivedFrom"] == [{"@id": iri} for iri in sources]
    assert "sameAs" not in found
    read(found)


@pytest.mark.parametrize("form", ["npz", "hdf5", "netcdf"])
def test_variables_that_no_reader_finds_by_column_are_only_named(ready: Artifact, form: str) -> None:
    file = replace(ready.files[0], name=f"iris.{form}", format=form, media_type=f"application/x-{form}")
    found = view(replace(ready, files=(file,)))
    assert "recordSet" not in found
    assert found["variableMeasured"] == ["sepal length (cm)", "species"]
    read(found)


def test_columns_of_several_tables_and_of_one_without_a_header_are_only_named(ready: Artifact) -> None:
    several = replace(ready, files=(*ready.files, replace(ready.files[0], name="more.csv")))
    bare = replace(ready, columns=(Column("column_1", "int64"), Column("column_2", "int64")))
    for artifact in (several, bare):
        assert "recordSet" not in view(artifact)
        read(view(artifact))


def test_a_type_that_croissant_has_no_name_for_is_not_made_up(ready: Artifact) -> None:
    columns = (
        Column("when", "datetime64[ns]"),
        Column("box", "struct<x: int64>"),
        Column("v", "float32", ("k", 3)),
    )
    found = view(replace(ready, columns=columns))
    fields = {f["name"]: f for f in found["recordSet"][0]["field"]}
    assert fields["when"]["dataType"] == "sc:DateTime"
    assert (fields["v"]["dataType"], fields["v"]["isArray"], fields["v"]["arrayShape"]) == (
        "cr:Float32",
        True,
        "-1,3",
    )
    assert found["variableMeasured"] == ["box"]
    read(found)


@pytest.mark.parametrize("kind", ["model", "workflow"])
def test_of_a_model_there_is_none_and_the_answer_names_those_there_are(model: Artifact, kind: Any) -> None:
    with pytest.raises(
        NotFound, match=rf"no view 'croissant' of a {kind}; there are: .*bibtex, .*schema\.org"
    ):
        base.find(replace(model, kind=kind), "croissant")
