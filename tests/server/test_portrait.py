"""What a page shows of an artifact beside its record, seen on the page itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hpcfair_kg.activity import Environment, Hardware, Job, Step, Verdict
from hpcfair_kg.artifact import Artifact, File, Machine, Metric, Person, Processing, Project
from hpcfair_kg.hub import Hub
from hpcfair_kg.settings import Settings
from server import create_app
from server.portrait import Place, named, places

DAY = "2026-03-0{}T12:00:00Z"
TORCH = Environment("3.11.2", "Linux x86_64", ("onnx 1.23.0", "torch 2.13.0+cpu"))
NODE = Hardware("AMD EPYC 7763", 128, 512 << 30, ("A100",) * 4, "https://hpc.example.org/lassen")
EVIL = '"><script>alert(1)</script>'
IRIS = File(
    "ir is.csv", "csv", "original", None, "", "text/csv", remote="https://data.example.org/iris?a=1&b=2"
)


class Shelf:
    """A catalogue that artifacts are put into as they are, and their pages."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub.open(Settings(data_dir=folder / "data", threads=8))
        self.app = create_app(self.hub)
        self.client: FlaskClient = self.app.test_client()

    def put(self, name: str, *jobs: Job, **said: object) -> Artifact:
        """Commit an artifact that says these things."""
        iri, key = self.hub.catalogue.mint()
        base = Artifact(iri, key, "ada", name, license="MIT", created=DAY.format(1), modified=DAY.format(1))
        artifact = replace(base, **said)  # type: ignore[arg-type]
        self.hub.catalogue.commit(artifact, [replace(job, id=f"{key}.1") for job in jobs])
        return artifact

    def page(self, artifact: Artifact) -> str:
        """Return the landing page, its blanks made alike."""
        page = self.client.get(f"/ark:/99999/{artifact.key}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        return re.sub(r"\s+", " ", page.text)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    yield shelf
    shelf.hub.close()


@pytest.fixture(scope="module")
def iris(shelf: Shelf) -> Artifact:
    """A dataset that was harvested."""
    return shelf.put(
        "iris", kind="dataset", title="Iris flowers", files=(IRIS,), source="https://data.example.org/iris"
    )


class TestMadeOf:
    def test_the_architecture_stands_beside_what_told_it(self, shelf: Shelf) -> None:
        model = shelf.put("gru", architecture="GatedRecurrentUnit", architecture_evidence="1 GRU of m.onnx")
        page = shelf.page(model)
        assert '<a href="/ns#GatedRecurrentUnit">Gated recurrent unit</a>' in page
        assert '<span class="evidence">1 GRU of m.onnx</span>' in page
        ontology = shelf.client.get("/ns", headers={"Accept": "text/html"}).text
        assert '<dt id="GatedRecurrentUnit">' in ontology

    def test_one_that_nothing_tells_is_unknown_and_a_dataset_has_none(
        self, shelf: Shelf, iris: Artifact
    ) -> None:
        page = shelf.page(shelf.put("elementwise", status="ready"))
        assert "unknown <span" in page
        assert "Nothing certain tells it, and nothing is guessed." in page
        assert "tells it yet" in shelf.page(shelf.put("new", status="converting"))
        assert "Architecture" not in shelf.page(iris)

    def test_operators_are_counted_the_most_frequent_first(self, shelf: Shelf) -> None:
        page = shelf.page(shelf.put("ops", operators={"Add": 2, "Gemm": 1200, EVIL: 1}))
        assert "1,203 operators of 3 kinds" in page
        assert re.findall(r"<li><code>([^<]*)</code> <span class=\"count\">×", page)[:2] == ["Gemm", "Add"]
        assert EVIL not in page

    def test_settings_say_where_they_are_known_from(self, shelf: Shelf) -> None:
        model = shelf.put(
            "set", hyperparameters={"hidden": 128, "rate": 0.5}, hyperparameter_sources={"hidden": "m.pt2"}
        )
        page = shelf.page(model)
        assert '<td><code>hidden</code></td><td class="value">128</td><td><code>m.pt2</code></td>' in page
        assert 'class="value">0.5</td><td><span class="soft">its author</span></td>' in page


class TestProcessing:
    def test_what_is_done_before_and_after_is_told_with_its_file(self, shelf: Shelf) -> None:
        settings = {"labels": [EVIL, *map(str, range(20))], "function": "softmax", "mean": [0.5, 0.25]}
        model = shelf.put(
            "labelled",
            processing=(
                Processing("tokenizer", "before", "tokenizer.json", ("text",), ("input_ids",)),
                Processing("labels", "after", "labels.txt", ("logits",), ("label", "score"), settings),
                Processing("scaler", "before", "scaler.json"),
            ),
        )
        page = shelf.page(model)
        assert "<code>text</code></td> <td><code>input_ids</code></td>" in page
        assert "<code>label</code>, <code>score</code>" in page
        assert "function: softmax; labels: 21 values" in page
        assert "mean: [0.5, 0.25]" in page
        assert "not applied: no tensor of the model fits" in page
        assert EVIL not in page


class TestBehind:
    def test_artifacts_of_this_catalogue_are_named_and_others_linked(
        self, shelf: Shelf, iris: Artifact
    ) -> None:
        model = shelf.put(
            "trained",
            trained_on=(iris.id, "someone/elses"),
            tested_on=("https://elsewhere.example/d",),
            workflow="https://flows.example/w",
            metrics=(Metric("accuracy", 0.95, iris.id),),
        )
        page = shelf.page(model)
        link = f'<a href="/ark:/99999/{iris.key}">Iris flowers</a> <span class="soft">ada/iris 1.0</span>'
        assert f"<dt>Trained on</dt><dd>{link}" in page.replace("<dd> ", "<dd>")
        assert page.count(link) == 2
        assert "someone/elses" in page
        for address in ("https://elsewhere.example/d", "https://flows.example/w"):
            assert f'<a href="{address}">{address}</a>' in page

    def test_only_what_this_catalogue_holds_is_looked_up(self, shelf: Shelf, iris: Artifact) -> None:
        unknown = iris.id[:-1] + "0"
        model = shelf.put("refers", derived_from=(iris.id, unknown, "https://other.example/x", "a/b"))
        with shelf.app.test_request_context():
            assert named(model) == {iris.id: iris}

    def test_projects_and_machines(self, shelf: Shelf) -> None:
        model = shelf.put(
            "funded",
            projects=(Project("Xplacer", "https://p.example/1", ("DOE", "https://ror.org/021nxhr62"), "17"),),
            machines=(Machine("lassen", None, "SuperComputer", "POWER9", "V100", "Nvidia"), Machine(EVIL)),
        )
        page = shelf.page(model)
        assert '<a href="https://p.example/1">Xplacer</a> <span class="soft">funded by</span> DOE' in page
        assert "award 17" in page
        assert "supercomputer, POWER9, V100 by Nvidia" in page
        assert EVIL not in page

    def test_what_is_no_web_address_is_never_a_link(self, shelf: Shelf) -> None:
        model = shelf.put("sly", projects=(Project("p", funders=("javascript:alert(1)",)),), source="urn:x:y")
        assert not re.search(r'href="(?!https?:|/|#|\?)', shelf.page(model))


class TestElsewhere:
    def test_it_is_said_where_it_was_described_and_that_links_lead_away(
        self, shelf: Shelf, iris: Artifact
    ) -> None:
        page = shelf.page(iris)
        assert 'harvested from <a href="https://data.example.org/iris">' in page
        assert "the links below leave this site" in page
        assert "leaves this site, for data.example.org" in page
        (link,) = re.findall(r'<a href="([^"]+)" rel="external">ir is.csv</a>', page)
        answer = shelf.client.get(link)
        assert (answer.status_code, answer.headers["Location"]) == (302, IRIS.remote)

    def test_the_front_page_says_so_too(self, shelf: Shelf, iris: Artifact) -> None:
        shelf.put("svm", architecture="SupportVectorMachine")
        dataset = shelf.client.get("/?kind=dataset", headers={"Accept": "text/html"}).text
        model = shelf.client.get("/?architecture=SupportVectorMachine", headers={"Accept": "text/html"}).text
        assert "<li>described elsewhere</li>" in dataset
        assert "<li>described elsewhere</li>" not in model
        assert "<li>Support vector machine</li>" in model

    def test_what_nobody_measured_is_not_known(self, shelf: Shelf, iris: Artifact) -> None:
        assert '<td class="number">–</td> <td><span class="soft">not known</span></td>' in shelf.page(iris)

    def test_a_model_that_lies_elsewhere_was_not_proved(self, shelf: Shelf) -> None:
        page = shelf.page(shelf.put("far", files=(IRIS,), source="https://data.example.org/m"))
        assert "The files of this model lie elsewhere: nothing was converted or proved here." in page


class TestPlaces:
    def steps(self, shelf: Shelf) -> tuple[Step, ...]:
        inside, on = shelf.hub.catalogue.surround(TORCH, NODE)
        other, _ = shelf.hub.catalogue.surround(replace(TORCH, python="3.12.0"), NODE)
        return (
            Step("recognise", "succeeded", environment=inside, hardware=on),
            Step("convert", "succeeded", environment=other, hardware=on),
            Step("verify", "succeeded", environment=inside, hardware=on, verdict=Verdict("equal")),
            Step("hook:mail", "failed"),
        )

    def test_steps_that_ran_in_the_same_place_are_told_together(self, shelf: Shelf) -> None:
        job = Job("k.1", "succeeded", steps=self.steps(shelf))
        with shelf.app.test_request_context():
            found = places([job, Job("k.2")])
        assert found == {
            "k.1": [
                Place(("recognise", "verify"), TORCH, NODE),
                Place(("convert",), replace(TORCH, python="3.12.0"), NODE),
            ],
            "k.2": [],
        }

    def test_the_page_tells_processors_memory_and_packages(self, shelf: Shelf) -> None:
        page = shelf.page(shelf.put("ran", Job("", "succeeded", steps=self.steps(shelf))))
        assert "<dt>recognise, verify</dt>" in page
        assert "AMD EPYC 7763, 128 cores, 512 GiB of memory, 4 × A100" in page
        assert 'part of <a href="https://hpc.example.org/lassen">' in page.replace("part of  ", "part of ")
        assert "Python 3.12.0 on Linux x86_64, with 2 packages" in page
        assert "<li><code>torch 2.13.0+cpu</code></li>" in page


class TestVersions:
    def test_the_current_one_is_marked_and_an_older_page_leads_to_it(self, shelf: Shelf) -> None:
        old = shelf.put("many", version="1.0", creators=(Person("A"),))
        new = shelf.put("many", version="1.1", created=DAY.format(2))
        gone = shelf.put("many", version="1.2", created=DAY.format(3), status="withdrawn")
        page = shelf.page(old)
        assert f'There is a newer version: <a href="/ark:/99999/{new.key}">1.1</a>' in page
        assert '<strong aria-current="page">1.0</strong>' in page
        assert '1.1</a> <span class="soft">2026-03-02</span> <span class="mark">current</span>' in page
        assert "There is a newer version" not in shelf.page(new)
        assert "There is another version that stands" in shelf.page(gone)
