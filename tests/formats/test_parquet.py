"""Parquet by its footer."""

import datetime

import numpy as np
import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.parquet import Parquet

pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow (the extra `data`)")
pq = pytest.importorskip("pyarrow.parquet")
PARQUET = Parquet()


@pytest.fixture
def table(tmp_path):
    columns = {
        "i": pa.array(range(100), pa.int32()),
        "x": pa.array(np.linspace(0, 1, 100, dtype="float32")),
        "city": pa.array(["Oslo"] * 100).dictionary_encode(),
        "when": pa.array([datetime.datetime(2024, 1, 2)] * 100, pa.timestamp("us")),
        "vector": pa.array([[1.0, 2.0]] * 100, pa.list_(pa.float32())),
        "flag": pa.array([True] * 100),
    }
    pq.write_table(pa.table(columns), tmp_path / "data", row_group_size=30)
    return tmp_path / "data"


def test_schema_and_rows(table):
    files = Bundle(table.parent, (table.name,))
    assert PARQUET.claims(files) == ("data",)
    found = PARQUET.inspect(files, ("data",))
    assert found.rows == 100
    assert found.columns == (
        Column("i", "int32"),
        Column("x", "float32"),
        Column("city", "string"),
        Column("when", "datetime64[us]"),
        Column("vector", "list<element: float>"),
        Column("flag", "bool"),
    )


@pytest.mark.parametrize("kept", [4, 10, 500, -1])
def test_a_cut_file_is_corrupt(table, kept):
    table.write_bytes(table.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match="cut off"):
        PARQUET.claims(Bundle(table.parent, (table.name,)))


def test_a_damaged_footer_is_corrupt(table):
    data = bytearray(table.read_bytes())
    data[-60:-20] = b"\xff" * 40
    table.write_bytes(data)
    with pytest.raises(CorruptFile, match="footer"):
        PARQUET.inspect(Bundle(table.parent, (table.name,)), (table.name,))
