"""Arrays as a request of the Open Inference Protocol v2, and a response as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import WrongInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpcfair_kg.protocol import Message


def request(feeds: Mapping[str, Any], outputs: Sequence[str] | None, binary: bool) -> Message:
    """Return the request that feeds arrays by name, its tensors as bytes or in the JSON.

    Raises `WrongInput` for what is no tensor or cannot be carried.
    """
    from hpcfair_kg.protocol import message
    from hpcfair_kg.tensors import pack

    document: dict[str, Any] = {"parameters": {"binary_data_output": True}} if binary else {}
    if outputs is not None:
        document["outputs"] = [{"name": name} for name in outputs]
    arrays = {name: _array(name, value) for name, value in feeds.items()}
    return message(document, "inputs", *pack(arrays), lambda name: binary)


def arrays(body: bytes, header: str | None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a response by name; `header` is the length of its JSON where bytes follow."""
    from hpcfair_kg.protocol import parsed, read
    from hpcfair_kg.tensors import unpack

    document, tail = parsed(body, header)
    heads, payload = read(document["outputs"], tail)
    return unpack(heads, bytearray(payload))  # so that whoever gets them may write to them


def _array(name: str, value: Any) -> NDArray[Any]:
    import numpy as np

    from hpcfair_kg.protocol import DATATYPES

    try:
        array = np.asarray(value)
    except ValueError as exc:
        raise WrongInput(f"{name}: the lists are of unequal length, so they are no tensor") from exc
    if array.dtype.kind not in "OUS" and array.dtype.name not in DATATYPES:
        raise WrongInput(f"{name} is {array.dtype}; what can be sent are: {', '.join(DATATYPES)}")
    return array
