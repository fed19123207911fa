"""What is listed as compatible, against what really runs and against judging every pair."""

from dataclasses import replace

import pytest

from hpcfair_kg.artifact import Artifact, Column, Verdict
from hpcfair_kg.errors import NotRunnable, UnknownParameter, Withdrawn
from hpcfair_kg.knowledge.compatible import PARAMETERS, Asked, Compatible, parse
from hpcfair_kg.knowledge.search import Index
from tests.pool import Tried

KNOWN = {
    "encoder": {"decoder", "decoder-unnamed", "decoder-tokens", "on-embeddings-32", "single-batch", "similarity"},
    "encoder-vae": {"decoder-vae", "two-alike", "two-different"},
    "sentences": {"on-embeddings-48", "on-hidden-states", "pool-hidden", "hidden-window"},
    "sentences-32": {"on-embeddings-32", "single-batch"},
    "image-features": {"on-features-64"},
    "image-encoder": {"image-decoder"},
    "image-decoder": {"image-features", "image-classifier", "image-encoder", "grey"},
    "forest": {"stacker", "calibrator", "label-names", "nameless"},
    "image-classifier": {"calibrator-10", "label-names"},
    "scaler": {"forest"},
    "label-names": {"by-name"},
    "thresholds": {"voters"},
    "forecaster": {"anomaly", "smoother"},
    "generator": {"sentences"},
    "five-and-seven": {"two-different", "smoother"},
    "loss": {"scheduler", "any-rank"},
}  # fmt: skip
"""Pairs that are known to fit; and, below, those that nearly do."""
NEAR = {
    "encoder": {"decoder-64", "decoder-double", "on-embeddings-48", "stacker", "anomaly"},
    "sentences": {"on-embeddings-32", "on-embeddings-double", "on-embeddings-half", "decoder-vae"},
    "image-encoder": {"image-decoder-8", "on-features-64"},
    "image-features": {"image-classifier", "on-embeddings-48"},
    "image-decoder": {"channels-last", "grey-classifier"},
    "forest": {"scaler", "calibrator-10", "by-name", "forecaster"},
    "generator": {"sentences-32", "generator-32", "label-names"},
    "label-names": {"label-names", "stacker"},
    "decoder-double": {"stacker", "nameless"},
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    return Tried(tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def pool(tried, tmp_path_factory):
    index = Index(tmp_path_factory.mktemp("index"))
    index.rebuild(tried.artifacts.values())
    yield Compatible(index)
    index.close()


def listed(pool, artifact, role, limit=500):
    (page,) = pool.of(artifact, Asked(role, limit)).values()
    return {entry["name"]: entry["fit"] for entry in page.entries}


@pytest.mark.parametrize("name", KNOWN)
def test_known_pairs_are_listed_from_both_sides(tried, pool, name):
    after = listed(pool, tried.artifacts[name], "after")
    assert KNOWN[name] <= set(after)
    for other in KNOWN[name]:
        assert listed(pool, tried.artifacts[other], "before")[name] == after[other]


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_are_not(tried, pool, name):
    assert not NEAR[name] & set(listed(pool, tried.artifacts[name], "after"))


def test_whatever_runs_is_listed_and_what_does_not_is_explained(tried, pool):
    """No pair that runs is missing; of those that do not, only a run, or a rank that nobody says, tells."""
    said = {
        (a, b): fit["complete"]
        for a in tried.pool
        for b, fit in listed(pool, tried.artifacts[a], "after").items()
    }
    assert len(tried.pool) > 40
    assert {pair: said.get(pair) for pair in tried.truth} == tried.truth
    for first, second in said.keys() - tried.truth.keys():
        outputs = tried.artifacts[first].outputs
        hidden = tried.pool[second].inside or tried.pool[second].vocabulary
        assert hidden or any(not one.shape for one in outputs), (first, second)


def test_the_best_comes_first(tried, pool):
    assert next(iter(listed(pool, tried.artifacts["encoder"], "after"))) == "decoder"
    assert next(iter(listed(pool, tried.artifacts["decoder"], "before"))) == "encoder"
    assert next(iter(listed(pool, tried.artifacts["sentences"], "after"))) == "on-hidden-states"
    fits = listed(pool, tried.artifacts["image-encoder"], "after")
    assert next(iter(fits)) == "image-decoder"
    scores = [fit["score"] for fit in fits.values()]
    assert scores == sorted(scores, reverse=True)


def test_pages_have_no_gap_and_no_repeat(tried, pool):
    artifact = tried.artifacts["encoder"]
    whole = list(listed(pool, artifact, "after"))
    for limit in (1, 3, 7):
        seen, cursor = [], None
        while True:
            page = pool.of(artifact, Asked("after", limit, cursor))["after"]
            seen += [entry["name"] for entry in page.entries]
            assert page.total == len(whole)
            if (cursor := page.next) is None:
                break
        assert seen == whole


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "index")
    yield index
    index.close()


def copies(artifact: Artifact, many: int, **said) -> list[Artifact]:
    keys = [f"c{number:07d}x" for number in range(many)]
    return [replace(artifact, id=f"http://x/{key}", key=key, name=key, **said) for key in keys]


def test_pages_go_through_many_of_one_signature_and_stay_in_place(tried, index):
    encoder, decoder = tried.artifacts["encoder"], tried.artifacts["decoder"]
    index.put(encoder, *copies(decoder, 10), decoder)
    compatible = Compatible(index)
    first = compatible.of(encoder, Asked("after", 4))["after"]
    index.put(*copies(replace(decoder, created="2027-01-01T00:00:00Z"), 30)[20:])
    second = compatible.of(encoder, Asked("after", 40, first.next))["after"]
    names = [entry["name"] for entry in (*first.entries, *second.entries)]
    assert sorted(names) == sorted(["decoder", *(f"c{number:07d}x" for number in range(10))])
    assert (first.total, second.total) == (11, 21)


def test_an_artifact_is_not_listed_as_fitting_itself(tried, index):
    generator = tried.artifacts["generator"]
    index.put(generator, *copies(generator, 1))
    found = Compatible(index).of(generator, Asked())
    assert [entry["name"] for entry in found["after"].entries] == ["c0000000x"]
    assert found["after"].total == 1


def test_what_is_withdrawn_or_not_run_is_not_listed(tried, index):
    encoder, decoder = tried.artifacts["encoder"], tried.artifacts["decoder"]
    index.put(encoder, decoder)
    compatible = Compatible(index)
    for gone in ({"status": "withdrawn"}, {"verdict": Verdict("inconsistent")}, {"visibility": "private"}):
        assert compatible.of(encoder, Asked("after"))["after"].total == 1
        index.put(replace(decoder, **gone))
        assert compatible.of(encoder, Asked("after"))["after"].entries == ()
        index.put(decoder)
    index.remove(decoder.key)
    assert compatible.of(encoder, Asked("after"))["after"].entries == ()


def test_datasets_and_models_are_listed_for_each_other(tried, index):
    forest, stacker = tried.artifacts["forest"], tried.artifacts["stacker"]
    columns = (*(Column(name, "float64") for name in "abcd"), Column("species", "string"))
    dataset = Artifact("http://x/d", "d", "ada", "iris", kind="dataset", columns=columns, rows=150)
    index.put(forest, stacker, dataset)
    compatible = Compatible(index)
    (entry,) = compatible.of(forest, Asked())["datasets"].entries
    assert (entry["name"], entry["fit"]["wiring"]) == ("iris", {"X": "*"})
    found = compatible.of(dataset, Asked())
    assert set(found) == {"models"}
    assert [entry["name"] for entry in found["models"].entries] == ["forest"]
    assert found["models"].entries[0]["fit"] == entry["fit"]


def test_a_table_of_very_many_columns_is_found(tried, index):
    columns = tuple(Column(f"gene_{number}", "float32") for number in range(20_000))
    dataset = Artifact("http://x/d", "d", "ada", "genes", kind="dataset", columns=columns, rows=150)
    wide = replace(tried.artifacts["forest"], inputs=(replace(tried.artifacts["forest"].inputs[0], shape=("n", 20_000)),))  # fmt: skip
    index.put(wide, dataset)
    assert Compatible(index).of(dataset, Asked())["models"].total == 1
    assert Compatible(index).of(wide, Asked())["datasets"].total == 1


def test_what_cannot_be_run_says_why(tried, index):
    forest = tried.artifacts["forest"]
    compatible = Compatible(index)
    with pytest.raises(Withdrawn):
        compatible.of(replace(forest, status="withdrawn"), Asked())
    with pytest.raises(NotRunnable, match="declares 4") as caught:
        compatible.of(replace(forest, verdict=Verdict("inconsistent", reason="declares 4")), Asked())
    assert caught.value.members["reason"] == "declares 4"
    with pytest.raises(NotRunnable, match="workflow"):
        compatible.of(replace(forest, kind="workflow"), Asked())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([("rol", "after")], "unknown parameter 'rol'; did you mean 'role'"),
        ([("limit", "x")], "limit is 'x'"),
        ([("limit", "501")], "limit is 501"),
        ([("role", "after"), ("role", "before")], "role is given 2 times"),
        ([("cursor", "abc")], "say which by role"),
    ],
)
def test_parameters_that_are_none_are_refused(args, said):
    with pytest.raises(UnknownParameter, match=said) as caught:
        parse(args)
    assert set(caught.value.members["known"]) <= set(PARAMETERS)


def test_a_role_or_a_cursor_of_another_list_is_refused(tried, pool):
    encoder, decoder = tried.artifacts["encoder"], tried.artifacts["decoder"]
    with pytest.raises(UnknownParameter, match="no list 'models'; there are: before, after, datasets"):
        pool.of(encoder, Asked("models"))
    cursor = pool.of(encoder, Asked("after", 1))["after"].next
    for artifact, role in ((encoder, "before"), (decoder, "after")):
        with pytest.raises(UnknownParameter, match="another list's"):
            pool.of(artifact, Asked(role, 1, cursor))


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "!", "é", "W251bGxd", "Wy0xLC0xLC0xLC0xLC0xXQ"])
def test_a_cursor_that_nobody_gave_is_refused(tried, pool, cursor):
    with pytest.raises(UnknownParameter, match="cursor"):
        pool.of(tried.artifacts["encoder"], Asked("after", 1, cursor))


def test_no_entry_may_be_asked_for(tried, pool):
    page = pool.of(tried.artifacts["encoder"], Asked(limit=0))["after"]
    assert (page.entries, page.next) == ((), None)
    assert page.total > 5
