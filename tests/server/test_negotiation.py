from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.exceptions import NotAcceptable

from server.negotiation import best, prefers_html, wanted

OFFERS = ("text/html", "text/turtle", "application/ld+json")
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        (FIREFOX, "text/html"),
        ("text/turtle", "text/turtle"),
        ("text/html;q=0.5, application/ld+json", "application/ld+json"),
        ("text/*", "text/html"),
    ],
)
def test_the_best_liked_offer(accept: str | None, chosen: str) -> None:
    with Flask("x").test_request_context(headers={"Accept": accept} if accept else {}):
        assert best(OFFERS) == chosen


def test_nothing_that_is_offered() -> None:
    with (
        Flask("x").test_request_context(headers={"Accept": "image/png"}),
        pytest.raises(NotAcceptable, match="text/turtle"),
    ):
        best(OFFERS)


@pytest.mark.parametrize(
    ("accept", "person"), [(FIREFOX, True), ("*/*", False), ("", False), ("text/html;q=0.1, text/csv", False)]
)
def test_who_asks(accept: str, person: bool) -> None:
    with Flask("x").test_request_context(headers={"Accept": accept}):
        assert prefers_html() is person


def test_what_is_wanted_in_order() -> None:
    with Flask("x").test_request_context(headers={"Accept": "text/csv;q=0.5, text/turtle, image/png;q=0"}):
        assert wanted() == ("text/turtle", "text/csv")
