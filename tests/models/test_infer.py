import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile, NotFound, NotRunnable, WrongInput
from hpcfair_kg.models import infer

F, I64 = TensorProto.FLOAT, TensorProto.INT64


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(path, nodes, inputs, outputs, initialisers=(), imports=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, initialisers)
    opsets = [helper.make_opsetid("", 18), *(helper.make_opsetid(d, v) for d, v in imports)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


@pytest.fixture
def linear(tmp_path):
    """y = x @ [[1, 2], [3, 4], [5, 6]], and s = the shape of x."""
    weights = helper.make_tensor("w", F, [3, 2], [1, 2, 3, 4, 5, 6])
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Shape", ["x"], ["s"])]
    return save(
        tmp_path / "linear.onnx",
        nodes,
        [value("x", F, ["batch", 3])],
        [value("y", F, ["batch", 2]), value("s", I64, [2])],
        [weights],
    )


def identity(tmp_path, kind, shape=("n",)):
    node = helper.make_node("Identity", ["x"], ["y"])
    return save(
        tmp_path / f"identity{kind}.onnx", [node], [value("x", kind, shape)], [value("y", kind, shape)]
    )


def test_the_signature_keeps_symbolic_dimensions(linear):
    inputs, outputs = infer.signature(linear)
    assert inputs == (TensorSpec("x", "float32", ("batch", 3)),)
    assert outputs == (TensorSpec("y", "float32", ("batch", 2)), TensorSpec("s", "int64", (2,)))


def test_a_dimension_without_a_name_gets_one(tmp_path):
    path = identity(tmp_path, F, [None, 3])
    assert infer.signature(path)[0][0].shape == ("x_0", 3)


def test_run_returns_every_output_by_name(linear):
    results = infer.run(infer.load(linear), {"x": [[1, 0, 0], [0, 1, 1]]})
    assert results["y"].tolist() == [[1, 2], [8, 10]]
    assert results["s"].tolist() == [2, 3]


def test_run_returns_only_the_outputs_asked_for(linear):
    session = infer.load(linear)
    assert list(infer.run(session, {"x": np.ones((1, 3))}, ["s"])) == ["s"]
    with pytest.raises(WrongInput, match="no output 'z'; the model gives y, s"):
        infer.run(session, {"x": np.ones((1, 3))}, ["z"])


def test_a_batch_of_none_runs(linear):
    assert infer.run(infer.load(linear), {"x": np.zeros((0, 3), np.float32)})["y"].shape == (0, 2)


def test_nan_goes_through(linear):
    assert np.isnan(infer.run(infer.load(linear), {"x": [[np.nan, 0, 0]]})["y"]).all()


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ({}, "no value for input 'x'"),
        ({"x": [[1, 2, 3]], "z": 1}, "no input 'z'; the model takes x"),
        ({"x": [1, 2, 3]}, r"has the shape \[3\]; the model takes \['batch', 3\]"),
        ({"x": [[1, 2]]}, r"has the shape \[1, 2\]"),
        ({"x": [[1, 2, 3], [1]]}, "unequal length"),
        ({"x": [["a", "b", "c"]]}, "x is str"),
        ({"x": [[1e300, 0, 0]]}, "x is float64; the model takes float32"),
        ({"x": [[16777217, 0, 0]]}, "x is int64; the model takes float32"),
    ],
)
def test_wrong_input_says_what_is_expected(linear, feeds, said):
    with pytest.raises(WrongInput, match=said) as caught:
        infer.run(infer.load(linear), feeds)
    assert caught.value.members["expected"] == [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}]


