import io

from hpcfair_kg.client import progress


def test_nothing_is_drawn_off_a_terminal(capsys):
    with progress.bar("x", 10) as tell:
        tell(10)
    with progress.steps("converting") as hear:
        hear({"event": "step", "name": "convert"})
    assert capsys.readouterr() == ("", "")


def test_a_bar_and_steps_are_drawn_on_one(capsys, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with progress.bar("encoder.pt2", 10, shown=True) as tell:
        tell(10)
    with progress.steps("converting", shown=True) as hear:
        hear({"event": "step", "name": "verify"})
    drawn = capsys.readouterr().err
    assert "encoder.pt2" in drawn
    assert "verify" in drawn


def test_a_file_that_is_read_counts_its_bytes():
    counted = []
    stream = progress.Counted(io.BytesIO(b"12345"), counted.append)
    assert stream.read(2) == b"12"
    assert stream.tell() == 2
    stream.seek(0)
    assert stream.read() == b"12345"
    assert counted == [2, 5]
