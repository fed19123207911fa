"""Search against brute force over random artifacts, and what strangers may send it."""

import random
import threading
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcfair_kg.artifact import Artifact, Column, File, Machine, Person, Project
from hpcfair_kg.errors import Conflict, UnknownParameter
from hpcfair_kg.knowledge.search import DEFAULT_FACETS, FACETS, PARAMETERS, Found, Index, Query, parse

NARROWING = {"tag"}
POOL = {
    "kind": ["model", "dataset"],
    "tag": ["cnn", "rnn", "protein-folding", "3d", "Übertragung", "a b", 'quo"te', "C++"],
    "framework": [None, "pytorch", "tensorflow", "onnx"],
    "task": [None, "translation", "classification"],
    "license": ["MIT", "Apache-2.0", "data:,Apache-2.0 OR MIT"],
    "creator": ["Ada Lovelace", "Émilie du Châtelet", "Zuse"],
    "format": ["onnx", "pt2", "csv"],
    "architecture": [None, "RecurrentNeuralNetwork", "Transformer"],
    "status": ["ready", "ready", "ready", "converting", "failed-proof", "withdrawn"],
    "owner": ["ada", "bob"],
    "project": ["Xplacer", "ZZ 2"],
    "machine": ["lassen", "my desk"],
}
SEVERAL = ("tag", "creator", "format", "project", "machine")


def artifact(number: int, **said) -> Artifact:
    key = f"k{number:07d}x"
    known = {"created": f"2026-11-23T10:00:{number % 60:02d}Z", "status": "ready"} | said
    return Artifact(
        id=f"http://x/ark:/99999/{key}", key=key, owner=known.pop("owner", "ada"), name=f"a{number}", **known
    )


def some_artifact(rng: random.Random, number: int) -> Artifact:
    one = {facet: rng.choice(POOL[facet]) for facet in FACETS if facet not in SEVERAL}
    roles = ["original", "converted", "auxiliary", "evidence"]
    return artifact(
        number,
        tags=tuple(rng.sample(POOL["tag"], rng.randrange(5))),
        creators=tuple(Person(name) for name in rng.sample(POOL["creator"], rng.randrange(3))),
        projects=tuple(Project(name) for name in rng.sample(POOL["project"], rng.randrange(3))),
        machines=tuple(Machine(name) for name in rng.sample(POOL["machine"], rng.randrange(3))),
        files=tuple(
            File(f"f{i}", rng.choice(POOL["format"]), rng.choice(roles), 1, "0" * 64) for i in range(2)
        ),
        created=f"2026-11-23T10:00:{rng.randrange(4):02d}.5Z",
        title=rng.choice(["A protein model", "Weather", ""]),
        **one,
    )


def values(it: Artifact, facet: str) -> set[str]:
    found = {
        "tag": it.tags,
        "creator": [p.name for p in it.creators],
        "project": [p.name for p in it.projects],
        "machine": [m.name for m in it.machines],
        "format": [f.format for f in it.files if f.role in ("original", "converted")],
        # both that the pool has are kinds of this one
        "architecture": [it.architecture, "ArtificialNeuralNetwork"] if it.architecture else [],
    }
    return set(found[facet] if facet in found else filter(None, [getattr(it, facet)]))


def matching(everything, filters, without=None):
    def chosen(it, facet, wanted):
        test = all if facet in NARROWING else any
        return test(value in values(it, facet) for value in wanted)

    kept = {facet: wanted for facet, wanted in filters.items() if facet != without}
    shown = [
        it for it in everything if "status" in filters or without == "status" or it.status != "withdrawn"
    ]
    return [it for it in shown if all(chosen(it, facet, wanted) for facet, wanted in kept.items())]


