"""SavedModels: as a folder and packed, of both ages, with their signatures; and checkpoints."""

import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.tensorflow import Checkpoint, FunctionReference, SavedModel, SessionReference
from hpcfair_kg.models.verify import prove

if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("tf2onnx") is None:
    pytest.skip("TensorFlow and tf2onnx are not installed (the extra `tensorflow`)", allow_module_level=True)

pytestmark = [
    pytest.mark.tensorflow,
    # TensorFlow, Keras and tf2onnx use what NumPy and Python have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
SAVED = SavedModel()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with SavedModels: one function, two, none, an embedding, and a Keras model with the exact GELU."""
    folder = tmp_path_factory.mktemp("saved")
    save = [sys.executable, "-m", "tests.saved_models", str(folder)]
    subprocess.run(save, cwd=Path(__file__).parents[2], check=True, capture_output=True)
    return folder


def bundle(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return Bundle(folder, tuple(sorted(str(path.relative_to(folder)) for path in files)))


def converted(files, exporter, out):
    names = SAVED.claims(files)
    dict(SAVED.exporters(files, names, 18))[exporter](out)
    return prove(SAVED.reference(files, names), out, seed=7)


def test_a_folder_is_claimed_with_its_variables_and_nothing_else(models, tmp_path):
    shutil.copytree(models / "one", tmp_path / "model")
    (tmp_path / "README.md").write_text("# Scores")
    files = bundle(tmp_path)
    assert set(SAVED.claims(files)) == set(files.names) - {"README.md"}


def test_the_signature_is_read_from_the_protobuf(models):
    files = bundle(models / "one")
    found = SAVED.inspect(files, SAVED.claims(files))
    assert found.inputs == (TensorSpec("x", "float32", ("batch", 4)),)
    assert found.outputs == (
        TensorSpec("doubled", "float32", ("batch", 4)),
        TensorSpec("scores", "float32", ("batch", 2)),
    )
    assert found.notes[0].startswith("saved by TensorFlow 2.")


@pytest.mark.parametrize(
    ("name", "exporter"),
    [
        ("one", "tf2onnx"),
        ("rows", "tf2onnx"),
        ("keras", "tf2onnx"),
        ("one", "tf2onnx-v1"),
    ],
)
def test_both_loaders_are_proved_under_the_names_of_the_signature(models, tmp_path, name, exporter):
    files = bundle(models / name)
    out = tmp_path / "model.onnx"
    verdict = converted(files, exporter, out)
    assert verdict.outcome == "equal", verdict.reason
    assert (verdict.opset, len({shape[0] for shape in verdict.shapes})) == (18, 3)
    signature = SAVED.inspect(files, SAVED.claims(files))
    graph = onnx.load(out).graph
    assert [value.name for value in graph.input] == [spec.name for spec in signature.inputs]
    assert [value.name for value in graph.output] == [spec.name for spec in signature.outputs]
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    onnx.checker.check_model(str(out), full_check=True)


def test_indices_are_bounded_by_the_table(models):
    files = bundle(models / "rows")
    assert SAVED.reference(files, SAVED.claims(files)).bounds == {"ids": 11}


def test_the_old_loader_gives_what_the_new_one_gives(models):
    files = bundle(models / "one")
    new = SAVED.reference(files, SAVED.claims(files))
    assert isinstance(new, FunctionReference)
    from hpcfair_kg.formats import saved_model

    found = saved_model.find(files)
    old = SessionReference(models / "one", saved_model.read(found).signature)
    feeds = {"x": np.arange(8, dtype=np.float32).reshape(2, 4)}
    for a, b in zip(new(feeds), old(feeds), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("packing", ["zip", "tar", "tar.gz"])
def test_packed_in_one_file(models, tmp_path, packing):
    path = tmp_path / "model.bin"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in (models / "one").rglob("*"):
                archive.write(file, f"deep/down/{file.relative_to(models / 'one')}")
    else:
        with tarfile.open(path, "w:gz" if packing == "tar.gz" else "w") as archive:
            archive.add(models / "one", "deep/down")
    files = Bundle(tmp_path, ("model.bin",))
    assert SAVED.claims(files) == ("model.bin",)
    assert SAVED.inspect(files, ("model.bin",)).inputs[0].name == "x"
    assert converted(files, "tf2onnx", tmp_path / "model.onnx").outcome == "equal"


@pytest.mark.parametrize(("name", "there"), [("two", "a, b"), ("none", "none")])
def test_which_signature_cannot_be_told(models, name, there):
    files = bundle(models / name)
    assert SAVED.inspect(files, SAVED.claims(files)).inputs == ()
    with pytest.raises(UnknownFormat, match=rf"there are: {there}\): save it again with"):
        SAVED.reference(files, SAVED.claims(files))


def test_variables_that_are_missing(models, tmp_path):
    shutil.copytree(models / "one", tmp_path / "model")
    (tmp_path / "model/variables/variables.index").unlink()
    with pytest.raises(CorruptFile, match="lacks a part of its variables: upload the whole folder"):
        SAVED.claims(bundle(tmp_path))


def test_cut_off(models, tmp_path):
    shutil.copytree(models / "one", tmp_path / "model")
    path = tmp_path / "model/saved_model.pb"
    path.write_bytes(path.read_bytes()[:-100])
    files = bundle(tmp_path)
    with pytest.raises(CorruptFile, match="damaged or cut off"):
        SAVED.inspect(files, SAVED.claims(files))


def test_a_tar_file_cut_off(models, tmp_path):
    with tarfile.open(tmp_path / "whole.tgz", "w:gz") as archive:
        archive.add(models / "one/saved_model.pb", "saved_model.pb")
        archive.add(models / "one/variables", "variables")
    data = (tmp_path / "whole.tgz").read_bytes()
    (tmp_path / "cut.tgz").write_bytes(data[: len(data) // 2])
    with pytest.raises(CorruptFile, match="is damaged or cut off"):
        SAVED.claims(Bundle(tmp_path, ("cut.tgz",)))


def test_a_checkpoint_is_told_what_it_lacks(models):
    files = bundle(models / "checkpoint")
    assert SAVED.claims(files) == ()
    claimed = Checkpoint().claims(files)
    assert set(claimed) == {"model.index", "model.data-00000-of-00001"}
    assert "a TensorFlow checkpoint holds variables and no graph" in Checkpoint().advise(files, claimed)
