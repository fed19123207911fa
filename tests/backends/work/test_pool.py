from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpcfair_kg.backends.work.base import Errand, Resident, Work
from hpcfair_kg.backends.work.pool import Pool
from hpcfair_kg.errors import BoxFailed, Busy, WrongInput

FETCH, RUN = 0.2, 0.01


class Box(Resident):
    """Answers in this process; fetching what is asked about takes its time."""

    def __init__(self) -> None:
        self.has: set[str] = set()
        self.fetched: list[str] = []
        self.dead = False

    def ask(self, message, payload=b"", timeout=None):
        if message.get("close"):
            self.has.discard(message["close"])
            return {"holds": sorted(self.has)}, b""
        if message["about"] and message["about"] not in self.has:
            time.sleep(FETCH)
            self.has.add(message["about"])
            self.fetched.append(message["about"])
        time.sleep(message.get("seconds", RUN))
        if message.get("wrong"):
            raise WrongInput("no")
        return {"holds": sorted(self.has)}, b""

    @property
    def alive(self):
        return not self.dead

    def close(self):
        self.dead = True


class Boxes(Work):
    """Starts them."""

    def __init__(self) -> None:
        self.started: list[Box] = []

    def submit(self, errand, emit=None):
        raise NotImplementedError

    def resident(self, errand):
        self.started.append(Box())
        return self.started[-1]

    def close(self):
        """Nothing to end."""


@pytest.fixture
def work():
    return Boxes()


def pool(work, patience=30.0):
    return Pool(work, Errand("x:y"), 2, patience)


def at_once(asked, *messages):
    with ThreadPoolExecutor(len(messages)) as threads:
        return list(threads.map(lambda m: asked.ask(m, about=m["about"]), messages))


def fetched(work):
    return sorted(thing for box in work.started for thing in box.fetched)


def test_what_many_ask_for_at_once_is_fetched_once(work):
    asked = pool(work)
    at_once(asked, *[{"about": "a"}] * 8)
    assert fetched(work) == ["a"]
    assert (asked.held, asked.fetched) == (1, 1)


def test_what_is_asked_for_more_than_fetching_takes_is_fetched_again(work):
    asked = pool(work)
    at_once(asked, *[{"about": "a", "seconds": FETCH * 2}] * 6)
    assert fetched(work) == ["a", "a"]


def test_different_things_go_to_different_boxes(work):
    asked = pool(work)
    for about in "abab":
        asked.ask({"about": about}, about=about)
    assert [box.fetched for box in work.started] == [["a"], ["b"]]


def test_who_asks_about_nothing_in_particular_gets_the_one_that_answered_last(work):
    asked = pool(work)
    for _ in range(3):
        asked.ask({"about": ""})
    assert len(work.started) == 1


def test_a_box_that_died_is_replaced_and_what_it_had_is_forgotten(work, monkeypatch):
    monkeypatch.setattr("hpcfair_kg.backends.work.pool._TRUST", 0.0)
    asked = pool(work)
    asked.ask({"about": "a"}, about="a")
    work.started[0].dead = True
    asked.ask({"about": "a"}, about="a")
    assert [box.fetched for box in work.started] == [["a"], ["a"]]
    assert asked.held == 1


def test_an_error_leaves_the_box_and_what_it_has(work):
    asked = pool(work)
    for _ in range(2):
        with pytest.raises(WrongInput):
            asked.ask({"about": "a", "wrong": True}, about="a")
    assert fetched(work) == ["a"]


def test_nobody_waits_for_ever(work):
    asked = pool(work, patience=0.1)
    holders = [threading.Thread(target=asked.ask, args=({"about": "", "seconds": 0.5},)) for _ in range(2)]
    for holder in holders:
        holder.start()
    time.sleep(0.05)
    with pytest.raises(Busy):
        asked.ask({"about": "b"}, about="b")
    for holder in holders:
        holder.join()
    asked.ask({"about": "b"}, about="b")


def test_what_boxes_have_can_be_let_go(work):
    asked = pool(work)
    at_once(asked, *[{"about": "a", "seconds": FETCH * 2}] * 6)
    assert asked.held == 2
    assert asked.tell({"close": "a"}, "a") == 2
    assert asked.held == 0
    assert asked.tell({"close": "a"}, "a") == 0


def test_idle_boxes_are_closed(work):
    asked = pool(work)
    asked.ask({"about": ""})
    asked.close()
    assert work.started[0].dead


def test_what_many_ask_of_a_quick_box_goes_along(work):
    asked = pool(work)
    asked.ask({"about": "a", "seconds": 0}, about="a")
    asked.ask({"about": "a", "seconds": 0}, about="a")
    box, sizes = work.started[0], []
    together = box.ask_all
    box.ask_all = lambda many, timeout=None: sizes.append(len(many)) or together(many, timeout)
    with ThreadPoolExecutor(17) as threads:
        slow = threads.submit(asked.ask, {"about": "a", "seconds": 0.05}, b"", None, "a")
        time.sleep(0.02)
        rest = [threads.submit(asked.ask, {"about": "a", "seconds": 0}, b"", None, "a") for _ in range(8)]
        rest.append(threads.submit(asked.ask, {"about": "a", "wrong": True, "seconds": 0}, b"", None, "a"))
        assert slow.result()[0] == {}
        assert [future.result() for future in rest[:-1]] == [({}, b"")] * 8
        with pytest.raises(WrongInput):
            rest[-1].result()
    assert fetched(work) in (["a"], ["a", "a"])
    assert all(size <= 8 for size in sizes)


def test_what_came_along_when_a_box_ended_is_asked_again_for_itself(work):
    asked = pool(work)
    for _ in range(2):
        asked.ask({"about": "a", "seconds": 0}, about="a")
    box = work.started[0]

    def ended(many, timeout=None):
        box.dead = True
        raise BoxFailed("crashed", cause="crash")

    box.ask_all = ended
    with ThreadPoolExecutor(8) as threads:
        slow = threads.submit(asked.ask, {"about": "b", "seconds": 0.1}, b"", None, "b")
        also = threads.submit(asked.ask, {"about": "a", "seconds": 0.1}, b"", None, "a")
        time.sleep(0.02)
        rest = [threads.submit(asked.ask, {"about": "a", "seconds": 0}, b"", None, "a") for _ in range(6)]
        assert [future.result(20) for future in (slow, also, *rest)] == [({}, b"")] * 8
