"""Arrays as the JSON tensors of the Open Inference Protocol v2, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import WrongInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATATYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "float16": "FP16", "float32": "FP32", "float64": "FP64",
}  # fmt: skip
"""NumPy's names to the protocol's; text is BYTES."""


def to_json(name: str, value: Any) -> dict[str, Any]:
    """Return a tensor {name, shape, datatype, data}; NaN becomes null.

    Raises `WrongInput` for what is no tensor or cannot be carried.
    """
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError as exc:
        raise WrongInput(f"{name}: the lists are of unequal length, so they are no tensor") from exc
    text = array.dtype.kind in "OUS"
    datatype = "BYTES" if text else DATATYPES.get(array.dtype.name)
    if datatype is None:
        raise WrongInput(f"{name} is {array.dtype}; what can be sent is text and {', '.join(DATATYPES)}")
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise WrongInput(f"{name} holds infinities, which JSON cannot carry")
    data = array.ravel().tolist()
    if text:
        data = [one.decode() if isinstance(one, bytes) else str(one) for one in data]
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": data}


def from_json(tensors: list[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Return arrays by name."""
    import numpy as np

    kinds: dict[str, Any] = {theirs: ours for ours, theirs in DATATYPES.items()} | {"BYTES": object}
    return {
        tensor["name"]: np.array(tensor["data"], kinds[tensor["datatype"]]).reshape(tensor["shape"])
        for tensor in tensors
    }
