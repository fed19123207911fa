"""Pictures become the tensor that a model sees, as the preprocessor_config.json of transformers says.

Done as the library does it on Pillow (its classes named …Pil), operation by
operation, so that the numbers are the same to the last bit; its classes on
torchvision resample otherwise, by up to a few steps of 255.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from hpcfair_kg.artifact import Processing, TensorSpec
from hpcfair_kg.errors import MissingExtra, WrongInput
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values, fits, only
from hpcfair_kg.models.processing.beside import Beside
from hpcfair_kg.models.processing.image_config import FILE, settings

PIXELS: Final = 50_000_000
"""Pixels of one picture."""
IMAGES: Final = 256
"""Pictures of one request."""
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What a picture may be packed as."""
INSTALL: Final = "pip install -e '.[image]'"


class Image(Kind):
    """Colour, size, crop, scale and normalisation of pictures."""

    name: ClassVar[str] = "image"
    rank: ClassVar[int] = 20

    def found(self, beside: Beside) -> Iterator[Processing]:
        """Yield the settings of an image processor of transformers."""
        said = beside.document(FILE)
        if said is not None:
            yield Processing(self.name, "before", said.file, settings=settings(said))

    def fitted(self, step: Processing, model: Signature) -> Processing:
        """Return the step fitted to the input of four dimensions that has three channels, or one."""
        found = [spec for spec in model.inputs if len(spec.shape) == 4 and _channels(spec)]
        pixels = only(found, "pixel_values")
        if pixels is None:
            return replace(step, takes=(), gives=())
        return replace(step, takes=(model.free("image", "picture"),), gives=(pixels.name,))

    def spoken(self, step: Processing, model: Signature) -> tuple[TensorSpec, ...]:
        """Return the pictures, with their colours last."""
        batch = model.input(step.gives[0]).shape[0]
        return tuple(TensorSpec(name, "uint8", (batch, "height", "width", 3)) for name in step.takes)

    def load(self, step: Processing, folder: Path, model: Signature) -> Apply:
        """Return the processing; its file is read already."""
        try:
            import PIL.Image  # noqa: F401
        except ImportError as exc:
            raise MissingExtra(f"images need Pillow: {INSTALL}", install=INSTALL) from exc
        spec = model.input(step.gives[0])
        axis, channels = _channels(spec) or (1, 3)

        def apply(values: Values) -> dict[str, Array]:
            given = pictures(values[step.takes[0]], step.takes[0])
            made = [processed(_picture(one, channels), step.settings) for one in given]
            if len({one.shape for one in made}) > 1:
                raise WrongInput("the images become tensors of unequal size: give one at a time")
            batch = np.stack(made)
            return {
                spec.name: (batch if axis == 1 else np.moveaxis(batch, 1, -1)).astype(spec.dtype, copy=False)
            }

        return apply


def pictures(value: Any, name: str) -> list[Any]:
    """Return what someone gave as a list of pictures: arrays of bytes, or packed ones as `bytes`.

    One picture is uint8 [height, width] or [height, width, 1, 3 or 4]; several
    are a list of them, or one more dimension.  One dimension is the bytes of a
    PNG, JPEG, … file.  Raises `WrongInput`.
    """
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    found: list[Any] = []
    for one in given:
        array = np.frombuffer(one, np.uint8) if isinstance(one, bytes) else np.asarray(one)
        if array.dtype != np.uint8:
            raise _wrong(name, f"is {array.dtype.name}; it is uint8")
        several = array.ndim == 4 or (array.ndim == 3 and array.shape[-1] not in (1, 3, 4))
        found += list(array) if several else [array]
    if not 1 <= len(found) <= IMAGES:
        raise _wrong(name, f"has {len(found):,} images; 1 to {IMAGES} are taken at once")
    return [_checked(one, name) for one in found]


