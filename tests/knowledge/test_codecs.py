from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from hpcfair_kg.knowledge import codecs
from hpcfair_kg.knowledge.vocabulary import RDF, XSD

dimensions = st.one_of(st.integers(), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.lists(dimensions, min_size=1).map(tuple))
def test_a_shape_comes_back_whatever_its_dimensions_are_called(shape: tuple[Any, ...]) -> None:
    back = codecs.SHAPE.read(codecs.SHAPE.write(shape))
    assert back == shape
    assert list(map(type, back)) == list(map(type, shape))


def test_an_ordinary_shape_reads_as_people_write_it() -> None:
    assert codecs.SHAPE.write(("batch", 13, -1)).value == "batch,13,-1"


@pytest.mark.parametrize(
    ("value", "datatype"),
    [(1, XSD.integer), (2**80, XSD.integer), (1.0, XSD.double), (True, XSD.boolean), ("x", XSD.string),
     (None, RDF.JSON), ([1, 2.0, "x", None], RDF.JSON), ({"b": 1, "a": []}, RDF.JSON)],
)  # fmt: skip
def test_a_setting_keeps_its_type(value: Any, datatype: NamedNode) -> None:
    literal = codecs.scalar(value)
    back = codecs.unscalar(literal)
    assert literal.datatype == datatype
    assert back == value
    assert type(back) is type(value)


@given(st.floats(allow_nan=False))
def test_a_double_comes_back_to_the_last_bit(value: float) -> None:
    assert codecs.DOUBLE.read(codecs.DOUBLE.write(value)) == value


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.123450Z",
        "2026-03-01T12:00:00.100000Z",
        "2026-03-01T12:00:00+01:00",
    ],
)
def test_a_time_comes_back(time: str) -> None:
    assert codecs.TIME.read(codecs.TIME.write(time)) == time


def test_a_time_is_written_as_the_store_keeps_it() -> None:
    assert codecs.TIME.write("2026-03-01T12:00:00.120000Z").value == "2026-03-01T12:00:00.12Z"


@pytest.mark.parametrize(
    "said", ["http://example.org/x", "ark:/99999/h7x2k9b4m", "ada/iris", "a b:c", "x: y", ""]
)
def test_a_reference_is_an_iri_where_it_can_be_one(said: str) -> None:
    term = codecs.iri_or_text(said)
    assert term.value == said
    assert isinstance(term, NamedNode) == (said.startswith(("http:", "ark:")))


@pytest.mark.parametrize("media_type", ["application/onnx", "image/svg+xml", 'text/csv; header="present"'])
def test_a_media_type_is_an_iri_of_ianas(media_type: str) -> None:
    assert codecs.MEDIA.read(codecs.MEDIA.write(media_type)) == media_type
    assert codecs.MEDIA.write(media_type).value.startswith("https://www.iana.org/assignments/media-types/")


def test_a_visibility_is_an_access_right_of_the_eu() -> None:
    assert codecs.VISIBILITY.write("public").value.endswith("/access-right/PUBLIC")
    assert [codecs.VISIBILITY.read(iri) for iri in codecs.ACCESS.values()] == list(codecs.ACCESS)


def test_a_licence_is_spdxs_iri() -> None:
    assert codecs.LICENSE.write("MIT") == NamedNode("http://spdx.org/licenses/MIT")
    assert codecs.LICENSE.read(codecs.LICENSE.write("MIT OR LicenseRef-House")) == "MIT OR LicenseRef-House"


def test_text_is_plain() -> None:
    assert codecs.TEXT.write("<b>ü</b>") == Literal("<b>ü</b>")
