import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg import Client
from hpcfair_kg.client import downloads
from hpcfair_kg.client.cache import digest
from hpcfair_kg.errors import CorruptFile, InvalidConfig, TooLarge, Unreachable, Withdrawn
from tests.client.conftest import projection
from tests.cutting import cutting


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES", (0.01, 0.01))


def fetched(client, entry, folder):
    (path,) = client.download(entry.key, folder)
    assert digest(path) == entry.files[0].sha256
    return path


def test_what_is_cut_is_resumed_and_nothing_comes_twice(live, own_cache, large, tmp_path):
    size = large.files[0].size
    with cutting(live.url, 600_000, 600_000, 600_000) as line, Client(line.url) as client:
        fetched(client, large, tmp_path)
        assert line.connections == 4
        assert size < line.forwarded < size + 50_000


def test_a_line_that_brings_nothing_is_given_up_and_what_came_is_kept(live, own_cache, large, tmp_path):
    with cutting(live.url, 600_000, *[0] * 9) as line, Client(line.url) as client:
        with pytest.raises(Unreachable, match="no service answers"):
            client.download(large.key, tmp_path)
        assert line.connections == 1 + len(downloads.PAUSES)
    partial = own_cache / large.files[0].sha256[:2] / f"{large.files[0].sha256}.part"
    assert 400_000 < partial.stat().st_size < 600_000
    assert list(tmp_path.glob("*.onnx")) == []
    with Client(live.url) as client:
        fetched(client, large, tmp_path)


def test_where_nobody_is_nothing_is_tried_again(own_cache, large, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSES", (60,))
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable):
        client._downloads.copied(large, large.files, tmp_path)


def test_a_file_that_was_replaced_on_the_service_is_never_mixed(hub, large, tmp_path):
    other = replace(large, files=(replace(large.files[0], sha256="0" * 64),))
    partial = hub.cache.path("0" * 64).with_name("0" * 64 + ".part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"the beginning of what was there before")
    with pytest.raises(CorruptFile, match="the service has another"):
        hub._downloads.copied(other, other.files, tmp_path)
    assert list(tmp_path.glob("*.onnx")) == []


def test_what_arrives_wrong_is_refused_and_not_kept(hub, large, tmp_path):
    partial = hub.cache.path(large.files[0].sha256).with_name(f"{large.files[0].sha256}.part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"wrong from the start")
    with pytest.raises(CorruptFile, match="arrived as sha256"):
        hub.download(large.key, tmp_path)
    fetched(hub, large, tmp_path)


def test_a_damaged_copy_in_the_cache_is_found_and_brought_again(live, hub, large, tmp_path):
    fetched(hub, large, tmp_path)
    kept = hub.cache.path(large.files[0].sha256)
    content = bytearray(kept.read_bytes())
    content[1000] ^= 1
    kept.unlink()
    kept.write_bytes(content)
    with (
        Client(live.url, offline=True) as away,
        pytest.raises(Unreachable, match="damaged there, and this is"),
    ):
        away.download(large.key, tmp_path)
    kept.write_bytes(content)
    fetched(hub, large, tmp_path)
    assert digest(kept) == large.files[0].sha256


def test_many_at_once_bring_a_file_once(live, own_cache, large, tmp_path):
    with cutting(live.url) as line:

        def one(place):
            with Client(line.url) as client:
                fetched(client, large, tmp_path / place)

        threads = [threading.Thread(target=one, args=(str(n),)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(tmp_path.glob("*/*.onnx"))) == 6
        assert line.forwarded < 2 * large.files[0].size
    assert not list(own_cache.rglob("*.part"))
    assert not list(own_cache.rglob("*.new"))


def test_a_full_disk_is_said(hub, large, tmp_path):
    partial = hub.cache.path(large.files[0].sha256).with_name(f"{large.files[0].sha256}.part")
    partial.parent.mkdir(parents=True)
    partial.symlink_to("/dev/full")
    with pytest.raises(TooLarge, match=r"does not fit on the disk of .*HPCFAIR_CACHE"):
        hub.download(large.key, tmp_path)


def test_what_cannot_fit_is_not_begun(hub, large, tmp_path):
    huge = replace(large, files=(replace(large.files[0], size=1 << 60),))
    with pytest.raises(TooLarge, match="bytes more and the disk of"):
        hub._downloads.copied(huge, huge.files, tmp_path)


def test_a_cache_that_is_no_folder_is_said(live, tmp_path, large, own_cache, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "file" / "cache"))
    with Client(live.url) as client:
        assert client.get(large.key) == large
        with pytest.raises(InvalidConfig, match="let HPCFAIR_CACHE name another folder"):
            client.download(large.key, tmp_path)


def test_the_cache_is_its_owners_and_what_is_copied_out_is_anybodys(hub, large, tmp_path):
    path = fetched(hub, large, tmp_path)
    assert hub.cache.folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "mine").touch()
    assert path.stat().st_mode == (tmp_path / "mine").stat().st_mode


def test_what_was_withdrawn_is_not_given_out_of_the_cache(live, hub, tmp_path):
    entry = hub.upload(projection(tmp_path / "gone.onnx", 5), license="MIT")
    fetched(hub, entry, tmp_path / "out")
    hub.service.request("DELETE", f"/api/artifacts/{entry.key}", params={"reason": "wrong labels"})
    with pytest.raises(Withdrawn, match="wrong labels"):
        hub.download(entry.key, tmp_path / "again")


def test_a_name_that_would_lie_outside_is_refused(hub, large, tmp_path):
    away = replace(large, files=(replace(large.files[0], name="../away.onnx"),))
    for bring in (
        lambda: hub._downloads.copied(away, away.files, tmp_path),
        lambda: hub._downloads.local(away, away.files),
    ):
        with pytest.raises(CorruptFile, match="would lie outside"):
            bring()


def test_files_are_laid_out_by_name_and_share_their_bytes_with_the_cache(hub, large):
    folder = hub._downloads.local(large, large.files)
    laid, kept = folder / large.files[0].name, hub.cache.path(large.files[0].sha256)
    assert laid.samefile(kept)
    laid.unlink()
    laid.write_bytes(b"damaged")
    again = hub._downloads.local(large, large.files) / large.files[0].name
    assert digest(Path(again)) == large.files[0].sha256
