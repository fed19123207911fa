"""Running ONNX: load a session, read its signature, run it on what was checked, and answer for it from a box.

What is fed and what comes out are NumPy arrays by name.  Between processes they
travel as `pack` makes them; `serve` is the box that answers such messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, HPCFairError, NotFound, NotRunnable, WrongInput
from hpcfair_kg.models.feeding import NUMPY, checked, listed, wrong
from hpcfair_kg.models.giving import named, run_with_bfloat16
from hpcfair_kg.models.probes import LARGEST, Space, fill
from hpcfair_kg.models.processing.boxed import Pipelines
from hpcfair_kg.models.sessions import Sessions
from hpcfair_kg.tensors import DTYPES, Bytes, Heads, pack, unpack

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session
else:
    Session: TypeAlias = Any

Array = NDArray[Any]
Signature = tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]
Answer = tuple[dict[str, Any], bytes]

REASON = 2048
"""Characters kept of what onnxruntime says: its messages may quote whole graphs."""


@dataclass(frozen=True)
class Model:
    """An open session with its signature, read once."""

    session: Session
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @classmethod
    def of(cls, session: Session) -> Model:
        """Read the signature of a session."""
        return cls(session, *signature(session))


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


def run(
    model: Model | Session, feeds: Mapping[str, Any], outputs: Sequence[str] | None = None
) -> dict[str, Array]:
    """Run a model on checked inputs and return its outputs as arrays by name.

    `giving` says what becomes of sequences, maps and optionals, `feeding` how they
    are fed.  Raises `WrongInput` as `checked` does, for an unknown output, and for
    inputs that the graph itself rejects.
    """
    import onnxruntime as ort

    model = model if isinstance(model, Model) else Model.of(model)
    given = {spec.name: spec for spec in model.outputs}
    wanted = list(given if outputs is None else outputs)
    if unknown := sorted(set(wanted) - given.keys()):
        raise wrong(f"no output {unknown[0]!r}; the model gives {listed([*given])}", model.inputs)
    fed = checked(feeds, model.inputs)
    specs = [given[name] for name in wanted]
    bfloat16 = any(spec.dtype == "bfloat16" for spec in (*model.inputs, *specs))
    try:
        values = run_with_bfloat16(model.session, wanted, fed) if bfloat16 else model.session.run(wanted, fed)
    except _failures(ort.capi.onnxruntime_pybind11_state) as exc:
        shapes = ", ".join(f"{name} {_shaped(value)}" for name, value in fed.items())
        raise wrong(f"the model does not run on {shapes}: {_said(exc)}", model.inputs) from exc
    return named(specs, values)


def serve(
    emit: Callable[[Mapping[str, Any]], None], memory: int, threads: int = 0
) -> Callable[[Mapping[str, Any], Bytes], Answer]:
    """Return what answers in a resident box.

    {"model": path, "tensors", "outputs"} and the tensors' bytes are answered
    with {"tensors"} and bytes, {"open": path} and {"close": path} with {}; where a
    message has "processing" too, the steps around the model whose files lie below
    its "folder", they are applied.  An answer has "holds", the paths of all models that are open, where that is news.
    `memory` in bytes bounds what their files weigh together, `threads` is one run's.
    """
    sessions = Sessions(memory, lambda path: warmed(Model.of(load(path, threads))))
    pipelines = Pipelines()

    def answer(message: Mapping[str, Any], payload: Bytes) -> Answer:
        told, body = _answered(sessions, pipelines, message, payload)
        return (told | {"holds": sessions.told()} if sessions.changed else told), body

    return answer


def warmed(model: Model) -> Model:
    """Run a model once on its smallest inputs, so that its first answer is no slower than the next ones."""
    space = Space(model.inputs)
    smallest = dict.fromkeys((*space.batch, *space.others), 1)
    fillable = all(spec.dtype in DTYPES and spec.dtype != "bfloat16" for spec in model.inputs)
    if fillable and space.bytes(smallest) <= LARGEST:
        with suppress(HPCFairError):  # some models run on inputs of their own only: those stay cold
            run(model, fill(space, smallest, "normal", np.random.default_rng(0)))
    return model


def _answered(
    sessions: Sessions[Model], pipelines: Pipelines, message: Mapping[str, Any], payload: Bytes
) -> Answer:
    if "close" in message:
        sessions.close(message["close"])
        return {}, b""
    model = sessions.open(message.get("open") or message["model"])
    if "open" in message:
        return {}, b""
    feeds, outputs = _unpacked(message["tensors"], payload, model), message.get("outputs")
    if steps := message.get("processing"):
        around = pipelines.of(steps, Path(message["folder"]), model.inputs, model.outputs)
        made = around.run(feeds, outputs, partial(run, model))
    else:
        made = run(model, feeds, outputs)
    tensors, body = pack(made)
    return {"tensors": tensors}, body


def _unpacked(heads: Heads, payload: Bytes, model: Model) -> dict[str, Array]:
    try:
        return unpack(heads, payload)
    except WrongInput as exc:
        raise wrong(exc.detail, model.inputs) from exc


def _spec(node: Any) -> TensorSpec:
    kind: str = node.type
    if kind.startswith("tensor("):
        kind = kind.removeprefix("tensor(").removesuffix(")")
        kind = NUMPY.get(kind, kind)
    shape = node.shape if isinstance(node.shape, list) else []
    dimensions = (
        size if size not in (None, "") else f"{node.name}_{axis}" for axis, size in enumerate(shape)
    )
    return TensorSpec(node.name, kind, tuple(dimensions))


def _shaped(value: Any) -> str:
    return str(list(value.shape)) if isinstance(value, np.ndarray) else "nothing" if value is None else "[…]"


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
