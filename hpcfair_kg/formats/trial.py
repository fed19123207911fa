"""Inputs for a TorchScript module, which tells its arguments' names and not their shapes.

They come from a sample that lies beside the model, from the shapes that a trace
keeps, or from trying what the first weights would take.  Which dimensions are
free is found the same way: by changing each and asking the module.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcfair_kg.artifact import TensorSpec
from hpcfair_kg.formats.base import Bundle

MOST_TRIALS = 400
SIDES = (32, 28, 64, 224, 16, 96, 128, 12, 24, 48)
"""Sizes of images and lengths of sequences, as models want them."""
AXES: Mapping[int, tuple[str, ...]] = {
    1: ("batch",),
    2: ("batch", "length"),
    3: ("batch", "length", "width"),
    4: ("batch", "channels", "height", "width"),
}
Call = Callable[..., Any]


@dataclass(frozen=True)
class Trial:
    """Inputs on which a module runs, the signature they show, and the bounds of its indices."""

    args: tuple[Any, ...]
    inputs: tuple[TensorSpec, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)


def trial(module: Any, names: Sequence[str], bundle: Bundle) -> Trial:
    """Find inputs on which the module runs and which of their dimensions are free.

    Raises `ValueError` when none of the three ways finds any.
    """
    found, bounds = _working(module, names, bundle)
    groups = _free(module, found)
    symbols = {place: name for name, places in groups.items() for place in places}
    inputs = tuple(
        TensorSpec(
            name,
            str(arg.dtype).removeprefix("torch."),
            tuple(symbols.get((i, axis), size) for axis, size in enumerate(arg.shape)),
        )
        for i, (name, arg) in enumerate(zip(names, found, strict=True))
    )
    return Trial(found, inputs, bounds)


def runs(module: Call, args: Sequence[Any]) -> bool:
    """Tell whether the module takes these inputs."""
    import torch

    try:
        with torch.inference_mode():
            module(*(arg.clone() for arg in args))
    except (RuntimeError, ValueError, IndexError, TypeError, torch.jit.Error):
        return False  # the module's own refusal: it raises what it likes
    return True


def resized(args: Sequence[Any], places: Sequence[tuple[int, int]], size: int) -> tuple[Any, ...]:
    """Return inputs with the axes at (input, axis) cut or repeated to a size."""
    import torch

    result = list(args)
    for i, axis in places:
        index = torch.arange(size) % result[i].shape[axis]
        result[i] = result[i].index_select(axis, index)
    return tuple(result)


def _working(module: Any, names: Sequence[str], bundle: Bundle) -> tuple[tuple[Any, ...], dict[str, int]]:
    sample = _sample(names, bundle)
    if sample and runs(module, sample):
        return sample, {}
    for candidate in itertools.islice(_candidates(module, names), MOST_TRIALS):
        if runs(module, [tensor for tensor, _ in candidate]):
            bounds = {n: bound for n, (_, bound) in zip(names, candidate, strict=True) if bound}
            return tuple(tensor for tensor, _ in candidate), bounds
    raise ValueError(
        f"TorchScript keeps no shapes, and no input tried for ({', '.join(names)}) ran: upload a sample.npz "
        "with one array for each beside it, or export the model with `hpcfair export`"
    )


def _sample(names: Sequence[str], bundle: Bundle) -> tuple[Any, ...]:
    """Return the author's own sample rows, from sample.npz by name or sample.npy for one input."""
    import numpy as np
    import torch

    for name in bundle.names:
        stem, _, ending = name.rpartition("/")[2].partition(".")
        if stem not in ("sample", "samples") or ending not in ("npy", "npz"):
            continue
        loaded = np.load(bundle.path(name), allow_pickle=False)
        arrays = {names[0]: loaded} if ending == "npy" else dict(loaded)
        if set(names) <= set(arrays):
            return tuple(torch.from_numpy(np.array(arrays[n])) for n in names)
    return ()


def _candidates(module: Any, names: Sequence[str]) -> Iterator[tuple[tuple[Any, int], ...]]:
    """Yield what to try: each candidate is (tensor, bound of its values or 0) for each input."""
    if traced := _traced(module, len(names)):
        yield traced
    single = list(itertools.islice(_shapes(module), MOST_TRIALS))
    yield from ((one,) * len(names) for one in single)
    if len(names) > 1:
        yield from itertools.product(single[:20], repeat=len(names))


