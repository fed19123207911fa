"""What OAI-PMH.xsd asks of an answer, so far as our answers go: which elements, in which order, with which text.

http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

OAI = "{http://www.openarchives.org/OAI/2.0/}"
SECOND = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SET = r"[\w.!~*'()-]+(:[\w.!~*'()-]+)*"
VERB = "Identify|ListMetadataFormats|ListSets|GetRecord|ListIdentifiers|ListRecords"
CHILDREN = {
    "OAI-PMH": rf"responseDate request ((error )+|({VERB}) )",
    "Identify": "repositoryName baseURL protocolVersion (adminEmail )+earliestDatestamp deletedRecord granularity ",
    "ListMetadataFormats": "(metadataFormat )+",
    "metadataFormat": "metadataPrefix schema metadataNamespace ",
    "ListSets": "(set )+",
    "set": "setSpec setName ",
    "GetRecord": "record ",
    "ListRecords": "(record )+(resumptionToken )?",
    "ListIdentifiers": "(header )+(resumptionToken )?",
    "record": "header (metadata )?",
    "header": "identifier datestamp (setSpec )*",
}
TEXT = {
    "responseDate": SECOND,
    "request": r"https?://\S+",
    "repositoryName": ".+",
    "baseURL": r"https?://\S+",
    "protocolVersion": r"2\.0",
    "adminEmail": r"\S+@(\S+\.)+\S+",
    "earliestDatestamp": SECOND,
    "deletedRecord": "persistent",
    "granularity": "YYYY-MM-DDThh:mm:ssZ",
    "metadataPrefix": r"[\w.!~*'()-]+",
    "schema": r"https?://\S+",
    "metadataNamespace": r"https?://\S+",
    "setSpec": SET,
    "setName": ".+",
    "identifier": r"https?://\S+",
    "datestamp": SECOND,
    "resumptionToken": r"[\w-]*",
    "error": ".+",
}
CODES = (
    "cannotDisseminateFormat|idDoesNotExist|badArgument|badVerb|noMetadataFormats|noRecordsMatch"
    "|badResumptionToken|noSetHierarchy"
)
DATE = rf"\d{{4}}-\d\d-\d\d|{SECOND}"
ATTRIBUTES = {
    "request": {
        "verb": VERB, "identifier": "(?s:.*)", "metadataPrefix": r"[\w.!~*'()-]+", "from": DATE, "until": DATE, "set": SET,
        "resumptionToken": ".*",
    },
    "header": {"status": "deleted"},
    "error": {"code": CODES},
    "resumptionToken": {"completeListSize": r"[1-9]\d*", "cursor": r"\d+"},
}  # fmt: skip


def read(document: bytes) -> ElementTree.Element:
    """Return an answer by OAI-PMH that keeps to the rules."""
    root = ElementTree.fromstring(document)
    _check(root)
    return root


def codes(document: bytes) -> list[str]:
    """Return the codes of the errors in an answer."""
    return [error.get("code", "") for error in read(document).iter(f"{OAI}error")]


def _check(element: ElementTree.Element) -> None:
    name = element.tag.removeprefix(OAI)
    for attribute, value in element.attrib.items():
        if not attribute.startswith("{"):  # of another namespace: xsi:schemaLocation
            assert re.fullmatch(ATTRIBUTES[name][attribute], value), (name, attribute, value)
    if name == "metadata":
        assert [child.tag.startswith(OAI) for child in element] == [False]
    elif name in TEXT:
        assert len(element) == 0
        assert re.fullmatch(TEXT[name], element.text or "", re.ASCII | re.DOTALL), (name, element.text)
    else:
        found = "".join(f"{child.tag.removeprefix(OAI)} " for child in element)
        assert re.fullmatch(CHILDREN[name], found), (name, found)
        assert not (element.text or "").strip()
        for child in element:
            _check(child)
