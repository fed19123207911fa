"""A pickle of the user's own, loaded because the configuration says `trust: true`; never on a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpcfair_kg.errors import CorruptFile, UnknownFormat


def rewrite(folder: str, names: Sequence[str], out: str, emit: Callable[[Mapping[str, Any]], None]) -> str:
    """Load the first pickle that holds a scikit-learn estimator and write it to `out` as skops; return the name.

    This executes what the pickle says.  Raises `UnknownFormat` telling what
    else it holds and what would do instead.
    """
    for name in names:
        held = _loaded(Path(folder, name))
        if held is not None:
            return _written(held, name, Path(out))
    raise UnknownFormat("none of the files is a pickle that can be loaded")


def _loaded(path: Path) -> Any:
    import pickle

    import joblib

    try:
        return joblib.load(path)
    except (ModuleNotFoundError, AttributeError) as exc:
        raise UnknownFormat(
            f"{path.name} needs code that is not importable here ({exc}); run where it is, or use `hpcfair export`"
        ) from exc
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError) as exc:
        raise CorruptFile(f"{path.name} is no pickle that can be loaded: {exc}") from exc


def _written(held: Any, name: str, out: Path) -> str:
    from sklearn.base import BaseEstimator
    from skops.io import dump

    if not isinstance(held, BaseEstimator):
        raise UnknownFormat(
            f"{name} holds a {type(held).__module__}.{type(held).__qualname__}, no scikit-learn estimator; "
            "`hpcfair export MODULE:CALLABLE` makes a file that can be converted where its class is importable"
        )
    target = out / f"{Path(name).stem}.skops"
    dump(held, target)
    return target.name
