"""`Frame`: a pandas frame that is also Arrow and NumPy, with arrays of several axes in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hpcfair_kg.errors import MissingExtra, UnknownFormat

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]


_DataFrame: Any = pd.DataFrame  # typed where stubs of pandas are installed, and not elsewhere


class Frame(_DataFrame):  # type: ignore[misc]
    """A dataset as a pandas frame; `arrow()` and `numpy()` give what is in it now.

    An array x of two axes has a column for each place of the second (x[0],
    x[1], …), one of more axes has arrays in the cells of its one column.
    """

    _metadata: ClassVar[list[str]] = ["lengths"]
    lengths: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    """For each array of several axes: the lengths of those after the first."""

    @property
    def _constructor(self) -> type[Frame]:
        return Frame

    def numpy(self) -> dict[str, Array]:
        """Return arrays by name, one for each column or array of several axes; text as objects.

        Whole numbers and truth values with gaps become float64 with NaN.
        """
        return {name: _array(part) for name, part in self._parts()}

    def arrow(self) -> pa.Table:
        """Return an Arrow table; arrays of several axes become columns of fixed-shape tensors.

        Raises `MissingExtra` without pyarrow.
        """
        try:
            import pyarrow as pa
        except ModuleNotFoundError as exc:
            command = "pip install -e '.[data]'"
            raise MissingExtra(f"Arrow needs pyarrow: {command}", install=command) from exc
        parts = self._parts()
        return pa.table({n: _tensors(p) if isinstance(p, np.ndarray) else _column(p) for n, p in parts})

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """Yield each column as a series, and each array of several axes whose columns are all there as an array."""
        frame = self.reset_index() if any(self.index.names) else self
        whole = {name: labels(name, rest) for name, rest in self.lengths.items()}
        firsts = {own[0]: name for name, own in whole.items() if own and set(own) <= set(frame.columns)}
        inside = {label for name in firsts.values() for label in whole[name]}
        for label in frame.columns:
            if label in firsts:
                name = firsts[label]
                yield name, _joined(frame[whole[name]], self.lengths[name])
            elif label not in inside:
                yield str(label), frame[label]


def of_arrays(arrays: Mapping[str, Array]) -> Frame:
    """Return arrays of one length side by side as a frame; raises `UnknownFormat` for others, naming them."""
    rows = {array.shape[0] if array.ndim else None for array in arrays.values()}
    if len(rows) != 1 or None in rows:
        listed = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
        raise UnknownFormat(
            f"its arrays have different lengths, so name those of one by variables= ({listed})"
        )
    parts = [_spread(name, _native(array)) for name, array in arrays.items()]
    frame = Frame(pd.concat(parts, axis=1))
    frame.lengths = {name: array.shape[1:] for name, array in arrays.items() if array.ndim > 1}
    return frame


def labels(name: str, rest: tuple[int, ...]) -> list[str]:
    """Return the columns of an array whose axes after the first have these lengths."""
    return [f"{name}[{place}]" for place in range(rest[0])] if len(rest) == 1 else [name]


def _spread(name: str, array: Array) -> Any:
    if array.ndim == 1:
        return pd.Series(array, name=name, copy=False)
    if array.ndim == 2:
        return pd.DataFrame(array, columns=labels(name, array.shape[1:]), copy=False)
    cells = np.empty(len(array), object)
    cells[:] = list(array)
    return pd.Series(cells, name=name, copy=False)


def _native(array: Array) -> Array:
    """Return an array in this machine's byte order, its texts decoded where they are UTF-8."""
    if array.dtype.kind == "S":
        with suppress(UnicodeDecodeError):
            return np.char.decode(array, "utf-8")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _joined(frame: Any, rest: tuple[int, ...]) -> Array:
    if len(rest) == 1:
        return np.asarray(frame.to_numpy())
    cells = frame.iloc[:, 0].to_numpy()
    return np.stack(list(cells)) if len(cells) else np.empty((0, *rest))


def _array(part: Any) -> Array:
    if isinstance(part, np.ndarray):
        return part
    if pd.api.types.is_extension_array_dtype(part.dtype) and pd.api.types.is_numeric_dtype(part.dtype):
        kind = np.float64 if part.hasnans or part.isna().any() else part.dtype.numpy_dtype
        return np.asarray(part.to_numpy(kind, na_value=np.nan) if kind is np.float64 else part.to_numpy(kind))
    return np.asarray(part.to_numpy())


def _column(part: Any) -> Any:
    import pyarrow as pa

    return pa.Array.from_pandas(part)


def _tensors(array: Array) -> Any:
    import pyarrow as pa

    if array.dtype.kind in "OUS":
        flat = pa.array(array.ravel().tolist())
        return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(array.shape[1:])))
    return pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(array))
