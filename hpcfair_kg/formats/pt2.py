"""The archive that torch.export writes, read with zipfile and json alone.

A .pt2 is a zip: ``models/model.json`` holds the graph and its signature (schema
8.x of torch/_export/serde/schema.py), ``data/weights/`` the raw tensors.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.naming import distinct, renamed

MODEL = re.compile(r"[^/]+/models/[^/]+\.json")
DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""torch's ScalarType numbers, which the schema uses."""
WIDTHS = {"bool": 1, "bfloat16": 2, "complex64": 8, "complex128": 16}
PASSING = ("_to_copy", "to.", "view", "reshape", "alias", "clone", "contiguous", "unsqueeze", "slice")
"""Operators behind which an index is still the same index."""


@dataclass(frozen=True)
class Program:
    """The exported program in an archive: its document, and the archive's members by name and size."""

    document: Mapping[str, Any]
    weights: Mapping[str, Any]
    member_sizes: Mapping[str, int]
    prefix: str

    @property
    def graph(self) -> Mapping[str, Any]:
        """The graph, with the metadata of its tensors."""
        graph: Mapping[str, Any] = self.document["graph_module"]["graph"]
        return graph

    @property
    def version(self) -> str:
        """The PyTorch that wrote the archive."""
        return str(self.document.get("torch_version") or "of unknown version")

    @property
    def operators(self) -> tuple[str, ...]:
        """The names of the graph's operators, in order; "unknown" for one that holds graphs of its own."""
        return tuple(operator(node["target"]) for node in self.graph["nodes"])

    @property
    def parameters(self) -> int:
        """The number of trainable values."""
        metas = (w["tensor_meta"] for w in self.weights.values() if w["is_param"])
        return sum(math.prod(integers(meta["sizes"])) for meta in metas)

    @property
    def constants(self) -> tuple[str, ...]:
        """The names of the arguments that were fixed when the model was exported."""
        specs = self.document["graph_module"]["signature"]["input_specs"]
        return tuple(spec["constant_input"]["name"] for spec in specs if "constant_input" in spec)

    @cached_property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The tensors the program takes, under their argument names."""
        return tuple(self._spec(name, name) for name in self._tensors("input"))

    @cached_property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The tensors the program gives, under their keys where it returns a dict."""
        calls = self.document["graph_module"]["module_call_graph"]
        spec = json.loads(calls[0]["signature"]["out_spec"])[1] if calls else {"children_spec": []}
        arguments = list(self._arguments("output"))
        names = list(leaves(spec)) or [""] * len(arguments)
        kept = [n for n, (kind, _) in zip(names, arguments, strict=True) if kind == "as_tensor"]
        return tuple(
            self._spec(tensor, name)
            for tensor, name in zip(self._tensors("output"), distinct(kept, "output"), strict=True)
        )

    @cached_property
    def symbols(self) -> Mapping[str, str]:
        """Our names of torch's symbols: the one that leads first input and first output is the batch."""
        first = [self._sizes(next(self._tensors(side), "")) for side in ("input", "output")]
        leading = [symbol(sizes[0]) for sizes in first if sizes]
        return {leading[0]: "batch"} if len(leading) == 2 and leading[0] and len(set(leading)) == 1 else {}

    @property
    def ranges(self) -> Mapping[str, tuple[int, int | None]]:
        """The sizes that symbolic dimensions may have, where not any (2 is torch's word for any)."""
        limits = {
            self.symbols.get(name, name): (max(int(r["min_val"] or 1), 1), r["max_val"])
            for name, r in self.document.get("range_constraints", {}).items()
        }
        return {
            name: (low if low > 2 else 1, high) for name, (low, high) in limits.items() if low > 2 or high
        }

    @property
    def hints(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs that the program was exported with."""
        return tuple(tuple(hint(size) for size in self._sizes(name)) for name in self._tensors("input"))

    @property
    def bounds(self) -> Mapping[str, int]:
        """For inputs that index an embedding: the size of its table."""
        origin = {name: name for name in self._tensors("input")}
        bounds: dict[str, int] = {}
        for node in self.graph["nodes"]:
            target = node["target"].removeprefix("torch.ops.aten.")
            names = [a["arg"].get("as_tensor", {}).get("name", "") for a in node["inputs"]]
            if target.startswith("embedding.") and names[1] in origin:
                size = integers(self._sizes(names[0]))[0]
                bounds[origin[names[1]]] = min(size, bounds.get(origin[names[1]], size))
            elif target.startswith(PASSING) and names[0] in origin:
                origin[node["outputs"][0].get("as_tensor", {}).get("name", "")] = origin[names[0]]
        return bounds

    def _arguments(self, side: str) -> Iterator[tuple[str, Any]]:
        for spec in self.document["graph_module"]["signature"][f"{side}_specs"]:
            if f"user_{side}" in spec:
                yield from spec[f"user_{side}"]["arg"].items()

    def _tensors(self, side: str) -> Iterator[str]:
        return (value["name"] for kind, value in self._arguments(side) if kind == "as_tensor")

    def _sizes(self, tensor: str) -> list[Mapping[str, Any]]:
        sizes: list[Mapping[str, Any]] = self.graph["tensor_values"].get(tensor, {}).get("sizes", [])
        return sizes

    def _spec(self, tensor: str, name: str) -> TensorSpec:
        dtype = DTYPES.get(self.graph["tensor_values"][tensor]["dtype"], "unknown")
        return TensorSpec(name, dtype, tuple(dimension(s, self.symbols) for s in self._sizes(tensor)))

    def check(self) -> None:
        """Raise `CorruptFile` when a weight is larger than the member that is said to hold it."""
        for name, weight in self.weights.items():
            meta, member = weight["tensor_meta"], f"{self.prefix}/data/weights/{weight['path_name']}"
            if not weight["use_pickle"] and span(meta) > self.member_sizes.get(member, 0):
                raise CorruptFile(
                    f"weight {name!r} is declared with {span(meta)} bytes and its member {member} "
                    f"has {self.member_sizes.get(member, 0)}: save the program again"
                )


def operator(target: str) -> str:
    """Return the name of an operator without its library and overload.

    >>> operator("torch.ops.aten.lstm.input"), operator("torch.ops.higher_order.cond")
    ('lstm', 'unknown')
    """
    library, _, name = target.removeprefix("torch.ops.").partition(".")
    return "unknown" if library == "higher_order" else name.partition(".")[0] or library


def read(path: Path) -> Program:
    """Read the exported program of a .pt2 file; raise `CorruptFile` for what cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            model = next(name for name in sizes if MODEL.fullmatch(name))
            prefix, stem = model.split("/")[0], Path(model).stem
            weights = f"{prefix}/data/weights/{stem}_weights_config.json"
            program = Program(
                json.loads(archive.read(model)), json.loads(archive.read(weights))["config"], sizes, prefix
            )
        program.check()
        _ = program.inputs, program.outputs
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        LookupError,
        TypeError,
        StopIteration,
    ) as exc:
        raise CorruptFile(
            f"{path.name} is a .pt2 archive whose program cannot be read ({type(exc).__name__}: {exc}): "
            "save it again with torch.export.save"
        ) from exc
    return program


