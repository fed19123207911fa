"""The edge for descriptions: what someone sends as `metadata` becomes a frozen `Metadata`, once.

Every fault is found and reported at once, each with its place and with what
would be right.  HTML in a description is kept as the text it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, get_args

from hpcfair_kg.artifact import Kind, Link, Machine, Metric, Person, Project
from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.background_checks import machines, projects
from hpcfair_kg.knowledge.checks import (
    MANY,
    UNSPEAKABLE,
    Check,
    Report,
    distinct,
    every,
    figure,
    finite,
    members,
    note,
    one_of,
    shown,
    text,
    unknown,
)
from hpcfair_kg.knowledge.expand import expand
from hpcfair_kg.knowledge.vocabulary import ARCHITECTURES, ORCID

KINDS: Final = get_args(Kind)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_ORCID = re.compile(r"(\d{4}-){3}\d{3}[\dX]")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InPlace:
    """A file that lies on the service's own disk already, and the SHA-256 it must have."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an author says of an artifact; only name and license are required. Tags and references are sorted sets."""

    name: str
    license: str
    title: str = ""
    description: str = ""
    kind: Kind | None = None
    version: str = "1.0"
    tags: tuple[str, ...] = ()
    task: str | None = None
    architecture: str | None = None
    visibility: str = "public"
    creators: tuple[Person, ...] = ()
    trained_on: tuple[str, ...] = ()
    tested_on: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    workflow: str | None = None
    chain: tuple[Link, ...] = ()
    components: tuple[str, ...] = ()
    projects: tuple[Project, ...] = ()
    machines: tuple[Machine, ...] = ()
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    files: tuple[InPlace, ...] = ()


def parse(document: Any, person: Person | None = None) -> Metadata:
    """Return what a JSON (or JSON-LD) document says; `person` is the creator where it names none.

    Raises `InvalidMetadata` with a `report` of every fault: {path, message, value}.
    """
    if not isinstance(document, Mapping):
        raise InvalidMetadata('metadata is a JSON object such as {"name": "encoder", "license": "MIT"}')
    if "@context" in document:
        document = expand(document)
    report: Report = []
    unknown(document, KNOWN, "", report)
    said = {key: value for key, value in document.items() if key in KNOWN and value is not None}
    for key in ("name", "license"):
        if key not in said:
            note(report, key, f"{key} is required: {_WANTED[key]}")
    values = {key: _CHECKS[key](value, key, report) for key, value in said.items()}
    if report:
        raise InvalidMetadata("; ".join(f"{entry['message']}" for entry in report)[:2000], report=report)
    if person is not None and not values.get("creators"):
        values["creators"] = (person,)
    return Metadata(**values)


def orcid_check(orcid: str) -> str:
    """Return the check character of an ORCID's first 15 digits (ISO 7064 MOD 11-2)."""
    total = 0
    for digit in orcid.replace("-", "")[:15]:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return "X" if rest == 10 else str(rest)


