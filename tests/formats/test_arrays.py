"""NumPy's files by their headers."""

import numpy as np
import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.arrays import Npy, Npz
from hpcfair_kg.formats.base import Bundle


def inspected(form, path):
    files = Bundle(path.parent, (path.name,))
    assert form.claims(files) == (path.name,)
    return form.inspect(files, (path.name,))


def saved(path, write, *args, **kwargs):
    with path.open("wb") as stream:
        write(stream, *args, **kwargs)
    return path


def test_one_array(tmp_path):
    found = inspected(Npy(), saved(tmp_path / "x.dat", np.save, np.zeros((5, 3), "float32")))
    assert found.columns == (Column("x", "float32", (5, 3)),)
    assert found.rows == 5


def test_a_structured_array_has_columns(tmp_path):
    array = np.zeros(4, [("Σ", "f8"), ("name", "U5"), ("xyz", "i2", (3,))])
    with pytest.warns(UserWarning, match="format 3.0"):
        path = saved(tmp_path / "t.npy", np.save, array)
    found = inspected(Npy(), path)
    assert found.rows == 4
    assert found.columns == (
        Column("Σ", "float64"),
        Column("name", "string"),
        Column("xyz", "int16", (3,)),
    )


def test_a_scalar_has_no_rows(tmp_path):
    assert inspected(Npy(), saved(tmp_path / "s.npy", np.save, np.float64(1))).rows is None


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_several_arrays(tmp_path, save):
    found = inspected(Npz(), saved(tmp_path / "d.npz", save, X=np.zeros((7, 2)), y=np.zeros(7, "int8")))
    assert found.columns == (Column("X", "float64", (7, 2)), Column("y", "int8", (7,)))
    assert found.rows == 7


def test_arrays_of_differing_length_have_no_rows(tmp_path):
    assert inspected(Npz(), saved(tmp_path / "d.npz", np.savez, a=np.zeros(2), b=np.zeros(3))).rows is None


def test_a_pickle_inside_is_said_and_not_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was loaded",))

    array = np.array([Bomb()], dtype=object)
    for form, write in ((Npy(), np.save), (Npz(), np.savez)):
        found = inspected(form, saved(tmp_path / f"{form.name}.bin", write, array, allow_pickle=True))
        assert "never loaded" in found.notes[0]


@pytest.mark.parametrize("kept", [8, 60, 200])
def test_a_cut_array_is_corrupt(tmp_path, kept):
    path = saved(tmp_path / "x.npy", np.save, np.zeros(100))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match=r"x\.npy"):
        inspected(Npy(), path)


@pytest.mark.parametrize("kept", [100, 600, -4])
def test_a_cut_archive_is_corrupt(tmp_path, kept):
    path = saved(tmp_path / "x.npz", np.savez, x=np.zeros(100))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorruptFile, match=r"x\.npz"):
        inspected(Npz(), path)


def test_a_header_that_promises_the_moon_costs_nothing(tmp_path):
    with (tmp_path / "x.npy").open("wb") as stream:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**15, 10**15)}
        np.lib.format.write_array_header_1_0(stream, header)
    with pytest.raises(CorruptFile, match="promises"):
        inspected(Npy(), tmp_path / "x.npy")


@pytest.mark.parametrize("damage", [b"(((((", b"\xff\0\xff\0\xff", b"'f'*9", b"}, {1:"])
def test_a_damaged_header_is_corrupt(tmp_path, damage):
    path = saved(tmp_path / "x.npy", np.save, np.zeros(100))
    data = bytearray(path.read_bytes())
    data[30 : 30 + len(damage)] = damage
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match="damaged"):
        inspected(Npy(), path)


def test_other_zips_and_files_are_not_ours(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("weights.npy", b"")
    (tmp_path / "text").write_text("hello")
    files = Bundle(tmp_path, ("model.keras", "text"))
    assert Npz().claims(files) == Npy().claims(files) == ()
