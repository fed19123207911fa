import json

import pytest

from hpcfair_kg import errors
from hpcfair_kg.client.transport import Service, problem


def test_where_nothing_answers_the_address_and_what_to_do_are_said(free_port):
    with pytest.raises(errors.Unreachable, match=f"127.0.0.1:{free_port} .*hpcfair-server serve"):
        Service(f"http://127.0.0.1:{free_port}").request("GET", "/")


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_what_is_no_address_is_said():
    with pytest.raises(errors.InvalidConfig, match="'localhost' is no address of a service"):
        Service("localhost")


@pytest.mark.parametrize("kind", sorted(errors.by_code().values(), key=lambda kind: kind.code))
def test_every_problem_document_becomes_its_error(kind):
    document = kind("what was wrong", existing="x").problem("http://h", "/here")
    raised = problem(kind.status, json.dumps(document).encode(), "http://h/here")
    assert type(raised) is kind
    assert raised.detail == "what was wrong"
    assert raised.members == {"existing": "x"}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, errors.Unauthorized), (404, errors.NotFound), (502, errors.Unreachable)]
)
def test_an_answer_that_is_no_problem_document_says_its_status(status, kind):
    raised = problem(status, b"<html>", "http://h/x")
    assert type(raised) is kind
    assert str(status) in raised.detail


def test_an_iri_is_asked_for_at_the_endpoint():
    service = Service("http://here:1/below/")
    assert service.endpoint == "http://here:1/below"
    assert service.local("https://elsewhere.org/ark:/99999/k") == "/ark:/99999/k"
    with pytest.raises(errors.NotFound, match="no /ark:/"):
        service.local("https://elsewhere.org/k")
