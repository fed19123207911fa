"""What is not as it was when something was done first: its inputs, its software, the hardware, the box."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from hpcfair_kg.activity import Environment, Hardware, Step
from hpcfair_kg.artifact import File
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.errors import NotFound

_ALIKE = 0.05
"""How far two amounts of memory may be apart and still be the same: kernels reserve more or less of it."""


def of_files(blobs: Blobs, files: Iterable[File]) -> dict[str, str]:
    """Return what is wrong with files, by name: bytes that are gone, or are no more what their hash says."""
    return {file.name: said for file in files if (said := _of_file(blobs, file))}


def of_surroundings(
    step: Step,
    then: tuple[Environment | None, Hardware | None],
    now: tuple[Environment, Hardware],
    box: str,
) -> Iterator[str]:
    """Yield what was another: versions of what the step names, Python, system, hardware, layers of the box."""
    for spoken, current in zip(step.software, current_of(step.software, now[0]), strict=True):
        if spoken != current:
            version = current.partition(" ")[2]
            yield f"{spoken} then, {version or 'not installed'} now"
    if then[0] is not None:
        if then[0].python != now[0].python:
            yield f"Python {then[0].python} then, {now[0].python} now"
        if then[0].system != now[0].system:
            yield f"{then[0].system} then, {now[0].system} now"
    if then[1] is not None:
        yield from of_hardware(then[1], now[1])
    if step.box is not None and step.box != box:
        yield f"in a box of {step.box} then, of {box} now"


def current_of(software: Sequence[str], now: Environment) -> tuple[str, ...]:
    """Return "name version" of the same packages as they are now, the name alone of what is not installed."""
    installed = dict(package.lower().split(" ", 1) for package in now.packages if " " in package)
    names = [spoken.partition(" ")[0] for spoken in software]
    return tuple(f"{name} {installed.get(name.lower(), '')}".rstrip() for name in names)


def of_hardware(then: Hardware, now: Hardware) -> Iterator[str]:
    """Yield what was another of the hardware; the machine that an operator says it is part of is no matter."""
    if then.cpu != now.cpu:
        yield f"{then.cpu or 'an unknown processor'} then, {now.cpu or 'an unknown processor'} now"
    if then.cores != now.cores:
        yield f"{then.cores} cores then, {now.cores} now"
    if abs((then.memory or 0) - (now.memory or 0)) > _ALIKE * (then.memory or 0):
        yield f"{(then.memory or 0) / 2**30:.3g} GiB of memory then, {(now.memory or 0) / 2**30:.3g} now"
    if then.gpus != now.gpus:
        yield f"GPUs: {', '.join(then.gpus) or 'none'} then, {', '.join(now.gpus) or 'none'} now"


def _of_file(blobs: Blobs, file: File) -> str | None:
    try:
        with blobs.path(file.sha256).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except NotFound as exc:
        return f"{file.name} is gone: {exc.detail}"
    return None if found == file.sha256 else f"{file.name} was edited: sha256 {file.sha256} then, {found} now"
