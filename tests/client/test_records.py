import json

import pytest

from hpcfair_kg import Client
from hpcfair_kg.errors import InvalidConfig, NotFound, Unreachable


def forms(entry):
    name = f"{entry.owner}/{entry.name}"
    return [entry.id, entry.id[entry.id.index("ark:") :], entry.key, name, f"{name}@{entry.version}"]


@pytest.fixture
def away(live, own_cache):
    with Client(live.url, offline=True) as client:
        yield client


def test_what_was_asked_for_by_name_is_there_offline_by_any_id(hub, away, large):
    entry = hub.get(f"{large.owner}/{large.name}")
    for spoken in forms(entry):
        assert away.get(spoken) == entry


def test_what_was_asked_for_by_key_is_there_offline_by_any_id(hub, away, large):
    hub.get(large.key)
    for spoken in forms(large):
        assert away.get(spoken) == large


@pytest.mark.parametrize(
    "spoken", ["ada/never", "ada/never@1.0", "abcdefgh2", "../../etc/passwd", "", "a/../b"]
)
def test_what_was_never_asked_for_is_said(away, spoken):
    with pytest.raises(Unreachable, match="is not among what was asked for before"):
        away.get(spoken)


def test_a_record_that_did_not_change_is_not_sent_again(hub, large):
    answers = []
    request = hub.service.request

    def watched(*arguments, **options):
        answers.append(request(*arguments, **options))
        return answers[-1]

    hub.service.request = watched
    assert hub.get(large.key) == hub.get(f"{large.owner}/{large.name}") == large
    assert [answer.status_code for answer in answers] == [200, 304]
    hub.service.request("PATCH", f"/api/artifacts/{large.key}", json={"title": "A projection"})
    assert hub.get(large.key).title == "A projection"


def test_a_damaged_record_is_asked_for_again(hub, own_cache, large):
    hub.get(large.key)
    (kept,) = own_cache.glob(f"records/*/{large.key}.json")
    for damage in ("{", "[]", json.dumps({"etag": "x"})):
        kept.write_text(damage)
        assert hub.get(large.key).key == large.key


def test_each_service_has_its_own(hub, own_cache, large):
    hub.get(large.key)
    with Client("http://127.0.0.1:9", offline=True) as other, pytest.raises(Unreachable):
        other.get(large.key)


def test_where_no_service_answers_what_is_kept_is_offered(live, own_cache, hub, large):
    hub.get(large.key)
    (folder,) = own_cache.glob("records/*")
    folder.rename(folder.with_name("http%3A%2F%2F127.0.0.1%3A9"))
    with Client("http://127.0.0.1:9") as client:
        with pytest.raises(Unreachable, match="with HPCFAIR_OFFLINE=1 what was kept"):
            client.get(large.key)
        with pytest.raises(Unreachable, match="start one with `hpcfair-server serve`"):
            client.get("ada/never")


def test_offline_is_told_by_the_environment_and_the_argument_wins(live, own_cache, large, monkeypatch):
    monkeypatch.setenv("HPCFAIR_OFFLINE", "yes")
    with Client(live.url) as client:
        for ask in (
            lambda: client.search("x"),
            lambda: client.sparql("ASK {}"),
            lambda: client.get(large.key),
        ):
            with pytest.raises(Unreachable, match="offline"):
                ask()
    with Client(live.url, offline=False) as client:
        assert client.get(large.key).key == large.key
    monkeypatch.setenv("HPCFAIR_OFFLINE", "maybe")
    with pytest.raises(InvalidConfig, match="HPCFAIR_OFFLINE is 'maybe'"):
        Client(live.url)


def test_what_the_service_no_longer_has_is_not_found(hub):
    with pytest.raises(NotFound):
        hub.get("ada/never")
