"""PyTorch: the program that torch.export saves (.pt2), and what TorchScript shares with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import architecture
from hpcfair_kg.formats.archives import cut_zip
from hpcfair_kg.formats.base import Array, Bundle, Convertible, Exporter, Feeds, Inspection, Reference
from hpcfair_kg.formats.naming import rename
from hpcfair_kg.formats.pt2 import MODEL, Program, read
from hpcfair_kg.formats.pt2_clean import sanitised

PRELOAD = (
    "torch", "torch.export", "torch.onnx", "torch.jit", "torch._dynamo", "torch._export.serde.serialize",
    "torch._export.passes", "torch.export.pt2_archive._package", "torch._functorch.aot_autograd",
    "torch._inductor.codecache", "torch.onnx._internal.exporter._core", "torch.onnx._internal.exporter._registration",
    "torch.onnx._internal.torchscript_exporter.utils", "torch.onnx.ops", "networkx", "onnxscript",
    "onnxscript.optimizer", "onnxscript.rewriter", "onnxscript.version_converter",
    "onnxscript.function_libs.torch_lib.ops", "onnxruntime",
)  # fmt: skip
"""What a warm process imports once: measured, it takes a job from 6 s to 1.5."""
NEWEST_DYNAMO, OLDEST_DYNAMO = 25, 18
NEWEST_LEGACY, OLDEST_LEGACY = 20, 9


class Pt2(Convertible):
    """An exported program (torch.export.save): graph, weights and signature in one zip."""

    name: ClassVar[str] = "pt2"
    framework: ClassVar[str | None] = "pytorch"
    media_type: ClassVar[str] = "application/zip"
    rank: ClassVar[int] = 20
    extra: ClassVar[str] = "torch"
    family: ClassVar[str] = "torch"
    needs: ClassVar[tuple[str, ...]] = ("torch", "onnxscript")
    preload: ClassVar[tuple[str, ...]] = PRELOAD

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return the zip files that hold an exported program."""
        for name in bundle.names:
            if cut_zip(bundle, name, "/data/weights/weight_"):
                raise CorruptFile(f"{name} is a .pt2 archive that is cut off after {bundle.size(name)} bytes")
        return tuple(n for n in bundle.names if any(MODEL.fullmatch(m) for m in bundle.members(n)))

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Read signature, operators and weights from the archive's JSON; nothing is loaded."""
        program = read(bundle.path(names[0]))
        fixed = ", ".join(program.constants)
        notes = (f"saved by PyTorch {program.version}",)
        return Inspection(
            inputs=program.inputs,
            outputs=program.outputs,
            framework=self.framework,
            parameters=program.parameters,
            notes=notes + ((f"fixed when it was exported: {fixed}",) if fixed else ()),
        ).recognised(architecture.told(program.operators, f"operators of {names[0]}"), by_names=True)

    def exporters(self, bundle: Bundle, names: Sequence[str], opset: int) -> Iterable[tuple[str, Exporter]]:
        """Yield torch.onnx's dynamo exporter, then its legacy one on the program's module."""
        program, exported = _load(bundle.path(names[0]))
        yield "dynamo", partial(_dynamo, program, exported, opset)
        module = _flat(exported, checked=False)
        yield "legacy", partial(legacy, module, examples(program), program.inputs, program.outputs, opset)

    def reference(self, bundle: Bundle, names: Sequence[str]) -> Reference:
        """Load the program's own module."""
        program, exported = _load(bundle.path(names[0]))
        reference = ModuleReference(_flat(exported), program.inputs, [o.name for o in program.outputs])
        reference.ranges, reference.bounds = program.ranges, program.bounds
        return reference


class ModuleReference(Reference):
    """A PyTorch module that takes and gives flat tuples of tensors."""

    def __init__(
        self, module: Callable[..., Any], inputs: Sequence[TensorSpec], outputs: Sequence[str]
    ) -> None:
        self.module = module
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Return the module's outputs, without gradients."""
        import torch

        with torch.inference_mode():
            # A copy: the module may write into its input, and the feeds are shared with other runs.
            given = (torch.from_numpy(np.array(feeds[spec.name])) for spec in self.inputs)
            return [array(tensor) for tensor in self.module(*given)]


def array(tensor: Any) -> Array:
    """Return a tensor as NumPy's; bfloat16, which NumPy lacks, as float32."""
    import torch

    return np.asarray((tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy())


def examples(program: Program) -> tuple[Any, ...]:
    """Return inputs of the shapes that the program was exported with."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randn(shape, generator=generator).to(getattr(torch, spec.dtype))
        if spec.dtype.startswith(("float", "bfloat", "complex"))
        else torch.zeros(shape, dtype=getattr(torch, spec.dtype))
        for spec, shape in zip(program.inputs, program.hints, strict=True)
    )


def legacy(
    module: Any,
    args: tuple[Any, ...],
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    opset: int,
    path: Path,
) -> None:
    """Export by torch.onnx's older exporter, which runs the module once on `args`.

    It honours opsets 9 to 20; what lies outside becomes the nearest of them.
    """
    import torch

    axes = {s.name: {i: d for i, d in enumerate(s.shape) if isinstance(d, str)} for s in (*inputs, *outputs)}
    torch.onnx.export(
        module,
        args,
        str(path),
        dynamo=False,
        opset_version=min(max(opset, OLDEST_LEGACY), NEWEST_LEGACY),
        input_names=[spec.name for spec in inputs],
        output_names=[spec.name for spec in outputs],
        dynamic_axes={name: dims for name, dims in axes.items() if dims},
    )


def _dynamo(program: Program, exported: Any, opset: int, path: Path) -> None:
    """Export by torch.onnx's exporter of exported programs; opsets 18 to 25, else the nearest."""
    import torch

    torch.onnx.export(
        exported,
        f=path,
        dynamo=True,
        verbose=False,
        external_data=False,
        opset_version=min(max(opset, OLDEST_DYNAMO), NEWEST_DYNAMO),
        input_names=[spec.name for spec in program.inputs],
        output_names=[spec.name for spec in program.outputs],
    )
    rename(path, {}, program.symbols)


def _load(path: Path) -> tuple[Program, Any]:
    """Load a program after taking out of its archive what loading would execute."""
    import torch

    program = read(path)
    with tempfile.TemporaryFile() as clean:
        sanitised(path, clean)
        clean.seek(0)
        return program, torch.export.load(clean)


def _flat(exported: Any, checked: bool = True) -> Any:
    """Wrap the program's module so that it takes and gives flat tuples of tensors.

    `checked`: it refuses shapes that it was not exported for, which the older
    exporter cannot trace.
    """
    import torch
    from torch.export.graph_signature import InputKind, TensorArgument
    from torch.utils import _pytree as pytree

    specs = exported.graph_signature.input_specs
    given = [spec.arg for spec in specs if spec.kind is InputKind.USER_INPUT]

    class Flat(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.program = exported.module()
            self.program.validate_inputs = checked

        def train(self, mode: bool = True) -> Flat:
            return self  # an exported program is in the mode it was exported in

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            left = iter(tensors)
            flat = [next(left) if isinstance(arg, TensorArgument) else arg.value for arg in given]
            args, kwargs = pytree.tree_unflatten(flat, exported.call_spec.in_spec)
            results = pytree.tree_leaves(self.program(*args, **kwargs))
            return tuple(result for result in results if isinstance(result, torch.Tensor))

    return Flat()


PLUGINS = (Pt2(),)
