"""Descriptions from elsewhere into a real hub: real boxes, real stores, real shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpcfair_kg.artifact import Artifact
from hpcfair_kg.backends.accounts import ANYONE, Principal
from hpcfair_kg.errors import Forbidden, InvalidMetadata, Unauthorized
from hpcfair_kg.hub import Hub, Upload
from hpcfair_kg.ingest.gathering import Given
from hpcfair_kg.knowledge.describe import describe
from hpcfair_kg.knowledge.jsonld import jsonl
from hpcfair_kg.knowledge.search import parse
from hpcfair_kg.knowledge.vocabulary import HK, RDF
from tests.server.parts import CSV

ADA = Principal("ada", frozenset({"read", "write", "run"}))
BOB = Principal("bob", frozenset({"read", "write", "run"}))
OPERATOR = Principal("site", frozenset({"read", "write", "admin"}))
OTHER = "https://other.example.org"
Give = Callable[..., dict[str, Any]]


@pytest.fixture
def give(hub: Hub, tmp_path: Path) -> Give:
    """A function: the report of harvesting some JSON-LD or bytes."""

    def harvest(
        data: Any, principal: Principal = ADA, kind: str = "application/ld+json", source: str = ""
    ) -> dict[str, Any]:
        path = tmp_path / "given"
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return hub.harvest([Given(path, kind, source, "given")], principal).document()

    return harvest


def described(number: int = 1, **said: Any) -> dict[str, Any]:
    """Return a description in schema.org's words."""
    return {
        "@context": {"@vocab": "http://schema.org/"},
        "@type": "Dataset",
        "@id": f"{OTHER}/{number}",
        "name": f"Set {number}",
        "license": "MIT",
        "distribution": {"@type": "DataDownload", "contentUrl": f"{OTHER}/{number}.csv", "name": "x.csv"},
    } | said


def feed(*artifacts: Artifact) -> bytes:
    """Return what another instance's feed gives of some artifacts."""
    return b"".join(jsonl(describe(artifact)) for artifact in artifacts)


def counts(report: dict[str, Any]) -> dict[str, int]:
    """Return the counts of a report that are not 0."""
    return {
        name: report[name]
        for name in ("taken", "updated", "unchanged", "withdrawn", "refused")
        if report[name]
    }


def reasons(report: dict[str, Any]) -> str:
    """Return every reason of every refusal."""
    return " | ".join(reason["message"] for refusal in report["refusals"] for reason in refusal["reasons"])


def test_a_description_becomes_an_artifact_whose_files_lie_elsewhere(hub: Hub, give: Give) -> None:
    report = give(described(keywords="small", description="Numbers"))
    assert counts(report) == {"taken": 1}
    (entry,) = report["artifacts"]
    artifact = hub.find(entry["id"])
    assert (artifact.owner, artifact.name, artifact.kind, artifact.status) == (
        "ada",
        "set-1",
        "dataset",
        "registered",
    )
    assert artifact.source == f"{OTHER}/1"
    assert artifact.reason == f"its files lie elsewhere, see {OTHER}/1"
    assert [file.remote for file in artifact.files] == [f"{OTHER}/1.csv"]
    assert [hit["key"] for hit in hub.search(parse([("q", "numbers")])).hits] == [artifact.key]


def test_how_it_came_is_told(hub: Hub, give: Give) -> None:
    give(described())
    artifact = hub.find("ada/set-1")
    (job,) = hub.jobs(artifact)
    (step,) = job.steps
    assert (job.state, job.id, step.name) == ("succeeded", artifact.job, "harvest:schema.org")
    assert step.detail == f"described at {OTHER}/1, in given"
    assert step.environment
    assert hub.surroundings(step)[0]
    triples = hub.provenance(artifact)
    assert any(t.predicate == RDF.type and t.object == HK.Harvest for t in triples)
    assert hub._ingest._shapes.validate(triples) == []


def test_the_same_again_changes_nothing(hub: Hub, give: Give) -> None:
    give(described())
    before, jobs = hub.find("ada/set-1"), hub.jobs(hub.find("ada/set-1"))
    generation = hub.public.generation
    assert counts(give(described())) == {"unchanged": 1}
    assert hub.find("ada/set-1") == before
    assert hub.jobs(before) == jobs
    assert hub.public.generation == generation


def test_what_changed_updates_the_same_artifact(hub: Hub, give: Give) -> None:
    give(described())
    before = hub.find("ada/set-1")
    assert counts(give(described(name="Another title", description="new"))) == {"updated": 1}
    after = hub.find(before.key)
    assert (after.name, after.title, after.created) == ("set-1", "Another title", before.created)
    assert after.modified > before.modified
    assert [job.id for job in hub.jobs(after)] == [f"{before.key}.1", f"{before.key}.2"]


