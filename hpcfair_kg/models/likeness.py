"""Then and now: whether what came of doing something again is what came of it the first time, and how near it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hpcfair_kg.activity import Measurement, Verdict
from hpcfair_kg.models import figures
from hpcfair_kg.models.verify import TOLERANCE

Likeness = Literal["equal", "within", "different", "reported", "impossible"]

FACTOR = 2.0
"""How far apart two median latencies on the same hardware may lie; machines are never quite alone."""
_PLACES = re.compile(r"(/[\w.+-]+){2,}/?|0x[0-9a-fA-F]+")
"""Paths and addresses in what a framework says: they are others each time."""


@dataclass(frozen=True)
class Compared:
    """How like the outcome is and in which words; `bound` is the distance, of the kind that the words name."""

    likeness: Likeness
    said: str
    bound: float | None = None

    @property
    def good(self) -> bool:
        """Whether it counts as reproduced."""
        return self.likeness in ("equal", "within", "reported")


def forms(same: bool, alike: Verdict | None) -> Compared:
    """Compare two ONNX forms: their bytes, else the verdict on the new one against the recorded one."""
    if same:
        return Compared("equal", "the same file, bit for bit", 0.0)
    if alike is None:
        return Compared("different", "another file, and the recorded one is not there to compare it with")
    if alike.outcome != "equal":
        return Compared("different", f"another function: {alike.reason}", alike.normalised)
    tried = f"on inputs of {len(alike.shapes)} shapes"
    if not alike.max_abs:
        return Compared("equal", f"another file with the same outputs, bit for bit, {tried}", 0.0)
    error = alike.normalised or 0.0
    return Compared(
        "within", f"another file with the same outputs within {error:.1e} (normalised) {tried}", error
    )


def verdicts(then: Verdict, now: Verdict) -> Compared:
    """Compare two verdicts, figure by figure."""
    if then.outcome != now.outcome:
        why = f": {now.reason}" if now.reason else ""
        return Compared("different", f"the outcome was {then.outcome} and is {now.outcome}{why}")
    unlike = list(_unlike(then, now))
    if not unlike:
        return Compared("equal", f"{now.outcome}, as then, with the same figures")
    moved = abs((now.normalised or 0.0) - (then.normalised or 0.0))
    listed = "; ".join(unlike)
    if moved > TOLERANCE:
        return Compared("different", f"{now.outcome}, as then, with other figures: {listed}", moved)
    said = f"{now.outcome}, as then, the normalised error within {moved:.1e}; other figures: {listed}"
    return Compared("within", said, moved)


def failures(then: str | None, now: str | None) -> Compared:
    """Compare two reasons why something was not done, without the places and addresses in them."""
    if _PLACES.sub("…", then or "") == _PLACES.sub("…", now or ""):
        return Compared("equal", f"it fails as it did: {now}")
    return Compared("different", f"it fails for another reason; then: {then}; now: {now}")


def latencies(then: Sequence[Measurement], now: Sequence[Measurement], same_hardware: bool) -> Compared:
    """Compare the medians of two cases; on other hardware the ratio is only told."""
    before, after = _median(then), _median(now)
    ratio = after / before
    said = f"median latency {before:.3g} ms then, {after:.3g} ms now: {ratio:.2f} ×"
    if not same_hardware:
        return Compared("reported", f"{said}, on other hardware", ratio)
    if 1 / FACTOR <= ratio <= FACTOR:
        return Compared("within", f"{said}, within a factor of {FACTOR:g}", ratio)
    return Compared("different", f"{said}, beyond a factor of {FACTOR:g}", ratio)


def arrays(then: str, now: str, emit: Callable[[Any], None]) -> dict[str, Any]:
    """Compare the arrays of two .npy or .npz files, as an errand: {likeness, said, bound}; others by their bytes."""
    name, found = Path(then).name, []
    if Path(then).suffix not in (".npy", ".npz"):
        return vars_of(Compared("different", f"another {name}: its bytes differ"))
    first, second = _read(Path(then)), _read(Path(now))
    if set(first) != set(second):
        return vars_of(Compared("different", f"{name} has other arrays: {', '.join(second)}"))
    for key, before in first.items():
        if why := figures.fault(before, second[key]):
            return vars_of(Compared("different", f"{name}: {key or 'the array'} {why}"))
        distance = figures.Distance()
        distance.add(np.asarray(before, np.float64), np.asarray(second[key], np.float64), "generated")
        found.append(distance.normalised)
    error = max(found, default=0.0)
    if error <= TOLERANCE:
        return vars_of(
            Compared("within", f"another {name}, its values within {error:.1e} (normalised)", error)
        )
    return vars_of(
        Compared("different", f"another {name}, its values off by {error:.1e} (normalised)", error)
    )


def vars_of(compared: Compared) -> dict[str, Any]:
    """Return it as JSON."""
    return {"likeness": compared.likeness, "said": compared.said, "bound": compared.bound}


def _read(path: Path) -> dict[str, Any]:
    loaded = np.load(path, allow_pickle=False)
    return {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)


def _median(measured: Sequence[Measurement]) -> float:
    scale = {"SEC": 1000.0, "MilliSEC": 1.0, "MicroSEC": 0.001}
    return next(f.value * scale[f.unit] for f in measured if f.metric == "latencyP50")


def _unlike(then: Verdict, now: Verdict) -> Iterator[str]:
    for field in fields(Verdict):
        before, after = getattr(then, field.name), getattr(now, field.name)
        if before != after and field.name != "reason":
            yield f"{field.name} {_shown(before)} then, {_shown(after)} now"


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        return f"[{', '.join(str(list(one)) for one in value)}]"
    return "none" if value is None else str(value)
