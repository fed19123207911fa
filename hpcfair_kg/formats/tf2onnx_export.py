"""tf2onnx, as this catalogue uses it: names kept, exact GELU known, dimensions readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.formats.naming import axis_name, rename
from hpcfair_kg.formats.saved_model import Signature

OLDEST, NEWEST = 13, 18
"""The opsets for which tf2onnx makes valid graphs; another one asked for becomes the nearest."""


def refusals() -> tuple[type[Exception], ...]:
    """Return what TensorFlow raises for an input that a model does not take."""
    import tensorflow as tf

    return (tf.errors.OpError, ValueError, TypeError, IndexError)


def export_function(
    function: Callable[..., Mapping[str, Any]],
    inputs: Sequence[TensorSpec],
    outputs: Sequence[str],
    opset: int,
    path: Path,
) -> None:
    """Export a function of positional tensors that returns a dict of tensors."""
    import tensorflow as tf
    import tf2onnx

    specs = [
        tf.TensorSpec(
            [d if isinstance(d, int) else None for d in s.shape], getattr(tf, s.dtype), name=f"in_{i}"
        )
        for i, s in enumerate(inputs)
    ]
    traced = tf.function(lambda *tensors: {f"out_{i}": function(*tensors)[n] for i, n in enumerate(outputs)})
    model, _ = tf2onnx.convert.from_function(
        traced, specs, opset=nearest(opset), custom_op_handlers=handlers()
    )
    names = {f"in_{i}": spec.name for i, spec in enumerate(inputs)}
    finish(model, names | {f"out_{i}": name for i, name in enumerate(outputs)}, inputs, path)


def export_graph(session: Any, signature: Signature, opset: int, path: Path) -> None:
    """Export what a signature computes in a TensorFlow 1 session."""
    import tensorflow as tf
    from tf2onnx import optimizer, tf_loader, tfonnx

    given = [signature.tensors[spec.name] for spec in signature.inputs]
    wanted = [signature.tensors[name] for name in signature.output_names]
    with session.graph.as_default():
        frozen = tf_loader.freeze_session(session, input_names=given, output_names=wanted)
    # Only as a function is the graph freed of the calls in it, which tf2onnx does not take.
    whole = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(frozen, name=""), [])
    element = whole.graph.as_graph_element
    function = whole.prune([element(name) for name in given], [element(name) for name in wanted])
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf_loader.from_function(function, given, wanted), name="")
        converted = tfonnx.process_tf_graph(
            graph,
            opset=nearest(opset),
            input_names=given,
            output_names=wanted,
            continue_on_error=True,
            custom_op_handlers=handlers(),
        )
        model = optimizer.optimize_graph(converted).make_model(signature.name)
    finish(model, {tensor: name for name, tensor in signature.tensors.items()}, signature.inputs, path)


def nearest(opset: int) -> int:
    """Return the opset that can be produced, nearest to the one asked for."""
    return min(max(opset, OLDEST), NEWEST)


def finish(model: Any, names: Mapping[str, str], inputs: Sequence[TensorSpec], path: Path) -> None:
    """Write a converted model under the original's names; refuse one with operators that ONNX lacks."""
    import onnx

    check_operators(model)
    del model.graph.value_info[:]  # tf2onnx's own guesses, some of them wrong; the runtime infers them anew
    onnx.save(model, path)
    rename(path, names, _dimensions(model, names, inputs))


def check_operators(model: Any) -> None:
    """Raise `UnknownFormat` naming the operators that tf2onnx left as they were."""
    import onnx

    known = {domain.domain for domain in model.opset_import if domain.domain not in ("", "ai.onnx")}
    left = {n.op_type for n in model.graph.node if n.domain not in known and not onnx.defs.has(n.op_type)}
    left |= {
        n.op_type for n in model.graph.node if n.domain in known and not onnx.defs.has(n.op_type, n.domain)
    }
    if left:
        raise UnknownFormat(f"ONNX has no counterpart of these operators: {', '.join(sorted(left))}")


def _dimensions(model: Any, names: Mapping[str, str], inputs: Sequence[TensorSpec]) -> dict[str, str]:
    """Map tf2onnx's "unk__7" to the inputs' own names, and by place in the outputs."""
    shapes = {spec.name: spec.shape for spec in inputs}
    found: dict[str, str] = {}
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        shape = shapes.get(names.get(value.name, value.name), ())
        for axis, dim in enumerate(dims):
            if dim.dim_param and dim.dim_param not in found:
                known = shape[axis] if axis < len(shape) else axis_name(len(dims), axis)
                found[dim.dim_param] = known if isinstance(known, str) else axis_name(len(dims), axis)
    return found


def handlers() -> dict[str, tuple[Callable[..., None], list[Any]]]:
    """Return the operators that tf2onnx 1.17 does not know: those of the exact GELU."""
    return {"Erfc": (_erfc, []), "TFL_GELU": (_gelu, [])}


def _erfc(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Erfc(x) = 1 - Erf(x)."""
    shapes, dtypes = _forget(context, node)
    erf = context.make_node("Erf", node.input, dtypes=dtypes, shapes=shapes)
    one = _constant(context, node.input[0], 1.0)
    context.make_node(
        "Sub", [one, erf.output[0]], outputs=node.output, name=name, dtypes=dtypes, shapes=shapes
    )


def _gelu(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Gelu(x) = x/2 (1 + Erf(x/sqrt 2)), or (Hendrycks and Gimpel 2016) with tanh where approximate."""
    approximate = node.get_attr_value("approximate", False)
    shapes, dtypes = _forget(context, node)
    x = node.input[0]

    def make(op: str, *given: str, **last: Any) -> str:
        made = context.make_node(op, list(given), dtypes=dtypes, shapes=shapes, **last)
        return str(made.output[0])

    def value(number: float) -> str:
        return _constant(context, x, number)

    if approximate:
        cube = make("Mul", make("Mul", make("Mul", x, x), x), value(0.044715))
        bent = make("Tanh", make("Mul", make("Add", x, cube), value(np.sqrt(2 / np.pi))))
    else:
        bent = make("Erf", make("Mul", x, value(np.sqrt(0.5))))
    half = make("Mul", x, value(0.5))
    make("Mul", half, make("Add", bent, value(1.0)), outputs=node.output, name=name)


def _forget(context: Any, node: Any) -> tuple[Any, Any]:
    shapes, dtypes = node.output_shapes, node.output_dtypes
    context.remove_node(node.name)
    return shapes, dtypes


def _constant(context: Any, like: str, number: float) -> str:
    from tf2onnx import utils

    dtype = utils.map_onnx_to_numpy_type(context.get_dtype(like))
    return str(context.make_const(utils.make_name("constant"), np.array(number, dtype)).output[0])