def counted(everything, filters, facet):
    within = matching(everything, filters, None if facet in NARROWING else facet)
    counts = Counter(value for it in within for value in values(it, facet))
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"value": value, "count": count} for value, count in ordered[:20]]


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "index")
    yield index
    index.close()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """400 random artifacts, put in batches so that several segments hold them."""
    rng = random.Random(7)
    everything = [some_artifact(rng, number) for number in range(400)]
    index = Index(tmp_path_factory.mktemp("crowd"))
    for start in range(0, 400, 60):
        index.put(*everything[start : start + 60])
    yield everything, index
    index.close()


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        f: st.lists(st.sampled_from(sorted({*filter(None, POOL[f])})), min_size=1, max_size=3) for f in FACETS
    },
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=CHOICES)
def test_totals_hits_and_counts_are_those_of_brute_force(crowd, filters):
    everything, index = crowd
    chosen = {facet: tuple(dict.fromkeys(wanted)) for facet, wanted in filters.items()}
    found = index.search(Query(filters=chosen, facets=FACETS, limit=500))
    expected = matching(everything, chosen)
    newest_first = sorted(expected, key=lambda it: it.key)
    newest_first.sort(key=lambda it: it.created, reverse=True)
    assert found.total == len(expected)
    assert [hit["key"] for hit in found.hits] == [it.key for it in newest_first]
    assert found.facets == {facet: counted(everything, chosen, facet) for facet in FACETS}


@pytest.mark.parametrize("q", ["", "protein", "a", "ready"])
def test_pages_have_no_gap_and_no_repeat_while_the_limit_varies(crowd, q):
    _, index = crowd
    whole = index.search(Query(q, limit=500))
    seen, cursor, rng = [], None, random.Random(1)
    while True:
        page = index.search(Query(q, limit=rng.choice([1, 2, 7, 50]), cursor=cursor, facets=()))
        seen += [hit["key"] for hit in page.hits]
        assert page.total == whole.total
        if (cursor := page.next) is None:
            break
    assert seen == [hit["key"] for hit in whole.hits]
    assert len(seen) == len(set(seen)) == whole.total


def test_a_page_stays_in_place_when_newer_artifacts_come(index):
    index.put(*(artifact(number) for number in range(10)))
    first = index.search(Query(limit=4))
    index.put(artifact(59))
    second = index.search(Query(limit=4, cursor=first.next))
    assert [hit["name"] for hit in second.hits] == ["a5", "a4", "a3", "a2"]


def test_ties_go_by_key_however_they_were_put(index):
    same = [artifact(number, created="2026-01-01T00:00:00Z", title="equal") for number in range(40)]
    for it in reversed(same):
        index.put(it)
    for q in ("", "equal"):
        assert [hit["name"] for hit in index.search(Query(q, limit=15)).hits] == [f"a{n}" for n in range(15)]


def test_tags_narrow_and_other_facets_widen(index):
    index.put(
        artifact(1, tags=("x", "y"), framework="pytorch"),
        artifact(2, tags=("x",), framework="onnx"),
        artifact(3, tags=("y",), framework="keras"),
    )

    def names(*args):
        return {hit["name"] for hit in index.search(parse(args)).hits}

    assert names(("tag", "x"), ("tag", "y")) == {"a1"}
    assert names(("framework", "pytorch"), ("framework", "onnx")) == {"a1", "a2"}
    assert names(("tag", "y"), ("framework", "onnx"), ("framework", "keras")) == {"a3"}
    assert names(("tag", "nothing")) == set()


def test_the_count_beside_a_value_is_what_choosing_it_gives(crowd):
    _, index = crowd
    for facet in FACETS:
        before = {} if facet in NARROWING else {facet: (POOL[facet][1],)}
        for offered in index.search(Query(filters=before, facets=(facet,), limit=0)).facets[facet]:
            assert (
                index.search(Query(filters={facet: (offered["value"],)}, limit=0)).total == offered["count"]
            )


def test_only_the_twenty_most_frequent_values_are_listed_and_exactly_counted(index):
    rng = random.Random(3)
    everything = [
        artifact(n, tags=tuple({f"t{int(rng.paretovariate(0.6)) % 3000}" for _ in range(4)}))
        for n in range(1500)
    ]
    for start in range(0, 1500, 400):
        index.put(*everything[start : start + 400])
    assert index.search(Query(facets=("tag",), limit=0)).facets["tag"] == counted(everything, {}, "tag")


