"""TorchScript: a module that torch.jit.script or torch.jit.trace made, with its code in the file."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from hpcfair_kg.artifact import Dimension, TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.archives import cut_zip
from hpcfair_kg.formats.base import Bundle, Convertible, Exporter, Inspection, Reference
from hpcfair_kg.formats.naming import distinct
from hpcfair_kg.formats.pytorch import PRELOAD, ModuleReference, legacy
from hpcfair_kg.formats.trial import Trial, resized, trial

CODE = re.compile(r"[^/]+/code/.*\.py")
LAYER = re.compile(r"__torch__\.(?:\w+\.)*?torch\.nn\.modules\.(?:\w+\.)*([A-Z]\w*)")
PROBE_SIZES = (71, 73, 79, 83, 89, 97, 101, 103)
"""Sizes that tell, by turning up in an output's shape, which dimension it has from which input."""


class TorchScript(Convertible):
    """A scripted or traced module; the legacy exporter alone can convert it."""

    name: ClassVar[str] = "torchscript"
    framework: ClassVar[str | None] = "pytorch"
    media_type: ClassVar[str] = "application/zip"
    rank: ClassVar[int] = 21
    extra: ClassVar[str] = "torch"
    family: ClassVar[str] = "torch"
    needs: ClassVar[tuple[str, ...]] = ("torch",)
    preload: ClassVar[tuple[str, ...]] = PRELOAD

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the zip files with code beside their tensors (a checkpoint has none)."""
        for name in bundle.names:
            if cut_zip(bundle, name, "/data.pkl") or cut_zip(bundle, name, "/data/0"):
                raise CorruptFile(
                    f"{name} is a PyTorch archive that is cut off after {bundle.size(name)} bytes"
                )
        return tuple(name for name in bundle.names if _has_code(bundle.members(name)))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read the layers from the names of the code's modules; TorchScript keeps no shapes."""
        try:
            with zipfile.ZipFile(bundle.path(names[0])) as archive:
                members = [name for name in archive.namelist() if CODE.fullmatch(name)]
                code = "\n".join(archive.read(name).decode("utf-8", "replace") for name in members)
        except (OSError, zipfile.BadZipFile, zlib.error) as exc:
            raise CorruptFile(f"{names[0]} is a damaged TorchScript archive: {exc}") from exc
        parts = sorted({*LAYER.findall(code), *re.findall(r"torch\.(\w+)\(", code)})
        told = architecture.told(parts, f"modules and operators of {names[0]}")
        return Inspection(framework=self.framework).recognised(told, by_names=True)

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield torch.onnx's legacy exporter, the only one that takes TorchScript."""
        module, example = _load(bundle, names[0])
        outputs = _outputs(module, example)
        exported = module if _is_plain(module(*example.args)) else _traced(module, example)
        yield "legacy", partial(legacy, exported, example.args, example.inputs, outputs, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the module itself."""
        module, example = _load(bundle, names[0])
        outputs = [spec.name for spec in _outputs(module, example)]
        reference = ModuleReference(_flat(module), example.inputs, outputs)
        reference.bounds = example.bounds
        return reference


def _has_code(members: Sequence[str]) -> bool:
    return any(CODE.fullmatch(m) for m in members) and any(m.endswith("/constants.pkl") for m in members)


def _load(bundle: Bundle, name: str) -> tuple[Any, Trial]:
    """Load a module in evaluation mode, and find inputs that it takes."""
    import torch

    module = torch.jit.load(str(bundle.path(name)), map_location="cpu", _restore_shapes=True).eval()
    arguments = module.forward.schema.arguments[1:]
    others = [
        f"{a.name}: {a.type}" for a in arguments if str(a.type) != "Tensor" and not a.has_default_value()
    ]
    if others:
        raise ValueError(
            f"its forward takes {', '.join(others)}, which is no tensor and cannot be an ONNX input: "
            "wrap the module so that it takes tensors only"
        )
    return module, trial(module, [a.name for a in arguments if str(a.type) == "Tensor"], bundle)


def _flat(module: Any) -> Any:
    """Wrap a module so that it gives a flat tuple of tensors."""
    import torch
    from torch.utils import _pytree as pytree

    class Flat(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            results = pytree.tree_leaves(self.module(*tensors))
            return tuple(result for result in results if isinstance(result, torch.Tensor))

    return Flat().eval()


def _is_plain(results: Any) -> bool:
    """Tell whether the exporter takes what a module gives: tensors, and no dict of them."""
    parts = results if isinstance(results, tuple) else (results,)
    return all(hasattr(part, "shape") for part in parts)


def _traced(module: Any, example: Trial) -> Any:
    """Trace the flat form around the module, whose own control flow stays as it is."""
    import torch

    return torch.jit.trace(_flat(module), example.args, check_trace=False)


def _outputs(module: Any, example: Trial) -> tuple[TensorSpec, ...]:
    """Name the outputs by their keys or places, and their dimensions by those of the inputs."""
    from torch.utils import _pytree as pytree

    symbols = sorted({d for spec in example.inputs for d in spec.shape if isinstance(d, str)})
    sizes = dict(zip(symbols, PROBE_SIZES, strict=False))
    args = example.args
    for symbol, size in sizes.items():
        places = [
            (i, axis) for i, s in enumerate(example.inputs) for axis, d in enumerate(s.shape) if d == symbol
        ]
        args = resized(args, places, size)
    flat, _ = pytree.tree_flatten_with_path(module(*args))
    leaves = [(_key(path), leaf) for path, leaf in flat if hasattr(leaf, "shape")]
    names = distinct((name for name, _ in leaves), "output")
    back: dict[int, Dimension] = {size: symbol for symbol, size in sizes.items()}
    return tuple(
        TensorSpec(name, str(leaf.dtype).removeprefix("torch."), tuple(back.get(n, n) for n in leaf.shape))
        for name, (_, leaf) in zip(names, leaves, strict=True)
    )


def _key(path: Sequence[Any]) -> str:
    """Return a name for an output: its keys, else its place."""
    parts = [str(getattr(step, "key", getattr(step, "idx", getattr(step, "name", "")))) for step in path]
    keyed = [i for i, part in enumerate(parts) if not part.isdigit()]
    return "_".join(parts[keyed[0] :] if keyed else ("output", *parts))


PLUGINS = (TorchScript(),)
