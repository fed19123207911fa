"""How values flow through an ONNX graph: which depend on its inputs, where they come from and go to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from hpcfair_kg.formats import graphs

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_SIZES = frozenset({"Shape", "Size"})
"""What they give depends on no value, only on how many there are."""


class Flow:
    """The nodes of a model in order, those of inner graphs too.

    A value is fixed when no input of the model can change it, sizes apart:
    weights, constants, and whatever is computed from these alone.
    """

    def __init__(self, model: ModelProto) -> None:
        self.nodes = tuple(graphs.nodes(model.graph))
        self._fixed = {"", *(tensor.name for tensor in graphs.weights(model))}
        self._fixed.update(tensor.values.name for tensor in model.graph.sparse_initializer)
        for node in self.nodes:
            if self._is_fixed(node):
                self._fixed.update(node.output)

    def inputs(self, node: NodeProto) -> list[str]:
        """Return the inputs of a node that are not fixed."""
        return [name for name in node.input if name not in self._fixed]

    @cached_property
    def live(self) -> list[NodeProto]:
        """The nodes that give something that is not fixed, in order."""
        return [node for node in self.nodes if not self._fixed.issuperset(node.output)]

    def after(self, begins: Callable[[NodeProto], bool], passing: frozenset[str]) -> set[str]:
        """Return the values that nodes of a kind give, and what operators that only pass on make of them."""
        found: set[str] = set()
        for node in self.nodes:
            if begins(node) or (node.op_type in passing and not found.isdisjoint(node.input)):
                found.update(node.output)
        return found

    def before(self, ends: Callable[[NodeProto], bool], passing: frozenset[str]) -> set[str]:
        """Return the values that nodes of a kind read, and what operators that only pass on make these of."""
        found: set[str] = set()
        for node in reversed(self.nodes):
            if ends(node) or (node.op_type in passing and not found.isdisjoint(node.output)):
                found.update(self.inputs(node))
        return found

    def _is_fixed(self, node: NodeProto) -> bool:
        inner = any(a.HasField("g") or a.graphs for a in node.attribute)
        return node.op_type in _SIZES or not (inner or self.inputs(node))
