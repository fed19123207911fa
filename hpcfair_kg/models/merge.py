"""A chain of ONNX files becomes one ONNX file, proved equal to the chained run, or a reason why it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.activity import Verdict
from hpcfair_kg.errors import HPCFairError, NotRunnable
from hpcfair_kg.formats import graphs
from hpcfair_kg.formats.base import Array, Feeds, Reference
from hpcfair_kg.models import infer, verify
from hpcfair_kg.models.chain import Chain

if TYPE_CHECKING:
    from onnx import ModelProto

LIMIT = 3 << 29
"""The bytes up to which graphs are merged: protobuf ends at 2 GiB."""


class ChainedRun(Reference):
    """The chained run as what the merged graph is compared with."""

    def __init__(self, chain: Chain, bounds: Mapping[str, int]) -> None:
        self.chain = chain
        self.inputs = chain.inputs
        self.outputs = faces(chain)
        self.bounds = bounds

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return what the last part gives."""
        return list(self.chain.run(feeds).values())


def merge(chain: Chain, path: Path, *, seed: int, samples: Sequence[Feeds] = ()) -> Verdict:
    """Write the chain as one graph to `path` and return the verdict of its proof.

    The merged graph takes the chain's inputs and gives its outputs, under the
    same names.  Raises `NotRunnable` with the reason when the graphs cannot be
    merged; a file that fails its proof is left for the caller to name so.
    """
    import onnx

    paths = [part.path for part in chain.parts if part.path]
    if sum(path.stat().st_size for path in paths) > LIMIT:
        raise _cannot("together they are larger than what one ONNX file holds")
    try:
        onnx.save(_merged(chain, paths), path)
        infer.signature(path)
    except (ValueError, RuntimeError, TypeError, onnx.checker.ValidationError) as exc:
        raise _cannot(str(exc)[: infer.REASON]) from exc
    except HPCFairError as exc:
        path.unlink(missing_ok=True)
        raise _cannot(exc.detail) from exc
    bounds = graphs.tables(onnx.load(path))
    return verify.prove(ChainedRun(chain, bounds), path, seed=seed, samples=samples)


def _merged(chain: Chain, paths: Sequence[Path]) -> ModelProto:
    """Join the graphs from first to last, all inner names prefixed with their part's name."""
    from onnx import compose

    models = _aligned(paths)
    names = [f"{part.name}/" for part in chain.parts]
    whole = compose.add_prefix(models[0], names[0])
    for number in range(1, len(models)):
        model = compose.add_prefix(models[number], names[number])
        links = {
            names[number] + name: names[source.part] + source.name
            for name, source in chain.wiring[number].items()
            if source.part is not None
        }
        keep = [o.name for o in (*whole.graph.output, *model.graph.output)]
        whole = compose.merge_models(whole, model, [(o, i) for i, o in links.items()], outputs=keep)
    return _faced(whole, chain, names)


def _aligned(paths: Sequence[Path]) -> list[ModelProto]:
    """Load graphs and bring them to one opset and one IR version, without what only describes them."""
    import onnx

    models = [onnx.load(path) for path in paths]
    opset = max(_opset(model) for model in models)
    aligned = [m if _opset(m) == opset else onnx.version_converter.convert_version(m, opset) for m in models]
    newest = max(model.ir_version for model in aligned)
    for model in aligned:
        model.ir_version = newest
        del model.metadata_props[:], model.graph.value_info[:]
        _one_import_each(model)
    return aligned


def _opset(model: ModelProto) -> int:
    return max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1)


def _faced(whole: ModelProto, chain: Chain, prefixes: Sequence[str]) -> ModelProto:
    """Give the merged graph the chain's own inputs and outputs: identities, which every runtime removes."""
    from onnx import helper

    graph = whole.graph
    kinds = {value.name: value.type for value in (*graph.input, *graph.output)}
    entries: dict[str, Any] = {}
    ends, nodes = [], []
    for prefix, sources in zip(prefixes, chain.wiring, strict=True):
        for name, source in sources.items():
            if source.part is None:
                entries.setdefault(source.name, helper.make_value_info(source.name, kinds[prefix + name]))
                nodes.append(helper.make_node("Identity", [source.name], [prefix + name]))
    for spec, name in zip(chain.outputs, faces(chain), strict=True):
        nodes.append(helper.make_node("Identity", [prefixes[-1] + spec.name], [name]))
        ends.append(helper.make_value_info(name, kinds[prefixes[-1] + spec.name]))
    inner = [*nodes[: -len(ends)], *graph.node, *nodes[-len(ends) :]]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(inner)
    graph.input.extend(entries.values())
    graph.output.extend(ends)
    _one_import_each(whole)
    return whole


def faces(chain: Chain) -> tuple[str, ...]:
    """Return the merged graph's output names: the chain's own, but for one that an input has."""
    taken = {spec.name for spec in chain.inputs}
    return tuple(f"{spec.name}_out" if spec.name in taken else spec.name for spec in chain.outputs)


def _one_import_each(model: ModelProto) -> None:
    from onnx import helper

    opsets = {
        "" if entry.domain == "ai.onnx" else entry.domain: entry.version for entry in model.opset_import
    }
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in opsets.items())


def _cannot(reason: str) -> NotRunnable:
    return NotRunnable(f"the models run as a chain and are not merged into one file: {reason}", reason=reason)
