"""The one tree of errors: its codes are a promise, its members travel."""

import pickle
import re

import pytest

from hpcfair_kg import errors
from hpcfair_kg.errors import Duplicate, HPCFairError, InvalidMetadata, by_code

PROMISED = set(
    re.findall(
        r"[a-z_-]+",
        """invalid-metadata invalid-config unknown-parameter unknown-format corrupt-file duplicate name-taken
not-found withdrawn unauthorized forbidden not-runnable wrong-input query-syntax query-limit query-refused
too-large busy conflict""",
    )
)
KINDS = sorted(by_code().values(), key=lambda kind: kind.code)


def test_every_promised_code_has_its_class():
    assert set(by_code()) >= PROMISED


def test_codes_are_unique():
    assert len(by_code()) == len(HPCFairError.__subclasses__())


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"── (\w+) +(\d{3}) +([a-z-]+)", errors.__doc__)
    assert drawn == [(kind.__name__, str(kind.status), kind.code) for kind in HPCFairError.__subclasses__()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_an_error_says_what_is_wrong_with_status_title_and_code(kind):
    error = kind("what was wrong", more=[1])
    assert str(error) == error.detail == "what was wrong"
    assert 400 <= kind.status <= 599
    assert error.problem("http://x", "/api/1") == {
        "type": f"http://x/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "what was wrong",
        "instance": "/api/1",
        "more": [1],
    }


def test_a_problem_without_an_instance_names_none():
    assert "instance" not in Duplicate("d").problem()


def test_a_member_cannot_pass_for_the_status():
    problem = InvalidMetadata("d", status="ready", report=[]).problem()
    assert (problem["status"], problem["report"]) == (422, [])


def test_errors_cross_a_process_with_their_members():
    error = pickle.loads(pickle.dumps(Duplicate("the same bytes", existing="http://x/ark:/1/2")))
    assert isinstance(error, Duplicate)
    assert (error.detail, error.members) == ("the same bytes", {"existing": "http://x/ark:/1/2"})
