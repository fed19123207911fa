from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask, Response

from hpcfair_kg.errors import InvalidConfig, MissingExtra, Unreachable
from hpcfair_kg.settings import Settings
from server import admin
from server.operations import Event, kept, library, told, watched


def event(done: int) -> Event:
    return {"stage": "checked", "done": done, "total": 2}


def test_events_are_told_as_they_come_and_that_they_ended() -> None:
    lines = [json.loads(line) for line in told(event(n) for n in (1, 2)).response]
    assert lines == [event(1), event(2), {"end": True}]


def test_an_error_on_the_way_is_told_as_a_problem() -> None:
    def broken() -> Iterator[Event]:
        yield event(1)
        raise MissingExtra("there is no java")

    first, last = [json.loads(line) for line in told(broken()).response]
    assert first == event(1)
    assert last["problem"]["detail"] == "there is no java"


def test_who_follows_gets_the_events_the_error_or_hears_that_it_broke_off(tmp_path: Path) -> None:
    def failing() -> Iterator[Event]:
        yield event(1)
        raise MissingExtra("there is no java")

    app = Flask(__name__)
    app.post("/whole", endpoint="whole")(lambda: told([event(1), event(2)]))
    app.post("/failing", endpoint="failing")(lambda: told(failing()))
    app.post("/cut", endpoint="cut")(lambda: Response(json.dumps(event(1)) + "\n"))
    server = admin._listening(app, tmp_path)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        assert list(admin.follow(tmp_path, "/whole", {})) == [event(1), event(2)]
        with pytest.raises(MissingExtra, match="there is no java"):
            list(admin.follow(tmp_path, "/failing", {}))
        for path in ("/cut", "/nothing"):
            with pytest.raises(Unreachable, match="ended before it was done"):
                list(admin.follow(tmp_path, path, {}))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_watching_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(watched([event(1), event(2)])) == [event(1), event(2)]
    assert capsys.readouterr() == ("", "")


def test_a_folder_keeps_its_base_address(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert kept(settings) == settings
    (tmp_path / "base-url").write_text("https://x.org\n")
    assert kept(settings).base == "https://x.org"


def test_a_folder_that_is_no_catalogue_or_half_of_one_is_not_opened(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(InvalidConfig, match="no catalogue"), library(settings):
        pass
    (tmp_path / "public").mkdir()
    (tmp_path / "rebase").write_text("https://x.org")
    with pytest.raises(InvalidConfig, match=r"rebase https://x\.org"), library(settings):
        pass
    (tmp_path / "rebase").unlink()
    with library(settings) as (graphs, catalogue):
        assert (graphs.count() > 0, catalogue.size) == (True, 0)
