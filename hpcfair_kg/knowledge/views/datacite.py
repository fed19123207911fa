"""DataCite 4.7 XML: the record that a DOI is registered with (https://schema.datacite.org/meta/kernel-4.7/).

The identifier is the ARK: whoever registers a DOI for it sends this record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import starmap
from typing import Final
from xml.etree import ElementTree

from hpcfair_kg.artifact import Artifact, Person, Project, TensorSpec
from hpcfair_kg.knowledge import licenses
from hpcfair_kg.knowledge.checks import UNSPEAKABLE
from hpcfair_kg.knowledge.iris import ark, shared
from hpcfair_kg.knowledge.site import Site
from hpcfair_kg.knowledge.views.base import View
from hpcfair_kg.knowledge.views.origin import derived, same
from hpcfair_kg.knowledge.vocabulary import ORCID, ROR

NAMESPACE: Final = "http://datacite.org/schema/kernel-4"
SCHEMA: Final = "https://schema.datacite.org/meta/kernel-4.7/metadata.xsd"
GENERAL: Final = {"model": "Model", "dataset": "Dataset", "workflow": "Workflow"}
_DOI: Final = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)

Element = tuple[str, str, dict[str, str]]
"""A tag, its text, its attributes."""


class DataCite(View):
    """An artifact as a DataCite resource; a withdrawn one has a date of type Withdrawn and no sizes or formats."""

    name = "datacite"
    media_type = "application/vnd.datacite.datacite+xml"
    profile = NAMESPACE

    def write(self, artifact: Artifact, site: Site) -> bytes:
        """Return the XML document, in UTF-8."""
        root = ElementTree.Element(
            "resource",
            {
                "xmlns": NAMESPACE,
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
            },
        )
        _fill(root, artifact, site)
        ElementTree.indent(root)
        return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _fill(root: ElementTree.Element, artifact: Artifact, site: Site) -> None:
    _append(root, [("identifier", ark(artifact.id), {"identifierType": "ARK"})])
    _creators(root, artifact.creators)
    _group(root, "titles", _titles(artifact))
    _append(root, [_publisher(site)])
    _append(root, [("publicationYear", artifact.created[:4], {})])
    what = " ".join(filter(None, (artifact.framework, artifact.kind)))
    _append(root, [("resourceType", what, {"resourceTypeGeneral": GENERAL[artifact.kind]})])
    _group(root, "subjects", (("subject", word, {}) for word in _subjects(artifact)))
    _nested(
        root,
        "contributors",
        "contributor",
        map(_group_of, artifact.projects),
        contributorType="ResearchGroup",
    )
    _group(root, "dates", _dates(artifact))
    _group(root, "alternateIdentifiers", _alternates(artifact))
    _group(root, "relatedIdentifiers", _related(artifact))
    if artifact.status != "withdrawn":
        _group(root, "sizes", (("size", f"{f.size} bytes", {}) for f in artifact.files if f.size is not None))
        _group(root, "formats", (("format", type, {}) for type in _formats(artifact)))
    _append(root, [("version", artifact.version, {})])
    _group(root, "rightsList", _rights(artifact.license))
    _group(root, "descriptions", _descriptions(artifact))
    grants = ((project, funder) for project in artifact.projects for funder in project.funders)
    _nested(root, "fundingReferences", "fundingReference", starmap(_grant, grants))


def _append(parent: ElementTree.Element, elements: Iterable[Element]) -> None:
    for tag, text, attributes in elements:
        ElementTree.SubElement(parent, tag, attributes).text = _spoken(text)


def _group(root: ElementTree.Element, tag: str, elements: Iterable[Element]) -> None:
    """Add the elements below one that holds them all, if there are any."""
    if found := list(elements):
        _append(ElementTree.SubElement(root, tag), found)


def _nested(
    root: ElementTree.Element, tag: str, member: str, members: Iterable[Iterable[Element]], **attributes: str
) -> None:
    """Add members, each of several elements, below one that holds them all, if there are any."""
    for elements in members:
        held = root.find(tag)
        group = ElementTree.SubElement(root, tag) if held is None else held
        _append(ElementTree.SubElement(group, member, attributes), elements)


def _spoken(text: str) -> str:
    """Return the text without what XML 1.0 has no way to write."""
    return UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _creators(root: ElementTree.Element, people: Iterable[Person]) -> None:
    creators = ElementTree.SubElement(root, "creators")
    for person in people:
        creator = ElementTree.SubElement(creators, "creator")
        kind = {"nameType": "Personal"} if person.orcid else {}
        _append(creator, [("creatorName", person.name, kind)])
        if person.orcid:
            scheme = {"nameIdentifierScheme": "ORCID", "schemeURI": ORCID}
            _append(creator, [("nameIdentifier", ORCID + person.orcid, scheme)])


def _publisher(site: Site) -> Element:
    known = {"publisherIdentifier": site.publisher_url} if site.publisher_url else {}
    if site.publisher_url.startswith(ROR):
        known |= {"publisherIdentifierScheme": "ROR", "schemeURI": ROR}
    return "publisher", site.publisher, known


def _group_of(project: Project) -> Iterator[Element]:
    yield "contributorName", project.name, {"nameType": "Organizational"}
    if project.id:
        yield "nameIdentifier", project.id, {"nameIdentifierScheme": "URL"}


def _grant(project: Project, funder: str) -> Iterator[Element]:
    yield "funderName", funder, {}
    if _ADDRESS.match(funder):
        ror = funder.startswith(ROR)
        scheme = (
            {"funderIdentifierType": "ROR", "schemeURI": ROR} if ror else {"funderIdentifierType": "Other"}
        )
        yield "funderIdentifier", funder, scheme
    if project.award:
        yield "awardNumber", project.award, {}
    yield "awardTitle", project.name, {}


def _titles(artifact: Artifact) -> Iterator[Element]:
    yield "title", artifact.title, {}
    yield "title", f"{artifact.owner}/{artifact.name}", {"titleType": "AlternativeTitle"}


def _subjects(artifact: Artifact) -> Iterable[str]:
    known = (*artifact.tags, artifact.task, artifact.framework, artifact.architecture)
    return dict.fromkeys(word for word in known if word)


def _dates(artifact: Artifact) -> Iterator[Element]:
    yield "date", artifact.created, {"dateType": "Issued"}
    kind = "Withdrawn" if artifact.status == "withdrawn" else "Updated"
    reason = {"dateInformation": _spoken(artifact.reason)} if kind == "Withdrawn" and artifact.reason else {}
    yield "date", artifact.modified, {"dateType": kind} | reason


def _alternates(artifact: Artifact) -> Iterator[Element]:
    yield "alternateIdentifier", artifact.id, {"alternateIdentifierType": "URL"}
    if artifact.identity:
        yield "alternateIdentifier", artifact.identity, {"alternateIdentifierType": "SHA-256"}


def _related(artifact: Artifact) -> Iterator[Element]:
    yield _relation(f"{artifact.id}.jsonld", "HasMetadata")
    handle = shared(artifact.id, "name", f"{artifact.owner}/{artifact.name}")
    yield _relation(handle.value, "IsVersionOf")
    if artifact.previous:
        yield _relation(artifact.previous, "IsNewVersionOf")
    yield from _relations(same(artifact), "IsIdenticalTo")
    yield from _relations(derived(artifact), "IsDerivedFrom")
    yield from _relations(artifact.trained_on, "IsDerivedFrom", "trained on")
    yield from _relations(artifact.tested_on, "References", "tested on")
    yield from _relations((artifact.workflow or "",), "IsCompiledBy", "made by this workflow")


def _relations(references: Iterable[str], relation: str, how: str = "") -> Iterator[Element]:
    return (_relation(reference, relation, how) for reference in references if _identified(reference))


def _identified(reference: str) -> bool:
    """Whether a reference is of a type that DataCite knows; a name that nobody resolved is not."""
    return bool(_DOI.fullmatch(reference) or _ADDRESS.match(reference))


def _relation(reference: str, relation: str, how: str = "") -> Element:
    doi = _DOI.fullmatch(reference)
    kind = {"relatedIdentifierType": "DOI" if doi else "URL", "relationType": relation}
    more = {"relationTypeInformation": how} if how else {}
    return "relatedIdentifier", doi[1] if doi else reference, kind | more


def _formats(artifact: Artifact) -> Iterable[str]:
    return dict.fromkeys(file.media_type for file in artifact.files)


def _rights(license: str) -> Iterator[Element]:
    if not license:
        return
    iri = licenses.iri(license)
    if iri.startswith(licenses.SPDX):
        scheme = {"rightsIdentifierScheme": "SPDX", "schemeURI": "https://spdx.org/licenses/"}
        yield "rights", license, {"rightsURI": iri, "rightsIdentifier": license} | scheme
    else:
        yield "rights", license, {"rightsURI": iri} if iri.startswith("http") else {}


def _descriptions(artifact: Artifact) -> Iterator[Element]:
    yield "description", artifact.description, {"descriptionType": "Abstract"}
    evidence = f" ({artifact.architecture_evidence})" if artifact.architecture_evidence else ""
    said = [f"Architecture {artifact.architecture}{evidence}"] if artifact.architecture else []
    said += [f"Input {_tensor(spec)}" for spec in artifact.inputs]
    said += [f"Output {_tensor(spec)}" for spec in artifact.outputs]
    if artifact.verdict is not None:
        said.append(f"The verdict on its ONNX form: {artifact.verdict.outcome}")
    if said:
        yield "description", ". ".join(said) + ".", {"descriptionType": "TechnicalInfo"}


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.dtype}[{', '.join(map(str, spec.shape))}]"


PLUGINS = (DataCite(),)
