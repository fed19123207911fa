"""A proved ONNX form as a session of onnxruntime on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hpcfair_kg.errors import CorruptFile, InvalidConfig, NotRunnable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session
else:
    Session: TypeAlias = Any

CPU = ("CPUExecutionProvider",)


def session(path: Path, threads: int = 0, providers: Sequence[str] = CPU) -> Session:
    """Open an ONNX file; `threads` 0 takes what onnxruntime finds, `providers` are tried in their order.

    Raises `InvalidConfig` for a provider that is not here, `CorruptFile` for
    what is no ONNX, `NotRunnable` for a graph that cannot run here.
    """
    import onnxruntime as ort

    there = ort.get_available_providers()
    if absent := [name for name in providers if name not in there]:
        raise InvalidConfig(
            f"there is no {absent[0]} here; there are: {', '.join(there)} (onnxruntime-gpu brings those of GPUs)"
        )
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what it refuses it also raises
    options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(str(path), options, providers=list(providers))
    except ort.capi.onnxruntime_pybind11_state.InvalidProtobuf as exc:
        raise CorruptFile(f"{path.name} is no ONNX model, or is cut off: {exc}") from exc
    except Exception as exc:  # its kinds of errors share no base but this
        raise NotRunnable(f"{path.name} cannot be run here: {exc}", reason=str(exc)) from exc
