"""Files as foreign descriptions list them: their names, addresses, sizes and hashes, as far as these can be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from hpcfair_kg.knowledge.harvest.base import Description
from hpcfair_kg.knowledge.vocabulary import MEDIA_TYPES

_ADDRESS: Final = re.compile(r"(?:https?|ftp|s3)://[^\s<>\"{}|\\^`]+")
_MEDIA: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+_-]*", re.IGNORECASE)
_BYTES: Final = re.compile(r"(\d+)\s*(?:b|bytes)?", re.IGNORECASE)
_FILE_TYPES: Final = "http://publications.europa.eu/resource/authority/file-type/"
_TYPES: Final = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".txt": "text/plain", ".md": "text/markdown",
    ".json": "application/json", ".jsonl": "application/jsonl", ".xml": "application/xml", ".yaml": "application/yaml",
    ".parquet": "application/vnd.apache.parquet", ".h5": "application/x-hdf5", ".hdf5": "application/x-hdf5",
    ".nc": "application/x-netcdf", ".npy": "application/x-npy", ".npz": "application/x-npz", ".onnx": "application/onnx",
    ".zip": "application/zip", ".gz": "application/gzip", ".tar": "application/x-tar", ".pdf": "application/pdf",
    ".jpg": "image/jpeg", ".png": "image/png", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".mp4": "video/mp4",
}  # fmt: skip
_FORMATS: Final = {
    "csv": "csv", "tsv": "csv", "parquet": "parquet", "npy": "npy", "npz": "npz", "h5": "hdf5", "hdf5": "hdf5",
    "nc": "netcdf", "onnx": "onnx", "pt2": "pt2", "keras": "keras", "tflite": "tflite", "skops": "skops",
    "safetensors": "safetensors", "pkl": "pickle", "pickle": "pickle",
}  # fmt: skip
_BY_MEDIA: Final = {
    "text/csv": "csv", "application/vnd.apache.parquet": "parquet", "application/x-parquet": "parquet",
    "application/onnx": "onnx", "application/x-netcdf": "netcdf", "application/x-hdf5": "hdf5",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a description lists it: everything as text, None where it is not said."""

    name: str | None
    url: str | None
    media: str | None = None
    size: str | None = None
    sha256: str | None = None


def files(description: Description, listed: Iterable[Listed], address: str) -> None:
    """Add the files to a description; what has no address, or a hash that is none, becomes a remark.

    `address` is that of the document: relative addresses start there.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in listed:
        url = _absolute(each.url, address)
        if url is None:
            name = each.name or each.url or "a file"
            description.remark(f"the file {name} is not listed: no address of its own is said")
            continue
        file = _file(each, url)
        file["name"] = _apart(file["name"], found)
        found[file["name"]] = file
        description.remark(*_doubts(each, file))
    description.say(files=list(found.values()))


def _file(listed: Listed, url: str) -> dict[str, Any]:
    name = _name(listed.name, url)
    media = _media_type(listed.media, name)
    digest = (listed.sha256 or "").strip().lower()
    size = _BYTES.fullmatch((listed.size or "").strip())
    return {
        "name": name,
        "format": _FORMATS.get(PurePosixPath(name).suffix[1:].lower()) or _BY_MEDIA.get(media, "other"),
        "role": "original",
        "size": int(size[1]) if size else None,
        "sha256": digest if re.fullmatch(r"[0-9a-f]{64}", digest) else "",
        "media_type": media,
        "remote": url,
    }


def _doubts(listed: Listed, file: dict[str, Any]) -> Iterable[str]:
    if listed.sha256 and not file["sha256"]:
        yield f"the SHA-256 that is said of {file['name']} is none: {listed.sha256[:80]!r}"
    if listed.size and file["size"] is None:
        yield f"{file['name']} is said to have {listed.size[:40]}, which is no number of bytes"


def _absolute(url: str | None, address: str) -> str | None:
    whole = urljoin(address, url) if url and address else url or ""
    return whole if _ADDRESS.fullmatch(whole) else None


def _name(said: str | None, url: str) -> str:
    """Return what a file is called: as it is said where that ends as file names do, else as its address ends."""
    last = unquote(PurePosixPath(urlsplit(url).path).name)
    candidates = [name for name in (said, last) if name]
    plain = [name for name in candidates if re.search(r"\.[A-Za-z0-9]{1,12}$", name)]
    return " ".join(next(iter([*plain, *candidates]), "file").split())[:255].strip("/") or "file"


def _apart(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number before its ending where another file has it."""
    path, number, new = PurePosixPath(name), 1, name
    while new in taken:
        number += 1
        new = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    return new


def _media_type(said: str | None, name: str) -> str:
    said = (said or "").strip()
    if match := re.fullmatch(r"https?://(?:www\.)?iana\.org/assignments/media-types/(.+)", said):
        said = unquote(match[1])
    said = said.removeprefix(MEDIA_TYPES).partition(";")[0]
    if _MEDIA.fullmatch(said):
        return said.lower()
    ending = f".{said.removeprefix(_FILE_TYPES).lower()}" if said.startswith(_FILE_TYPES) else ""
    suffix = PurePosixPath(name).suffix.lower()
    return _TYPES.get(ending) or _TYPES.get(suffix) or "application/octet-stream"
