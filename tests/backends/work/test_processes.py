"""Errands in processes: the contract, and what is this backend's own: fork servers, boxes, signals."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from hpcfair_kg.backends.sandbox import Box, probe
from hpcfair_kg.backends.work.base import Errand, Limits
from hpcfair_kg.backends.work.processes import Processes
from hpcfair_kg.errors import BoxFailed, NotRunnable
from tests.backends.work.contract import ERRANDS, WorkContract, errand

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def box():
    found = probe()
    if not found.holds:
        pytest.skip(f"no sandbox holds on this machine ({found}): Landlock and seccomp are needed")
    return found


@pytest.fixture(scope="module")
def work(box, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ERRANDS))
        patch.setenv("SECRET_OF_THE_OPERATOR", "hunter2")
        processes = Processes(tmp_path_factory.mktemp("work"), box, workers=2)
        yield processes
        processes.close()


@pytest.fixture
def fresh(box, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ERRANDS))
    opened = []

    def make(**options):
        opened.append(Processes(tmp_path / f"work{len(opened)}", box, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


class TestProcesses(WorkContract):
    """The contract, kept by this backend."""


def started(work, seconds=600):
    """Send an errand that sleeps; return its future and the number of its process."""
    events, heard = [], threading.Event()
    future = work.submit(errand("sleep", seconds=seconds), lambda e: (events.append(e), heard.set()))
    assert heard.wait(30)
    return future, events[0]["pid"]


def running(pid):
    """Tell whether a process runs (one that nobody has waited for yet has ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(*pids):
    end = time.monotonic() + 30
    while any(map(running, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(running, pids))


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class TestTheChild:
    def test_sees_nothing_of_the_operators_environment(self, work):
        seen = work.submit(errand("surroundings")).result()
        assert "hunter2" not in json.dumps(seen)
        assert "SECRET_OF_THE_OPERATOR" not in json.dumps(seen)

    def test_holds_nothing_but_its_standard_streams_and_its_socket(self, work):
        others = [work.resident(errand("echo")) for _ in range(2)]
        seen = work.submit(errand("surroundings")).result()
        for other in others:
            other.close()
        listing = 1  # the descriptor by which it lists them
        assert len(seen["descriptors"]) <= 4 + 3 + listing  # 3: the streams that Python opened on /dev/null
        assert seen["threads"] == 1

    def test_is_boxed_before_its_module_is_imported(self, work, tmp_path):
        (tmp_path / "loads.py").write_text("from pathlib import Path\nPath('/etc/passwd').read_bytes()\n")
        sent = Errand("loads:function", family="tests", reads=(tmp_path,), limits=Limits(60))
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(tmp_path))
            other = Processes(tmp_path / "work", work.box)
            with pytest.raises(BoxFailed, match=r"PermissionError.*/etc/passwd"):
                other.submit(sent).result()
            other.close()

    @pytest.mark.parametrize(
        "frame",
        [
            b"\xff" * 12,  # lengths beyond every bound
            b"\x00\x00\x00\x01" + bytes(8) + b"{",  # no JSON
            b"\x00\x00\x00\x02" + bytes(8) + b"[]",  # no object
            b"\x00\x00\x00\x0b" + bytes(8) + b'{"other":1}',
            b"\x00\x00\x00\x0d" + bytes(8) + b'{"foreign":1}',
            b"\x00\x00\x00\x0b" + bytes(8) + b'{"error":1}',
            b"\x00\x00\x4e\x20" + bytes(8) + b"[" * 20000,  # nested too deep
        ],
    )
    def test_cannot_mislead_the_parent_by_frames_of_its_own(self, work, frame):
        with pytest.raises(BoxFailed) as caught:
            work.submit(errand("pretend", frame=frame.hex())).result()
        assert caught.value.members["cause"] == "crash"


class TestTheWork:
    def test_what_waits_can_be_cancelled_too(self, fresh):
        work = fresh(workers=1)
        first, _ = started(work)
        second = work.submit(errand("add", a=1, b=1))
        assert second.cancel()
        with pytest.raises(CancelledError):
            second.result(30)
        assert first.cancel()

    def test_no_more_than_so_many_run_at_once(self, fresh):
        work = fresh(workers=1)
        first, _ = started(work)
        second = work.submit(errand("add", a=1, b=1))
        assert not second.running()
        first.cancel()
        assert second.result(30) == 2

    def test_an_errand_ended_by_its_parent_is_gone_when_the_future_is_done(self, work):
        future, pid = started(work)
        future.cancel()
        assert isinstance(future.exception(30), BoxFailed)
        assert not running(pid)

    def test_a_listener_that_fails_ends_the_errand(self, work):
        def emit(event):
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="the disk is full"):
            work.submit(errand("told", count=3), emit).result(30)

    def test_closing_ends_everything(self, fresh):
        work = fresh()
        future, pid = started(work)
        box = work.resident(errand("echo"))
        staying, server = box.ask({})[0]["pid"], parent_of(pid)
        work.close()
        assert future.exception(30).members["cause"] == "cancelled"
        assert not box.alive
        assert gone(pid, staying, server)

    def test_nothing_runs_where_nothing_holds_unless_the_operator_says_so(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(str(ERRANDS))
        refusing = Processes(tmp_path / "a", Box())
        with pytest.raises(NotRunnable, match="no sandbox holds") as caught:
            refusing.submit(errand("add", a=1, b=1)).result()
        assert caught.value.members["reason"] == "no sandbox holds on this machine"
        with pytest.raises(NotRunnable):
            refusing.resident(errand("echo"))
        refusing.close()
        allowing = Processes(tmp_path / "b", Box(), allow_unboxed=True)
        assert allowing.submit(errand("add", a=1, b=1)).result() == 2
        allowing.close()


class TestTheForkServer:
    def test_one_serves_a_family_and_preloads_for_it(self, work):
        sent = Errand(
            "boxed_errands:sleep", {"seconds": 0}, family="tests", preload=("boxed_errands", "absent")
        )
        pids = []
        for _ in range(2):
            work.submit(sent, lambda event: pids.append(event["pid"])).result()
        assert len(set(pids)) == 2

    def test_a_crashed_one_is_replaced(self, fresh):
        work = fresh()
        future, pid = started(work)
        server = parent_of(pid)
        os.kill(server, signal.SIGKILL)
        assert isinstance(future.exception(30), BoxFailed)
        assert gone(pid)
        assert work.submit(errand("add", a=1, b=1)).result(30) == 2

    def test_an_idle_one_ends_and_is_started_again(self, fresh):
        work = fresh(idle_seconds=0.05)
        future, pid = started(work)
        server = parent_of(pid)
        future.cancel()
        future.exception(30)
        assert gone(server)
        assert work.submit(errand("add", a=1, b=1)).result(30) == 2

    def test_one_that_is_needed_does_not_end(self, fresh):
        work = fresh(idle_seconds=0.05)
        box = work.resident(errand("echo"))
        box.ask({"sleep": 0.3})
        assert box.ask({"n": 1})[0]["got"] == {"n": 1}

    def test_nothing_outlives_a_parent_that_is_killed(self, box, tmp_path):
        program = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from hpcfair_kg.backends.work.processes import Processes\n"
            "from tests.backends.work.contract import errand\n"
            f"sys.path.insert(0, {str(ERRANDS)!r})\n"
            f"work = Processes(Path({str(tmp_path)!r}))\n"
            "print(work.resident(errand('echo')).ask({})[0]['pid'], flush=True)\n"
            "work.submit(errand('sleep', seconds=600), lambda e: print(e['pid'], flush=True)).result()\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as parent:
            children = [int(parent.stdout.readline()) for _ in range(2)]
            server = parent_of(children[0])
            assert all(map(running, [*children, server]))
            parent.kill()
        assert gone(*children, server)
