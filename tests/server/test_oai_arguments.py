"""Requests by OAI-PMH: what is read from them, and what each wrong one is told."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge.walk import MOST, Mark, Walk, moment
from server.oai_arguments import SETS, VERBS, Asked, Refusal, read

LIST = [("verb", "ListRecords"), ("metadataPrefix", "oai_dc")]


def refused(*arguments: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    with pytest.raises(Refusal) as caught:
        read(arguments)
    return caught.value.errors


def test_a_list_is_a_walk() -> None:
    asked = read([*LIST, ("from", "2026-03-01"), ("until", "2026-03-02"), ("set", "model")])
    last = moment("2026-03-03") - 1
    assert (asked.prefix, asked.walk) == (
        "oai_dc",
        Walk(since=moment("2026-03-01"), until=last, kind="model"),
    )


def test_a_second_ends_with_its_last_microsecond() -> None:
    asked = read([*LIST, ("from", "2026-03-01T12:00:00Z"), ("until", "2026-03-01T12:00:00Z")])
    assert asked.walk.until - asked.walk.since == 999_999


def test_a_token_holds_all_that_was_asked() -> None:
    asked = read([*LIST, ("from", "2026-03-01"), ("set", "dataset")])
    token = asked.token(Mark(5, 6), 100, 250)
    resumed = read([("verb", "ListRecords"), ("resumptionToken", token)])
    assert (resumed.prefix, resumed.walk, resumed.after) == ("oai_dc", asked.walk, Mark(5, 6))
    assert (resumed.seen, resumed.total) == (100, 250)


@pytest.mark.parametrize("arguments", [[], [("verb", "list")], [("verb", "")], [("verb", "Identify")] * 2])
def test_what_has_no_verb(arguments: list[tuple[str, str]]) -> None:
    ((code, told),) = refused(*arguments)
    assert code == "badVerb"
    assert "ListRecords" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([("verb", "Identify"), ("set", "model")], "Identify takes no 'set'; it takes: nothing"),
        ([("verb", "GetRecord")], "GetRecord needs identifier"),
        ([("verb", "ListRecords")], "ListRecords needs metadataPrefix"),
        ([*LIST, ("from", "2026-03-01"), ("from", "2026-03-01")], "from is given 2 times"),
        ([*LIST, ("resumptionToken", "x")], "resumptionToken stands alone"),
        ([*LIST, ("from", "2026-03-01"), ("until", "2026-03-01T00:00:00Z")], "different granularity"),
        ([*LIST, ("from", "2026-03-02"), ("until", "2026-03-01")], "after until"),
        ([*LIST, ("from", "last spring")], "from is 'last spring'; it must be YYYY-MM-DD"),
        ([*LIST, ("from", "2026-03-01T12:00Z")], "it must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"),
        ([*LIST, ("from", "2026-03-01T12:00:00+01:00")], "it must be YYYY-MM-DD"),
        ([*LIST, ("until", "2026-02-30")], "until is '2026-02-30'"),
        ([*LIST, ("until", "")], "until is ''"),
        ([*LIST, ("from", "")], "from is ''"),
        ([*LIST, ("set", "")], "no set ''"),
        ([*LIST, ("set", "model:cnn")], "no set 'model:cnn'; there are: model, dataset, workflow"),
        (
            [("verb", "ListRecords"), ("metadataPrefix", "no prefix")],
            "no format 'no prefix'; there are: oai_dc",
        ),
        ([("verb", "ListRecords"), ("metadataPrefix", "")], "no format ''"),
        ([*LIST, ("x" * 4000, "y")], "takes no 'xxx"),
    ],
)
def test_bad_arguments(arguments: list[tuple[str, str]], told: str) -> None:
    errors = refused(*arguments)
    assert {code for code, _ in errors} == {"badArgument"}
    assert told in errors[0][1]
    assert len(errors[0][1]) < 300


def test_all_that_is_wrong_is_said_at_once() -> None:
    errors = refused(("verb", "GetRecord"), ("set", "x"), ("colour", "y"))
    assert len(errors) == 4
    errors = refused(*LIST, ("from", "then"), ("until", "now"), ("set", "y"))
    assert len(errors) == 3


def test_an_unknown_format() -> None:
    ((code, told),) = refused(("verb", "ListIdentifiers"), ("metadataPrefix", "marc21"))
    assert (code, told) == (
        "cannotDisseminateFormat",
        "no format 'marc21'; there are: oai_dc, rdf, oai_datacite",
    )


GOOD = ["ListRecords", "oai_dc", "", 0, MOST, 5, 6, 100, 250]


def wrong(place: int, value: cursors.Part) -> str:
    return cursors.write(*(value if n == place else part for n, part in enumerate(GOOD)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "A" * 4000,
        cursors.write(5, 6),
        wrong(0, "ListIdentifiers"),
        wrong(1, "marc21"),
        wrong(2, "x"),
        wrong(3, "x"),
        wrong(4, -1),
        wrong(5, 1e300),
        wrong(6, 0.5),
        wrong(7, ""),
        wrong(8, -1),
    ],
)
def test_a_token_that_the_verb_never_gave(token: str) -> None:
    read([("verb", "ListRecords"), ("resumptionToken", cursors.write(*GOOD))])
    assert [code for code, _ in refused(("verb", "ListRecords"), ("resumptionToken", token))] == [
        "badResumptionToken"
    ]


def test_sets_come_whole() -> None:
    assert read([("verb", "ListSets")]) == Asked("ListSets", {"verb": "ListSets"})
    assert refused(("verb", "ListSets"), ("resumptionToken", "x"))[0][0] == "badResumptionToken"


names = st.sampled_from(
    ["verb", "identifier", "metadataPrefix", "from", "until", "set", "resumptionToken", "x"]
)
values = st.one_of(st.text(max_size=20), st.sampled_from(["oai_dc", "2026-03-01", *SETS, *VERBS]))


@given(st.sampled_from(list(VERBS)), st.lists(st.tuples(names, values), max_size=4))
def test_whatever_is_sent_is_read_or_refused(verb: str, more: list[tuple[str, str]]) -> None:
    with suppress(Refusal):
        assert read([("verb", verb), *more]).verb == verb
