"""Reading an upload off the wire: the metadata first, then files, hashed on their way to the blob store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from flask import request
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from werkzeug.wsgi import get_input_stream

from hpcfair_kg.backends.blobs.base import Blob, Blobs
from hpcfair_kg.errors import CorruptFile, InvalidMetadata, TooLarge, UnknownFormat, UnknownParameter
from hpcfair_kg.hub import Upload
from server.access import hub
from server.replies import json_object

T = TypeVar("T")

CHUNK = 256 << 10
METADATA = 4 << 20
"""Bytes that the metadata may have."""
PARTS = 10_000
NAME = 1024
"""Characters that a file's name may have."""


@dataclass(frozen=True)
class Form:
    """An upload that arrived whole: what it says of itself, and its files."""

    metadata: Mapping[str, Any]
    files: tuple[Upload, ...]


class Reception:
    """Takes one multipart body in; `length` is what Content-Length announces, in bytes.

    Raises `CorruptFile` for a body that is cut off or no multipart,
    `InvalidMetadata`, `UnknownParameter` for parts of other names, `TooLarge`.
    `files` are those kept so far: whoever called lets go of them then.
    """

    def __init__(self, stream: IO[bytes], length: int | None, boundary: str, blobs: Blobs) -> None:
        self._stream, self._length, self._blobs = stream, length, blobs
        self._decoder = MultipartDecoder(boundary.encode(), max_form_memory_size=4 * CHUNK, max_parts=PARTS)
        self.files: list[Upload] = []

    def read(self) -> Form:
        """Return the form once its last byte has come."""
        metadata: Mapping[str, Any] | None = None
        for part, content in self.parts():
            if part.name == "metadata" and metadata is None:
                metadata = json_object(small(content, "the metadata"), "the metadata")
            elif part.name != "file" or not isinstance(part, File):
                raise UnknownParameter(
                    f"a part {part.name!r} is not expected; send one 'metadata', then 'file' parts with file names",
                    known=["metadata", "file"],
                )
            elif metadata is None:
                raise _no_metadata()
            else:
                self.take(part.filename, content)
        if metadata is None:
            raise _no_metadata()
        return Form(metadata, tuple(self.files))

    def parts(self) -> Iterator[tuple[Field | File, Iterator[bytes]]]:
        """Yield each part with its content, which is read before the next part or not at all."""
        events = self._events()
        for event in events:
            if isinstance(event, (Field, File)):
                yield event, _content(events)

    def take(self, said: str, content: Iterable[bytes]) -> None:
        """Keep a file under the name that is said of it, which no other file may have."""
        name = file_name(said)
        if any(upload.name == name for upload in self.files):
            raise InvalidMetadata(f"two files are named {name!r}; each needs a name of its own")
        self.files.append(Upload(name, self._kept(content)))

    def pass_over(self, most: int) -> None:
        """Read on and keep nothing, `most` bytes at most: a browser shows no answer before it has sent everything."""
        while most > 0 and (data := self._stream.read(CHUNK)):
            most -= len(data)

    def _kept(self, content: Iterable[bytes]) -> Blob:
        writer = self._blobs.writer()
        try:
            for data in content:
                writer.write(data)
            return writer.finish()
        except BaseException:
            writer.abort()
            raise

    def _events(self) -> Iterator[Event]:
        try:
            for data in self._chunks():
                self._decoder.receive_data(data)
                yield from _ready(self._decoder)
            self._decoder.receive_data(None)
            yield from _ready(self._decoder)
        except ValueError as exc:
            raise CorruptFile(f"the body is no whole multipart/form-data: {exc}; nothing was kept") from exc

    def _chunks(self) -> Iterator[bytes]:
        taken = 0
        while data := self._stream.read(CHUNK):
            taken += len(data)
            yield data
        if self._length is not None and taken != self._length:
            raise CorruptFile(
                f"the body was cut off: {taken:,} of {self._length:,} bytes came; nothing was kept, send it again"
            )


def receive(read: Callable[[Reception], T]) -> T:
    """Return what `read` makes of the request's body; what came of one that is refused is let go of again.

    Raises `UnknownFormat` for a body that is no multipart/form-data, `TooLarge` before it is read.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise UnknownFormat(
            f"{request.mimetype or 'a body without a media type'} is not taken here;"
            " send multipart/form-data: a part 'metadata', then parts 'file'"
        )
    limit = hub().settings.max_upload
    if (request.content_length or 0) > limit:
        raise TooLarge(f"an upload may have {limit:,} bytes here", limit=limit)
    stream = get_input_stream(request.environ, max_content_length=limit)
    reception = Reception(stream, request.content_length, boundary, hub().blobs)
    try:
        return read(reception)
    except BaseException:
        hub().forget(reception.files)
        raise


def file_name(said: str) -> str:
    """Return a file's name, with "/" below a folder; raises `InvalidMetadata` for one that leads elsewhere.

    >>> file_name("variables/variables.index")
    'variables/variables.index'
    """
    wrong = ""
    if not said or len(said) > NAME or any(len(part.encode()) > 255 for part in said.split("/")):
        wrong = f"it must have 1 to {NAME} characters"
    elif said.startswith("/") or "\\" in said:
        wrong = "it must be relative, with '/' between folders"
    elif any(part in ("", ".", "..") for part in said.split("/")):
        wrong = "no part of it may be empty, '.' or '..'"
    elif not said.isprintable():
        wrong = "it holds characters that cannot be printed"
    if wrong:
        raise InvalidMetadata(f"{said[:NAME]!r} is no name for a file: {wrong}")
    return said


def small(content: Iterable[bytes], what: str) -> bytes:
    """Return what a part says of an upload; raises `TooLarge` past `METADATA` bytes."""
    text = bytearray()
    for data in content:
        text += data
        if len(text) > METADATA:
            raise TooLarge(f"{what} may have {METADATA:,} bytes", limit=METADATA)
    return bytes(text)


def _ready(decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), (NeedData, Epilogue)):
        yield event


def _content(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if isinstance(event, Data):
            yield event.data
            if not event.more_data:
                return


def _no_metadata() -> InvalidMetadata:
    return InvalidMetadata("the first part must be 'metadata': a JSON object with at least name and license")
