import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.knowledge.affinity import chained, fed
from hpcfair_kg.knowledge.signatures import Signature
from tests.test_fitting import specs


def gives(*texts, **said):
    return Signature(outputs=specs(*texts), **said)


def takes(*texts, **said):
    return Signature(inputs=specs(*texts), **said)


EXACT = chained(gives("state float32 b 32"), takes("state float32 n 32"))
RANKED = [
    chained(
        gives("state float32 b 32", architecture="Encoder"), takes("state float32 n 32", architecture="Decoder")
    ),
    EXACT,
    chained(gives("state float32 b 2"), takes("state float32 n 2")),
    chained(gives("state float32 b 32"), takes("x float32 n 32")),
    chained(gives("state float32 b 32"), takes("x float32 n 32", "mask bool n")),
    chained(gives("state float32 b k"), takes("x float32 n 32")),
    chained(gives("state float32 b k"), takes("x float32 n 32", "mask bool n")),
]  # fmt: skip


def test_names_dimensions_completeness_and_kinship_rank():
    scores = [fit.score for fit in RANKED]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert all(0 <= score <= 1 for score in scores)


def test_all_that_speaks_for_a_fit_makes_nearly_one():
    told = {"task": "translation"}
    fit = chained(
        gives("state float32 b 768", architecture="Encoder", **told),
        takes("state float32 n 768", architecture="Decoder", **told),
    )
    assert fit.score > 0.99
    assert fit.reasons == (
        "equal names: state",
        "state: 768 on both sides",
        "Encoder before Decoder",
        "both are for translation",
    )


def test_a_trivial_fit_says_so():
    fit = chained(gives("loss float32"), takes("x float32 n 32"))
    assert fit.reasons == ("only the type and the number of dimensions speak for it",)
    assert fit.score <= 0.25


def test_what_is_left_and_what_is_ambiguous_is_said():
    fit = chained(
        gives("a float32 b 8", "b float32 b 8"), takes("x float32 n 8", "tokens int64 n t", "state float16 n")
    )
    assert (fit.complete, fit.ambiguous, fit.remaining) == (False, True, ("tokens", "state"))
    assert "left to the input file: tokens, state" in fit.reasons
    assert "another wiring fits as well; equal names would tell" in fit.reasons


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ("X float32 n 2", "2 columns side by side are X"),
        ("a float32 n 1", "equal names: a"),
        ("X float32 n k", "2 columns side by side are X"),
    ],
)
def test_a_dataset_says_how_it_feeds(inputs, reason):
    dataset = Signature(columns=(Column("a", "float64"), Column("b", "int64")), rows=9)
    fit = fed(dataset, takes(inputs))
    assert reason in fit.reasons
    assert fit.complete
