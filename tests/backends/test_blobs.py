"""What every blob store promises, and what the directory adds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.backends.blobs.directory import Directory
from hpcfair_kg.errors import NotFound, TooLarge


class BlobsContract:
    """Inherit and give `blobs`: an empty store that takes 1 MiB at most."""

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        raise NotImplementedError

    def put(self, blobs: Blobs, *chunks: bytes):
        writer = blobs.writer()
        for chunk in chunks:
            writer.write(chunk)
        return writer.finish()

    def test_bytes_come_back_by_their_hash(self, blobs: Blobs) -> None:
        blob = self.put(blobs, b"ab", b"", b"c")
        assert (blob.sha256, blob.size) == (hashlib.sha256(b"abc").hexdigest(), 3)
        assert blob.sha256 in blobs
        assert blobs.path(blob.sha256).read_bytes() == b"abc"

    def test_nothing_is_something(self, blobs: Blobs) -> None:
        assert self.put(blobs).size == 0

    def test_the_same_bytes_are_kept_once(self, blobs: Blobs) -> None:
        assert self.put(blobs, b"abc") == self.put(blobs, b"abc")

    def test_an_aborted_stream_leaves_nothing(self, blobs: Blobs) -> None:
        writer = blobs.writer()
        writer.write(b"abc")
        writer.abort()
        assert hashlib.sha256(b"abc").hexdigest() not in blobs

    def test_past_the_limit_is_too_large(self, blobs: Blobs) -> None:
        writer = blobs.writer()
        writer.write(bytes(1 << 20))
        with pytest.raises(TooLarge, match="1,048,576"):
            writer.write(b"x")
        writer.abort()

    def test_removed_is_gone(self, blobs: Blobs) -> None:
        blob = self.put(blobs, b"abc")
        blobs.remove(blob.sha256)
        assert blob.sha256 not in blobs
        assert list(blobs) == []
        with pytest.raises(NotFound):
            blobs.path(blob.sha256)

    def test_an_adopted_file_stays_where_it_is(self, blobs: Blobs, tmp_path: Path) -> None:
        place = tmp_path / "site" / "x.csv"
        place.parent.mkdir()
        place.write_bytes(b"a,b\n1,2\n")
        blob = blobs.adopt(place)
        assert blobs.path(blob.sha256) == place
        assert list(blobs) == [blob.sha256]
        blobs.remove(blob.sha256)
        assert place.exists()

    def test_an_adopted_file_that_changed_is_not_served(self, blobs: Blobs, tmp_path: Path) -> None:
        place = tmp_path / "x.csv"
        place.write_bytes(b"a,b\n1,2\n")
        blob = blobs.adopt(place)
        place.write_bytes(b"a,b\n1,3\n,")
        with pytest.raises(NotFound, match="changed"):
            blobs.path(blob.sha256)

    def test_only_files_are_adopted(self, blobs: Blobs, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            blobs.adopt(tmp_path)


class TestDirectory(BlobsContract):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return Directory(tmp_path / "blobs", limit=1 << 20)

    def test_what_a_crash_left_is_swept_away(self, tmp_path: Path) -> None:
        Directory(tmp_path / "blobs")
        (tmp_path / "blobs" / "incoming" / "left").write_bytes(b"cut off")
        Directory(tmp_path / "blobs")
        assert list((tmp_path / "blobs" / "incoming").iterdir()) == []