@pytest.mark.parametrize(
    ("given", "dtype", "fits"),
    [
        (np.float64([0.1]), "float32", True),
        (np.int64([5]), "int32", True),
        (np.int64([1 << 40]), "int32", False),
        (np.int64([-1]), "uint64", False),
        (np.uint64([1 << 63]), "int64", False),
        (np.int64([1, 2]), "float64", True),
        (np.float32([1.0]), "int64", False),
        (np.float32([np.inf]), "float16", True),
        (np.float32([70000]), "float16", False),
        (np.bool_([True]), "int64", True),
        (np.int64([1]), "bool", False),
        (np.float64([]), "int64", True),
        (np.array([b"a", b"b"]), "string", True),
        (np.array([1, 2]), "string", False),
        (np.array([1, "a", None], object), "string", False),
        (np.arange(3, dtype=">f4"), "float32", True),
    ],
)
def test_only_casts_that_keep_the_values_are_made(given, dtype, fits):
    spec = TensorSpec("x", dtype, ("n",))
    if not fits:
        with pytest.raises(WrongInput):
            infer.checked({"x": given}, [spec])
        return
    cast = infer.checked({"x": given}, [spec])["x"]
    assert cast.dtype == (object if dtype == "string" else np.dtype(dtype))


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (TensorProto.FLOAT16, np.float16([1.5, -2])),
        (TensorProto.INT8, np.int8([-128, 127])),
        (TensorProto.BOOL, np.array([True, False])),
        (TensorProto.STRING, np.array(["a", "ü", ""], object)),
        (TensorProto.DOUBLE, np.array([1e300])),
        (TensorProto.UINT64, np.array([2**64 - 1], np.uint64)),
    ],
)
def test_every_kind_of_tensor_runs(tmp_path, kind, array):
    given = infer.run(infer.load(identity(tmp_path, kind)), {"x": array})["y"]
    assert given.tolist() == array.tolist()
    assert given.dtype == array.dtype


def test_a_scalar_runs(tmp_path):
    assert infer.run(infer.load(identity(tmp_path, F, [])), {"x": 2.5})["y"] == np.float32(2.5)


def test_bfloat16_runs(tmp_path):
    session = infer.load(identity(tmp_path, TensorProto.BFLOAT16, ("n", 2)))
    for given in (np.array([[1.0, 1e30]], ml_dtypes.bfloat16), [[1.0, 1e30]], np.zeros((0, 2))):
        gave = infer.run(session, {"x": given})["y"]
        assert gave.dtype == ml_dtypes.bfloat16
        np.testing.assert_array_equal(gave, np.asarray(given).astype(ml_dtypes.bfloat16))
    with pytest.raises(WrongInput, match="x is str"):
        infer.run(session, {"x": [["a", "b"]]})


def test_what_no_array_holds_is_refused_by_name(tmp_path):
    kind = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(F, None))
    node = helper.make_node("DictVectorizer", ["x"], ["y"], domain="ai.onnx.ml", string_vocabulary=["a", "b"])
    ends = [helper.make_value_info("x", kind)], [value("y", F, [1, 2])]
    path = save(tmp_path / "map.onnx", [node], *ends, imports=[("ai.onnx.ml", 3)])
    with pytest.raises(NotRunnable, match=r"'x' is map\(string,tensor\(float\)\)"):
        infer.run(infer.load(path), {"x": {"a": 1.0}})