def test_withdrawn_artifacts_are_found_by_those_who_ask(index):
    index.put(artifact(1), artifact(2, status="withdrawn"))
    assert [hit["name"] for hit in index.search(Query()).hits] == ["a1"]
    assert [hit["name"] for hit in index.search(Query(filters={"status": ("withdrawn",)})).hits] == ["a2"]
    assert index.search(Query(filters={"status": ("withdrawn", "ready")})).total == 2
    assert index.count == 2


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("protein", {"a1"}),
        ("PROTEIN", {"a1"}),
        ("prot", {"a1"}),
        ("protein-folding", {"a1"}),
        ("folding protein", {"a1"}),
        ("prot folding", set()),
        ("protein missing", set()),
        ("snake", {"a2"}),
        ("uber", {"a2"}),
        ("ÜBER", {"a2"}),
        ("lovelace", {"a1"}),
        ("temperature", {"a3"}),
        ("translation", {"a2"}),
        ("蛋白质", {"a3"}),
        ("蛋", {"a3"}),
        ("k0000002x", {"a2"}),
        ("C++", {"a2"}),
        ("resnet", {"a3"}),
        ("hidden=128", {"a1"}),
        ("hidden=64", set()),
        ("relu", {"a1"}),
        ("LSTM", {"a2"}),
        ("ai.onnx.ml.Scaler", {"a2"}),
        ("xplacer", {"a2"}),
        ("89233218CNA", {"a2"}),
        ("tesla v100", {"a3"}),
        ("supercomputer", {"a3"}),
        ("   ", {"a1", "a2", "a3"}),
        ("++", set()),
    ],
)
def test_words_are_found_where_people_expect_them(index, q, found):
    index.put(
        artifact(
            1,
            tags=("protein-folding",),
            creators=(Person("Ada Lovelace"),),
            hyperparameters={"hidden": 128, "activations": ["relu", "tanh"]},
        ),
        artifact(
            2,
            description="snake_case, Über C++",
            task="translation",
            operators={"LSTM": 2, "ai.onnx.ml.Scaler": 1},
            projects=(Project("Xplacer", funders=("DOE",), award="89233218CNA000001"),),
        ),
        artifact(
            3,
            title="ResNet50 蛋白质折叠",
            kind="dataset",
            columns=(Column("temperature_2m", "float32"),),
            machines=(Machine("lassen", kind="SuperComputer", gpu="Tesla V100"),),
        ),
    )
    assert {hit["name"] for hit in index.search(Query(q)).hits} == found


def test_a_word_in_the_title_outranks_one_in_the_description_and_a_whole_word_a_beginning(index):
    filler = "and many other words that say something else entirely"
    index.put(
        artifact(1, description=f"protein {filler}", created="2026-01-03T00:00:00Z"),
        artifact(2, title="protein", created="2026-01-01T00:00:00Z"),
        artifact(3, title="proteins", created="2026-01-04T00:00:00Z"),
    )
    assert [hit["name"] for hit in index.search(Query("protein")).hits] == ["a2", "a1", "a3"]


HOSTILE = [
    '"', '"unclosed', "title:x", "a AND", "OR", "NOT", "AND AND", "(", ")", "((a)", "[a TO b]", "{", "*", "?", "a*b", "~", "^",
    "a^b", "\\", "/re(/", "+", "-", "-a", "!", "<", ">1", "a:*", "'", ";", "\x00", "\n", "a" * 1000, "é" * 1000, "a " * 500,
    "$", "|", "&&", "||", "..", ".*", "IN [", "𝒳", "\u202e", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("q", HOSTILE)
def test_what_means_something_to_the_engine_means_nothing_here(crowd, q):
    _, index = crowd
    assert isinstance(index.search(parse([("q", q)])), Found)
    for facet in FACETS:
        assert index.search(parse([(facet, q)])).total >= 0


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=200), tag=st.text(min_size=1, max_size=50))
def test_no_text_breaks_a_search(crowd, q, tag):
    _, index = crowd
    assert index.search(parse([("q", q), ("tag", tag)])).total >= 0


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tag=st.text(min_size=1, max_size=80), title=st.text(max_size=300))
def test_any_text_of_an_artifact_is_kept_and_its_tag_found(index, tag, title):
    index.put(artifact(1, tags=(tag,), title=title))
    (hit,) = index.search(Query(filters={"tag": (tag,)})).hits
    assert (hit["tags"], hit["title"]) == ([tag], title)
    assert index.search(Query(facets=("tag",), limit=0)).facets == {"tag": [{"value": tag, "count": 1}]}


