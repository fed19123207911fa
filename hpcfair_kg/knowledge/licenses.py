"""Licences: SPDX ids and expressions, site-local `LicenseRef-…`, or a URL; one spelling, one IRI each.

The grammar (SPDX 2.3, annex D) and the list of ids are `packaging`'s, which
PyPI itself checks licences with; here are the IRIs and the suggestions.
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from urllib.parse import quote, unquote, urlsplit

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from hpcfair_kg.errors import InvalidMetadata

SPDX = "http://spdx.org/licenses/"
LONGEST = 400
WANTED = "send an SPDX id or expression (https://spdx.org/licenses), LicenseRef-… for a licence of your own, or a URL"

# What models and datasets are published under, the likelier first: suggestions come from here.
COMMON = (
    "MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "CC-BY-3.0", "CC-BY-SA-3.0", "GPL-3.0-or-later",
    "GPL-3.0-only", "GPL-2.0-or-later", "GPL-2.0-only", "LGPL-3.0-or-later", "LGPL-3.0-only", "LGPL-2.1-or-later",
    "LGPL-2.1-only", "AGPL-3.0-or-later", "AGPL-3.0-only", "MPL-2.0", "EUPL-1.2", "ISC", "Unlicense", "ODbL-1.0",
    "ODC-By-1.0", "PDDL-1.0", "CDLA-Permissive-2.0", "CDLA-Permissive-1.0", "CDLA-Sharing-1.0", "EPL-2.0", "BSL-1.0",
    "Zlib", "ECL-2.0", "AFL-3.0", "Artistic-2.0", "NCSA", "PSF-2.0", "PostgreSQL", "OFL-1.1", "WTFPL", "0BSD",
    "MIT-0", "MS-PL", "OSL-3.0", "CECILL-2.1", "BSD-3-Clause-LBNL", "OGL-UK-3.0", "etalab-2.0",
)  # fmt: skip

_SPOKEN = (
    ("gnu lesser general public", "lgpl"), ("gnu affero general public", "agpl"), ("gnu general public", "gpl"),
    ("creative commons zero", "cc0"), ("public domain", "cc0"), ("creative commons", "cc"), ("attribution", "by"),
    ("non commercial", "nc"), ("noncommercial", "nc"), ("share alike", "sa"), ("sharealike", "sa"),
    ("noderivatives", "nd"), ("mozilla public", "mpl"), ("eclipse public", "epl"), ("boost software", "bsl"),
    ("european union public", "eupl"), ("open database", "odbl"), ("expat", "mit"),
)  # fmt: skip
_NOISE = frozenset({"the", "license", "licence", "licensed", "under", "version", "v", "international", "gnu"})
_OPERATOR = re.compile(r"(?<=[\s()])(?:and|or|with)(?=[\s()])|[()]", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"{}|\\^`]+", re.IGNORECASE)
_SPDX_URL = re.compile(r"https?://(?:www\.)?spdx\.org/licenses/([^/#?]+?)(?:\.html|\.json)?", re.IGNORECASE)


def normalise(text: str) -> str:
    """Return a licence in its canonical spelling: "mit or apache-2.0" becomes "MIT OR Apache-2.0".

    Takes SPDX ids and expressions, `LicenseRef-…` and http(s) URLs (SPDX's own
    become the id).  Raises `InvalidMetadata`, with a report of one entry and a
    suggestion where there is a near miss.
    """
    said = text.strip()
    if said.lower().startswith(("http://", "https://")):
        return _url(said)
    if len(said) > LONGEST:
        raise _refusal(said)
    try:
        return str(canonicalize_license_expression(said))
    except InvalidLicenseExpression as exc:
        raise _refusal(said) from exc


def iri(text: str) -> str:
    """Return the IRI that names a licence in the graph.

    A single SPDX id has SPDX's own IRI, a URL is itself.  An expression or a
    `LicenseRef-…` has no IRI that anyone coined, and none is coined in
    another's namespace: it becomes a `data:` IRI (RFC 2397), which is global,
    says the very expression, and is read back without a network.
    """
    license = normalise(text)
    if _URL.fullmatch(license):
        return license
    single = " " not in license and not license.startswith("LicenseRef-") and not license.endswith("+")
    return SPDX + license if single else "data:," + quote(license, safe="()+")


def text(iri: str) -> str:
    """Return the licence that an IRI names: the inverse of `iri` over canonical spellings."""
    if iri.startswith("data:,"):
        return unquote(iri.removeprefix("data:,"))
    return iri.removeprefix(SPDX)


def named(text: str) -> str | None:
    """Return the common licence that some words are the whole name of, such as "The MIT License"."""
    words = _words(text)
    found = [id for id, meant in _table().items() if words and meant == words]
    return found[0] if len(found) == 1 else None


def suggest(text: str) -> list[str]:
    """Return up to three licences that the words may mean, the likeliest first."""
    words = _words(text)
    if not words:
        return []
    if spelled := _canonical("-".join(text.split())):
        return [spelled]
    table = _table()
    if exact := [id for id, meant in table.items() if meant == words]:
        return exact
    within = [(len(meant - words), id) for id, meant in table.items() if words <= meant]
    around = [(-len(meant), id) for id, meant in table.items() if meant <= words]
    if near := within or around:
        return [id for _, id in sorted(near, key=lambda pair: pair[0])][: 3 if within else 1]
    lower = {id.lower(): id for id in table}
    return [lower[id] for id in difflib.get_close_matches(text.lower(), lower, n=3, cutoff=0.66)]


def _refusal(said: str) -> InvalidMetadata:
    """Say what is wrong with a licence and what would be right."""
    if not said:
        message, right = "the licence is empty", []
    elif len(said) > LONGEST or said.count("\n") > 1:
        message = "this is the text of a licence, not its id"
        right = suggest(said.partition("\n")[0][:LONGEST])
    elif "licenseref-" in said.lower():
        message, right = f"{said!r}: after LicenseRef- come letters, digits, '.' and '-' only", []
    else:
        message, right = f"{said!r} is no SPDX licence id or expression", _corrected(said)
    hint = f"did you mean {' or '.join(map(repr, right))}? Else " if right else ""
    message = f"{message}; {hint}{WANTED}"
    entry = {"path": "license", "message": message, "value": said[:LONGEST]}
    return InvalidMetadata(message, report=[entry | ({"suggestions": right} if right else {})])


def _corrected(said: str) -> list[str]:
    """Return suggestions for an expression: of the whole, else with each unknown part put right."""
    said = said.replace("/", " OR ")
    parts = [part.strip() for part in _OPERATOR.split(said)]
    best = {part: suggest(part) for part in parts if part and not _canonical(part)}
    if len(parts) == 1 or not all(best.values()) or _words(said) in _table().values():
        return suggest(said)
    for part, right in best.items():
        said = said.replace(part, right[0])
    return [whole] if (whole := _canonical(said)) else []


def _canonical(expression: str) -> str | None:
    try:
        return str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression:
        return None


def _url(said: str) -> str:
    """Check a URL; SPDX's own pages are turned into the id they describe."""
    if page := _SPDX_URL.fullmatch(said):
        return normalise(page[1])
    try:
        host = urlsplit(said).hostname
    except ValueError:
        host = None
    if not host or not _URL.fullmatch(said):
        message = f"{said[:LONGEST]!r} is no URL; {WANTED}"
        entry = {"path": "license", "message": message, "value": said[:LONGEST]}
        raise InvalidMetadata(message, report=[entry])
    return said


@cache
def _table() -> dict[str, frozenset[str]]:
    return {id: _words(id) for id in COMMON}


def _words(text: str) -> frozenset[str]:
    """Return what a licence's name says: letters and numbers apart, "2.0" as "2", noise left out."""
    text = " ".join(re.split(r"[\s_-]+", text.lower()))
    for spoken, short in _SPOKEN:
        text = text.replace(spoken, short)
    text = re.sub(r"v(?=\.?\s?\d)", " ", text).replace("cc0 1.0", "cc0").replace("+", " or later")
    found = re.findall(r"cc0|[^\W\d_]+|\d+(?:\.\d+)*", text)
    return frozenset(re.sub(r"(\.0)+$", "", word) for word in found) - _NOISE
