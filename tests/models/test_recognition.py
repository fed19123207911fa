import zipfile

import numpy as np
import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.recognition import is_auxiliary, recognise
from tests.onnx_files import linear, recognised


def test_the_answer_names_the_format_and_that_of_every_file(tmp_path):
    model = linear(tmp_path / "model.bin")
    readme = tmp_path / "README.md"
    readme.write_text("# A model")
    sample = tmp_path / "sample.npy"
    np.save(sample, np.zeros((2, 3)))
    notes = tmp_path / "notes.dat"
    notes.write_bytes(b"\x00\xff\x00")
    found = recognised(tmp_path, sample, readme, notes, model)
    assert (found["format"], found["framework"], found["kind"]) == ("onnx", "onnx", "model")
    assert found["claimed"] == ["model.bin"]
    assert found["formats"] == {
        "model.bin": "onnx", "README.md": "other", "sample.npy": "npy", "notes.dat": "other",
    }  # fmt: skip
    assert found["media_types"]["model.bin"] == "application/onnx"
    assert found["auxiliary"] == ["README.md"]
    assert found["needs"] == []
    assert found["advice"] is None
    assert found["inspection"]["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]


def test_unknown_content_is_other_and_no_error(tmp_path):
    blob = tmp_path / "what.onnx"
    blob.write_bytes(bytes(range(200)))
    found = recognised(tmp_path, blob)
    assert (found["format"], found["kind"]) == (None, "dataset")
    assert found["formats"] == {"what.onnx": "other"}


def test_an_empty_file_is_corrupt(tmp_path):
    empty = tmp_path / "model.onnx"
    empty.touch()
    with pytest.raises(CorruptFile, match=r"model\.onnx is empty: send the file with its content"):
        recognised(tmp_path, empty)


def test_an_empty_readme_beside_a_model_is_let_pass_and_alone_is_not(tmp_path):
    readme = tmp_path / "README"
    readme.touch()
    assert recognised(tmp_path, linear(tmp_path / "m"), readme)["format"] == "onnx"
    with pytest.raises(CorruptFile):
        recognised(tmp_path, readme)


@pytest.mark.parametrize(
    ("name", "auxiliary"),
    [
        ("README.md", True),
        ("deep/LICENSE", True),
        ("LICENCE-2.0.txt", True),
        ("config.json", True),
        ("tokenizer_config.json", True),
        ("vocab.txt", True),
        ("CITATION.cff", True),
        ("requirements.txt", True),
        ("builder.py", True),
        ("model.json", False),
        ("data.csv", False),
        ("model.txt", False),
        ("readmes.csv.npz", False),
        ("licensed-data.csv", False),
    ],
)
def test_what_goes_with_a_model_is_told_by_its_name(name, auxiliary):
    assert is_auxiliary(name) is auxiliary


def test_a_model_comes_before_the_data_beside_it(tmp_path):
    table = tmp_path / "samples.csv"
    table.write_text("a,b,c\n1,2,3\n4,5,6\n")
    found = recognised(tmp_path, table, linear(tmp_path / "m"))
    assert found["format"] == "onnx"
    assert found["formats"]["samples.csv"] == "csv"


def test_a_cut_off_zip_is_corrupt_whatever_it_was(tmp_path):
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        archive.writestr("data.bin", bytes(1000))
    (tmp_path / "cut.zip").write_bytes((tmp_path / "whole.zip").read_bytes()[:600])
    with pytest.raises(CorruptFile, match="begins as a zip file"):
        recognise(str(tmp_path), ["cut.zip"], print)


def test_a_name_that_promises_another_format_is_remarked_and_does_not_decide(tmp_path):
    (tmp_path / "table.onnx").write_text("a,b\n1,2\n3,4\n")
    found = recognise(str(tmp_path), ["table.onnx"], print)
    assert found["format"] == "csv"
    assert "table.onnx is named .onnx; its content is csv, and that decided" in found["inspection"]["notes"]
