"""Files read in a real box: together where that goes well, one by one where it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.ingest import reader
from hpcfair_kg.ingest.gathering import Given
from hpcfair_kg.ingest.reader import Reader
from hpcfair_kg.ingest.report import Report


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Processes]:
    work = Processes(tmp_path / "work", allow_unboxed=True)
    yield work
    work.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Given]:
    """Three descriptions, each in a file of its own."""
    found = []
    for number in range(3):
        thing = {"@type": "Dataset", "@id": f"https://d.example/{number}", "name": "x", "license": "MIT"}
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps({"@context": {"@vocab": "http://schema.org/"}, **thing}))
        found.append(Given(path, "application/json", "", path.name))
    return found


def sources(events: list[reader.Event]) -> list[str]:
    return [d["source"] for event in events for d in event.get("descriptions", ())]


@pytest.mark.parametrize("together", [(100, 1 << 20), (2, 1 << 20), (100, 1)])
def test_all_are_read_however_many_go_together(
    work: Processes, files: list[Given], together: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "TOGETHER", together)
    events = list(Reader(work, 1 << 30).read(files, Report()))
    assert sources(events) == [f"https://d.example/{n}" for n in range(3)]


def test_a_document_that_ends_its_reader_harms_no_other(
    work: Processes, files: list[Given], tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.nt"
    greedy.write_text("".join(f"<http://x/{n}> <http://x/y> <http://z/{n}> .\n" for n in range(300_000)))
    report = Report()
    given = [files[0], Given(greedy, "application/n-triples", "", "greedy.nt"), *files[1:]]
    # Too little memory for the one, enough for the others.
    assert len(sources(list(Reader(work, 160 << 20).read(given, report)))) == 3
    (refusal,) = report.refusals
    assert refusal["document"] == "greedy.nt"
    assert "the reader ended early: ran out of memory" in refusal["reasons"][0]["message"]


def test_what_is_too_long_is_not_read(
    work: Processes, files: list[Given], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LONGEST", 50)
    report = Report()
    assert list(Reader(work, 1 << 30).read(files, report)) == []
    assert "a document may have 50: send it in parts" in report.refusals[0]["reasons"][0]["message"]
