"""The protobuf of a SavedModel, written here by the messages that read it."""

import io
import tarfile

import pytest

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import saved_model
from hpcfair_kg.formats.architecture import Told
from hpcfair_kg.formats.base import Bundle


def written(path, signatures, tags=("serve",), operators=()):
    """Write a SavedModel with signatures {name: ({input: shape}, {output: shape})}."""
    model = saved_model._messages()["SavedModel"]()
    graph = model.meta_graphs.add()
    graph.info.tags.extend(tags)
    graph.info.tensorflow_version = "2.21.0"
    for operator in operators:
        graph.graph.nodes.add(op=operator)
    for name, sides in signatures.items():
        signature = graph.signatures.add(key=name)
        for side, tensors in zip((signature.value.inputs, signature.value.outputs), sides, strict=True):
            for key, shape in tensors.items():
                tensor = side.add(key=key)
                tensor.value.name, tensor.value.dtype = f"{name}_{key}:0", 1
                for size in shape:
                    tensor.value.shape.dims.add(size=size)
    path.write_bytes(b"\x08\x01" + model.SerializeToString())
    return Bundle(path.parent, (path.name,))


def read(bundle):
    return saved_model.read(saved_model.find(bundle))


def test_signatures_and_the_one_that_is_served(tmp_path):
    sides = ({"image": (-1, -1, -1, 3)}, {"y": (-1, 2)})
    others = {"other": sides, "__saved_model_init_op": ({}, {"op": ()})}
    document = read(
        written(tmp_path / "saved_model.pb", {"serving_default": sides, **others}, operators=["Conv2D"])
    )
    assert document.version == "2.21.0"
    assert document.told == Told("ConvolutionalNeuralNetwork", "Conv2D among the operators of saved_model.pb")
    signature = document.signature
    assert signature.name == "serving_default"
    assert signature.inputs == (TensorSpec("image", "float32", ("batch", "height", "width", 3)),)
    assert signature.outputs == (TensorSpec("y", "float32", ("batch", 2)),)
    assert signature.tensors == {"image": "serving_default_image:0", "y": "serving_default_y:0"}
    assert signature.tags == ("serve",)
    assert list(document.usable) == ["other", "serving_default"]


@pytest.mark.parametrize("operators", [["Conv2D", "BatchMatMulV2"], ["Conv2D", "StatelessWhile"], ["MatMul"]])
def test_operators_that_may_be_parts_of_anything_tell_nothing(tmp_path, operators):
    sides = {"f": ({"x": (2,)}, {"y": (2,)})}
    assert read(written(tmp_path / "saved_model.pb", sides, operators=operators)).told is None


def test_the_only_one_is_served(tmp_path):
    document = read(written(tmp_path / "saved_model.pb", {"f": ({"x": (2,)}, {"y": (2,)})}))
    assert document.signature.name == "f"


def test_no_graph_at_all(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(CorruptFile, match="holds no graph"):
        read(Bundle(tmp_path, ("saved_model.pb",)))


def test_another_file_of_that_name_is_none(tmp_path):
    (tmp_path / "saved_model.pb").write_text("notes")
    assert saved_model.find(Bundle(tmp_path, ("saved_model.pb",))) is None


def test_other_archives_are_none(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as file:
        file.addfile(tarfile.TarInfo("notes.txt"), io.BytesIO())
    (tmp_path / "b.gz").write_bytes(b"\x1f\x8b\x08 nothing that unpacks")
    assert saved_model.find(Bundle(tmp_path, ("a.tgz", "b.gz"))) is None
