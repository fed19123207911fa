"""Arrays as a request of the Open Inference Protocol v2, and a response as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import WrongInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hpcfair_kg.protocol import Message


def request(feeds: Mapping[str, Any], outputs: Sequence[str] | None, binary: bool) -> Message:
    """Return the request that feeds arrays by name, its tensors as bytes or in the JSON.

    A picture file may be given as the `bytes` that it has; several of them, and
    arrays of unequal shapes, are a list.  Raises `WrongInput` for what is no tensor or cannot be carried.
    """
    from hpcfair_kg.protocol import message
    from hpcfair_kg.tensors import pack

    document: dict[str, Any] = {"parameters": {"binary_data_output": True}} if binary else {}
    if outputs is not None:
        document["outputs"] = [{"name": name} for name in outputs]
    arrays = {each: array for name, value in feeds.items() for each, array in _tensors(name, value)}
    return message(document, "inputs", *pack(arrays), lambda name: binary)


def arrays(body: bytes, header: str | None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a response by name; `header` is the length of its JSON where bytes follow."""
    from hpcfair_kg.protocol import parsed, read
    from hpcfair_kg.tensors import unpack

    document, tail = parsed(body, header)
    heads, payload = read(document["outputs"], tail)
    return unpack(heads, bytearray(payload))  # so that whoever gets them may write to them


def _tensors(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the tensor of a value, or its elements "x[0]", "x[1]", … where they are no tensor together."""
    if isinstance(value, (list, tuple)) and _apart(value):
        for number, one in enumerate(value):
            yield from _tensors(f"{name}[{number}]", one)
    else:
        yield name, _bytes(value) if _is_file(value) else _array(name, value)


def _apart(values: Sequence[Any]) -> bool:
    import numpy as np

    shapes = {value.shape for value in values if isinstance(value, np.ndarray)}
    return len(shapes) > 1 or any(map(_is_file, values))


def _is_file(value: Any) -> bool:
    """Tell whether a value is a file's bytes: those of a picture are never UTF-8, as those of a text are."""
    try:
        value.decode() if isinstance(value, bytes) else None
    except UnicodeDecodeError:
        return True
    return False


def _bytes(value: bytes) -> NDArray[Any]:
    import numpy as np

    return np.frombuffer(value, np.uint8)


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
