from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpcfair_kg.artifact import Artifact, Column, File, TensorSpec, Verdict
from hpcfair_kg.fitting import fits
from hpcfair_kg.knowledge.affinity import ROLES
from hpcfair_kg.knowledge.signatures import Signature, asks, keys, offered

NAMES = st.sampled_from(["x", "y", "ids"])
DTYPES = st.sampled_from(["float32", "float64", "int64", "string", "bool"])
SHAPES = st.lists(st.one_of(st.sampled_from([1, 2, 4, 6]), st.sampled_from(["n", "m"])), max_size=4).map(
    tuple
)
SPECS = st.builds(TensorSpec, NAMES, DTYPES, SHAPES)
TENSORS = st.lists(SPECS, max_size=3, unique_by=lambda one: one.name).map(tuple)
COLUMNS = st.lists(
    st.builds(
        Column,
        st.sampled_from(["x", "y", "x[0]", "x[1]", "a", "b", "c"]),
        DTYPES,
        st.lists(st.sampled_from([1, 2, 4, 6]), max_size=3).map(tuple),
    ),
    max_size=5,
    unique_by=lambda one: one.name,
).map(tuple)
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
MODELS = st.builds(Signature, TENSORS, TENSORS)
DATASETS = st.builds(Signature, columns=COLUMNS, rows=st.sampled_from([None, 4, 6]))


def met(asked, signature):
    return all(words & signature.words() for words in asked)


@CALM
@given(SPECS, SPECS)
def test_what_fits_is_found(one, other):
    if fits(one, other):
        assert set(asks(one)) & set(keys(other))
        assert set(asks(other)) & set(keys(one))


@CALM
@given(MODELS, MODELS)
def test_a_model_that_fits_is_found_by_its_words(one, other):
    for role in ("before", "after"):
        found = ROLES["model"][role]
        assert found.judge(one, other) is None or met(found.words(one), other)


@CALM
@given(MODELS, DATASETS)
def test_a_dataset_that_fits_is_found_by_its_words_both_ways(model, dataset):
    ours, theirs = ROLES["model"]["datasets"], ROLES["dataset"]["models"]
    assert ours.judge(model, dataset) == theirs.judge(dataset, model)
    if ours.judge(model, dataset):
        assert met(ours.words(model), dataset)
        assert met(theirs.words(dataset), model)


@CALM
@given(MODELS)
def test_a_signature_is_read_as_it_was_written(one):
    assert Signature.read(one.text()) == one
    assert Signature.read(one.text()).digest == one.digest


def test_what_differs_has_another_digest():
    one = Signature(inputs=(TensorSpec("x", "float32", ("n", 3)),))
    other = Signature(outputs=(TensorSpec("x", "float32", ("n", 3)),))
    assert len({one.digest, other.digest, Signature().digest, Signature(task="translation").digest}) == 4


def test_only_what_may_be_seen_and_run_or_had_is_offered():
    def model(**said):
        files = (File("m.onnx", "onnx", "original", 1, "0" * 64),)
        return Artifact("i", "k", "ada", "m", **({"files": files, "verdict": Verdict("consistent")} | said))

    assert offered(model(status="ready"))
    assert not offered(model(status="withdrawn"))
    assert not offered(model(visibility="private"))
    assert not offered(model(verdict=Verdict("inconsistent")))
    assert not offered(model(files=(File("m.onnx", "onnx", "evidence", 1, "0" * 64),)))
    assert not offered(model(kind="workflow"))
    dataset = {"kind": "dataset", "columns": (Column("x", "float32"),)}
    assert offered(model(**dataset))
    assert not offered(model(**dataset, status="withdrawn"))
