"""Pickles, also joblib's and PyTorch's: stored and described, never loaded, since loading one runs code.

What one holds is told from the names of the classes in it, read opcode by
opcode (PEP 307, PEP 574) without executing any.
"""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, ClassVar, cast

from hpcfair_kg.artifact import Kind
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle, Format, Inspection

MOST_BYTES = 16 << 20
"""Bytes of a pickle that are looked at."""
MOST_OPCODES = 200_000
_PACKED: tuple[tuple[bytes, Callable[[], object]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"\x78", zlib.decompressobj),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", lzma.LZMADecompressor),
    (b"\x5d\x00\x00", lzma.LZMADecompressor),
)
"""How joblib packs, by the first bytes."""
_BINARY = re.compile(rb"\x80[\x02-\x05]")
_TEXT = re.compile(rb"([\]}]q.|\(dp?\d*|\(lp?\d*|ccopy_reg|c[\w.]+\n\w+\n)")

_WHY = "a pickle runs code when it is loaded, so this one is stored and never loaded here. "
_ADVICE = {
    "scikit-learn": 'Where it was made, run skops.io.dump(model, "model.skops") and upload that, or let'
    " `hpcfair export MODULE:CALLABLE` make the ONNX file from a function that returns the model",
    "pytorch": "Where its class can be imported, run `hpcfair export MODULE:CALLABLE`, with a function that"
    " returns the model, and upload the .pt2 that it makes",
    "weights": "It holds weights without the network that they belong to: run `hpcfair export"
    " MODULE:CALLABLE`, with a function that builds the network and loads them, and upload the .pt2",
    "xgboost": 'Where it was made, run model.save_model("model.json") and upload that',
    "lightgbm": 'Where it was made, run booster.save_model("model.txt") and upload that',
    "keras": 'Where it was made, run model.save("model.keras") and upload that',
    "data": "Save what it holds with numpy.save, or DataFrame.to_parquet, and upload that",
    "": "Where its classes can be imported, run `hpcfair export MODULE:CALLABLE`, with a function that"
    " returns the model, and upload the ONNX or .pt2 file that it makes",
}
_FRAMEWORKS = (
    ("xgboost", ("xgboost",)),
    ("lightgbm", ("lightgbm",)),
    ("scikit-learn", ("sklearn",)),
    ("keras", ("keras", "tensorflow")),
    ("pytorch", ("torch", "torchvision", "fastai", "pytorch_lightning")),
    ("data", ("pandas", "numpy", "scipy")),
)
"""What a pickle holds, and the top-level packages whose classes tell it; the most telling first."""
_TENSORS = re.compile(
    r"torch\.(_utils|serialization|\w*Storage|storage|Size|device|dtype|\w+\d+|_tensor)\b|collections\b|numpy\b|builtins\b|__builtin__\b|argparse\b"
)


@dataclass(frozen=True)
class Content:
    """The classes that a pickle names, in order, and whether its opcodes came to their end."""

    classes: tuple[str, ...]
    cut: bool = False

    @property
    def holds(self) -> str:
        """A key of the advice: a framework, "weights", "data" or ""."""
        packages = {name.partition(".")[0] for name in self.classes}
        found = next((what for what, signs in _FRAMEWORKS if packages & set(signs)), "")
        if found == "pytorch" and all(_TENSORS.match(name) for name in self.classes):
            return "weights"
        return "" if found == "data" and packages & {"__main__"} else found


class Pickle(Format):
    """A pickle of whatever."""

    name: ClassVar[str] = "pickle"
    kind: ClassVar[Kind] = "model"
    media_type: ClassVar[str] = "application/octet-stream"
    rank: ClassVar[int] = 45

    def claims(self, bundle: Bundle) -> tuple[str, ...]:
        """Return pickles, packed ones, and PyTorch's zip files without a program; one cut off is corrupt."""
        found = tuple(name for name in bundle.names if _is_pickle(bundle, name))
        for name in found:
            if read(bundle, name).cut:
                raise CorruptFile(f"{name} is a pickle and cut off: it ends before its last opcode")
        return found

    def inspect(self, bundle: Bundle, names: Sequence[str]) -> Inspection:
        """Tell the framework from the names of the classes."""
        content = read(bundle, names[0])
        holds = "pytorch" if content.holds == "weights" else content.holds
        telling = [name for name in content.classes if name.partition(".")[0] not in _PLAIN]
        return Inspection(
            framework=holds if holds not in ("", "data") else None,
            notes=(f"a pickle that names {', '.join(telling[:5])}",) if telling else (),
        )

    def advise(self, bundle: Bundle, names: Sequence[str]) -> str | None:
        """Return what to upload instead, by what it holds."""
        return _WHY + _ADVICE[read(bundle, names[0]).holds]


