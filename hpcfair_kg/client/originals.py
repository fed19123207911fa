"""The original of a model as the object that its own framework makes of it, on the user's machine.

Such a file may say what code is to run when it is opened, so whoever asks says
that they trust its author.  Each loader imports its framework when it is used.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from hpcfair_kg.artifact import Artifact, File
from hpcfair_kg.errors import Forbidden, HPCFairError, MissingExtra, NotRunnable


@dataclass(frozen=True)
class Original:
    """The files of one model that are of its main format, in the folder where all its files lie."""

    folder: Path
    names: tuple[str, ...]
    trusted_types: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The first of the files."""
        return self.folder / self.names[0]


Loader = Callable[[Original], Any]


def require_trust(artifact: Artifact, trust: bool) -> None:
    """Raise `Forbidden` unless the caller trusts the author, `NotRunnable` where there is nothing to load."""
    name = f"{artifact.owner}/{artifact.name}"
    form = _format(artifact.files)
    if artifact.kind != "model" or form is None:
        known = ", ".join(LOADERS)
        raise NotRunnable(
            f"{name} has no file that a framework loads as a model; such are: {known}",
            reason=f"it is a {artifact.kind}" if artifact.kind != "model" else "its format is not known",
        )
    if not trust:
        people = ", ".join(person.name for person in artifact.creators) or artifact.owner
        raise Forbidden(
            f"{name} is loaded from {form} by its own framework, which may run code that the file brings along; "
            f"where you trust its author ({people}), say trust=True (trust: true in a configuration); the ONNX form runs no code of anybody's"
        )


def load(artifact: Artifact, folder: Path, trusted_types: Sequence[str] = ()) -> Any:
    """Return what the framework makes of an artifact's files in a folder.

    Raises `MissingExtra` when the framework is not installed, `Forbidden` for a
    skops file with types that neither skops nor `trusted_types` know, and
    `NotRunnable` with what the framework says.
    """
    form = str(_format(artifact.files))
    names = tuple(f.name for f in artifact.files if f.format == form and f.role == "original")
    extra, loader = LOADERS[form]
    try:
        with warnings.catch_warnings():  # of frameworks about themselves
            warnings.simplefilter("ignore", DeprecationWarning)
            return loader(Original(folder, names, tuple(trusted_types)))
    except HPCFairError:
        raise
    except ModuleNotFoundError as exc:
        raise _missing(form, extra, exc) from exc
    except Exception as exc:  # a framework refuses a file with whatever it likes
        reason = f"{type(exc).__name__}: {exc}"
        raise NotRunnable(f"{names[0]} cannot be loaded from {form}: {reason}", reason=reason) from exc


def _format(files: Sequence[File]) -> str | None:
    held = {file.format for file in files if file.role == "original"}
    return next((form for form in LOADERS if form in held), None)


def _missing(form: str, extra: str, exc: ModuleNotFoundError) -> HPCFairError:
    if form == "pickle":
        reason = f"it needs {exc.name}, which is not importable here"
        return NotRunnable(f"{form}: {reason}; load it where the code of its author is", reason=reason)
    command = f"pip install -e '.[{extra}]'"
    return MissingExtra(f"{form} needs {exc.name}, which is not installed: {command}", install=command)


def _onnx(original: Original) -> Any:
    import onnx

    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:  # it takes no weights that are linked
        shutil.copytree(original.folder, folder, dirs_exist_ok=True)
        return onnx.load(Path(folder, original.names[0]))


def _pt2(original: Original) -> Any:
    import torch

    with original.path.open("rb") as stream:  # it goes by the ending of a name
        return torch.export.load(stream).module()


def _torchscript(original: Original) -> Any:
    import torch

    return torch.jit.load(str(original.path), map_location="cpu").eval()


def _keras(original: Original, ending: str = ".keras") -> Any:
    import keras

    with tempfile.TemporaryDirectory(prefix="hpcfair-") as folder:
        named = Path(folder, f"model{ending}")  # it goes by the ending of a name
        named.symlink_to(original.path.resolve())
        return keras.saving.load_model(named, compile=False, safe_mode=True)


def _saved_model(original: Original) -> Any:
    import tensorflow as tf

    program = next(n for n in original.names if PurePosixPath(n).name == "saved_model.pb")
    return tf.saved_model.load(str((original.folder / program).parent))


def _tflite(original: Original) -> Any:
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated")
        return tf.lite.Interpreter(model_path=str(original.path))


def _skops(original: Original) -> Any:
    import skops.io

    found = skops.io.get_untrusted_types(file=original.path)
    if unknown := sorted(set(found) - set(original.trusted_types)):
        raise Forbidden(
            f"{original.names[0]} holds types that skops does not know: {', '.join(unknown)}; "
            f"where you know them, say trusted_types={unknown!r}"
        )
    return skops.io.load(original.path, trusted=list(found))


def _xgboost(original: Original) -> Any:
    import xgboost

    return xgboost.Booster(model_file=bytearray(original.path.read_bytes()))


def _lightgbm(original: Original) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=original.path)


def _safetensors(original: Original) -> Any:
    """Return the transformers model that the config.json beside the weights describes, else the tensors by name."""
    weights = [name for name in original.names if name.endswith(".safetensors")]
    home = (original.folder / weights[0]).parent
    if (home / "config.json").is_file():
        from transformers import AutoModel

        return AutoModel.from_pretrained(home, local_files_only=True).eval()
    from safetensors.numpy import load_file

    return {key: value for name in weights for key, value in load_file(original.folder / name).items()}


def _pickle(original: Original) -> Any:
    import zipfile

    if zipfile.is_zipfile(original.path):  # as torch.save writes it
        import torch

        return torch.load(original.path, map_location="cpu", weights_only=False)
    import joblib

    return joblib.load(original.path)


LOADERS: dict[str, tuple[str, Loader]] = {
    "pt2": ("torch", _pt2),
    "torchscript": ("torch", _torchscript),
    "keras": ("tensorflow", _keras),
    "h5": ("tensorflow", partial(_keras, ending=".h5")),
    "saved-model": ("tensorflow", _saved_model),
    "tflite": ("tensorflow", _tflite),
    "skops": ("sklearn", _skops),
    "xgboost-json": ("boosting", _xgboost),
    "lightgbm-txt": ("boosting", _lightgbm),
    "safetensors": ("transformers", _safetensors),
    "pickle": ("sklearn", _pickle),
    "onnx": ("", _onnx),
}
"""Each format's extra and loader, in the order in which an artifact of several formats is asked."""
