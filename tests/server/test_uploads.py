from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from hpcfair_kg.backends.blobs.directory import Directory
from hpcfair_kg.errors import CorruptFile, InvalidMetadata, TooLarge, UnknownParameter
from server.uploads import METADATA, Form, Reception, file_name

META = b'{"name": "m", "license": "MIT"}'


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    """Return one part of a body whose boundary is "b"."""
    said = f'; filename="{filename}"' if filename is not None else ""
    return b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
        name.encode(),
        said.encode(),
        data,
    )


def received(body: bytes, store: Directory, length: int | None = None) -> Form:
    """Return what a body is read as."""
    return Reception(io.BytesIO(body), len(body) if length is None else length, "b", store).read()


@pytest.fixture
def store(tmp_path: Path) -> Directory:
    """An empty blob store."""
    return Directory(tmp_path / "blobs", limit=5 << 20)


def test_files_are_hashed_on_their_way_into_the_store(store: Directory) -> None:
    data = bytes(range(256)) * 4096
    body = (
        part("metadata", META)
        + part("file", data, "a/b.bin")
        + part("file", b"\r\n--b-\r\n", "c")
        + b"--b--\r\n"
    )
    form = received(body, store)
    assert form.metadata == {"name": "m", "license": "MIT"}
    assert [(u.name, u.blob.size) for u in form.files] == [("a/b.bin", len(data)), ("c", 8)]
    assert form.files[0].blob.sha256 == hashlib.sha256(data).hexdigest()
    assert store.path(form.files[0].blob.sha256).read_bytes() == data
    assert store.path(form.files[1].blob.sha256).read_bytes() == b"\r\n--b-\r\n"


def test_metadata_may_come_as_a_file(store: Directory) -> None:
    assert received(part("metadata", META, "metadata.json") + b"--b--\r\n", store).metadata["name"] == "m"


def test_a_body_cut_off_is_told_how_far_it_came(store: Directory) -> None:
    body = part("metadata", META) + part("file", b"x" * 1000, "x")[:500]
    with pytest.raises(CorruptFile, match=r"cut off: .* of 9,999 bytes"):
        received(body, store, 9999)
    assert list(store.incoming.iterdir()) == []


def test_a_body_without_its_end_is_refused_even_when_its_length_is_not_known(store: Directory) -> None:
    reception = Reception(io.BytesIO(part("metadata", META) + part("file", b"x", "x")), None, "b", store)
    with pytest.raises(CorruptFile, match="no whole multipart"):
        reception.read()


def test_files_kept_before_a_fault_are_known(store: Directory) -> None:
    reception = Reception(
        io.BytesIO(part("metadata", META) + part("file", b"x", "x") + b"--b\r\n"), 999, "b", store
    )
    with pytest.raises(CorruptFile):
        reception.read()
    assert [upload.name for upload in reception.files] == ["x"]


@pytest.mark.parametrize(
    "body",
    [
        b"--b--\r\n",
        part("file", b"x", "x") + part("metadata", META) + b"--b--\r\n",
        part("metadata", b"no json") + b"--b--\r\n",
        part("metadata", b'{"a": ' * 5000) + b"--b--\r\n",
        part("metadata", META) + part("file", b"x", "x") + part("file", b"y", "x") + b"--b--\r\n",
        part("metadata", META) + part("file", b"x", "../x") + b"--b--\r\n",
    ],
)
def test_what_is_no_upload_is_refused(store: Directory, body: bytes) -> None:
    with pytest.raises(InvalidMetadata):
        received(body, store)


def test_another_part_is_named_with_those_there_are(store: Directory) -> None:
    with pytest.raises(UnknownParameter, match="'model'") as caught:
        received(part("metadata", META) + part("model", b"x", "x") + b"--b--\r\n", store)
    assert caught.value.members["known"] == ["metadata", "file"]


def test_bytes_that_are_no_multipart_are_refused(store: Directory) -> None:
    with pytest.raises(CorruptFile, match="multipart"):
        received(b"not a multipart body", store)


def test_metadata_and_files_have_their_limits(store: Directory) -> None:
    with pytest.raises(TooLarge, match="metadata"):
        received(part("metadata", b" " * (METADATA + 1)) + b"--b--\r\n", store)
    with pytest.raises(TooLarge):
        received(part("metadata", META) + part("file", b"x" * (6 << 20), "x") + b"--b--\r\n", store)
    assert list(store.incoming.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["m.onnx", "variables/variables.index", "Ünïcode 数.csv", "a b.npy", ".hidden"]
)
def test_names_that_are_taken(name: str) -> None:
    assert file_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", "a\0b", "a\nb", "x" * 1025, "é" * 200],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(InvalidMetadata, match="no name for a file"):
        file_name(name)
