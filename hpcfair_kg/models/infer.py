"""Running ONNX: load a session, read its signature, check what is fed, run it, and answer for it from a box.

What is fed and what comes out are NumPy arrays by name.  Between processes they
travel as `pack` makes them; `serve` is the box that answers such messages.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import CorruptFile, HPCFairError, NotFound, NotRunnable, WrongInput
from hpcfair_kg.models.tensors import DTYPES, pack, unpack

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session
else:
    Session: TypeAlias = Any

Array = NDArray[Any]
Signature = tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]
Answer = tuple[dict[str, Any], bytes]

REASON = 2048
"""Characters kept of what onnxruntime says: its messages may quote whole graphs."""

_NUMPY = {"float": "float32", "double": "float64"}


def load(path: Path, threads: int = 0) -> Session:
    """Open an ONNX file on the CPU; `threads` 0 takes what onnxruntime finds.

    Raises `NotFound`, `CorruptFile` for what is no ONNX, `NotRunnable` for a
    graph that cannot run here, such as one with operators nobody has.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4  # what it refuses it also raises
    options.intra_op_num_threads = threads
    errors = ort.capi.onnxruntime_pybind11_state
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except errors.NoSuchFile as exc:
        raise NotFound(f"there is no file {path.name}") from exc
    except errors.InvalidProtobuf as exc:
        raise CorruptFile(f"{path.name} is no ONNX model, or is cut off: {_said(exc)}") from exc
    except _failures(errors) as exc:
        reason = _said(exc)
        raise NotRunnable(f"{path.name} cannot be run: {reason}", reason=reason) from exc


def signature(model: Path | Session) -> Signature:
    """Return what a model takes and gives, in order, as onnxruntime sees it.

    A dimension without a name gets "{tensor}_{axis}".
    """
    session = load(model) if isinstance(model, Path) else model
    inputs = tuple(_spec(node) for node in session.get_inputs())
    return inputs, tuple(_spec(node) for node in session.get_outputs())


def checked(feeds: Mapping[str, Any], inputs: Sequence[TensorSpec]) -> dict[str, Array]:
    """Return the arrays to feed, in the model's own dtypes and order.

    Python numbers and lists become arrays; an element type is changed only where
    no value is changed beyond its rounding (whole numbers to floats, double to
    float32, int64 to int32 where they fit).  NaN and arrays without elements are
    allowed.  Raises `WrongInput` with what is `expected`: a name missing or
    unknown, a dtype, a rank, a fixed dimension.  `NotRunnable` for models whose
    inputs no array can hold (sequences, maps, bfloat16).
    """
    names = [spec.name for spec in inputs]
    if unknown := sorted(set(feeds) - set(names)):
        raise _wrong(f"no input {unknown[0]!r}; the model takes {_listed(names)}", inputs)
    if missing := [n for n in names if n not in feeds]:
        raise _wrong(f"no value for input {missing[0]!r}; the model takes {_listed(names)}", inputs)
    return {spec.name: _fitted(feeds[spec.name], spec, inputs) for spec in inputs}


def run(session: Session, feeds: Mapping[str, Any], outputs: Sequence[str] | None = None) -> dict[str, Array]:
    """Run a session on checked inputs and return its outputs as arrays by name.

    A sequence of maps (classifiers' probabilities) becomes an array with a row a
    sample and a column a key, in the order of the keys; a sequence of tensors of
    one shape is stacked.  Raises `WrongInput` as `checked` does, for an unknown
    output, and for inputs that the graph itself rejects.
    """
    import onnxruntime as ort

    inputs, given = signature(session)
    names = [spec.name for spec in given]
    wanted = list(names if outputs is None else outputs)
    if unknown := sorted(set(wanted) - set(names)):
        raise _wrong(f"no output {unknown[0]!r}; the model gives {_listed(names)}", inputs)
    fed = checked(feeds, inputs)
    try:
        values = session.run(wanted, fed)
    except _failures(ort.capi.onnxruntime_pybind11_state) as exc:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in fed.items())
        raise _wrong(f"the model does not run on {shapes}: {_said(exc)}", inputs) from exc
    return {name: _array(name, value) for name, value in zip(wanted, values, strict=True)}


def serve(
    emit: Callable[[Mapping[str, Any]], None], memory: int
) -> Callable[[Mapping[str, Any], bytes], Answer]:
    """Return what answers in a resident box: {"model", "tensors", "outputs"} and their bytes, both ways.

    `memory` in bytes bounds the sessions kept open by what their files weigh;
    the least recently used are closed first.
    """
    sessions = Sessions(memory)

    def answer(message: Mapping[str, Any], payload: bytes) -> Answer:
        session = sessions.open(Path(message["model"]))
        results = run(session, unpack(message["tensors"], payload), message.get("outputs"))
        tensors, body = pack(results)
        return {"tensors": tensors}, body

    return answer


