"""How large an integer input may be, found by asking the original."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Array, Reference

USUAL = (8, 16, 32, 64, 128, 224, 256, 512, 1024)
"""Sizes tried for free dimensions, until the original runs."""


def find_bounds(
    reference: Reference, tables: Iterable[int], refusals: tuple[type[Exception], ...]
) -> dict[str, int]:
    """Return, for the integer inputs that index a table, the height of that table.

    `tables` are the heights of the model's matrices, any of which may be the
    one; `refusals` is what the framework raises for an index past the end.
    """
    whole = [spec.name for spec in reference.inputs if spec.dtype.startswith(("int", "uint"))]
    symbols = {d for spec in reference.inputs for d in spec.shape if isinstance(d, str)}

    def runs(size: int, indices: Mapping[str, int]) -> bool:
        sizes = dict.fromkeys(symbols, size)
        try:
            reference({s.name: blank(s, sizes, indices.get(s.name, 0)) for s in reference.inputs})
        except refusals:
            return False
        return True

    if not whole or (size := next((n for n in USUAL if runs(n, {})), None)) is None:
        return {}
    heights = sorted({height for height in tables if height > 1}, reverse=True)
    found = {name: next((h for h in heights if runs(size, {name: h - 1})), 0) for name in whole}
    return {name: height for name, height in found.items() if height}


def blank(spec: TensorSpec, sizes: Mapping[str, int], value: int) -> Array:
    """Return a tensor of one value, "" for strings, with its free dimensions given."""
    shape = tuple(sizes[d] if isinstance(d, str) else d for d in spec.shape)
    if spec.dtype == "string":
        return np.full(shape, "", dtype=object)
    return np.full(shape, value, dtype=spec.dtype)