def _traced(module: Any, count: int) -> tuple[tuple[Any, int], ...]:
    """Return inputs of the shapes that a trace was made with."""
    import torch

    kinds = [value.type() for value in itertools.islice(module.graph.inputs(), 1, None)]
    if len(kinds) != count or not all(_complete(kind) for kind in kinds):
        return ()
    highest = max((p.shape[0] for p in module.parameters() if p.dim() == 2), default=2)
    return tuple(
        (_tensor(kind.sizes(), kind.dtype()), 0 if kind.dtype().is_floating_point else highest)
        for kind in kinds
        if isinstance(kind, torch.TensorType)
    )


def _complete(kind: Any) -> bool:
    return hasattr(kind, "sizes") and bool(kind.sizes()) and kind.dtype() is not None


def _shapes(module: Any) -> Iterator[tuple[Any, int]]:
    """Yield inputs that one of the weights would take: a table, a convolution, a recurrent or a dense layer."""
    import torch

    for name, weight in module.named_parameters():
        shape = tuple(weight.shape)
        if len(shape) == 4:
            yield from ((_tensor((2, c, s, s)), 0) for s in SIDES for c in _channels(module, shape[1]))
        elif len(shape) == 3:
            yield from ((_tensor((2, shape[1], s)), 0) for s in SIDES)
        elif len(shape) == 2:
            if name.endswith("weight"):
                yield torch.zeros((2, 6), dtype=torch.int64), shape[0]
            rows, sequence = (2, shape[1]), (2, 6, shape[1])
            # A recurrent layer ("weight_ih_l0") also takes rows, as one sequence without a batch.
            order = (rows, sequence) if name.endswith("weight") else (sequence, rows)
            yield from ((_tensor(one), 0) for one in order)
    yield from ((_tensor(shape), 0) for shape in ((2, 4), (2, 6, 4), (2, 3, 32, 32), (2,)))


def _channels(module: Any, channels: int) -> tuple[int, ...]:
    """A weight tells the channels of one group: a depth-wise convolution takes more."""
    return tuple(dict.fromkeys((channels, *(p.shape[0] for p in itertools.islice(module.parameters(), 1)))))


def _tensor(shape: Sequence[int], dtype: Any = None) -> Any:
    import torch

    if dtype is not None and not dtype.is_floating_point:
        return torch.zeros(tuple(shape), dtype=dtype)
    return torch.randn(tuple(shape), generator=torch.Generator().manual_seed(0)).to(dtype or torch.float32)


def _free(module: Any, args: tuple[Any, ...]) -> dict[str, list[tuple[int, int]]]:
    """Return the free dimensions: a name, and the (input, axis) places that vary together."""
    groups: dict[str, list[tuple[int, int]]] = {}
    places = [(i, axis) for i, arg in enumerate(args) for axis in range(arg.dim())]
    # A recurrent layer reads past the end of what is too narrow for it, and says nothing.
    features = {p.shape[1] for p in module.parameters() if p.dim() == 2}
    places = [
        (i, axis) for i, axis in places if axis + 1 < args[i].dim() or args[i].shape[axis] not in features
    ]
    first = [(i, 0) for i, arg in enumerate(args) if arg.dim()]
    if len({args[i].shape[0] for i, _ in first}) == 1 and _varies(module, args, first):
        groups["batch"] = first
    for place in places:
        if any(place in taken for taken in groups.values()):
            continue
        same = [
            p for p in places if p[1] == place[1] and args[p[0]].shape[p[1]] == args[place[0]].shape[place[1]]
        ]
        for group in ([place], same):
            if _varies(module, args, group):
                groups[_name(args, place, groups)] = group
                break
    return groups


def _varies(module: Call, args: tuple[Any, ...], places: Sequence[tuple[int, int]]) -> bool:
    size = args[places[0][0]].shape[places[0][1]]
    return all(runs(module, resized(args, places, n)) for n in (size + 1, size + 5))


def _name(args: tuple[Any, ...], place: tuple[int, int], taken: Mapping[str, Any]) -> str:
    i, axis = place
    known = AXES.get(args[i].dim(), ())
    name = known[axis] if axis < len(known) else f"dim_{axis}"
    return name if name not in taken else f"{name}_{i}_{axis}"