def test_what_is_withdrawn_there_is_withdrawn_here(hub: Hub, give: Give) -> None:
    gone = described(creativeWorkStatus="Withdrawn")
    assert counts(give(gone)) == {"unchanged": 1}  # nothing of it is here
    give(described())
    assert counts(give(gone)) == {"withdrawn": 1}
    artifact = hub.find("ada/set-1")
    assert (artifact.status, artifact.reason) == ("withdrawn", "withdrawn at its source")
    assert counts(give(gone)) == {"unchanged": 1}
    assert "was withdrawn here: withdrawn at its source" in reasons(give(described()))


def test_two_of_one_name_are_told_apart(hub: Hub, give: Give) -> None:
    report = give(
        {"@context": {"@vocab": "http://schema.org/"}, "@graph": [described(n, name="Iris") for n in (1, 2)]}
    )
    first, second = (hub.find(entry["id"]).name for entry in report["artifacts"])
    assert first == "iris"
    assert second.startswith("iris-")
    assert counts(give({"@context": {}, "@graph": [described(n, name="Iris") for n in (1, 2)]})) == {
        "unchanged": 2
    }


def test_a_bad_entry_does_not_stop_the_others(hub: Hub, give: Give) -> None:
    bad = described(2, license="MIT License\n\nPermission is hereby granted", creator={"name": "A", "@id": "https://orcid.org/0000-0002-1825-0098"})  # fmt: skip
    report = give({"@context": {"@vocab": "http://schema.org/"}, "@graph": [described(1), bad, described(3)]})
    assert counts(report) == {"taken": 2, "refused": 1}
    (refusal,) = report["refusals"]
    assert (refusal["source"], refusal["document"]) == (f"{OTHER}/2", "given")
    assert [reason["path"] for reason in refusal["reasons"]] == ["license", "creators[0].orcid"]


