import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.onnx import Onnx, is_old
from tests.onnx_files import FLOAT, linear, save, tree, value


def bundle(folder):
    return Bundle(folder, tuple(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))))


def test_onnx_is_known_by_its_fields_and_not_by_its_name(tmp_path):
    linear(tmp_path / "model.bin")
    (tmp_path / "fake.onnx").write_text("not a model")
    assert Onnx().claims(bundle(tmp_path)) == ("model.bin",)


def test_fields_may_come_in_any_order(tmp_path):
    """protobuf: a reader takes fields in any order; some writers put the graph first."""
    path = linear(tmp_path / "m.onnx")
    head = helper.make_model(helper.make_graph([], "", [], []), ir_version=8)
    head.ClearField("graph")
    body = onnx.ModelProto(graph=onnx.load(path).graph)
    path.write_bytes(body.SerializeToString() + head.SerializeToString())
    assert Onnx().claims(bundle(tmp_path)) == ("m.onnx",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08",
        b"\x08\x01\x12\xff\x7f" + bytes(300),  # how a SavedModel begins
        b"PK\x03\x04" + bytes(100),
        b"x,y\n1,2\n",
        bytes(range(256)),
    ],
)
def test_other_bytes_are_not_onnx(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    assert Onnx().claims(bundle(tmp_path)) == ()


@pytest.mark.parametrize("left", [-1, -10, 60])
def test_a_file_that_is_cut_off_is_corrupt(tmp_path, left):
    path = linear(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(CorruptFile, match=r"m\.onnx is ONNX and cut off"):
        Onnx().claims(bundle(tmp_path))


def test_a_file_without_a_graph_is_corrupt(tmp_path):
    model = helper.make_model(helper.make_graph([], "g", [], []))
    model.ClearField("graph")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(CorruptFile, match="holds no graph"):
        Onnx().claims(bundle(tmp_path))


def test_a_tensor_that_claims_3_gb_and_has_no_bytes_is_corrupt(tmp_path):
    w = TensorProto(name="w", data_type=FLOAT, dims=[30000, 25000], raw_data=b"")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    save(tmp_path / "m.onnx", [node], [value("x", shape=("b", 30000))], [value("y", shape=("b", 25000))], [w])
    with pytest.raises(CorruptFile, match=r"'w' is declared as .*3,000,000,000 bytes and holds 0"):
        Onnx().claims(bundle(tmp_path))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (TensorProto.INT4, [1, -2, 3]),
        (TensorProto.FLOAT16, [1, 2]),
        (TensorProto.BOOL, [1]),
        (TensorProto.STRING, ["a", "b"]),
        (TensorProto.DOUBLE, []),
    ],
)
def test_weights_of_every_type_have_their_size(tmp_path, kind, values):
    w = helper.make_tensor("w", kind, [len(values)], values)
    node = helper.make_node("Relu", ["x"], ["y"])
    save(tmp_path / "m.onnx", [node], [value("x")], [value("y")], [w])
    assert Onnx().claims(bundle(tmp_path)) == ("m.onnx",)


def test_outside_weights_belong_to_the_model(tmp_path):
    folder = tmp_path / "deep"
    folder.mkdir()
    linear(folder / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    found = Bundle(tmp_path, ("deep/m.onnx", "deep/w.bin"))
    assert Onnx().claims(found) == ("deep/m.onnx", "deep/w.bin")


def outside(tmp_path, location, size=24):
    path = linear(tmp_path / "m.onnx")
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    (tmp_path / "w.bin").write_bytes(bytes(size))
    return bundle(tmp_path)


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "..\\w.bin", ""])
def test_outside_weights_stay_in_the_folder(tmp_path, location):
    with pytest.raises(CorruptFile, match="outside its folder"):
        Onnx().claims(outside(tmp_path, location))


def test_outside_weights_that_were_not_sent_are_named(tmp_path):
    with pytest.raises(CorruptFile, match=r"'other\.bin', which was not sent: send both"):
        Onnx().claims(outside(tmp_path, "other.bin"))


def test_outside_weights_that_are_too_short_are_corrupt(tmp_path):
    with pytest.raises(CorruptFile, match=r"w\.bin is cut off"):
        Onnx().claims(outside(tmp_path, "w.bin", size=23))


def test_inspect_reads_signature_size_and_opset(tmp_path):
    linear(tmp_path / "m.onnx")
    found = Onnx().inspect(bundle(tmp_path), ["m.onnx"])
    assert found.inputs == (TensorSpec("x", "float32", ("batch", 3)),)
    assert found.outputs == (TensorSpec("y", "float32", ("batch", 2)),)
    assert (found.parameters, found.opset, found.framework) == (6, 18, "onnx")
    assert (found.operators, found.architecture) == ({"MatMul": 1}, None)


def test_inspect_tells_the_architecture_by_the_graph(tmp_path):
    tree(tmp_path / "m.onnx", (None, 13))
    found = Onnx().inspect(bundle(tmp_path), ["m.onnx"])
    assert found.architecture == "DecisionTree"
    assert found.evidence == "1 TreeEnsembleRegressor of one tree among 1 operator of m.onnx"
    assert found.operators == {"ai.onnx.ml.TreeEnsembleRegressor": 1}


def test_only_models_older_than_opset_7_are_upgraded(tmp_path):
    old = linear(tmp_path / "old.onnx", opset=6)
    new = linear(tmp_path / "new.onnx", opset=7)
    assert is_old(old)
    assert not is_old(new)
    names = {name: list(Onnx().exporters(bundle(tmp_path), [name], 18)) for name in ("old.onnx", "new.onnx")}
    assert not names["new.onnx"]
    ((name, upgrade),) = names["old.onnx"]
    assert name == "onnx version converter"
    upgrade(tmp_path / "up.onnx")
    assert onnx.load(tmp_path / "up.onnx").opset_import[0].version == 18