def slug(text: str) -> str:
    """Return the name that a text would do as; "" for one without a Latin letter or a digit.

    >>> slug("Länge & Breite")
    'lange-breite'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:100]


def _name(value: Any, path: str, report: Report) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    fixed = slug(value) if isinstance(value, str) else ""
    hint = f"; {fixed!r} would do" if fixed else ""
    message = (
        f"a name is up to 100 lower-case letters, digits, '.', '_' and '-', a letter or digit first{hint}"
    )
    note(report, path, message, value)
    return ""


def _version(value: Any, path: str, report: Report) -> str:
    if isinstance(value, str) and re.fullmatch(r"[^\s/@#?]{1,64}", value) and not UNSPEAKABLE.search(value):
        return value
    message = (
        f'a version is text such as "{value}"'
        if isinstance(value, (int, float))
        else 'a version is text such as "1.0"'
    )
    note(report, path, f"{message}, up to 64 characters, without spaces, '/', '@', '#' and '?'", value)
    return ""


def _license(value: Any, path: str, report: Report) -> str:
    if not isinstance(value, str):
        note(report, path, f"license is text: {licenses.WANTED}", value)
        return ""
    try:
        return licenses.normalise(value)
    except InvalidMetadata as exc:
        report.extend(exc.members["report"])
        return ""


def parsed_orcid(value: Any, path: str, report: Report) -> str:
    """Return an ORCID without its address; one that is mistyped is noted in the report."""
    said = str(value).strip().removeprefix("http://orcid.org/").removeprefix(ORCID).upper()
    if not _ORCID.fullmatch(said):
        note(report, path, "an ORCID looks like 0000-0002-1825-0097", value)
    elif orcid_check(said) != said[-1]:
        note(
            report,
            path,
            "the last character of this ORCID does not check the others: a digit is mistyped",
            value,
        )
    return said


def _creators(value: Any, path: str, report: Report) -> tuple[Person, ...]:
    found: tuple[Person, ...] = _PEOPLE(value, path, report)
    known = [person.orcid for person in found if person is not None and person.orcid]
    for orcid in sorted({orcid for orcid in known if known.count(orcid) > 1}):
        note(report, path, f"two creators have the ORCID {orcid}; each person has one of their own", orcid)
    return found


def _setting(value: Any, path: str, report: Report) -> Any:
    """Check a hyperparameter: text, a number, true or false, null, or a list of these."""
    if isinstance(value, str):
        return text(10_000, line=False)(value, path, report)
    if value is None or isinstance(value, bool) or (isinstance(value, (int, float)) and finite(value)):
        return value
    if isinstance(value, (list, tuple)) and len(value) <= MANY and path.count("[") < 4:
        return [_setting(item, f"{path}[{place}]", report) for place, item in enumerate(value)]
    wanted = (
        "text, a finite number, true, false, null or a list of these; write deeper ones as 'optimizer.lr'"
    )
    note(report, path, f"a hyperparameter is {wanted}", value)
    return None


def _hyperparameters(value: Any, path: str, report: Report) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MANY:
        note(report, path, f'{path} is an object of at most {MANY:,} settings: {{"hidden": 128}}', value)
        return {}
    names = {name: text(200)(name, f"{path}.{shown(name)}", report) for name in value}
    return {names[name]: _setting(item, f"{path}.{shown(name)}", report) for name, item in value.items()}


def _digest(value: Any, path: str, report: Report) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value.lower()):
        note(report, path, "a SHA-256 is 64 hexadecimal digits, as sha256sum prints them", value)
    return str(value).lower()


_IDS = distinct('["ada/iris"], each an IRI, an ark:/…, a key or owner/name', text(2000))
_PEOPLE = every(
    '[{"name": "A. Author", "orcid": "0000-0002-1825-0097"}]',
    members('{"name": "A. Author"}', "name", {"name": text(500), "orcid": parsed_orcid}, Person),
)
_CHECKS: Final[Mapping[str, Check]] = {
    "name": _name,
    "title": text(1000),
    "description": text(100_000, line=False),
    "kind": one_of(*KINDS),
    "version": _version,
    "tags": distinct('["seq2seq"]', text(100)),
    "task": text(200),
    "architecture": one_of(*sorted(ARCHITECTURES)),
    "license": _license,
    "visibility": one_of("public", why=": this service holds nothing private yet"),
    "creators": _creators,
    "trained_on": _IDS,
    "tested_on": _IDS,
    "derived_from": _IDS,
    "workflow": text(2000),
    "chain": every(
        '[{"name": "encoder", "model": "ada/encoder"}]',
        members(
            '{"name": "decoder", "model": "ada/decoder", "wires": ["memory <- encoder.state"]}',
            "name model",
            {
                "name": text(200),
                "model": text(2000),
                "wires": distinct('["memory <- encoder.state"]', text(500)),
            },
            Link,
        ),
    ),
    "components": _IDS,
    "projects": projects,
    "machines": machines,
    "hyperparameters": _hyperparameters,
    "metrics": every(
        '[{"name": "accuracy", "value": 0.95}]',
        members(
            '{"name": "accuracy", "value": 0.95, "on": "ada/iris"}',
            "name value",
            {"name": text(200), "value": figure, "on": text(2000)},
            Metric,
        ),
    ),
    "files": every(
        '[{"path": "/site/data/x.parquet", "sha256": "…"}]',
        members(
            '{"path": "/site/data/x.parquet", "sha256": "…"}',
            "path sha256",
            {"path": text(4096), "sha256": _digest},
            InPlace,
        ),
    ),
}
KNOWN: Final = tuple(f.name for f in fields(Metadata))
_WANTED: Final = {"name": 'lower-case letters, digits and "-", such as "encoder"', "license": licenses.WANTED}
