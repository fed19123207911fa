"""The pages for people in a real browser: typed into, clicked, and looked at on a narrow screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Live
from tests.server.browser import CHROMIUM, Browser, browser
from tests.server.living import places_taken, send
from tests.server.parts import scaler

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the browser, chromium, is not installed")

NARROW = 360


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab of a browser, on a narrow screen."""
    with browser(tmp_path_factory.mktemp("browser") / "profile") as tab:
        tab.size(NARROW)
        yield tab


@pytest.fixture(scope="module")
def page(live: Live) -> str:
    """The address of a model's page."""
    sent = send(live, {"name": "to-try", "license": "MIT"}, ("m.onnx", scaler(31.0)), Prefer="wait=120")
    assert sent.status_code in (200, 201), sent.text
    return str(sent.json()["id"])


def fits(tab: Browser) -> bool:
    """Whether nobody has to scroll sideways."""
    return int(tab.script("document.documentElement.scrollWidth")) <= NARROW


def test_a_model_is_tried_as_its_form_stands(live: Live, tab: Browser, page: str) -> None:
    tab.open(page)
    assert fits(tab)
    tab.type("#token", live.token)
    tab.click("form.form button")
    assert tab.script("location.pathname").endswith("/try")
    assert "3.1" in tab.text(".outputs")
    assert fits(tab)


def test_a_mistake_is_shown_where_it_was_made(live: Live, tab: Browser, page: str) -> None:
    tab.open(page)
    tab.type("#input0", "1 2 three\n4 5 6")
    tab.type("#token", live.token)
    tab.click("form.form button")
    assert "'three' is no number" in tab.text("#input0-wrong")
    assert tab.script("document.querySelector('#input0').value") == "1 2 three\n4 5 6"
    assert tab.script("document.querySelector('#token').value") == ""
    assert fits(tab)


def test_the_keyboard_leads_through_the_form_in_its_order(tab: Browser, page: str) -> None:
    tab.open(f"{page}/try")
    tab.script("document.querySelector('#input0').focus()")
    seen = []
    for _ in range(4):
        seen.append(tab.script("document.activeElement.id || document.activeElement.textContent"))
        tab.key("Tab")
    assert seen == ["input0", "input0-file", "token", "Run it"]


def test_a_file_is_uploaded_and_its_page_follows(live: Live, tab: Browser, tmp_path: Path) -> None:
    model = tmp_path / "by hand.onnx"
    model.write_bytes(scaler(32.0))
    tab.open(f"{live.url}/upload")
    assert fits(tab)
    for field, text in {"name": "by-hand", "license": "MIT", "token": live.token}.items():
        tab.type(f"#{field}", text)
    tab.choose("#file", model)
    tab.click("form.form button")
    assert tab.script("location.pathname").startswith("/ark:/")
    assert "by-hand" in tab.text("h1")


def test_a_large_file_of_a_stranger_is_refused_on_a_page(live: Live, tab: Browser, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as stream:
        stream.truncate(48 << 20)
    tab.open(f"{live.url}/upload")
    for field, text in {"name": "large", "license": "MIT", "token": "guessed"}.items():
        tab.type(f"#{field}", text)
    tab.choose("#file", large)
    tab.click("form.form button")
    assert "not known here" in tab.text("#token-wrong")
    assert tab.script("document.querySelector('#name').value") == "large"
    assert fits(tab)
    assert places_taken(live) == 0


def test_no_script_runs_on_a_page(live: Live, tab: Browser) -> None:
    tab.open(f"{live.url}/upload")
    added = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    tab.script(added)
    assert tab.script("JSON.stringify(window.ran ?? null)") == json.dumps(None)
