"""The edge for what was harvested: what the box read becomes frozen and checked, once, every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hpcfair_kg.artifact import Column, File, TensorSpec
from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge.checks import Check, Report, members, note, one_of, text
from hpcfair_kg.knowledge.harvest.works import FRAMEWORKS
from hpcfair_kg.knowledge.metadata import KNOWN, Metadata, parse, slug

_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_FILE: Final = re.compile(r"(https?|ftp|s3)://[^\s<>\"{}|\\^`\x00-\x20]+")
_MEDIA: Final = re.compile(r"[\w.+-]+/[\w.+-]+")
_DIGEST: Final = re.compile(r"([0-9a-f]{64})?")
WANTED: Final = "give it an @id, or say where it was found: --source on the command line, ?source= over HTTP"


@dataclass(frozen=True)
class Received:
    """One description that can be taken: `source` is its IRI, `document` what it stood in.

    `found` holds the fields of the record that no author says, by name; `origin`
    is where its own source has it from; `withdrawn` is the reason, None for what is not.
    """

    source: str
    document: str
    dialect: str
    metadata: Metadata
    found: Mapping[str, Any]
    previous: str | None = None
    origin: str | None = None
    withdrawn: str | None = None


def receive(description: Mapping[str, Any]) -> Received:
    """Return what a description says; raises `InvalidMetadata` with a `report` of every fault."""
    record: Mapping[str, Any] = description["record"]
    report: Report = list(description["report"])
    source = _source(description["source"], report)
    metadata = _metadata(record, source, report)
    found = {name: check(record[name], name, report) for name, check in _CHECKS.items() if record.get(name)}
    links = {name: _LINK(record[name], name, report) for name in ("previous", "origin") if record.get(name)}
    withdrawn = str(record.get("reason") or "withdrawn at its source")[:1000]
    if report or metadata is None:
        raise InvalidMetadata("; ".join(str(entry["message"]) for entry in report)[:2000], report=report)
    return Received(
        source,
        description["document"],
        description["dialect"],
        metadata,
        found,
        withdrawn=withdrawn if record.get("status") == "withdrawn" else None,
        **links,
    )


def _source(said: str, report: Report) -> str:
    if not said:
        note(report, "@id", f"this description has no address of its own: {WANTED}")
    elif not _IRI.fullmatch(said) or len(said) > 2000:
        note(report, "@id", "an @id is an IRI such as https://example.org/x, without spaces", said)
    return said


def _metadata(record: Mapping[str, Any], source: str, report: Report) -> Metadata | None:
    said = {key: record[key] for key in KNOWN if key in record and key != "files"}
    last = re.split(r"[/#:]", source.rstrip("/#"))[-1]
    said.setdefault(
        "name", slug(str(said.get("title", ""))) or slug(last) or str(said.get("kind", "dataset"))
    )
    said.setdefault("title", said["name"])
    try:
        return parse(said)
    except InvalidMetadata as exc:
        report.extend(exc.members["report"])
        return None


def _whole(value: Any, path: str, report: Report) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63):
        return value
    note(report, path, f"{path} is a whole number, 0 or more", value)
    return None


def _matching(pattern: re.Pattern[str], wanted: str) -> Check:
    def check(value: Any, path: str, report: Report) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value) or len(value) > 2000:
            note(report, path, f"{path} is {wanted}", value)
            return ""
        return value

    return check


def _all(check: Check) -> Check:
    """Return the check for a list of any length; a table may have thousands of columns."""

    def check_all(value: Any, path: str, report: Report) -> tuple[Any, ...]:
        return tuple(check(item, f"{path}[{place}]", report) for place, item in enumerate(value))

    return check_all


def _by_name(check: Check) -> Check:
    def check_each(value: Any, path: str, report: Report) -> dict[str, Any]:
        return {
            text(200)(name, path, report): check(item, f"{path}.{name}", report)
            for name, item in value.items()
        }

    return check_each


def _dimension(value: Any, path: str, report: Report) -> Any:
    return value if isinstance(value, int) and abs(value) < 2**63 else text(200)(value, path, report)


def _tensor(make: Callable[..., Any]) -> Check:
    checks = {"name": text(1000), "dtype": text(200), "shape": _all(_dimension)}
    return _all(
        members('{"name": "x", "dtype": "float32", "shape": ["batch", 13]}', "name dtype", checks, make)
    )


def _file(name: str, format: str, role: Any, remote: str, **said: Any) -> File:
    return File(name, format, role, **{"size": None, "sha256": ""} | said, remote=remote)


_LINK: Final = text(2000)
_CHECKS: Final[Mapping[str, Check]] = {
    "files": _all(
        members(
            '{"name": "x.csv", "format": "csv", "role": "original", "remote": "https://example.org/x.csv"}',
            "name format role remote",
            {
                "name": text(1024),
                "format": text(40),
                "role": one_of("original", "converted", "evidence", "auxiliary"),
                "size": _whole,
                "sha256": _matching(_DIGEST, "64 hexadecimal digits in lower case"),
                "media_type": _matching(_MEDIA, "a media type such as text/csv"),
                "opset": _whole,
                "remote": _matching(_FILE, "an address such as https://example.org/x.csv, without spaces"),
            },
            _file,
        )
    ),
    "columns": _tensor(Column),
    "inputs": _tensor(TensorSpec),
    "outputs": _tensor(TensorSpec),
    "framework": one_of(*sorted(set(FRAMEWORKS.values()))),
    "architecture_evidence": text(2000),
    "parameters": _whole,
    "rows": _whole,
    "operators": _by_name(_whole),
    "hyperparameter_sources": _by_name(text(1024)),
    "notes": _all(text(10_000, line=False)),
}
