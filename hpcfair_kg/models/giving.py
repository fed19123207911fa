"""What a model gives: onnxruntime's values as arrays by name, and the way to run one that speaks bfloat16.

A sequence of tensors of one shape is stacked; of others each element is an
output of its own, "s[0]", "s[1]", …; a sequence of maps (classifiers'
probabilities) is an array with a row a sample and a column a key, in the order
of the keys; an optional that holds nothing is left out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import NotRunnable
from hpcfair_kg.models.feeding import element_type
from hpcfair_kg.tensors import numpy_dtype

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session
else:
    Session: TypeAlias = Any

Array = NDArray[Any]


def named(specs: Sequence[TensorSpec], values: Sequence[Any]) -> dict[str, Array]:
    """Return the values of outputs as arrays by name; raises `NotRunnable` for one that no arrays hold."""
    return {
        name: array for spec, value in zip(specs, values, strict=True) for name, array in _told(spec, value)
    }


def run_with_bfloat16(session: Session, outputs: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
    """Run a session that takes or gives bfloat16, which onnxruntime's Python has as raw memory only.

    Raises `NotRunnable` where sequences or optionals stand beside it.
    """
    import onnxruntime as ort
    from onnx import TensorProto

    def lent(name: str, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            reason = f"input {name!r} is no tensor, and onnxruntime takes none of those beside bfloat16"
            raise NotRunnable(reason, reason=reason)
        if value.dtype != numpy_dtype("bfloat16"):
            return ort.OrtValue.ortvalue_from_numpy(value)
        raw = np.ascontiguousarray(value).view(np.uint16).reshape(value.shape)
        return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(raw, TensorProto.BFLOAT16)

    lents = {name: lent(name, value) for name, value in feeds.items()}
    return [_copied(value) for value in session.run_with_ort_values(list(outputs), lents)]


def _copied(value: Any) -> Array:
    if value.data_type() != "tensor(bfloat16)":
        given: Array = value.numpy()
        return given
    raw = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes()) if np.prod(value.shape()) else b""
    return np.frombuffer(raw, numpy_dtype("bfloat16")).reshape(value.shape())


def _told(spec: TensorSpec, value: Any) -> Iterator[tuple[str, Array]]:
    if value is None:
        return
    if isinstance(value, np.ndarray):
        yield spec.name, value
        return
    if isinstance(value, Mapping):
        yield spec.name, _row(value)
        return
    elements = _elements(spec.name, value)
    if not elements:
        yield spec.name, np.empty(0, numpy_dtype(element_type(spec.dtype) or "float32"))
    elif len({(element.shape, element.dtype) for element in elements}) == 1:
        yield spec.name, np.stack(elements)
    else:
        yield from ((f"{spec.name}[{number}]", element) for number, element in enumerate(elements))


def _elements(name: str, value: Sequence[Any]) -> list[Array]:
    """Return the elements of a sequence of tensors or of maps."""
    maps = [item for item in value if isinstance(item, Mapping)]
    if len({frozenset(item) for item in maps}) > 1:
        reason = f"output {name!r} is a sequence of maps with different keys, which is no tensor"
        raise NotRunnable(reason, reason=reason)
    return [_row(item) if isinstance(item, Mapping) else np.asarray(item) for item in value]


def _row(mapping: Mapping[Any, Any]) -> Array:
    return np.array([mapping[key] for key in sorted(mapping)])
