"""The rules around tf2onnx that need no TensorFlow to be tried."""

import pytest
from onnx import TensorProto, helper

from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.formats.tf2onnx_export import check_operators, nearest


@pytest.mark.parametrize(("asked", "made"), [(9, 13), (13, 13), (15, 15), (18, 18), (21, 18)])
def test_the_nearest_opset(asked, made):
    assert nearest(asked) == made


def model(*operators, **domains):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    nodes = [helper.make_node(op, ["x"], ["y"], domain=domains.get(op, "")) for op in operators]
    return helper.make_model(helper.make_graph(nodes, "g", [value], [value]))


def test_operators_that_were_left_are_named():
    check_operators(model("Relu", "Erf"))
    with pytest.raises(UnknownFormat, match="counterpart of these operators: ReadFile, TFL_CUSTOM"):
        check_operators(model("Relu", "TFL_CUSTOM", "ReadFile"))
