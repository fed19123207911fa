"""A few resident boxes that answer for one errand, started when they are needed, replaced when they die.

What a box keeps in memory serves again: who asks about something waits for a
box that has it at hand, but no longer than another one would need to fetch it,
so that nothing is fetched twice by chance and what is asked for much is soon
in every box.  The box says in an answer's "holds" what it has at hand.

Who asks a box for something quick takes along what others wait to ask it: to
wake a box costs more than a small model does.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hpcfair_kg.backends.work.base import Answer, Bytes, Errand, Message, Resident, Work
from hpcfair_kg.errors import Busy, HPCFairError

_QUICK = 0.005
"""Seconds below which an answer is quick."""
_SMALL = 64 << 10
"""Bytes that are taken along."""
_ALONG = 8
"""Messages that are sent at once."""
_TRUST = 1.0
"""Seconds for which a box that answered is taken to be alive without a look."""


@dataclass(eq=False)
class _Seat:
    """A place for a box; `holds` has the seconds that each thing took to fetch, infinite while it is fetched."""

    box: Resident | None = None
    busy: bool = False
    answered: float = 0.0
    holds: dict[str, float] = field(default_factory=dict)
    pace: dict[str, float] = field(default_factory=dict)

    def quick(self, asker: _Asker) -> bool:
        """Whether what is asked is at hand here, small, and was answered fast the last time."""
        known = math.isfinite(self.holds.get(asker.about, math.inf))
        return (
            known
            and not asker.alone
            and len(asker.payload) <= _SMALL
            and self.pace.get(asker.about, 1) < _QUICK
        )


@dataclass(eq=False)
class _Asker:
    about: str
    message: Message = field(default_factory=dict)
    payload: Bytes = b""
    only: _Seat | None = None
    alone: bool = False
    came: Answer | HPCFairError | None = None
    began: float = field(default_factory=time.monotonic)
    since: float = field(default_factory=time.monotonic)
    turn: threading.Event | None = None
    seat: _Seat | None = None
    carried: bool = False

    def wake(self) -> None:
        """Have it look whether there is a seat now."""
        if self.turn is not None:
            self.turn.set()


class Pool:
    """Up to `size` boxes; of those that are as good, the one that answered last is asked first."""

    def __init__(self, work: Work, errand: Errand, size: int, patience: float = 30.0) -> None:
        self._work, self._errand, self._patience = work, errand, patience
        self._seats = [_Seat() for _ in range(size)]
        self._waiting: list[_Asker] = []
        self._lock = threading.Lock()
        self.fetched = 0

    def ask(
        self, message: Message, payload: Bytes = b"", timeout: float | None = None, about: str = ""
    ) -> Answer:
        """Ask a box; raises `Busy` when none is free in time, and what `Resident.ask` raises."""
        asker = _Asker(about, message, payload)
        while asker.came is None:
            seat = self._take(asker)
            if seat is not None:
                self._answer(seat, asker, timeout)
        if isinstance(asker.came, HPCFairError):
            raise asker.came
        return asker.came

    def tell(self, message: Message, about: str, timeout: float | None = None) -> int:
        """Say something to each box that has something at hand, as it comes free; return how many those were."""
        told = 0
        for seat in self._seats:
            if about in seat.holds:
                asker = _Asker(about, message, only=seat, alone=True)
                self._take(asker)
                self._answer(seat, asker, timeout)
                if isinstance(asker.came, HPCFairError):
                    raise asker.came
                told += 1
        return told

    @property
    def held(self) -> int:
        """How many things the boxes have at hand; one that two have counts twice."""
        with self._lock:
            return sum(len(seat.holds) for seat in self._seats)

    def close(self) -> None:
        """End the boxes that are idle."""
        for seat in self._seats:
            if seat.box is not None and not seat.busy:
                seat.box.close()
                seat.box = None

    def _answer(self, seat: _Seat, asker: _Asker, timeout: float | None) -> None:
        """Ask a seat's box for an asker, and for those who may come along."""
        began, along = time.monotonic(), self._along(seat, asker)
        try:
            rested = began - seat.answered > _TRUST
            if seat.box is None or (rested and not seat.box.alive):
                with self._lock:
                    seat.holds = {asker.about: math.inf} if asker.about else {}
                seat.box = self._work.resident(self._errand)
            if along:
                asked = [(one.message, one.payload) for one in (asker, *along)]
                came: Sequence[Answer | HPCFairError] = seat.box.ask_all(asked, timeout)
            else:
                came = [seat.box.ask(asker.message, asker.payload, timeout)]
        except HPCFairError as exc:
            self._note(seat, asker.about, None, time.monotonic() - began, 0)
            self._alone((asker, *along)) if along else self._told(asker, exc)
            return
        except BaseException:
            self._note(seat, asker.about, None, time.monotonic() - began, 0)
            self._alone(along)
            raise
        held = [answer[0].pop("holds", None) for answer in came if not isinstance(answer, HPCFairError)]
        known = next((holds for holds in reversed(held) if holds is not None), None)
        self._note(seat, asker.about, known, time.monotonic() - began, len(came))
        for one, answer in zip((asker, *along), came, strict=True):
            self._told(one, answer)

    def _along(self, seat: _Seat, asker: _Asker) -> list[_Asker]:
        """Take along those who wait to ask this box for something quick, where what is asked is quick too."""
        if not self._waiting or not seat.quick(asker):
            return []
        with self._lock:
            found = [one for one in self._waiting if one.only is None and seat.quick(one)][: _ALONG - 1]
            for one in found:
                self._waiting.remove(one)
                one.carried = True
        return found

    @staticmethod
    def _told(asker: _Asker, came: Answer | HPCFairError) -> None:
        asker.came = came
        asker.wake()

    @staticmethod
    def _alone(askers: Sequence[_Asker]) -> None:
        """Have each ask for itself where a box ended at several: only one of them need be to blame."""
        for one in askers:
            one.alone, one.carried, one.seat = True, False, None
            one.wake()

    def _note(self, seat: _Seat, about: str, holds: list[str] | None, seconds: float, answers: int) -> None:
        """Note what a box has at hand now and how fast it was, and let in whoever may."""
        with self._lock:
            if answers:
                seat.pace[about] = seconds / answers
            if seat.box is None or (holds is None and not seat.box.alive):
                seat.box = None
                seat.holds.clear()
                seat.pace.clear()
            if seat.holds.get(about) == math.inf:
                seat.holds[about] = seconds
                self.fetched += 1
                for asker in self._waiting:  # now it is known how long it is worth waiting
                    asker.since = time.monotonic()
                    asker.wake()
            if holds is not None:
                seat.holds = {thing: seat.holds.get(thing, seconds) for thing in holds}
            seat.busy, seat.answered = False, time.monotonic()
            for asker in self._waiting:
                if self._suits(seat, asker):
                    self._waiting.remove(asker)
                    self._seat(asker, seat)
                    break

    def _take(self, asker: _Asker) -> _Seat | None:
        """Return a seat that is the asker's until it is noted; None where another asked in its place."""
        with self._lock:
            if self._seated(asker) and asker.seat is not None:
                return asker.seat
            asker.turn = asker.turn or threading.Event()
            self._waiting.append(asker)
        while asker.seat is None and asker.came is None:
            asker.turn.wait(None if asker.carried else self._left(asker))
            with self._lock:
                asker.turn.clear()
                if self._served(asker):
                    continue
                if asker not in self._waiting:  # it came along in vain, and asks for itself
                    self._waiting.append(asker)
                over = self._left(asker) <= 0
                if self._seated(asker) or over:
                    self._waiting.remove(asker)
            if asker.seat is None and over:
                raise Busy(f"all places are taken for {self._patience:g} s now; try again in a moment")
        return None if asker.came is not None else asker.seat

    @staticmethod
    def _served(asker: _Asker) -> bool:
        return asker.carried or asker.seat is not None or asker.came is not None

    def _seated(self, asker: _Asker) -> bool:
        """Give an asker the best of the seats that suit: one that has it at hand, else one that has little."""
        suiting = [seat for seat in self._seats if self._suits(seat, asker)]
        if not suiting:
            return False
        best = max(
            suiting, key=lambda s: (asker.about in s.holds, -len(s.holds), s.box is not None, s.answered)
        )
        self._seat(asker, best)
        return True

    def _suits(self, seat: _Seat, asker: _Asker) -> bool:
        if seat.busy or (asker.only is not None and asker.only is not seat):
            return False
        if not asker.about or asker.only or asker.about in seat.holds:
            return True
        return time.monotonic() - asker.since >= self._worth(asker)

    def _worth(self, asker: _Asker) -> float:
        """Return the seconds for which it is worth waiting: as many as fetching it elsewhere would take."""
        return min((s.holds[asker.about] for s in self._seats if asker.about in s.holds), default=0.0)

    def _left(self, asker: _Asker) -> float:
        """Return the seconds until an asker has to look again or give up."""
        now = time.monotonic()
        worth = self._worth(asker) - (now - asker.since) if asker.about else 0.0
        patience = self._patience - (now - asker.began)
        return worth if 0 < worth < patience else patience

    def _seat(self, asker: _Asker, seat: _Seat) -> None:
        seat.busy = True
        if asker.about:
            seat.holds.setdefault(asker.about, math.inf)
        asker.seat = seat
        asker.wake()
