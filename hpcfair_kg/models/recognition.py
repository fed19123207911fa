"""What a stranger's files are: each format is asked in turn, by content."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Convertible, Format, Inspection
from hpcfair_kg.models.processing import pipeline
from hpcfair_kg.plugins import shelf

SHELF = "hpcfair_kg.formats"
AUXILIARY = re.compile(
    r"(readme|licen[cs]e|notice|citation|changelog|contributing|authors|code_of_conduct|model_?card)([._-].*)?"
    r"|.*\.(md|rst|toml|lock|ya?ml|cff|ini|cfg|bib|ipynb|gitignore|gitattributes|py)|\.git.*"
    r"|(.*_)?(config|tokenizer|vocab|metadata|special_tokens_map|added_tokens|modules|args)\.json"
    r"|(vocab|merges|requirements.*|environment.*)\.txt",
    re.IGNORECASE,
)
"""What goes with a model or data and is neither: it has no part in an artifact's identity."""
BESIDE_A_MODEL = frozenset({"labels.txt", "labels.json", "scaler.json"})
"""What goes with a model by its name, and could be data where there is none."""

PROMISES: Mapping[str, tuple[str, ...]] = {
    ".onnx": ("onnx",),
    ".pt2": ("pt2",),
    ".keras": ("keras",),
    ".h5": ("h5", "hdf5"),
    ".hdf5": ("h5", "hdf5"),
    ".tflite": ("tflite",),
    ".skops": ("skops",),
    ".safetensors": ("safetensors",),
    ".csv": ("csv",),
    ".parquet": ("parquet",),
    ".npy": ("npy",),
    ".npz": ("npz",),
    ".nc": ("netcdf", "hdf5"),
}
"""What the ending of a name says that the content is; .pt, .ckpt, .json and .txt say nothing."""


def recognise(folder: str, names: list[str], emit: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Say what the files of one artifact are: the format it is about, that of each file, and what can be read.

    The plug-ins are asked by their rank, each for what those before it left.
    Raises `CorruptFile` for what is empty, cut off or damaged; content that
    nobody knows is "other", a dataset.
    """
    bundle = Bundle(Path(folder), tuple(names))
    claims = _claims(bundle)
    taken = {name: plugin for plugin, owned in claims for name in owned}
    about_model = any(plugin.kind == "model" for plugin, _ in claims)
    auxiliary = [name for name in names if name not in taken and is_auxiliary(name, about_model)]
    _check_sizes(bundle, auxiliary)
    if not claims:
        return _answer(None, bundle, (), Inspection(), taken, auxiliary)
    main, claimed = min(claims, key=lambda claim: (claim[0].kind != "model", claim[0].rank))
    inspection = Inspection(framework=main.framework) if main.missing else main.inspect(bundle, claimed)
    if about_model:
        inspection = _processed(bundle, inspection)
    return _answer(main, bundle, claimed, inspection, taken, auxiliary)


def misnamed(formats: Mapping[str, str]) -> tuple[str, ...]:
    """Return a remark for each file whose name promises another format than its content is."""
    remarks = []
    for name, content in formats.items():
        suffix = PurePosixPath(name).suffix.lower()
        if content not in PROMISES.get(suffix, (content,)):
            remarks.append(f"{name} is named {suffix}; its content is {content}, and that decided")
    return tuple(remarks)


def is_auxiliary(name: str, beside_model: bool = False) -> bool:
    """Tell a licence, readme, configuration or script by its name, and labels and scalers beside a model."""
    last = PurePosixPath(name).name
    return AUXILIARY.fullmatch(last) is not None or (beside_model and last in BESIDE_A_MODEL)


def _processed(bundle: Bundle, inspection: Inspection) -> Inspection:
    """Return the inspection with what is done before the model and after it, as far as its tensors are known."""
    steps, notes = pipeline.found(bundle)
    steps = pipeline.fitted(steps, inspection.inputs, inspection.outputs)
    return replace(inspection, processing=steps, notes=(*inspection.notes, *notes))


def _claims(bundle: Bundle) -> list[tuple[Format, tuple[str, ...]]]:
    found: list[tuple[Format, tuple[str, ...]]] = []
    left = list(bundle.names)
    for plugin in sorted(shelf(SHELF).values(), key=lambda p: (p.rank, p.name)):
        about_model = any(known.kind == "model" for known, _ in found)
        asked = [n for n in left if plugin.kind == "model" or not is_auxiliary(n, about_model)]
        claimed = plugin.claims(Bundle(bundle.root, tuple(n for n in asked if bundle.size(n))))
        if claimed:
            found.append((plugin, tuple(claimed)))
            left = [name for name in left if name not in claimed]
    return found


def _check_sizes(bundle: Bundle, auxiliary: list[str]) -> None:
    for name in bundle.names:
        if bundle.size(name) == 0 and (name not in auxiliary or len(bundle.names) == 1):
            raise CorruptFile(f"{name} is empty: send the file with its content")
        if bundle.head(name, 4) == b"PK\x03\x04" and not zipfile.is_zipfile(bundle.path(name)):
            raise CorruptFile(
                f"{name} begins as a zip file and its directory is missing: send the whole file"
            )


def _answer(
    main: Format | None,
    bundle: Bundle,
    claimed: tuple[str, ...],
    inspection: Inspection,
    taken: Mapping[str, Format],
    auxiliary: list[str],
) -> dict[str, Any]:
    convertible = main if isinstance(main, Convertible) else None
    missing = (
        (*convertible.unavailable, *convertible.missing) if convertible else main.missing if main else ()
    )
    formats = {name: taken[name].name if name in taken else "other" for name in bundle.names}
    inspection = replace(inspection, notes=(*inspection.notes, *misnamed(formats)))
    return {
        "format": main.name if main else None,
        "framework": inspection.framework or (main.framework if main else None),
        "kind": main.kind if main else "dataset",
        "claimed": list(claimed),
        "formats": formats,
        "media_types": {name: plugin.media_type for name, plugin in taken.items()},
        "auxiliary": auxiliary,
        "family": convertible.family if convertible else None,
        "needs": list(dict.fromkeys(missing)),
        "extra": main.extra if main else "",
        "advice": main.advise(bundle, claimed) if main else None,
        "inspection": plain(inspection),
    }