def test_what_a_shape_forbids_is_refused_alone(hub: Hub, give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    require = hub._harvesting._shapes.require

    def stricter(artifact: Artifact) -> None:
        require(artifact)
        if artifact.name == "set-2":
            raise InvalidMetadata("no twos", report=[{"path": "name", "message": "no twos", "value": None}])

    monkeypatch.setattr(hub._harvesting._shapes, "conforms", lambda triples: False)
    monkeypatch.setattr(hub._harvesting._shapes, "require", stricter)
    report = give({"@context": {"@vocab": "http://schema.org/"}, "@graph": [described(n) for n in (1, 2, 3)]})
    assert counts(report) == {"taken": 2, "refused": 1}
    assert reasons(report) == "no twos"


def test_one_person_by_two_names_is_nobodys_fault(give: Give) -> None:
    people = [{"@type": "Person", "name": name, "sameAs": "x", "identifier": "https://orcid.org/0000-0002-1825-0097"} for name in ("A. Author", "Ann Author")]  # fmt: skip
    both = [described(n, creator=person) for n, person in enumerate(people)]
    lines = b"\n".join(json.dumps(one).encode() for one in both)
    assert counts(give(lines, kind="application/jsonl")) == {"taken": 2}


def test_described_twice(give: Give) -> None:
    lines = b"\n".join(json.dumps(described(name=name)).encode() for name in ("a", "a", "b"))
    report = give(lines, kind="application/jsonl")
    assert counts(report) == {"taken": 1, "unchanged": 1, "refused": 1}
    assert reasons(report) == "it is described twice, and differently: what given, line 1 says was taken"
    assert report["refusals"][0]["document"] == "given, line 3"


class TestWhoMayWhat:
    def test_nobody_speaks_of_what_is_here(self, hub: Hub, give: Give) -> None:
        ours = f"{hub.settings.base}/ark:/99999/abc"
        assert "the address of something in this catalogue" in reasons(give(described(**{"@id": ours})))
        project = described(
            sourceOrganization={"@type": "ResearchProject", "name": "X", "@id": f"{hub.settings.base}/#p"}
        )
        assert "projects.id has" in reasons(give(project))

    def test_another_owners_is_left_alone(self, hub: Hub, give: Give) -> None:
        give(described())
        assert "belongs to ada" in reasons(give(described(name="x"), BOB))
        assert hub.find("ada/set-1").title == "Set 1"
        assert counts(give(described(name="x"), OPERATOR)) == {"updated": 1}
        assert hub.find("ada/set-1").title == "x"

    def test_it_takes_the_scope_to_write(self, give: Give) -> None:
        with pytest.raises(Unauthorized):
            give(described(), ANYONE)
        with pytest.raises(Forbidden):
            give(described(), Principal("eve", frozenset({"read"})))

    def test_what_was_harvested_from_here_is_not_taken_back(
        self, hub: Hub, give: Give, harvested: Artifact
    ) -> None:
        copy = replace(harvested, source=f"{hub.settings.base}/ark:/99999/x")
        assert "was harvested from here" in reasons(give(feed(copy), kind="application/jsonl"))


class TestFeed:
    def test_another_instances_records(
        self, hub: Hub, give: Give, model: Artifact, harvested: Artifact
    ) -> None:
        live = replace(harvested, id=f"{model.id}2", key="h7x2k9b4m2")
        report = give(feed(model, live), kind="application/jsonl")
        assert counts(report) == {"taken": 2}, reasons(report)
        mine = hub.find("ada/encoder")
        for name in (
            "title",
            "inputs",
            "outputs",
            "parameters",
            "operators",
            "metrics",
            "machines",
            "projects",
        ):
            assert getattr(mine, name) == getattr(model, name), name
        assert mine.hyperparameters == model.hyperparameters
        assert mine.architecture_evidence == model.architecture_evidence
        assert mine.runnable is None
        assert mine.verdict is None
        assert counts(give(feed(model, live), kind="application/jsonl")) == {"unchanged": 2}

    def test_versions_keep_their_name(self, hub: Hub, give: Give, model: Artifact) -> None:
        second = replace(model, id=f"{model.id}2", version="2.0", previous=model.id)
        report = give(feed(second, replace(model, previous=None)), kind="application/jsonl")
        assert counts(report) == {"taken": 2}, reasons(report)
        newest = hub.find("ada/encoder")
        assert newest.version == "2.0"
        assert newest.previous == hub.find("ada/encoder@1.1").id

    def test_a_withdrawal(self, hub: Hub, give: Give, model: Artifact) -> None:
        give(feed(model), kind="application/jsonl")
        gone = replace(model, status="withdrawn", reason="wrong weights")
        assert counts(give(feed(gone), kind="application/jsonl")) == {"withdrawn": 1}
        assert hub.find("ada/encoder").reason == "wrong weights"


class TestLinks:
    def learned(self) -> dict[str, Any]:
        return {
            "@context": {"@vocab": "http://schema.org/", "f": "https://w3id.org/fair4ml#"},
            "@type": "f:MLModel",
            "@id": f"{OTHER}/m",
            "name": "M",
            "license": "MIT",
            "f:trainedOn": {"@id": f"{OTHER}/1"},
        }

    def test_in_the_same_batch_whatever_comes_first(self, hub: Hub, give: Give) -> None:
        report = give([self.learned(), described(1)])
        assert (counts(report), report["linked"]) == ({"taken": 2}, 1)
        assert hub.find("ada/m").trained_on == (hub.find("ada/set-1").id,)
        assert counts(give([self.learned(), described(1)])) == {"unchanged": 2}

    def test_later(self, hub: Hub, give: Give) -> None:
        give(self.learned())
        assert hub.find("ada/m").trained_on == (f"{OTHER}/1",)
        assert give(described(1))["linked"] == 1
        assert hub.find("ada/m").trained_on == (hub.find("ada/set-1").id,)


class TestFilesThatAreHere:
    @pytest.fixture
    def held(self, hub: Hub, give: Give) -> Artifact:
        """An artifact that was harvested and whose files were brought later."""
        give(described())
        writer = hub.blobs.writer()
        writer.write(CSV)
        receipt = hub._ingest.hold(hub.find("ada/set-1"), [Upload("x.csv", writer.finish())])
        return hub.find(receipt.artifact.key)

    def test_they_are_the_artifacts_own(self, hub: Hub, held: Artifact) -> None:
        assert (held.status, held.source, held.title) == ("ready", f"{OTHER}/1", "Set 1")
        assert [(file.name, file.remote) for file in held.files] == [("x.csv", None)]
        assert [job.steps[0].name for job in hub.jobs(held)] == ["harvest:schema.org", "recognise"]

    def test_nothing_is_written_over_them(self, hub: Hub, give: Give, held: Artifact) -> None:
        assert counts(give(described())) == {"unchanged": 1}
        assert "its files are here, as ada/set-1" in reasons(give(described(description="new")))
        assert "its files are here" in reasons(give(described(creativeWorkStatus="Withdrawn")))
        assert hub.find(held.key) == held


def test_nothing_is_half_kept_of_what_is_refused(hub: Hub, give: Give) -> None:
    generation = hub.public.generation
    report = give(described(license="MIT License\n\nPermission is hereby granted"))
    assert counts(report) == {"refused": 1}
    assert hub.public.generation == generation
    assert hub.index.count == 0


def test_a_batch_is_one_commit(hub: Hub, give: Give) -> None:
    give(described(0))  # which describes the surroundings too
    generation, searched = hub.public.generation, hub.index.generation
    lines = b"\n".join(json.dumps(described(n)).encode() for n in range(1, 51))
    assert counts(give(lines, kind="application/jsonl")) == {"taken": 50}
    assert (hub.public.generation, hub.index.generation) == (generation + 1, searched + 1)


def test_a_model_that_came_as_onnx_elsewhere_cannot_be_run_here(hub: Hub, give: Give) -> None:
    give(described(distribution={"@type": "DataDownload", "contentUrl": f"{OTHER}/m.onnx"}))
    artifact = hub.find("ada/set-1")
    assert artifact.files[0].format == "onnx"
    assert artifact.runnable is None
