"""What every `Work` keeps: a backend's test class inherits these and gives the fixture `work`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hpcfair_kg.backends.work.base import Errand, Limits
from hpcfair_kg.errors import BoxFailed, CorruptFile, WrongInput

ERRANDS = Path(__file__).parent / "errands"
MIB = 1 << 20


def errand(name, /, writes=None, reads=(), limits=None, **arguments):
    return Errand(
        f"boxed_errands:{name}",
        arguments,
        family="tests",
        reads=(ERRANDS, *reads),
        writes=writes,
        limits=limits or Limits(60, 512 * MIB, 64 * MIB),
    )


class WorkContract:
    """Errands with JSON in and out; the errand modules must be importable in the box."""

    def test_an_errand_returns_its_value(self, work):
        assert work.submit(errand("add", a=[1], b=[{"x": 2.5}, None])).result() == [1, {"x": 2.5}, None]

    def test_events_arrive_in_order_in_a_thread_of_this_process(self, work):
        events, threads = [], set()

        def emit(event):
            events.append(event)
            threads.add(threading.get_ident())

        assert work.submit(errand("told", count=50), emit).result() == 50
        assert events == [{"event": "step", "number": n} for n in range(50)]
        assert len(threads) == 1

    def test_an_error_of_ours_crosses_with_class_and_members(self, work):
        with pytest.raises(WrongInput, match="x is missing") as caught:
            work.submit(errand("refuse")).result()
        assert caught.value.members == {"expected": ["x"]}

    def test_a_foreign_exception_crosses_as_name_and_message_without_its_traceback(self, work):
        with pytest.raises(BoxFailed) as caught:
            work.submit(errand("fail")).result()
        assert caught.value.detail == "LookupError: no such thing"
        assert caught.value.members == {"cause": "error", "error": "LookupError"}

    def test_an_errand_that_does_not_exist_fails_clearly(self, work):
        with pytest.raises(BoxFailed, match="ModuleNotFoundError: No module named 'nowhere'"):
            work.submit(Errand("nowhere:function")).result()

    def test_what_is_no_json_does_not_cross(self, work):
        with pytest.raises(BoxFailed, match=r"TypeError: .*not JSON serializable"):
            work.submit(errand("no_json")).result()
        with pytest.raises(TypeError):
            work.submit(errand("add", a=object(), b=1)).result()

    @pytest.mark.parametrize(
        ("name", "limits", "cause", "says"),
        [
            ("sleep", Limits(seconds=0.3), "time", "used more than 0.3 s"),
            ("allocate", Limits(memory=256 * MIB), "memory", "ran out of memory (limit 256 MiB)"),
            ("abort_for_memory", Limits(), "memory", "ran out of memory (limit 12 GiB)"),
            ("write", Limits(file_size=MIB), "size", "wrote a file larger than 1 MiB"),
            ("crash", Limits(), "crash", "crashed with SIGSEGV"),
            ("leave", Limits(), "crash", "ended without an answer"),
        ],
    )
    def test_an_errand_that_goes_too_far_fails_with_its_cause(
        self, work, tmp_path, name, limits, cause, says
    ):
        needs = {
            "sleep": {"seconds": 60},
            "allocate": {"size": 1 << 30},
            "write": {"name": "large", "size": 4 * MIB},
        }
        sent = errand(name, tmp_path, limits=limits, **needs.get(name, {}))
        with pytest.raises(BoxFailed) as caught:
            work.submit(sent).result()
        assert caught.value.detail == says
        assert caught.value.members["cause"] == cause
        assert work.submit(errand("add", a=1, b=1)).result() == 2

    def test_cancelling_ends_what_runs(self, work):
        started = threading.Event()
        future = work.submit(errand("sleep", seconds=600), lambda event: started.set())
        assert started.wait(30)
        assert future.cancel()
        with pytest.raises(BoxFailed) as caught:
            future.result(30)
        assert caught.value.members == {"cause": "cancelled"}
        assert not future.cancel()

    def test_it_starts_in_its_folder_and_writes_there(self, work, tmp_path):
        listed = work.submit(errand("write", tmp_path, name="small", size=1)).result()
        assert listed == [str(tmp_path / "small")]

    def test_a_resident_answers_message_after_message(self, work):
        box = work.resident(errand("echo"))
        first, payload = box.ask({"n": 1}, b"abc")
        second, large = box.ask({"n": 2}, bytes(range(256)) * 20_000)
        assert (first["got"], payload) == ({"n": 1}, b"cba")
        assert large == bytes(reversed(range(256))) * 20_000
        assert first["pid"] == second["pid"]
        box.close()
        assert not box.alive
        with pytest.raises(BoxFailed):
            box.ask({})

    def test_a_resident_outlives_the_errors_of_its_handler(self, work):
        box = work.resident(errand("echo"))
        with pytest.raises(CorruptFile, match="cut off"):
            box.ask({"refuse": True})
        with pytest.raises(BoxFailed, match="LookupError"):
            box.ask({"fail": True})
        assert box.alive
        assert box.ask({"n": 1})[0]["got"] == {"n": 1}
        box.close()

    def test_a_resident_answers_several_messages_each_for_itself(self, work):
        box = work.resident(errand("echo"))
        first, refused, failed, last = box.ask_all(
            [({"n": 1}, b"ab"), ({"refuse": True}, b""), ({"fail": True}, b""), ({"n": 2}, b"cd")]
        )
        assert (first[0]["got"], first[1], last[0]["got"], last[1]) == ({"n": 1}, b"ba", {"n": 2}, b"dc")
        assert (type(refused), type(failed)) == (CorruptFile, BoxFailed)
        assert box.alive
        with pytest.raises(BoxFailed):
            box.ask_all([({"n": 1}, b""), ({"crash": True}, b"")])
        assert not box.alive

    @pytest.mark.parametrize(
        ("message", "cause"),
        [({"sleep": 60}, "time"), ({"crash": True}, "crash"), ({"allocate": 1 << 30}, "memory")],
    )
    def test_a_resident_that_goes_too_far_is_ended(self, work, message, cause):
        box = work.resident(errand("echo"))
        with pytest.raises(BoxFailed) as caught:
            box.ask(message, timeout=1 if cause == "time" else None)
        assert caught.value.members["cause"] == cause
        assert not box.alive

    def test_a_resident_may_live_longer_than_its_limit_of_seconds(self, work):
        box = work.resident(errand("echo", limits=Limits(seconds=1)))
        assert box.ask({"sleep": 1.1})[0]["got"] == {"sleep": 1.1}
        box.close()

    def test_a_resident_may_be_asked_by_many_threads(self, work):
        box = work.resident(errand("echo"))
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda n: box.ask({"n": n}, str(n).encode()), range(100)))
        assert [a["got"]["n"] for a, _ in answers] == list(range(100))
        assert [body.decode()[::-1] for _, body in answers] == [str(n) for n in range(100)]
        box.close()

    def test_a_resident_that_fails_at_its_start_raises_why(self, work):
        with pytest.raises(WrongInput):
            work.resident(errand("refuse"))
