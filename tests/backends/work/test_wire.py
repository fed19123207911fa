import socket
import threading

import pytest

from hpcfair_kg.backends.work import wire


@pytest.fixture
def ends():
    left, right = socket.socketpair()
    with left, right:
        yield left, right


@pytest.mark.parametrize("payload", [b"", b"abc", bytes(3 << 20)])
def test_a_frame_arrives_as_it_was_sent(ends, payload):
    left, right = ends
    message = {"text": "ü", "list": [1, 2.5, None, {"x": True}]}
    sender = threading.Thread(target=wire.send, args=(left, message, payload))
    sender.start()
    assert wire.receive(right) == (message, payload)
    sender.join()


def test_what_is_no_json_is_not_sent(ends):
    with pytest.raises(TypeError):
        wire.send(ends[0], {"x": object()})


def test_the_end_in_the_middle_of_a_frame_is_an_end(ends):
    left, right = ends
    left.sendall(b"\x00\x00\x00\x05" + bytes(8) + b"{}")
    left.close()
    with pytest.raises(EOFError):
        wire.receive(right)


@pytest.mark.parametrize("header", [b"\xff" * 4 + bytes(8), bytes(4) + b"\xff" * 8])
def test_lengths_are_bounded(ends, header):
    left, right = ends
    left.sendall(header)
    with pytest.raises(wire.Malformed, match="a frame of"):
        wire.receive(right)