class Sessions:
    """Open sessions by path, the least recently used closed when they weigh more than `memory` bytes."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self._open: OrderedDict[tuple[Path, int], tuple[Session, int]] = OrderedDict()

    def open(self, path: Path) -> Session:
        """Return the session of a file, opened now if need be."""
        if not path.is_file():
            raise NotFound(f"there is no file {path.name}")
        key = (path, path.stat().st_mtime_ns)
        if key not in self._open:
            size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
            self._make_room(size)
            self._open[key] = (load(path), size)
        self._open.move_to_end(key)
        return self._open[key][0]

    def __len__(self) -> int:
        return len(self._open)

    def _make_room(self, size: int) -> None:
        while self._open and sum(weight for _, weight in self._open.values()) + size > self.memory:
            self._open.popitem(last=False)


def _spec(node: Any) -> TensorSpec:
    kind: str = node.type
    if kind.startswith("tensor("):
        kind = kind.removeprefix("tensor(").removesuffix(")")
        kind = _NUMPY.get(kind, kind)
    shape = node.shape if isinstance(node.shape, list) else []
    dimensions = (
        size if size not in (None, "") else f"{node.name}_{axis}" for axis, size in enumerate(shape)
    )
    return TensorSpec(node.name, kind, tuple(dimensions))


def _fitted(value: Any, spec: TensorSpec, inputs: Sequence[TensorSpec]) -> Array:
    if spec.dtype not in DTYPES:
        reason = f"input {spec.name!r} is {spec.dtype}, which no array that can be sent holds"
        raise NotRunnable(reason, reason=reason)
    try:
        array = np.asarray(value)
    except ValueError as exc:
        raise _wrong(f"{spec.name}: the lists are of unequal length, so they are no tensor", inputs) from exc
    cast = _cast(array, spec.dtype)
    if cast is None:
        raise _wrong(f"{spec.name} is {array.dtype.name}; the model takes {spec.dtype}", inputs)
    # onnxruntime says [] both for a scalar and for any rank, so it judges those itself
    fits = len(spec.shape) == array.ndim and all(
        isinstance(want, str) or want == have for want, have in zip(spec.shape, array.shape, strict=True)
    )
    if spec.shape and not fits:
        raise _wrong(
            f"{spec.name} has the shape {list(array.shape)}; the model takes {list(spec.shape)}", inputs
        )
    return cast


def _cast(array: Array, dtype: str) -> Array | None:
    """Return the array in the dtype asked for, or None where that would change a value."""
    if dtype == "string":
        return _as_texts(array)
    want, have = np.dtype(dtype), array.dtype
    if have.kind in "OUS":
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        cast = array.astype(want.newbyteorder("="), copy=False)
        if array.size == 0 or np.can_cast(have, want, "safe"):
            return cast
        if have.kind == want.kind == "f":
            return cast if np.array_equal(np.isinf(cast), np.isinf(array)) else None
        if have.kind in "iu" and want.kind in "iuf":
            same = np.array_equal(cast.astype(have), array) and np.array_equal(cast < 0, array < 0)
            return cast if same else None
    return None


def _as_texts(array: Array) -> Array | None:
    if array.size and array.dtype.kind not in "OUS":
        return None
    texts = [text.decode() if isinstance(text, bytes) else text for text in array.ravel().tolist()]
    if not all(isinstance(text, str) for text in texts):
        return None
    return np.array(texts, object).reshape(array.shape)


def _array(name: str, value: Any) -> Array:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, Mapping):
        return np.array([value[key] for key in sorted(value)])
    try:
        return np.array([_array(name, item) for item in value])
    except (TypeError, ValueError) as exc:
        reason = f"output {name!r} is a sequence of things of unequal shape, which is no tensor"
        raise NotRunnable(reason, reason=reason) from exc


def _wrong(detail: str, inputs: Sequence[TensorSpec]) -> HPCFairError:
    return WrongInput(detail, expected=[plain(spec) for spec in inputs])


def _failures(errors: Any) -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises; its kinds share no base but Exception."""
    names = ("Fail", "InvalidArgument", "InvalidGraph", "NotImplemented", "RuntimeException", "EPFail")
    return (RuntimeError, ValueError, *(getattr(errors, name) for name in names))


def _said(exc: Exception) -> str:
    """Return what onnxruntime says, without its error number, the file's place and the place in its own source."""
    return _PREAMBLE.sub("", str(exc)).strip()[:REASON] or str(exc)[:REASON]


_PREAMBLE = re.compile(
    r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from \S+ failed:|/onnxruntime_src/\S+:\d+ .*?\) (const )?(\[with .*?\] )?",
    re.DOTALL,
)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"