def processed(picture: Any, said: Any) -> Array:
    """Return one Pillow image as a tensor [channels, height, width], as the settings of a step say."""
    if "resize" in said:
        picture = _resized(picture, said)
    pixels = np.asarray(picture)
    pixels = (pixels if pixels.ndim == 3 else pixels[..., None]).transpose(2, 0, 1)
    if "crop" in said:
        pixels = cropped(pixels, *said["crop"])
    if "rescale" in said:
        pixels = (pixels.astype(np.float64) * said["rescale"]).astype(np.float32)
    if "mean" in said:
        pixels = pixels.astype(np.float32, copy=False)
        mean, std = (np.array(said[key], np.float32)[:, None, None] for key in ("mean", "std"))
        pixels = (pixels - mean) / std
    return pixels


def cropped(pixels: Array, height: int, width: int) -> Array:
    """Return the middle of [channels, height, width]; zeros surround what is smaller."""
    for axis, size in ((1, height), (2, width)):
        have = pixels.shape[axis]
        if have < size:
            before = ceil((size - have) / 2)
            around = [(0, 0)] * 3
            around[axis] = (before, size - have - before)
            pixels = np.pad(pixels, around)
        else:
            first = (have - size) // 2
            pixels = pixels[(slice(None),) * axis + (slice(first, first + size),)]
    return pixels


def _resized(picture: Any, said: Any) -> Any:
    from PIL.Image import Resampling

    width, height = picture.size
    wanted = said["resize"]
    if "shortest_edge" in wanted:
        short = wanted["shortest_edge"]
        long = int(short * max(width, height) / min(width, height))
        size = (short, long) if width <= height else (long, short)
    else:
        size = (wanted["width"], wanted["height"])
    if size[0] * size[1] > PIXELS:
        raise WrongInput(
            f"an image of {width} × {height} would become {size[0]} × {size[1]}: it is too narrow"
        )
    return picture.resize(size, Resampling[said["resample"].upper()])


def _checked(array: Array, name: str) -> Array:
    if (
        array.ndim not in (1, 2, 3)
        or (array.ndim == 3 and array.shape[-1] not in (1, 3, 4))
        or not array.size
    ):
        raise _wrong(name, f"has the shape {list(array.shape)}; it is [height, width, 3]")
    if array.ndim > 1 and array.shape[0] * array.shape[1] > PIXELS:
        raise _wrong(name, f"has {array.shape[0] * array.shape[1]:,} pixels; at most {PIXELS:,} are taken")
    return array


def _picture(array: Array, channels: int) -> Any:
    """Return a picture in colour, or in grey for a model of one channel."""
    from PIL import Image as Pillow

    if array.ndim == 1:
        picture = _unpacked(array.tobytes())
    else:
        picture = Pillow.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array))
    return coloured(picture, "L" if channels == 1 else "RGB")


def coloured(picture: Any, mode: str) -> Any:
    """Return a Pillow image in a mode without transparency: what is transparent is white behind."""
    from PIL import Image as Pillow

    if "A" in picture.getbands() or picture.info.get("transparency") is not None:
        picture = picture.convert("RGBA")
        white = Pillow.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Pillow.alpha_composite(white, picture)
    return picture.convert(mode)


def _unpacked(packed: bytes) -> Any:
    """Open a picture file, the right way up; only its first frame is looked at."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        picture = Pillow.open(io.BytesIO(packed), formats=FORMATS)
        if picture.width * picture.height > PIXELS:
            raise WrongInput(
                f"the image has {picture.width} × {picture.height} pixels; at most {PIXELS:,} are taken"
            )
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (
        OSError,
        ValueError,
        SyntaxError,
        Pillow.DecompressionBombError,
        Pillow.DecompressionBombWarning,
    ) as exc:
        raise WrongInput(f"the bytes are no image of {', '.join(FORMATS)}: {str(exc)[:200]}") from exc


def _channels(spec: TensorSpec) -> tuple[int, int] | None:
    """Return which axis of [batch, ?, ?, ?] the channels are, and how many; the first unless only the last fits."""
    for count in (3, 1):
        for axis in (1, 3):
            if spec.shape[axis] == count:
                return axis, count
    return (1, 3) if fits(spec.shape[1], 3) else None


def _wrong(name: str, what: str) -> WrongInput:
    wanted = [{"name": name, "dtype": "uint8", "shape": ["batch", "height", "width", 3]}]
    return WrongInput(f"{name} {what}", expected=wanted)


PLUGINS = (Image(),)
