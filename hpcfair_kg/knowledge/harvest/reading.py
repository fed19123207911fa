"""The errand that reads foreign descriptions in the box: files in, records and refusals out, as events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hpcfair_kg import plugins
from hpcfair_kg.errors import CorruptFile, HPCFairError
from hpcfair_kg.knowledge.harvest import base
from hpcfair_kg.knowledge.harvest.base import Description
from hpcfair_kg.knowledge.harvest.syntax import documents, parsed

LONGEST: Final = 1 << 20
"""Characters of one text that leave the box; what is longer is refused on the other side all the same."""
_TOGETHER: Final = 200
"""Descriptions in one event."""

Emit = Callable[[Mapping[str, Any]], None]


def read(files: Sequence[Mapping[str, str]], emit: Emit) -> None:
    """Read files, each {path, kind, address, name}, and emit what they say.

    An event is {"descriptions": [{document, source, dialect, record, report}]},
    {"document", "reasons"} of one that is refused or, at last, {"not_understood":
    {term: count}}.
    """
    counts: Counter[str] = Counter()
    for file in files:
        for event in _events(file, counts):
            emit(event)
    emit({"not_understood": dict(counts)})


def _events(file: Mapping[str, str], counts: Counter[str]) -> Iterator[Mapping[str, Any]]:
    where = (file["kind"], file["address"], file["name"])
    waiting: list[Mapping[str, Any]] = []
    try:
        for name, data in documents(Path(file["path"]).read_bytes(), *where):
            try:
                waiting += _described(data, file["kind"], file["address"], name, counts)
            except HPCFairError as exc:
                yield _refused(name, exc)
            if len(waiting) >= _TOGETHER:
                yield {"descriptions": waiting}
                waiting = []
    except HPCFairError as exc:
        yield _refused(file["name"], exc)
    yield {"descriptions": waiting}


def _described(
    data: bytes, kind: str, address: str, name: str, counts: Counter[str]
) -> list[Mapping[str, Any]]:
    document = parsed(data, kind, address, name)
    found = list(base.read(document))
    if not found:
        dialects = ", ".join(sorted(plugins.shelf(base.SHELF)))
        raise CorruptFile(
            f"this describes no model or dataset in a dialect that is known; those are: {dialects}"
        )
    counts.update(document.not_understood + document.graph.not_understood())
    return [_plain(description, name) for description in found]


def _plain(description: Description, name: str) -> Mapping[str, Any]:
    return {
        "document": name,
        "source": description.source,
        "dialect": description.dialect,
        "record": _cut(description.record),
        "report": description.report,
    }


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, (list, tuple)) else value


def _refused(name: str, error: HPCFairError) -> Mapping[str, Any]:
    reasons = error.members.get("report") or [{"path": "", "message": error.detail, "value": None}]
    return {"document": name, "reasons": reasons}
