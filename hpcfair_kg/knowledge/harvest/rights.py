"""The licences of foreign descriptions: addresses, ids and names by which they go around, as SPDX ids."""

from __future__ import annotations

import re
from typing import Final

from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge import licenses

UNSTATED: Final = "LicenseRef-not-stated"
_CC: Final = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)(?:/[a-z./-]*)?", re.IGNORECASE
)
_CC0: Final = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/publicdomain/(zero|mark)/1\.0(?:/[a-z./-]*)?", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"https?://(?:www\.)?(?:opensource\.org/licenses?|choosealicense\.com/licenses"
    r"|huggingface\.co/licenses|publications\.europa\.eu/resource/authority/licence)/([\w.+-]+?)(?:\.(?:php|html))?/?",
    re.IGNORECASE,
)
_ADDRESSES: Final = {
    "apache.org/licenses/license-2.0": "Apache-2.0",
    "gnu.org/licenses/agpl-3.0": "AGPL-3.0-only",
    "gnu.org/licenses/gpl-3.0": "GPL-3.0-only",
    "gnu.org/licenses/lgpl-3.0": "LGPL-3.0-only",
    "mozilla.org/mpl/2.0": "MPL-2.0",
    "opendatacommons.org/licenses/by/1-0": "ODC-By-1.0",
    "opendatacommons.org/licenses/by/1.0": "ODC-By-1.0",
    "opendatacommons.org/licenses/odbl/1-0": "ODbL-1.0",
    "opendatacommons.org/licenses/odbl/1.0": "ODbL-1.0",
    "opendatacommons.org/licenses/pddl/1-0": "PDDL-1.0",
    "opendatacommons.org/licenses/pddl/1.0": "PDDL-1.0",
    "unlicense.org": "Unlicense",
    "cdla.dev/permissive-2-0": "CDLA-Permissive-2.0",
}
_NONE: Final = frozenset({"", "unknown", "none", "n/a", "noassertion", "not specified"})


def licence(said: list[str]) -> tuple[str, str | None]:
    """Return the licence that a description names, and a remark where that is not all there is to say.

    Words that are the name of no licence become a `LicenseRef-…`, and the words
    themselves the remark.  Text of several lines, and several licences, are
    returned as they are, for `metadata` to refuse.

    >>> licence(["https://creativecommons.org/licenses/by/4.0/"])
    ('CC-BY-4.0', None)
    """
    said = list(dict.fromkeys(known(text.strip()) or text.strip() for text in said))
    if len(said) > 1:
        return " and also ".join(said), None
    text = said[0] if said else ""
    if text.lower() in _NONE:
        return UNSTATED, "its source states no licence: ask there before it is used"
    if _taken(text) or "\n" in text or len(text) > 100:
        return text, None
    reference = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")
    return f"LicenseRef-{reference or 'unnamed'}", f"its source says of the licence: {text}"


def known(said: str) -> str | None:
    """Return the SPDX id of a well-known licence by its address, by its id in any spelling, or by its whole name."""
    if match := _CC.fullmatch(said):
        return _id(f"CC-{match[1]}-{match[2]}")
    if match := _CC0.fullmatch(said):
        return "CC0-1.0" if match[1].lower() == "zero" else None
    if match := _NAMED.fullmatch(said):
        return _id(match[1]) or _id(match[1].replace("_", "-")) or _id(_dotted(match[1]))
    if said.lower().startswith(("http://", "https://")):
        bare = re.sub(r"^https?://(www\.)?|/?(\.txt|\.html|\.php|/legalcode)?/?$", "", said.lower())
        return _id(said) or _ADDRESSES.get(bare)
    return _id(said) or licenses.named(said)


def _dotted(name: str) -> str:
    """Return an id of the EU's list as SPDX writes it: CC_BY_4_0 is CC-BY-4.0."""
    return re.sub(r"(\d)_(\d)", r"\1.\2", name).replace("_", "-")


def _id(text: str) -> str | None:
    license = _taken(text)
    return license if license and not license.startswith(("http", "LicenseRef-")) else None


def _taken(text: str) -> str | None:
    try:
        return licenses.normalise(text)
    except InvalidMetadata:
        return None