def test_very_long_values_do_not_harm_the_writer(index):
    index.put(artifact(1, tags=("t" * 100_000,), title="w" * 100_000 + " word"))
    index.put(artifact(2))
    assert index.search(Query()).total == 2
    assert index.search(Query("word")).total == 1


def test_put_replaces_and_remove_takes_out(index):
    index.put(artifact(1, title="old", tags=("before",)))
    index.put(artifact(1, title="new"))
    assert index.count == 1
    assert index.search(Query("old")).total == 0
    (hit,) = index.search(Query("new")).hits
    assert (hit["title"], hit["tags"]) == ("new", [])
    index.remove(artifact(1).key, "no such key")
    assert index.search(Query()).total == index.count == 0


def test_a_hit_is_the_artifacts_summary(index):
    it = artifact(1, title="T", tags=("x",), framework="onnx", parameters=12)
    index.put(it)
    assert index.search(Query()).hits == (it.summary(),)


def test_a_write_is_seen_at_once_and_old_counts_are_not(index):
    for number in range(5):
        assert index.search(Query()).total == number
        generation = index.generation
        index.put(artifact(number, tags=("x",)))
        assert index.generation > generation
        assert index.search(Query()).facets["tag"] == [{"value": "x", "count": number + 1}]


def test_what_a_caller_does_to_an_answer_does_not_change_the_next(index):
    index.put(artifact(1))
    index.search(Query()).facets["kind"][0]["count"] = 99
    assert index.search(Query()).facets["kind"] == [{"value": "model", "count": 1}]


def test_it_is_all_there_when_opened_again(tmp_path):
    index = Index(tmp_path)
    assert index.stale
    index.rebuild([artifact(1), artifact(2)])
    assert not index.stale
    index.close()
    again = Index(tmp_path)
    assert not again.stale
    assert again.search(Query()).total == 2
    again.put(artifact(3))
    assert again.search(Query()).total == 3
    again.close()


def test_a_rebuild_that_fails_leaves_what_was(index):
    def broken():
        yield artifact(2)
        raise RuntimeError("no more")

    index.rebuild([artifact(1)])
    with pytest.raises(RuntimeError, match="no more"):
        index.rebuild(broken())
    index.put(artifact(3))
    assert {hit["name"] for hit in index.search(Query()).hits} == {"a1", "a3"}


def test_an_artifact_that_cannot_be_indexed_harms_no_other(index):
    with pytest.raises(ValueError, match="isoformat"):
        index.put(artifact(1), artifact(2, created="yesterday"))
    index.put(artifact(3))
    assert {hit["name"] for hit in index.search(Query()).hits} == {"a3"}


@pytest.mark.parametrize("damage", ["cut", "noise", "gone"])
@pytest.mark.parametrize("pattern", ["meta.json", "*.store", "*.idx", "*.fast"])
def test_a_damaged_index_is_made_anew_and_says_so(tmp_path, damage, pattern):
    index = Index(tmp_path)
    index.rebuild([artifact(1)])
    index.close()
    (path,) = tmp_path.glob(pattern)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:9] if damage == "cut" else b"\xff" * path.stat().st_size)
    again = Index(tmp_path)
    assert again.stale
    assert again.count == 0
    again.rebuild([artifact(1)])
    assert (again.stale, again.count) == (False, 1)
    again.close()


def test_an_index_of_another_schema_is_made_anew(tmp_path, monkeypatch):
    index = Index(tmp_path)
    index.rebuild([artifact(1)])
    index.close()
    from hpcfair_kg.knowledge import index as stored

    monkeypatch.setattr(stored, "_WORDS", "words-0")
    stored.schema.cache_clear()
    try:
        assert Index(tmp_path).stale
    finally:
        stored.schema.cache_clear()


def test_a_rebuild_that_was_killed_is_asked_for_again(tmp_path):
    Index(tmp_path).put(artifact(1))  # made anew, written to, never rebuilt
    assert Index(tmp_path).stale


