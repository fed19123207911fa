"""Images: one file is one sample, as its pixels; a folder is as many as it has images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hpcfair_kg.artifact import TensorSpec, plain
from hpcfair_kg.errors import CorruptFile, MissingExtra, UnknownFormat, WrongInput
from hpcfair_kg.models.infer import Array
from hpcfair_kg.models.processing.image import coloured
from hpcfair_kg.models.rows.base import FOLDER, Form, Reader, Wanted
from hpcfair_kg.models.rows.table import Table

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
DEEP = ("I", "F", "I;16", "I;16B", "I;16L")
"""Pillow's modes of more than eight bits a channel."""


class Image(Reader):
    """One image; `rows` is one sample."""

    typeless = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._pixels = pixels(path)
        self.rows, self.weight = 1, self._pixels.nbytes

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield the one sample: as its input asks (see `fitted`), else as bytes [1, height, width, 3]."""
        if wanted is None:
            yield Table(whole=self._pixels[None])
        else:
            yield Table(whole=fitted(self._pixels, wanted[""]))


class Folder(Reader):
    """The images of a folder, in the order of their names; those of a chunk are of one size."""

    typeless = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._paths = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not self._paths:
            raise CorruptFile(f"the folder {path.name} has no image in it: {' '.join(SUFFIXES)}")
        self.origins = tuple(file.name for file in self._paths)
        self.rows, self.weight = len(self._paths), pixels(self._paths[0]).nbytes

    def chunks(self, wanted: Wanted | None, size: int | None) -> Iterator[Table]:
        """Yield up to `size` samples at a time, fewer where the next image is of another size."""
        kept: list[Array] = []
        for path in self._paths:
            sample = fitted(pixels(path), wanted[""]) if wanted else pixels(path)[None]
            if kept and kept[0].shape != sample.shape and size is None:
                raise WrongInput(
                    f"{path.name} is of another size than the images before it: give one at a time"
                )
            if kept and (kept[0].shape != sample.shape or len(kept) == size):
                yield Table(whole=np.concatenate(kept))
                kept = []
            kept.append(sample)
        yield Table(whole=np.concatenate(kept))


def pixels(path: Path) -> Array:
    """Return an image as RGB bytes, uint8 [height, width, 3], turned upright as its camera says.

    What is transparent is white behind, of a moving image the first frame is taken.  Raises
    `CorruptFile`; `UnknownFormat` for more than eight bits a channel.
    """
    library, orient = _pillow()
    try:
        with library.open(path) as image:
            if image.mode in DEEP:
                raise UnknownFormat(
                    f"{path.name} has more than eight bits a channel; give its values as .npy, scaled as the model asks"
                )
            return np.asarray(coloured(orient(image), "RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, library.DecompressionBombError) as exc:
        raise CorruptFile(f"{path.name} is no image that can be read, or is cut off: {exc}") from exc


def fitted(image: Array, spec: TensorSpec) -> Array:
    """Return RGB bytes [height, width, 3] as one sample of an input, where no preprocessing is known of the model.

    [N, C, H, W] and [N, H, W, C] of one or three channels are taken: resized to
    H and W where those are fixed (bilinear), one channel by luminance (ITU-R
    601-2); floats are the bytes divided by 255, uint8 the bytes.  Raises
    `WrongInput` for any other input.
    """
    shape = spec.shape[1:]
    first = len(shape) == 3 and shape[0] in (1, 3)
    last = len(shape) == 3 and not first and shape[2] in (1, 3)
    if not (first or last) or not (spec.dtype.startswith("float") or spec.dtype == "uint8"):
        raise WrongInput(
            f"{spec.name} takes no image: that would be [N, C, H, W] or [N, H, W, C] of 1 or 3 channels",
            expected=[plain(spec)],
        )
    channels, height, width = shape if first else (shape[2], shape[0], shape[1])
    sample = _resized(image, height, width, int(channels))
    if spec.dtype != "uint8":
        sample = (sample / np.float32(255)).astype(spec.dtype)
    return np.ascontiguousarray(sample.transpose(2, 0, 1) if first else sample)[None]


def _resized(image: Array, height: Any, width: Any, channels: int) -> Array:
    library, _ = _pillow()
    made = library.fromarray(image)
    made = made.convert("L") if channels == 1 else made
    size = (
        width if isinstance(width, int) else made.width,
        height if isinstance(height, int) else made.height,
    )
    if size != made.size:
        made = made.resize(size, library.Resampling.BILINEAR)
    return np.asarray(made, np.uint8).reshape(size[1], size[0], channels)


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageOps
    except ImportError as exc:
        command = "pip install -e '.[image]'"
        raise MissingExtra(f"images need Pillow: {command}", install=command) from exc
    return Image, ImageOps.exif_transpose


PLUGINS = (Form("image", SUFFIXES, Image), Form("images", (FOLDER,), Folder))
