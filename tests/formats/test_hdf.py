"""HDF5 by its datasets."""

import numpy as np
import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.hdf import MOST_VARIABLES, Hdf5

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py (the extra `data`)")
HDF5 = Hdf5()


def inspected(path):
    files = Bundle(path.parent, (path.name,))
    assert HDF5.claims(files) == (path.name,)
    return HDF5.inspect(files, (path.name,))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_datasets_by_path(tmp_path, libver):
    with h5py.File(tmp_path / "run.dat", "w", libver=libver) as file:
        file["mesh/x"] = np.zeros((10, 3), "float32")
        file["mesh/id"] = np.arange(10)
        file["table"] = np.zeros(10, [("p", "f8"), ("v", "i4", (2,))])
        file["name"] = np.array(["a"] * 10, dtype=h5py.string_dtype())
        file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
    found = inspected(tmp_path / "run.dat")
    assert found.rows == 10
    assert found.columns == (
        Column("mesh/id", "int64", (10,)),
        Column("mesh/x", "float32", (10, 3)),
        Column("name", "string", (10,)),
        Column("table/p", "float64", (10,)),
        Column("table/v", "int32", (10, 2)),
    )


def test_the_unlimited_dimension_counts_the_rows(tmp_path):
    with h5py.File(tmp_path / "run.h5", "w") as file:
        file.create_dataset("t", (6,), maxshape=(None,))
        file["grid"] = np.zeros((3, 3))
    assert inspected(tmp_path / "run.h5").rows == 6


def test_very_many_are_cut_and_said(tmp_path):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for i in range(MOST_VARIABLES + 3):
            file.create_dataset(f"d{i}", (1,), "i1")
    found = inspected(tmp_path / "many.h5")
    assert len(found.columns) == MOST_VARIABLES
    assert found.notes == ("3 more variables are not listed",)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("kept", [8, 40, 1000, -1])
def test_a_cut_file_is_corrupt(tmp_path, libver, kept):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file["x"] = np.zeros(1000)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match="cut off"):
        HDF5.claims(Bundle(tmp_path, ("run.h5",)))


def test_a_damaged_structure_is_corrupt(tmp_path):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        file["group/x"] = np.zeros(10)
    data = bytearray(path.read_bytes())
    data[96:1500] = b"\xee" * 1404
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match="damaged"):
        HDF5.inspect(Bundle(tmp_path, ("run.h5",)), ("run.h5",))
