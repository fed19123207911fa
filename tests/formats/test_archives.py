"""Zip and tar files, whole and cut."""

import io
import tarfile
import zipfile

import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.archives import cut_zip, listing, member, unpack
from hpcfair_kg.formats.base import Bundle

CONTENT = bytes(range(256)) * 40


@pytest.fixture(params=["zip", "tar", "tar.gz", "tar.xz"])
def packed(request, tmp_path):
    """An archive with one file two folders down."""
    path = tmp_path / "archive"
    if request.param == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/b/data", CONTENT)
        return path
    with tarfile.open(path, {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz"}[request.param]) as archive:
        info = tarfile.TarInfo("a/b/data")
        info.size = len(CONTENT)
        archive.addfile(info, io.BytesIO(CONTENT))
    return path


def test_listed_read_and_unpacked(packed, tmp_path):
    assert listing(Bundle(tmp_path, ("archive",)), "archive", ()) == ("a/b/data",)
    assert member(packed, "a/b/data") == CONTENT
    unpack(packed, tmp_path / "place")
    assert (tmp_path / "place/a/b/data").read_bytes() == CONTENT


def test_a_cut_zip_is_known_by_its_first_member(tmp_path):
    with zipfile.ZipFile(tmp_path / "whole", "w") as archive:
        archive.writestr("model/data.pkl", CONTENT)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:5000])
    files = Bundle(tmp_path, ("whole", "cut"))
    assert cut_zip(files, "cut", "/data.pkl")
    assert not cut_zip(files, "cut", "metadata.json")
    assert not cut_zip(files, "whole", "/data.pkl")


def test_nothing_is_unpacked_outside(tmp_path):
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as file:
        file.addfile(tarfile.TarInfo("../escaped"), io.BytesIO())
    with pytest.raises(CorruptFile, match="cannot be unpacked"):
        unpack(archive, tmp_path / "place")
    assert not (tmp_path / "escaped").exists()
