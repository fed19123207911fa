"""Apache Parquet, read by its footer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import Column, Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Format, Inspection, dtype_name


class Parquet(Format):
    """Columns and row counts of Parquet files."""

    name: ClassVar[str] = "parquet"
    kind: ClassVar[Kind] = "dataset"
    media_type: ClassVar[str] = "application/vnd.apache.parquet"
    rank: ClassVar[int] = 40
    inspect_needs: ClassVar[tuple[str, ...]] = ("pyarrow",)
    extra: ClassVar[str] = "data"

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the files that begin with PAR1; one that does not end so is cut off."""
        found = tuple(name for name in bundle.names if bundle.head(name, 4) == b"PAR1")
        for name in found:
            with bundle.path(name).open("rb") as stream:
                stream.seek(-min(4, bundle.size(name)), 2)
                if bundle.size(name) < 12 or stream.read() != b"PAR1":
                    raise CorruptFile(f"{name} begins as Parquet and its footer is missing: it was cut off")
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the schema and the number of rows from the footers."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns, rows = [], 0
        for name in names:
            try:
                footer = pq.read_metadata(bundle.path(name))
                schema = footer.schema.to_arrow_schema()
            except (pa.ArrowException, OSError) as exc:
                raise CorruptFile(f"{name} has a damaged Parquet footer: {exc}") from exc
            columns += [Column(field.name, _arrow_dtype(field.type)) for field in schema]
            rows += footer.num_rows
        return Inspection(columns=tuple(dict.fromkeys(columns)), rows=rows)


def _arrow_dtype(kind: Any) -> str:
    """Return NumPy's name of an Arrow type, or Arrow's own for what NumPy lacks."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _arrow_dtype(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "string"
    if pa.types.is_nested(kind) or pa.types.is_decimal(kind) or pa.types.is_binary(kind):
        return str(kind)
    try:
        return dtype_name(np.dtype(kind.to_pandas_dtype()))
    except (NotImplementedError, TypeError):
        return str(kind)


PLUGINS = (Parquet(),)
