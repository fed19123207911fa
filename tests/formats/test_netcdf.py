"""NetCDF in its four spellings."""

import numpy as np
import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.hdf import Hdf5
from hpcfair_kg.formats.netcdf import NetCdf

NETCDF = NetCdf()
CLASSIC = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


def written(path, form="NETCDF3_CLASSIC", attributes=2):
    netcdf = pytest.importorskip("netCDF4", reason="the files are made with netCDF4")
    with netcdf.Dataset(path, "w", format=form) as file:
        file.setncatts({f"remark{i}": "x" * (i + 1) for i in range(attributes)})
        file.createDimension("time", None)
        file.createDimension("lat", 4)
        file.createDimension("lon", 5)
        file.createVariable("time", "f8", ("time",))[:] = np.arange(3)
        file.createVariable("lat", "f4", ("lat",))[:] = np.arange(4)
        temperature = file.createVariable("temperature", "f4", ("time", "lat", "lon"))
        temperature.units = "K"
        temperature[:] = np.zeros((3, 4, 5))
        file.createVariable("flag", "i2", ("time", "lat"))[:] = np.zeros((3, 4))
        file.createVariable("scale", "f8")[...] = 2.0
    return path


def inspected(path):
    files = Bundle(path.parent, (path.name,))
    assert NETCDF.claims(files) == (path.name,)
    return NETCDF.inspect(files, (path.name,))


@pytest.mark.parametrize("form", [*CLASSIC, "NETCDF4", "NETCDF4_CLASSIC"])
def test_variables_and_records(tmp_path, form):
    found = inspected(written(tmp_path / "climate.bin", form))
    assert found.rows == 3
    assert sorted(found.columns, key=lambda column: column.name) == [
        Column("flag", "int16", (3, 4)),
        Column("lat", "float32", (4,)),
        Column("scale", "float64"),
        Column("temperature", "float32", (3, 4, 5)),
        Column("time", "float64", (3,)),
    ]


def test_it_is_asked_before_hdf5_and_leaves_hdf5_alone(tmp_path):
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py (the extra `data`)")
    with h5py.File(tmp_path / "plain.nc", "w") as file:
        file["x"] = [1, 2]
    assert NETCDF.rank < Hdf5.rank
    assert NETCDF.claims(Bundle(tmp_path, ("plain.nc",))) == ()


def test_many_attributes_do_not_hide_the_marks(tmp_path):
    assert inspected(written(tmp_path / "climate.nc", "NETCDF4", attributes=60)).rows == 3


def test_records_that_were_never_counted_are_found_by_the_size(tmp_path):
    path = written(tmp_path / "stream.nc")
    data = bytearray(path.read_bytes())
    data[4:8] = b"\xff" * 4
    path.write_bytes(data)
    assert inspected(path).rows == 3


@pytest.mark.parametrize("form", CLASSIC)
@pytest.mark.parametrize("kept", [6, 50, 300, -20])
def test_a_cut_file_is_corrupt(tmp_path, form, kept):
    path = written(tmp_path / "climate.nc", form)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match=r"climate\.nc"):
        inspected(path)


def test_a_cut_netcdf_4_is_corrupt(tmp_path):
    path = written(tmp_path / "climate.nc", "NETCDF4")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CorruptFile, match="cut off"):
        NETCDF.claims(Bundle(tmp_path, (path.name,)))


def test_scipy_writes_what_we_read(tmp_path):
    io = pytest.importorskip("scipy.io", reason="scipy comes with the extra `sklearn`")
    with io.netcdf_file(tmp_path / "s.nc", "w") as file:
        file.createDimension("n", 3)
        file.createVariable("x", "i4", ("n",))[:] = [1, 2, 3]
    assert inspected(tmp_path / "s.nc").columns == (Column("x", "int32", (3,)),)
