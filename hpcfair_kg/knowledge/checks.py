"""Checks on JSON from outside: each returns the clean value and notes every fault with its place.

A check is a function (value, path, report) -> value.  After a fault what it
returns means nothing: the caller looks at the report first.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MANY: Final = 1000
"""How many tags, creators, metrics … one description may have."""
# What RDF/XML, a terminal or a log cannot carry: control characters but tab and newlines, and halves of surrogate pairs.
UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`\x00-\x20]+")

Report = list[dict[str, Any]]
Check = Callable[[Any, str, Report], Any]


def note(report: Report, path: str, message: str, value: Any = None) -> None:
    """Add a fault to a report; long values are cut."""
    plain = value is None or (isinstance(value, (int, float)) and finite(value))
    report.append({"path": path, "message": message, "value": value if plain else shown(value)})


def shown(value: Any) -> str:
    """Return a value as a report may carry it: cut, and without what JSON cannot."""
    spoken = value if isinstance(value, str) else repr(value)
    return UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", spoken[:200])


def unknown(document: Mapping[Any, Any], known: tuple[str, ...], path: str, report: Report) -> None:
    """Note the keys that there are not, each with the one that was meant."""
    for key in document:
        if key not in known:
            near = difflib.get_close_matches(str(key).lower(), known, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}? Else " if near else ""
            where = f"{path}.{shown(key)}" if path else shown(key)
            note(
                report,
                where,
                f"unknown key {shown(key)!r}; {hint}there are: {', '.join(known)}",
                document[key],
            )


def text(limit: int, line: bool = True) -> Check:
    """Return the check for text of at most `limit` bytes, on one line or more."""

    def check(value: Any, path: str, report: Report) -> str:
        if not isinstance(value, str):
            note(report, path, f"{path} is text; write it in quotes", value)
            return ""
        if bad := UNSPEAKABLE.search(value):
            note(report, path, f"{path} has the character U+{ord(bad[0]):04X} in it; leave it out", value)
        elif len(value.encode()) > limit:
            note(
                report,
                path,
                f"{path} is {len(value.encode()):,} bytes long; at most {limit:,} are taken",
                value,
            )
        elif line and "\n" in value.strip():
            note(report, path, f"{path} is one line; the description takes more", value)
        return value.strip() if line else value

    return check


def address(value: Any, path: str, report: Report) -> str:
    """Check an http(s) IRI."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value) or len(value) > 2000:
        note(report, path, f"{path} is an address such as https://example.org/x, without spaces", value)
        return ""
    return value


def one_of(*choices: str, why: str = "") -> Check:
    """Return the check for one of a few words."""

    def check(value: Any, path: str, report: Report) -> Any:
        if value not in choices:
            note(report, path, f"{path} is {' or '.join(map(repr, choices))}{why}", value)
        return value

    return check


def every(example: str, check: Check) -> Check:
    """Return the check for a list of what another check takes."""

    def check_all(value: Any, path: str, report: Report) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            note(report, path, f"{path} is a list: {example}", value)
            return ()
        if len(value) > MANY:
            note(report, path, f"{path} has {len(value):,} entries; at most {MANY:,} are taken")
            return ()
        return tuple(check(item, f"{path}[{place}]", report) for place, item in enumerate(value))

    return check_all


def distinct(example: str, check: Check) -> Check:
    """Return the check for a list whose order means nothing: it is sorted, what is said twice counts once."""
    check_all = every(example, check)

    def check_set(value: Any, path: str, report: Report) -> tuple[str, ...]:
        return tuple(sorted({item for item in check_all(value, path, report) if item}))

    return check_set


def members(example: str, required: str, checks: Mapping[str, Check], make: Callable[..., Any]) -> Check:
    """Return the check for an object with these members, which `make` takes by name."""

    def check(value: Any, path: str, report: Report) -> Any:
        if not isinstance(value, Mapping):
            note(report, path, f"{path} is an object: {example}", value)
            return None
        unknown(value, tuple(checks), path, report)
        said = {key: value[key] for key in checks if value.get(key) not in (None, "")}
        for key in required.split():
            if key not in said:
                note(report, f"{path}.{key}", f"{path} lacks its {key}: {example}", value)
        before = len(report)
        values = {key: checks[key](item, f"{path}.{key}", report) for key, item in said.items()}
        return make(**values) if len(report) == before and set(required.split()) <= said.keys() else None

    return check


def figure(value: Any, path: str, report: Report) -> float:
    """Check a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not finite(value):
        note(report, path, f"{path} is a finite number", value)
        return 0.0
    return float(value)


def finite(value: float) -> bool:
    """Return whether a number is one that every party can hold."""
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)
