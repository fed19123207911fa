"""What the converters of classical models leave untidy in an ONNX graph, put right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hpcfair_kg.formats import graphs

if TYPE_CHECKING:
    from onnx import ModelProto

BATCH = "batch"
NEWEST = 22
"""The highest opset that skl2onnx writes; onnxruntime runs it."""


def tidy(model: ModelProto, opset: int, names: Mapping[str, str] | None = None) -> ModelProto:
    """Return the graph with each operator set once, at the version asked for, and its first axis named.

    `names` gives outputs other names.  A graph that cannot be brought to that version keeps the one it has.
    """
    _import_once(model)
    _set_locale(model)
    for output in model.graph.output:
        _rename(model, output.name, (names or {}).get(output.name, output.name))
    model = _at(model, min(opset, NEWEST))
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        if dimensions and (dimensions[0].dim_param or not dimensions[0].dim_value or _is_label(value.name)):
            dimensions[0].dim_param = BATCH
    return model


def _rename(model: ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for output in model.graph.output:
        output.name = new if output.name == old else output.name


def _is_label(name: str) -> bool:
    """Tell the output that LightGBM's converter declares as one label, whatever the batch."""
    return name == "label"


def _set_locale(model: ModelProto) -> None:
    """Lower-case texts by a locale that every machine has: en_US, the default, is often not installed."""
    from onnx import helper

    for node in graphs.nodes(model.graph):
        if node.op_type == "StringNormalizer" and all(a.name != "locale" for a in node.attribute):
            node.attribute.append(helper.make_attribute("locale", "C.UTF-8"))


def _import_once(model: ModelProto) -> None:
    """Keep the highest version of each operator set: converters list some twice."""
    from onnx import helper

    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        versions[domain] = max(entry.version, versions.get(domain, 0))
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in versions.items())


def _at(model: ModelProto, opset: int) -> ModelProto:
    """Return the model at an opset; ai.onnx.ml, which the version converter cannot see, stays as it is."""
    import onnx
    from onnx import helper

    have = graphs.opset(model)
    if have is None:
        model.opset_import.append(helper.make_opsetid("", opset))
        return model
    if have >= opset:
        return model
    try:
        raised = onnx.version_converter.convert_version(model, opset)
        onnx.checker.check_model(raised)
    except (RuntimeError, ValueError, onnx.checker.ValidationError, onnx.version_converter.ConvertError):
        return model
    _import_once(raised)
    return raised
