"""What a request by OAI-PMH asks for, read once and checked whole.

The protocol's own errors go out in its own envelope, with the status 200: see
http://www.openarchives.org/OAI/openarchivesprotocol.html#ErrorConditions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from hpcfair_kg.artifact import Kind
from hpcfair_kg.errors import UnknownParameter
from hpcfair_kg.knowledge import cursors
from hpcfair_kg.knowledge.oai_formats import FORMATS
from hpcfair_kg.knowledge.walk import MOST, START, Mark, Walk, moment

SETS: Final[Mapping[str, str]] = {kind: f"{kind.capitalize()}s" for kind in get_args(Kind)}
"""The sets, by their specs: artifacts by kind, and none within another."""

EVERYTHING: Final = Walk()
_PREFIX: Final = re.compile(r"[\w.!~*'()-]+", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class Refusal(UnknownParameter):
    """A request that OAI-PMH has an error code for, or several."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(text for _, text in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Form:
    """The arguments that a verb takes."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    resumable: bool = False


_LIST: Final = Form(("metadataPrefix",), ("from", "until", "set"), resumable=True)
VERBS: Final[Mapping[str, Form]] = {
    "Identify": Form(),
    "ListMetadataFormats": Form(optional=("identifier",)),
    "ListSets": Form(resumable=True),
    "GetRecord": Form(("identifier", "metadataPrefix")),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
}


@dataclass(frozen=True)
class Asked:
    """One request: its verb and its arguments as they were given, and, for a list, where it goes on."""

    verb: str
    given: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    walk: Walk = EVERYTHING
    after: Mark = START
    seen: int = 0
    total: int | None = None

    def token(self, place: Mark, seen: int, total: int) -> str:
        """Return the resumption token for what comes after a place: all that was asked, in itself."""
        walk = self.walk
        asked = (self.verb, self.prefix, walk.kind, walk.since, walk.until)
        return cursors.write(*asked, place.time, place.tie, seen, total)


def read(arguments: Iterable[tuple[str, str]]) -> Asked:
    """Read a request; raises `Refusal` with all that is wrong with it."""
    pairs = list(arguments)
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1 or verbs[0] not in VERBS:
        said = f"{verbs[0][:40]!r} is no verb" if len(verbs) == 1 else f"there are {len(verbs)} verbs"
        raise Refusal(("badVerb", f"{said}; it must be one of: {', '.join(VERBS)}"))
    verb, given = verbs[0], dict(pairs)
    if errors := list(_misformed(verb, pairs)):
        raise Refusal(*(("badArgument", text) for text in errors))
    if "resumptionToken" in given:
        return _resumed(verb, given)
    return Asked(verb, given, _prefix(given), _walk(given))


def _misformed(verb: str, pairs: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what is wrong with the names of the arguments: unknown, repeated, missing, or beside a token."""
    form, names = VERBS[verb], [name for name, _ in pairs if name != "verb"]
    known = (*form.required, *form.optional, *(("resumptionToken",) if form.resumable else ()))
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"{verb} takes no {name[:40]!r}; it takes: {', '.join(known) or 'nothing'}"
        elif names.count(name) > 1:
            yield f"{name} is given {names.count(name)} times; once is enough"
    if "resumptionToken" in names:
        if len(set(names)) > 1:
            yield "resumptionToken stands alone: it holds all the other arguments"
    else:
        yield from (f"{verb} needs {name}" for name in form.required if name not in names)


def _prefix(given: Mapping[str, str]) -> str:
    prefix = given.get("metadataPrefix", "")
    if prefix in FORMATS or "metadataPrefix" not in given:
        return prefix
    # What is no prefix at all could not be echoed: the protocol's schema forbids it.
    code = "cannotDisseminateFormat" if _PREFIX.fullmatch(prefix) else "badArgument"
    raise Refusal((code, f"no format {prefix[:40]!r}; there are: {', '.join(FORMATS)}"))


def _walk(given: Mapping[str, str]) -> Walk:
    """Return what the selective arguments choose; a day or a second ends with its last microsecond."""
    first, last, kind = given.get("from"), given.get("until"), given.get("set", "")
    unknown = "set" in given and kind not in SETS
    errors = [f"no set {kind[:40]!r}; there are: {', '.join(SETS)}"] if unknown else []
    errors += [text for name in ("from", "until") if name in given for text in _misspelt(name, given[name])]
    if first and last and not errors:
        if len(first) != len(last):
            errors.append("from and until are of different granularity; both must be days, or both seconds")
        elif first > last:
            errors.append(f"from is {first}, after until, which is {last}; it must not be")
    if errors:
        raise Refusal(*(("badArgument", text) for text in errors))
    whole = 86_400_000_000 if last and _DAY.fullmatch(last) else 1_000_000
    return Walk(
        since=moment(first, "from") if first else 0,
        until=moment(last, "until") + whole - 1 if last else MOST,
        kind=kind,
    )


def _misspelt(name: str, text: str) -> Iterator[str]:
    try:
        if not (_DAY.fullmatch(text) or _SECOND.fullmatch(text)):
            raise ValueError(text)
        moment(text, name)
    except (ValueError, UnknownParameter):
        yield f"{name} is {text[:40]!r}; it must be YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ, such as 2026-03-01"


def _resumed(verb: str, given: Mapping[str, str]) -> Asked:
    """Return what a resumption token goes on with; raises `Refusal` for one that this verb never gave."""
    try:
        whose, prefix, kind, since, until, time, tie, seen, total = cursors.read(given["resumptionToken"])
        numbers = [n for n in (since, until, seen, total) if isinstance(n, int) and 0 <= n <= MOST]
        if whose != verb or prefix not in FORMATS or kind not in ("", *SETS) or len(numbers) < 4:
            raise ValueError("this is no token of the verb's")
        place = Mark.read(time, tie)
    except ValueError as exc:
        raise Refusal(
            ("badResumptionToken", f"this is no token that {verb} gave; begin the list again")
        ) from exc
    first, last, before, length = numbers
    return Asked(
        verb, given, str(prefix), Walk(since=first, until=last, kind=str(kind)), place, before, length
    )