def test_a_second_writer_is_told_of_the_first(tmp_path):
    first, second = Index(tmp_path), Index(tmp_path)
    first.put(artifact(1))
    with pytest.raises(Conflict, match="another process"):
        second.put(artifact(2))
    first.close()
    second.put(artifact(3))
    assert second.count == 2
    second.close()


def test_threads_write_and_search_together(index):
    faults, done = [], threading.Event()

    def write(start):
        for number in range(start, start + 15):
            index.put(artifact(number, tags=("x",)))
            if index.search(Query(f"a{number}", facets=())).total < 1:
                faults.append(f"a{number} is not seen by its own writer")

    def read():
        last = 0
        while not done.is_set():
            found = index.search(Query(limit=500))
            counted = found.facets["tag"][0]["count"] if found.total else 0
            if not (last <= found.total == len(found.hits) == counted):
                faults.append(f"{last} then {found.total}, {len(found.hits)} hits, {counted} counted")
            last = found.total

    writers = [threading.Thread(target=write, args=(start,)) for start in (0, 15, 30, 45)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert faults == []
    assert index.count == 60


def test_parse_reads_what_a_form_sends():
    query = parse(
        [("q", " x "), ("tag", "a"), ("tag", "b"), ("tag", "a"), ("kind", ""), ("limit", ""), ("cursor", "")]
    )
    assert query == Query(q="x", filters={"tag": ("a", "b")})
    assert parse([]).facets == DEFAULT_FACETS
    assert parse([("facets", "tag,owner"), ("facets", "kind")]).facets == ("tag", "owner", "kind")
    assert parse([("facets", "")]).facets == ()
    assert parse([("limit", "0")]).limit == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([("tags", "x")], "did you mean 'tag'"),
        ([("page", "2")], "there are: q, kind, tag"),
        ([("facets", "tags")], "did you mean 'tag'"),
        ([("limit", "-1")], "from 0 to 500"),
        ([("limit", "501")], "from 0 to 500"),
        ([("limit", "1.5")], "from 0 to 500"),
        ([("limit", "9" * 5000)], "from 0 to 500"),
        ([("limit", "²")], "from 0 to 500"),
        ([("limit", "1"), ("limit", "2")], "2 times"),
        ([("q", "x"), ("q", "y")], "2 times"),
        ([("q", "x" * 1001)], "1001 characters"),
    ],
)
def test_parse_says_what_would_be_right(args, told):
    with pytest.raises(UnknownParameter, match=told) as caught:
        parse(args)
    assert caught.value.members["known"] == list(FACETS if "facets" in dict(args) else PARAMETERS)


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "e30", "bnVsbA", "WzEsMiwzLDRd", "é", "A" * 10_000, "WyJ4Iiwie30iXQ"]
)
def test_a_cursor_that_is_none_is_refused(crowd, cursor):
    _, index = crowd
    with pytest.raises(UnknownParameter, match="cursor"):
        index.search(Query(cursor=cursor))


def test_a_cursor_belongs_to_its_query(crowd):
    _, index = crowd
    cursor = index.search(Query(limit=1)).next
    for other in (Query("protein"), Query(filters={"tag": ("cnn",)}), Query("++")):
        with pytest.raises(UnknownParameter, match="another query's"):
            index.search(replace(other, cursor=cursor))


def test_a_forged_cursor_costs_nothing(crowd):
    from hpcfair_kg.knowledge.query import Place
    from hpcfair_kg.knowledge.snapshot import Question

    _, index = crowd
    for query in (Query(), Query("protein")):
        cursor = Place((1 << 64) - 1, (1 << 64) - 1, (1 << 64) - 1).cursor(Question(query).digest)
        assert index.search(replace(query, cursor=cursor)).total >= 0


def test_no_hits_may_be_asked_for(crowd):
    _, index = crowd
    found = index.search(Query(limit=0))
    assert found.total
    assert (found.hits, found.next) == ((), None)


def test_an_empty_catalogue_has_empty_facets(index):
    assert index.search(Query()) == Found(0, (), {facet: [] for facet in DEFAULT_FACETS}, None)
