from __future__ import annotations

import pytest

from hpcfair_kg.errors import Busy
from server.waiting import Room


def test_a_room_holds_so_many_and_no_more() -> None:
    room = Room(2)
    room.enter()
    room.enter()
    with pytest.raises(Busy, match="2 uploads and watchers"):
        room.enter()
    room.leave()
    room.enter()
    assert room.taken == 2
