"""A PyTorch module becomes .pt2; where torch.export fixes a dimension that should vary, ONNX proved here."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.api.exported import Exported, raised
from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.errors import InvalidConfig, NotRunnable
from hpcfair_kg.formats.base import Array, Feeds, Reference, dtype_name
from hpcfair_kg.models import rows, verify

OPSET = 18
SEED = 7
SIZES = (3, 5, 7, 11, 13)
"""Example sizes of the dimensions that may vary: none is 0 or 1, which torch.export would fix."""


class Module(Reference):
    """The module itself, as what its ONNX form is compared with."""

    def __init__(self, model: Any, inputs: Sequence[TensorSpec], outputs: Sequence[str]) -> None:
        self.model, self.inputs, self.outputs = model, tuple(inputs), tuple(outputs)

    def __call__(self, feeds: Feeds) -> Sequence[Array]:
        """Call the module in evaluation mode."""
        import torch

        with torch.no_grad():
            given = self.model(*(torch.from_numpy(feeds[spec.name].copy()) for spec in self.inputs))
        return [tensor.numpy() for tensor in _flat(given)]


def export_module(model: Any, stem: Path, shapes: Sequence[str], sample: Path | None) -> Exported:
    """Export a module with the dimensions that may vary; see `hpcfair_kg.api.export.export`."""
    model.eval()
    specs = _specs(model, shapes, sample)
    with warnings.catch_warnings():
        # both exporters warn about their own insides; what they make is proved
        warnings.simplefilter("ignore")
        return _exported(model, stem, specs)


def _exported(model: Any, stem: Path, specs: Sequence[TensorSpec]) -> Exported:
    import torch

    examples = _examples(specs)
    given = _called(model, specs, examples)
    if stem.suffix != ".onnx":
        try:
            program = torch.export.export(model, examples, dynamic_shapes=_dynamic(specs))
        except (
            torch._dynamo.exc.UserError,
            torch._dynamo.exc.TorchRuntimeError,
            ValueError,
            RuntimeError,
        ) as exc:
            refused = str(exc).strip().splitlines()[0]
        else:
            path = stem.with_suffix(".pt2")
            torch.export.save(program, path)
            return Exported(path, "pt2")
    else:
        refused = "ONNX was asked for"
    outputs = ["output"] if given == 1 else [f"output_{n}" for n in range(given)]
    path = stem.with_suffix(".onnx")
    return _onnx(model, path, specs, examples, outputs, f"ONNX instead of .pt2: {refused}")


def _called(model: Any, specs: Sequence[TensorSpec], examples: tuple[Any, ...]) -> int:
    """Call the module on the examples and return how many tensors it gives: what fails here no exporter mends."""
    import torch

    try:
        with torch.no_grad():
            return len(_flat(model(*examples)))
    except Exception as exc:  # the author's own code may raise anything
        taken = ", ".join(f"{s.name} {list(x.shape)}" for s, x in zip(specs, examples, strict=True))
        raise raised(f"{type(model).__name__}, called with {taken},", exc) from exc


def _onnx(
    model: Any,
    path: Path,
    specs: Sequence[TensorSpec],
    examples: tuple[Any, ...],
    outputs: Sequence[str],
    why: str,
) -> Exported:
    """Write ONNX by the exporter that keeps a recurrent network's time dimension free, and prove it."""
    import torch

    axes = {spec.name: {n: d for n, d in enumerate(spec.shape) if isinstance(d, str)} for spec in specs}
    torch.onnx.export(
        model,
        examples,
        str(path),
        dynamo=False,
        opset_version=OPSET,
        input_names=[spec.name for spec in specs],
        output_names=list(outputs),
        dynamic_axes=axes | _varying(model, specs, outputs),
    )
    model.eval()
    verdict = verify.prove(Module(model, specs, outputs), path, seed=SEED)
    if verdict.outcome != "equal":
        path.unlink()
        raise NotRunnable(
            f"torch.export refuses the module ({why}) and its ONNX form differs from it: {verdict.reason}",
            reason=str(verdict.reason),
        )
    return Exported(
        path, "onnx", (why, f"equal to the module within {verdict.normalised or 0:.1e} (normalised)")
    )


