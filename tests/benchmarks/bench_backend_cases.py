"""How many of ONNX's own backend cases run here: PYTHONPATH=. python tests/benchmarks/bench_backend_cases.py.

Every node, model and operator case that the onnx wheel brings is run by
onnxruntime directly, and then by what answers in a box, its tensors sent and
received as an HTTP client sends and receives them, once as JSON and once as
binary data.  Printed are the counts and each case in which we differ from
onnxruntime; a case passes where every output is what ONNX says, within its own
tolerance.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from hpcfair_kg import protocol
from hpcfair_kg.client import tensors as client
from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.models import infer

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
ELEMENT = re.compile(r"(.+)\[\d+\]")


@dataclass(frozen=True)
class Case:
    """One model and what it gives for some inputs; both may be arrays, lists of them, or None."""

    name: str
    model: Path
    sets: Sequence[tuple[Sequence[Any], Sequence[Any]]]
    rtol: float
    atol: float


Run = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]


def cases(folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Case]:
    """Yield the cases of the onnx wheel that are files or come out of its own code; none is downloaded."""
    from onnx.backend.test.loader import load_model_tests

    for kind in KINDS:
        for one in load_model_tests(kind=kind):
            if not wanted(one.name):
                continue
            if one.model is not None:
                place = folder / f"{one.name}.onnx"
                onnx.save(one.model, place)
                yield Case(one.name, place, one.data_sets, one.rtol, one.atol)
            elif one.model_dir is not None:
                place = Path(one.model_dir, "model.onnx")
                yield Case(one.name, place, _stored(place), one.rtol, one.atol)


def _stored(place: Path) -> list[tuple[list[Any], list[Any]]]:
    graph = onnx.load(place).graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    return [
        (_values(folder, "input", inputs), _values(folder, "output", graph.output))
        for folder in sorted(place.parent.glob("test_data_set_*"))
    ]


def _values(folder: Path, side: str, described: Sequence[Any]) -> list[Any]:
    readers: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
    }
    values = []
    for number, one in enumerate(described):
        file = folder / f"{side}_{number}.pb"
        if file.exists():
            proto, read = readers[one.type.WhichOneof("value")]
            values.append(read(proto.FromString(file.read_bytes())))
    return values


def passes(case: Case, session: Any, run: Run) -> str:
    """Return "" where a case passes, else why not."""
    inputs = [one.name for one in session.get_inputs()]
    outputs = [one.name for one in session.get_outputs()]
    try:
        for fed, expected in case.sets:
            gave = run(session, {name: _array(value) for name, value in zip(inputs, fed, strict=False)})
            for name, want in zip(outputs, expected, strict=True):
                _equal(gave.get(name), want, case)
    except Exception as exc:  # noqa: BLE001 - whatever it raises, it does not pass
        return f"{type(exc).__name__}: {str(exc)[:160]}"
    return ""


def _array(value: Any) -> Any:
    return value if value is None or isinstance(value, list) else np.asarray(value)


def _equal(gave: Any, want: Any, case: Case) -> None:
    if want is None:
        assert gave is None, "something where nothing was to be"
    elif isinstance(want, list):
        assert len(gave) == len(want), "a sequence of another length"
        for ours, theirs in zip(gave, want, strict=True):
            _equal(ours, theirs, case)
    else:
        theirs, ours = np.asarray(want), np.asarray(gave)
        assert ours.shape == theirs.shape, f"{ours.shape}, not {theirs.shape}"
        if theirs.dtype.kind in "OUS":
            np.testing.assert_array_equal(ours.astype(str), theirs.astype(str))
        else:
            assert ours.dtype == theirs.dtype, f"{ours.dtype}, not {theirs.dtype}"
            np.testing.assert_allclose(ours, theirs, case.rtol, case.atol)


def direct(session: Any, feeds: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a session with nothing of ours around it."""
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))


def through(model: Path, binary: bool) -> Run:
    """Return what runs a model as a request over HTTP does, from the client's arrays to the client's arrays."""
    answer = infer.serve(lambda event: None, 1 << 30)

    def run(session: Any, feeds: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = client.request(_apart(feeds), None, binary)
        document, tail = protocol.parsed(asked.body, _header(asked))
        heads, payload = protocol.read(document["inputs"], tail)
        told, body = answer({"model": str(model), "tensors": heads, "outputs": None}, payload)
        reply = protocol.message({}, "outputs", told["tensors"], body, lambda name: binary)
        return _together(client.arrays(reply.body, _header(reply)))

    return run


def _header(sent: protocol.Message) -> str | None:
    return None if sent.header is None else str(sent.header)


def _apart(feeds: Mapping[str, Any]) -> dict[str, Any]:
    """Return sequences element by element; an optional that holds nothing is not sent."""
    sent: dict[str, Any] = {}
    for name, value in feeds.items():
        if isinstance(value, list) and value:
            sent |= {f"{name}[{number}]": one for number, one in enumerate(value)}
        elif value is not None:
            sent[name] = np.asarray(value)
    return sent


def _together(outputs: Mapping[str, Any]) -> dict[str, Any]:
    gathered: dict[str, Any] = {}
    for name, array in outputs.items():
        if element := ELEMENT.fullmatch(name):
            gathered.setdefault(element[1], []).append(array)
        else:
            gathered[name] = array
    return gathered


def main() -> None:
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases with this in their name")
    only = parser.parse_args().only
    warnings.simplefilter("ignore")
    passed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder), lambda name: only in name):
            passed["cases"] += 1
            _count(case, passed)
    print(f"onnx {onnx.__version__}, onnxruntime {ort.__version__}: {passed['cases']:,} cases")
    for name in ("directly", "as JSON", "as binary data"):
        print(f"{name:>16} {passed[name]:,} pass")


def _count(case: Case, passed: Counter[str]) -> None:
    try:
        session = infer.load(case.model, 1)
    except HPCFairError:
        return
    found = {
        "directly": passes(case, session, direct),
        "as JSON": passes(case, session, through(case.model, False)),
        "as binary data": passes(case, session, through(case.model, True)),
    }
    passed.update(name for name, reason in found.items() if not reason)
    for name, reason in found.items():
        if bool(reason) != bool(found["directly"]):
            print(
                f"{case.name}, {name}: {reason or 'passes, where onnxruntime alone does not: ' + found['directly']}"
            )


if __name__ == "__main__":
    main()