def test_a_sequence_of_maps_becomes_rows_and_columns(tmp_path):
    node = helper.make_node("ZipMap", ["x"], ["p"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"])
    kind = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(F, None))
    out = helper.make_value_info("p", helper.make_sequence_type_proto(kind))
    path = save(tmp_path / "z.onnx", [node], [value("x", F, ["n", 2])], [out], (), [("ai.onnx.ml", 3)])
    session = infer.load(path)
    assert infer.signature(session)[1][0].dtype == "seq(map(string,tensor(float)))"
    assert infer.run(session, {"x": [[0.25, 0.75], [1, 0]]})["p"].tolist() == [[0.25, 0.75], [1, 0]]


def test_a_sequence_of_unequal_tensors_is_an_output_each(tmp_path):
    nodes = [helper.make_node("SequenceConstruct", ["x", "y"], ["s"])]
    out = helper.make_tensor_sequence_value_info("s", F, None)
    path = save(tmp_path / "s.onnx", nodes, [value("x", F, ["a"]), value("y", F, ["b"])], [out])
    session = infer.load(path)
    assert infer.run(session, {"x": [1, 2], "y": [3, 4]})["s"].tolist() == [[1, 2], [3, 4]]
    apart = infer.run(session, {"x": [1], "y": [3, 4]}, ["s"])
    assert {name: array.tolist() for name, array in apart.items()} == {"s[0]": [1], "s[1]": [3, 4]}


def sequences(tmp_path):
    """y = x twice over, a sequence of floats that may be of any shape."""
    sequence = helper.make_tensor_sequence_value_info
    nodes = [helper.make_node("SequenceInsert", ["x", "t"], ["y"])]
    ends = [sequence("x", F, None), value("t", F, None)], [sequence("y", F, None)]
    return infer.load(save(tmp_path / "seq.onnx", nodes, *ends))


def test_a_sequence_is_fed_as_a_list_as_an_array_or_one_by_one(tmp_path):
    session, t = sequences(tmp_path), np.float32([5, 6])
    for x in ({"x": [[1, 2], [3, 4]]}, {"x": np.array([[1, 2], [3, 4]])}, {"x[1]": [3, 4], "x[0]": [1, 2]}):
        assert infer.run(session, x | {"t": t})["y"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert infer.run(session, {"x": [], "t": t})["y"].tolist() == [[5, 6]]
    assert list(infer.run(session, {"x": [np.float32([1])], "t": t})) == ["y[0]", "y[1]"]
    for wrong in ({"x": 1.0}, {"x": [["a"]]}, {"x[1]": [1.0]}, {}):
        with pytest.raises(WrongInput):
            infer.run(session, wrong | {"t": t})


def test_an_optional_input_may_be_left_out(tmp_path):
    tensor = helper.make_tensor_type_proto(F, [2])
    optional = helper.make_value_info("x", helper.make_optional_type_proto(tensor))
    node = helper.make_node("OptionalHasElement", ["x"], ["y"])
    path = save(tmp_path / "o.onnx", [node], [optional], [value("y", TensorProto.BOOL, [])])
    session = infer.load(path)
    assert infer.run(session, {"x": [1.0, 2.0]})["y"].tolist() is True
    assert infer.run(session, {})["y"].tolist() is False


def test_inputs_that_the_graph_rejects_are_wrong_input(tmp_path):
    node = helper.make_node("Gather", ["t", "x"], ["y"])
    table = helper.make_tensor("t", F, [2], [1, 2])
    path = save(tmp_path / "g.onnx", [node], [value("x", I64, ["n"])], [value("y", F, ["n"])], [table])
    with pytest.raises(WrongInput, match=r"does not run on x \[1\]: .*Gather"):
        infer.run(infer.load(path), {"x": [7]})


def test_what_cannot_be_loaded_says_why(tmp_path):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(b"no model")
    with pytest.raises(CorruptFile, match=r"cut\.onnx"):
        infer.load(cut)
    with pytest.raises(NotFound, match=r"none\.onnx"):
        infer.load(tmp_path / "none.onnx")
    node = helper.make_node("Frobnicate", ["x"], ["y"], domain="nobody")
    ends = [value("x", F, [1])], [value("y", F, [1])]
    custom = save(tmp_path / "custom.onnx", [node], *ends, imports=[("nobody", 1)])
    with pytest.raises(NotRunnable, match="Frobnicate"):
        infer.load(custom)


def test_serve_answers_in_the_form_it_is_asked(linear):
    answer = infer.serve(lambda event: None, memory=1 << 20)
    tensors, payload = infer.pack({"x": np.ones((2, 3), np.float32)})
    asked = {"model": str(linear), "tensors": tensors, "outputs": ["y"]}
    message, body = answer(asked, payload)
    assert infer.unpack(message["tensors"], body)["y"].tolist() == [[9, 12], [9, 12]]
    assert message["holds"] == [str(linear)]
    assert "holds" not in answer(asked, payload)[0]


def test_serve_opens_and_closes_when_it_is_told(linear):
    answer = infer.serve(lambda event: None, memory=1 << 20)
    assert answer({"open": str(linear)}, b"") == ({"holds": [str(linear)]}, b"")
    assert answer({"open": str(linear)}, b"") == ({}, b"")
    assert answer({"close": str(linear)}, b"") == ({"holds": []}, b"")
    assert answer({"close": str(linear)}, b"") == ({}, b"")


def test_a_model_runs_once_when_it_is_warmed(linear, tmp_path):
    class Counted:
        def __init__(self, path):
            self.session, self.fed = infer.load(path), []

        def run(self, outputs, feeds):
            self.fed.append(feeds["x"].shape)
            return self.session.run(outputs, feeds)

    def warmed(path):
        counted = Counted(path)
        infer.warmed(infer.Model(counted, *infer.signature(counted.session)))
        return counted.fed

    assert warmed(linear) == [(1, 3)]
    assert warmed(identity(tmp_path, F, (1 << 20, 1 << 10))) == []


def test_a_model_that_runs_on_nothing_small_is_opened_cold(tmp_path):
    node = helper.make_node("Gather", ["t", "x"], ["y"])
    table = helper.make_tensor("t", F, [2], [1, 2])
    path = save(tmp_path / "g.onnx", [node], [value("x", I64, ["n"])], [value("y", F, ["n"])], [table])
    model = infer.Model.of(infer.load(path))
    assert infer.warmed(model) is model