def _varying(model: Any, specs: Sequence[TensorSpec], outputs: Sequence[str]) -> dict[str, dict[int, str]]:
    """Return which output dimensions vary with which of the inputs' names, by trying other sizes."""
    import torch

    found: dict[str, dict[int, str]] = {name: {} for name in outputs}
    with torch.no_grad():
        base = [tensor.shape for tensor in _flat(model(*_examples(specs)))]
        for name in _names(specs):
            other = [tensor.shape for tensor in _flat(model(*_examples(specs, larger=name)))]
            for output, one, two in zip(outputs, base, other, strict=True):
                found[output] |= {axis: name for axis in range(len(one)) if one[axis] != two[axis]}
    return found


def _specs(model: Any, shapes: Sequence[str], sample: Path | None) -> tuple[TensorSpec, ...]:
    names = [p.name for p in inspect.signature(model.forward).parameters.values() if p.default is p.empty]
    if sample:
        table = rows.read(sample)
        arrays = dict(table.columns) if table.whole is None else {names[0]: table.whole}
        specs = [
            TensorSpec(name, _kind(array), ("batch", *array.shape[1:])) for name, array in arrays.items()
        ]
        return tuple(sorted(specs, key=lambda spec: names.index(spec.name) if spec.name in names else 0))
    if not shapes:
        raise InvalidConfig(
            f"what {type(model).__name__} takes is not known; give --shape for each of {', '.join(names)} "
            "(such as --shape batch,time,13 or int64:batch,16), or --input FILE"
        )
    if len(shapes) < len(names):
        raise InvalidConfig(
            f"{type(model).__name__} takes {', '.join(names)}; give --shape {len(names)} times"
        )
    return tuple(_spec(name, text) for name, text in zip(names, shapes, strict=False))


def _spec(name: str, text: str) -> TensorSpec:
    dtype, colon, sizes = text.rpartition(":")
    try:
        shape = tuple(int(n) if n.isdigit() else _dimension(n) for n in sizes.split(","))
        kind = dtype_name(dtype) if colon else "float32"
    except (TypeError, ValueError) as exc:
        raise InvalidConfig(f"--shape {text!r} is none; one reads batch,time,13 or int64:batch,16") from exc
    # the batch may vary even where a number is given for it
    return TensorSpec(name, kind, ("batch", *shape[1:]) if isinstance(shape[0], int) else shape)


def _dimension(text: str) -> str:
    if not text.strip().isidentifier():
        raise ValueError(text)
    return text.strip()


def _kind(array: Array) -> str:
    return "float32" if array.dtype.kind == "f" else dtype_name(array.dtype)


def _names(specs: Sequence[TensorSpec]) -> list[str]:
    return list(dict.fromkeys(d for spec in specs for d in spec.shape if isinstance(d, str)))


def _examples(specs: Sequence[TensorSpec], larger: str | None = None) -> tuple[Any, ...]:
    """Return a tensor for each input; dimensions of one name have one size."""
    import torch

    sizes = {d: SIZES[n % len(SIZES)] + 2 * (d == larger) for n, d in enumerate(_names(specs))}
    made = []
    for spec in specs:
        shape, kind = [d if isinstance(d, int) else sizes[d] for d in spec.shape], getattr(torch, spec.dtype)
        made.append(torch.randn(shape).to(kind) if kind.is_floating_point else torch.zeros(shape, dtype=kind))
    return tuple(made)


def _dynamic(specs: Sequence[TensorSpec]) -> tuple[dict[int, Any], ...]:
    from torch.export import Dim

    dims = {d: Dim(d) for d in _names(specs)}
    return tuple({n: dims[d] for n, d in enumerate(spec.shape) if isinstance(d, str)} for spec in specs)


def _flat(given: Any) -> Sequence[Any]:
    import torch

    if isinstance(given, torch.Tensor):
        return [given]
    values = given.values() if isinstance(given, dict) else given
    return [tensor for value in values for tensor in _flat(value)]
