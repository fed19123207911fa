from __future__ import annotations

import json

from tests.server.parts import Filled


def test_a_job_says_what_was_done(filled: Filled) -> None:
    job = filled.client.get(f"/api/jobs/{filled.model.job}").get_json()
    assert (job["id"], job["state"], job["artifact"]) == (filled.model.job, "succeeded", filled.model.id)
    assert [step["name"] for step in job["steps"]][:2] == ["recognise", "verify"]


def test_events_of_a_job_that_ended_end_with_done(filled: Filled) -> None:
    answer = filled.client.get(f"/api/jobs/{filled.model.job}/events")
    assert answer.content_type == "text/event-stream"
    *_, last = answer.text.strip().split("\n\n")
    fields = dict(line.split(": ", 1) for line in last.splitlines())
    assert fields["event"] == "done"
    assert json.loads(fields["data"]) == {"event": "done", "state": "succeeded", "status": "ready"}


def test_events_leave_their_place(filled: Filled) -> None:
    room = filled.client.application.extensions["room"]
    filled.client.get(f"/api/jobs/{filled.model.job}/events")
    filled.client.head(f"/api/jobs/{filled.model.job}/events")
    assert room.taken == 0


def test_watchers_beyond_the_room_are_told_to_come_back(filled: Filled) -> None:
    room = filled.client.application.extensions["room"]
    for _ in range(room.size):
        room.enter()
    try:
        answer = filled.client.get(f"/api/jobs/{filled.model.job}/events")
        sent = filled.send({"name": "n", "license": "MIT"}, ("a.csv", b"a\n1\n"))
    finally:
        for _ in range(room.size):
            room.leave()
    for refused in (answer, sent):
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.get_json()["type"].endswith("/problems/busy")


def test_what_has_ended_cannot_be_cancelled(filled: Filled) -> None:
    answer = filled.client.delete(f"/api/jobs/{filled.model.job}", headers=filled.headers)
    assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (409, "conflict")
    assert filled.client.delete(f"/api/jobs/{filled.model.job}").status_code == 401


def test_an_unknown_job(filled: Filled) -> None:
    assert filled.client.get(f"/api/jobs/{filled.model.key}.9").status_code == 404
    assert filled.client.get("/api/jobs/nothing").status_code == 404
    assert filled.client.get("/api/jobs/nothing/events").status_code == 404
