"""What every graph store promises, and the guard before strangers' SPARQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.backends.graph.base import Graphs
from hpcfair_kg.backends.graph.guard import Guard, QueryLimits
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.backends.sandbox import probe
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import Busy, QueryLimit, QueryRefused, QuerySyntax

A, B = "http://example.org/a", "http://example.org/b"
TITLE = NamedNode("http://purl.org/dc/terms/title")


def about(subject: str, *titles: str) -> list[Triple]:
    return [Triple(NamedNode(subject), TITLE, Literal(title)) for title in titles]


class GraphsContract:
    """Inherit and give `graphs`: an empty store."""

    @pytest.fixture
    def graphs(self, tmp_path: Path) -> Iterator[Graphs]:
        raise NotImplementedError

    def test_a_graph_comes_back_as_it_was_written(self, graphs: Graphs) -> None:
        hard = 'quotes " and \\ and\nlines, é, 漢'
        graphs.write({A: about(A, hard)})
        assert graphs.triples(A) == about(A, hard)

    def test_writing_replaces_the_whole_graph(self, graphs: Graphs) -> None:
        graphs.write({A: about(A, "one", "two")})
        graphs.write({A: about(A, "three")})
        assert graphs.triples(A) == about(A, "three")

    def test_several_graphs_are_written_at_once_and_others_left_alone(self, graphs: Graphs) -> None:
        graphs.write({A: about(A, "a"), B: about(B, "b")})
        graphs.write({A: []})
        assert graphs.triples(A) == []
        assert graphs.triples(B) == about(B, "b")

    def test_names_are_of_the_graphs_that_hold_something(self, graphs: Graphs) -> None:
        graphs.write({A: about(A, "a"), B: about(B, "b")})
        assert sorted(graphs.names()) == [A, B]
        graphs.write({A: []})
        assert list(graphs.names()) == [B]

    def test_subjects_are_found_by_a_value(self, graphs: Graphs) -> None:
        graphs.write({A: about(A, "same"), B: about(B, "same")})
        assert sorted(graphs.subjects(TITLE, Literal("same"))) == [A, B]

    def test_values_are_bound_and_never_spliced(self, graphs: Graphs) -> None:
        graphs.write({A: about(A, 'x" . } #')})
        rows = graphs.query("SELECT ?s ?title WHERE { ?s ?p ?title }", title=Literal('x" . } #'))
        assert [row["s"].value for row in rows] == [A]

    def test_each_write_is_a_generation(self, graphs: Graphs) -> None:
        before = graphs.generation
        graphs.write({A: about(A, "a")})
        assert graphs.generation == before + 1


class TestOxigraph(GraphsContract):
    @pytest.fixture
    def graphs(self, tmp_path: Path) -> Iterator[Graphs]:
        store = Oxigraph(tmp_path / "store")
        yield store
        store.close()

    def test_one_process_at_a_time(self, graphs: Graphs, tmp_path: Path) -> None:
        with pytest.raises(Busy, match="another process"):
            Oxigraph(tmp_path / "store")

    def test_what_was_written_is_there_after_reopening(self, tmp_path: Path) -> None:
        first = Oxigraph(tmp_path / "again")
        first.write({A: about(A, "a")})
        first.close()
        second = Oxigraph(tmp_path / "again")
        assert second.triples(A) == about(A, "a")
        second.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Graphs, Guard]]:
    folder = tmp_path_factory.mktemp("guard")
    graphs, work = Oxigraph(folder / "store"), Processes(folder / "work", probe(), workers=1)
    limits = QueryLimits(seconds=3, memory=1 << 30, size=10_000, length=20_000, nesting=50)
    guard = Guard(graphs, work, folder / "checkpoints", limits, {"dcterms": "http://purl.org/dc/terms/"})
    graphs.write({A: about(A, "a"), B: about(B, "b", "from SERVICE {")})
    yield graphs, guard
    guard.close()
    work.close()
    graphs.close()


def titles(guard: Guard, query: str, **where: list[str]) -> list[str]:
    rows = json.loads(guard.ask(query, **where).body)["results"]["bindings"]
    return sorted(row["t"]["value"] for row in rows)


ALL = "SELECT ?t WHERE { ?s <http://purl.org/dc/terms/title> ?t }"


class TestGuard:
    def test_the_union_of_all_graphs_is_the_default(self, guarded: tuple[Graphs, Guard]) -> None:
        assert titles(guarded[1], ALL) == ["a", "b", "from SERVICE {"]

    def test_a_query_sees_every_write_before_it(self, guarded: tuple[Graphs, Guard]) -> None:
        graphs, guard = guarded
        graphs.write({"http://example.org/c": about("http://example.org/c", "c")})
        assert "c" in titles(guard, ALL)
        graphs.write({"http://example.org/c": []})
        assert "c" not in titles(guard, ALL)

    def test_from_and_default_graph_uri_name_graphs_of_the_store(self, guarded: tuple[Graphs, Guard]) -> None:
        guard = guarded[1]
        assert titles(guard, ALL.replace("WHERE", f"FROM <{A}> WHERE")) == ["a"]
        assert titles(guard, ALL, default=[A]) == ["a"]
        assert titles(guard, ALL, default=["http://127.0.0.1:1/unknown"]) == []

    @pytest.mark.parametrize(
        ("accept", "query", "media_type"),
        [
            ([], "ASK {}", "application/sparql-results+json"),
            (["text/csv"], ALL, "text/csv"),
            (["text/html", "*/*;q=0.1"], "CONSTRUCT WHERE { ?s ?p ?o }", "text/turtle"),
            (["application/ld+json"], "DESCRIBE <http://example.org/a>", "application/ld+json"),
        ],
    )
    def test_the_form_of_the_query_and_accept_choose_the_type(
        self, guarded: tuple[Graphs, Guard], accept: list[str], query: str, media_type: str
    ) -> None:
        assert guarded[1].ask(query, accept).media_type == media_type

    def test_the_catalogues_prefixes_need_not_be_declared(self, guarded: tuple[Graphs, Guard]) -> None:
        assert "a" in titles(guarded[1], "SELECT ?t WHERE { ?s dcterms:title ?t }")

    def test_a_mistake_is_a_syntax_error_with_its_place(self, guarded: tuple[Graphs, Guard]) -> None:
        with pytest.raises(QuerySyntax, match="1:"):
            guarded[1].ask("SELEKT ?s WHERE { ?s ?p ?o }")

    @pytest.mark.parametrize(
        ("query", "limit"),
        [
            ("SELECT * WHERE " + "{" * 5000 + "}" * 5000, "nesting"),
            ("SELECT * WHERE { ?s ?p ?o }" + " " * 20_000, "length"),
            ("SELECT (COUNT(*) AS ?n) WHERE { " + " ".join(f"VALUES ?v{i} {{ {' '.join(str(n) for n in range(60))} }}" for i in range(6)) + " }", "time"),
            ("SELECT ?x WHERE { VALUES ?a { " + "1 " * 200 + "} VALUES ?b { " + "1 " * 200 + "} BIND('xxxxxxxxxx' AS ?x) }", "size"),
            ("SELECT (STRLEN(?z) AS ?n) WHERE { BIND('xxxxxxxx' AS ?a0) " + " ".join(f"BIND(CONCAT(?a{i}, ?a{i}) AS ?a{i + 1})" for i in range(40)) + " BIND(?a40 AS ?z) }", "memory or time"),
        ],
    )  # fmt: skip
    def test_nobody_can_hang_it(self, guarded: tuple[Graphs, Guard], query: str, limit: str) -> None:
        with pytest.raises(QueryLimit) as caught:
            guarded[1].ask(query)
        assert caught.value.members["limit"] in limit.split(" or ")
        assert titles(guarded[1], ALL) == ["a", "b", "from SERVICE {"]

    def test_service_is_refused_wherever_it_hides(self, guarded: tuple[Graphs, Guard]) -> None:
        for query in (
            "SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
            "SELECT * WHERE { service silent ?s { ?s ?p ?o } } #",
            "SELECT * { SELECT * { SERVICE\n<http://127.0.0.1:1/> {} } }",
        ):
            with pytest.raises(QueryRefused):
                guarded[1].ask(query)

    def test_the_word_service_in_a_text_or_a_variable_is_harmless(
        self, guarded: tuple[Graphs, Guard]
    ) -> None:
        query = "SELECT ?t WHERE { ?service <http://purl.org/dc/terms/title> ?t FILTER(CONTAINS(?t, 'SERVICE {')) }"
        assert titles(guarded[1], query) == ["from SERVICE {"]