def symbol(size: Mapping[str, Any]) -> str | None:
    """Return the symbol that a size is, or None for a number or an expression."""
    text = size.get("as_expr", {}).get("expr_str", "")
    found = re.fullmatch(r"Symbol\('(\w+)'[^()]*\)", text)
    return found[1] if found else None


def dimension(size: Mapping[str, Any], names: Mapping[str, str]) -> Dimension:
    """Return a size as the record shows it: a number, a name, or an expression over names."""
    if "as_int" in size:
        return int(size["as_int"])
    text = re.sub(r"Symbol\('(\w+)'[^()]*\)", r"\1", size["as_expr"]["expr_str"])
    return renamed(re.sub(r"Integer\((-?\d+)\)", r"\1", text), names)


def hint(size: Mapping[str, Any]) -> int:
    """Return a size as it was when the program was exported."""
    return int(size["as_int"] if "as_int" in size else (size["as_expr"]["hint"] or {}).get("as_int", 2))


def integers(sizes: list[Mapping[str, Any]]) -> tuple[int, ...]:
    """Return sizes that are all numbers, as weights' are."""
    return tuple(int(size["as_int"]) for size in sizes)


def span(meta: Mapping[str, Any]) -> int:
    """Return the bytes that a strided tensor reaches over."""
    sizes, strides = integers(meta["sizes"]), integers(meta["strides"])
    if 0 in sizes:
        return 0
    last = sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    dtype = DTYPES.get(meta["dtype"], "bool")
    width = WIDTHS.get(dtype) or int(re.sub(r"\D", "", dtype)) // 8
    return (int(meta["storage_offset"]["as_int"]) + last + 1) * width


def leaves(spec: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield a name for each leaf of torch's tree of outputs: its keys, or its place."""
    children = spec["children_spec"]
    if not children and spec.get("type") is None:
        keys = [i for i, part in enumerate(path) if not part.isdigit()]
        yield "_".join(path[keys[0] :] if keys else ("output", *path))
        return
    context = json.loads(spec["context"]) if "Dict" in spec["type"] or "dict" in spec["type"] else None
    keys_ = context if isinstance(context, list) else range(len(children))
    for key, child in zip(keys_, children, strict=True):
        yield from leaves(child, (*path, str(key)))