_PLAIN = frozenset(
    {"builtins", "__builtin__", "collections", "copyreg", "copy_reg", "numpy", "joblib", "_codecs"}
)


def read(bundle: Bundle, name: str) -> Content:
    """Return the classes that a pickle names; nothing of it is executed."""
    data = _unpacked(bundle, name)
    stream = io.BytesIO(data)
    classes: dict[str, None] = {}
    for number in range(_PICKLES):
        try:
            for found in _classes(stream):
                classes.setdefault(found)
        except ValueError as exc:  # joblib lays arrays between the opcodes: what was read so far tells enough
            ended = any(word in str(exc) for word in ("exhausted", "only", "not enough"))
            arrays = any(known.startswith("joblib.") for known in classes)
            return Content(tuple(classes), len(data) < MOST_BYTES and ended and not arrays and number == 0)
        if stream.tell() >= len(data):
            break
    return Content(tuple(classes))


_PICKLES = 5
"""Pickles in one file that are looked at: PyTorch's older files are several, the fourth is the object."""


def _classes(stream: IO[bytes]) -> Iterator[str]:
    """Yield the classes that one pickle names, following texts through its memo."""
    memo: dict[int, str | None] = {}
    texts: list[str] = []
    last: str | None = None
    for opcode, argument, _ in islice(pickletools.genops(stream), MOST_OPCODES):
        kind = opcode.name
        if kind in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".")
        elif kind == "STACK_GLOBAL":
            yield ".".join(texts[-2:])
        if kind == "MEMOIZE" or kind.endswith("PUT"):
            memo[len(memo) if kind == "MEMOIZE" else cast(int, argument)] = last
            continue
        last = argument if "UNICODE" in kind else memo.get(argument or 0) if kind.endswith("GET") else None
        texts += [last] if last is not None else []


def _is_pickle(bundle: Bundle, name: str) -> bool:
    members = bundle.members(name)
    if members:
        return any(m.endswith("/data.pkl") for m in members) and not any("/code/" in m for m in members)
    head = _opened(bundle.head(name, 1 << 20))[:512]  # bzip2 packs blocks of 900 kB
    if _BINARY.match(head):
        return _begins(head)
    return bool(_TEXT.match(head)) and bundle.size(name) < MOST_BYTES and _ends(bundle.head(name, MOST_BYTES))


def _begins(head: bytes) -> bool:
    """Tell whether the first opcodes are some."""
    try:
        return any(number == 3 or name == "STOP" for number, name in enumerate(_opcodes(head)))
    except ValueError as exc:
        return "opcode" not in str(exc)


def _opcodes(data: bytes) -> Iterator[str]:
    return (opcode.name for opcode, _, _ in pickletools.genops(data))


def _ends(data: bytes) -> bool:
    """Tell whether text is opcodes to the end, as the oldest protocols write them."""
    try:
        return list(_opcodes(data))[-1] == "STOP"
    except (ValueError, UnicodeDecodeError):
        return False


def _unpacked(bundle: Bundle, name: str) -> bytes:
    """Return the pickle's own bytes, the first of them for a large one."""
    members = bundle.members(name)
    if not members:
        return _opened(bundle.head(name, MOST_BYTES))
    inner = next(m for m in members if m.endswith("/data.pkl"))
    try:
        with zipfile.ZipFile(bundle.path(name)) as archive, archive.open(inner) as stream:
            return stream.read(MOST_BYTES)
    except (zipfile.BadZipFile, EOFError, OSError) as exc:
        raise CorruptFile(f"{name} is a damaged zip file: {exc}") from exc


def _opened(data: bytes) -> bytes:
    """Return what packed bytes begin with, at most as much as is looked at."""
    for magic, opener in _PACKED:
        if data.startswith(magic):
            try:
                return bytes(opener().decompress(data, MOST_BYTES))  # type: ignore[attr-defined]
            except (zlib.error, lzma.LZMAError, OSError, EOFError):
                return data
    return data


PLUGINS = (Pickle(),)
