"""What a preprocessor_config.json of transformers says, in the one form that `image` applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.models.processing.beside import Document

FILE: Final = "preprocessor_config.json"
LARGEST: Final = 8192
"""Pixels that an edge may be resized or cropped to."""
RESAMPLE: Final = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
"""Pillow's filters, by the numbers that the configurations have."""
_HALF: Final = [0.5, 0.5, 0.5]
_IMAGENET: Final = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
_OPENAI: Final = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
_STANDARD: Final = {"image_mean": _HALF, "image_std": _HALF}
_CROPPED: Final = {"do_center_crop": True, "crop_size": 224, "size": {"shortest_edge": 224}, "resample": 3}
TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "BeitImageProcessor": {**_STANDARD, "size": 224, "crop_size": 224, "resample": 3},
    "BitImageProcessor": {**_OPENAI, **_CROPPED},
    "BlipImageProcessor": {**_OPENAI, "size": 384, "resample": 3},
    "ChineseCLIPImageProcessor": {**_OPENAI, **_CROPPED},
    "CLIPImageProcessor": {**_OPENAI, **_CROPPED},
    "ConvNextImageProcessor": {
        **_STANDARD,
        "size": {"shortest_edge": 384},
        "resample": 3,
        "crop_pct": 224 / 256,
    },
    "DeiTImageProcessor": {**_STANDARD, "size": 256, "do_center_crop": True, "crop_size": 224, "resample": 3},
    "MobileNetV1ImageProcessor": {**_STANDARD, **_CROPPED, "size": {"shortest_edge": 256}, "resample": 2},
    "MobileNetV2ImageProcessor": {**_STANDARD, **_CROPPED, "size": {"shortest_edge": 256}, "resample": 2},
    "PvtImageProcessor": {**_IMAGENET, "size": 224, "resample": 3},
    "SiglipImageProcessor": {**_STANDARD, "size": 224, "resample": 3},
    "ViTImageProcessor": {**_STANDARD, "size": 224, "resample": 2},
}
"""The image processors that do these things in this order and nothing else, and what each does unless told otherwise."""
SHORT_EDGE: Final = frozenset(name for name, said in TYPES.items() if isinstance(said["size"], dict))
"""Those that take a size of one number for the shorter edge; the others for both."""
CONVNEXT_WHOLE: Final = 384
"""From this size on ConvNext's processor crops nothing."""


def settings(said: Document) -> dict[str, Any]:
    """Return what is done, in this order: resize, crop, rescale, mean and std; what is not done is left out.

    Raises `CorruptFile` for an image processor that does other things, and for settings that make no sense.
    """
    name = _type(said)
    if name is None:
        # Nothing tells what is done where nothing is said: only what is said is done.
        plain = Document(
            said.file, {f"do_{what}": True for what, key in _TOLD.items() if key in said.members}
        )
        filled = Document(said.file, {**plain.members, **said.members})
    else:
        always = {"do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255}
        filled = Document(said.file, {**always, **TYPES[name], **_present(said)})
    if filled.flag("do_pad"):
        raise CorruptFile(f"{said.file} asks for padding, which is not applied")
    found = _geometry(filled, name)
    if filled.flag("do_rescale"):
        found["rescale"] = filled.number("rescale_factor", 1 / 255)
    return {**found, **_normalisation(filled)}


_TOLD: Final = {
    "resize": "size",
    "center_crop": "crop_size",
    "rescale": "rescale_factor",
    "normalize": "image_mean",
}


def _present(said: Document) -> dict[str, Any]:
    return {key: value for key, value in said.members.items() if value is not None}


def _type(said: Document) -> str | None:
    """Return the class of the image processor, by its name of today; None where the file names none."""
    named = said.text("image_processor_type") or said.text("feature_extractor_type")
    if named is None:
        return None
    name = named.removesuffix("Fast").removesuffix("Pil").replace("FeatureExtractor", "ImageProcessor")
    if name not in TYPES:
        raise CorruptFile(f"{said.file} is of a {named}, which is not applied; there are: {', '.join(TYPES)}")
    return name


def _geometry(said: Document, name: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if said.flag("do_resize"):
        found["resize"] = _size(said, "size", name in SHORT_EDGE)
        number = said.get("resample") if said.get("resample") is not None else 2
        if isinstance(number, bool) or number not in range(len(RESAMPLE)):
            raise said.wrong("resample", number, f"a number from 0 to {len(RESAMPLE) - 1}")
        found["resample"] = RESAMPLE[int(number)]
    if said.flag("do_center_crop"):
        crop = _size(said, "crop_size", False)
        if "shortest_edge" in crop:
            raise said.wrong("crop_size", crop, "a height and a width")
        found["crop"] = [crop["height"], crop["width"]]
    return _convnext(said, found) if name == "ConvNextImageProcessor" and "resize" in found else found


def _convnext(said: Document, found: dict[str, Any]) -> dict[str, Any]:
    """Return ConvNext's way of resizing in general terms: small ones are made larger and cropped, others squeezed."""
    edge = found["resize"].get("shortest_edge")
    if edge is None:
        raise said.wrong("size", found["resize"], "a shortest_edge")
    if edge >= CONVNEXT_WHOLE:
        return {**found, "resize": {"height": edge, "width": edge}}
    if "crop" in found:
        raise CorruptFile(f"{said.file} crops twice, which is not applied")
    share = said.number("crop_pct") or 1.0
    if not 0.1 <= share <= 1:
        raise said.wrong("crop_pct", share, "a share from 0.1 to 1")
    return {**found, "resize": {"shortest_edge": int(edge / share)}, "crop": [edge, edge]}


def _size(said: Document, key: str, short_edge: bool) -> dict[str, int]:
    """Return a size as {height, width} or {shortest_edge}: a number, a pair or an object may say it."""
    value = said.get(key)
    if isinstance(value, list) and len(value) == 2:
        value = {"height": value[0], "width": value[1]}
    if isinstance(value, (int, float)):
        value = {"shortest_edge": value} if short_edge else {"height": value, "width": value}
    given = _present(Document(said.file, value)) if isinstance(value, dict) else {}
    if set(given) not in ({"height", "width"}, {"shortest_edge"}):
        raise said.wrong(key, value, "a height and a width, or a shortest_edge")
    return {edge: _edge(said, key, number) for edge, number in given.items()}


def _edge(said: Document, key: str, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= LARGEST:
        raise said.wrong(key, number, f"whole numbers from 1 to {LARGEST}")
    return number


def _normalisation(said: Document) -> dict[str, Any]:
    if not said.flag("do_normalize"):
        return {}
    found = {"mean": said.numbers("image_mean", 3), "std": said.numbers("image_std", 3)}
    for key, numbers in found.items():
        if len(numbers) == 2:
            raise said.wrong(f"image_{key}", numbers, "three numbers, one for each colour, or one for all")
    if 0.0 in found["std"]:
        raise said.wrong("image_std", found["std"], "without zeros")
    return found
