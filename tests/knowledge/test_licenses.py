"""Licences: what is taken, how it is spelled, and what a near miss is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression
from pyoxigraph import NamedNode

from hpcfair_kg.errors import InvalidMetadata
from hpcfair_kg.knowledge import licenses


@pytest.mark.parametrize(
    ("said", "canonical"),
    [
        ("MIT", "MIT"),
        (" mit ", "MIT"),
        ("apache-2.0 or mit", "Apache-2.0 OR MIT"),
        ("MIT AND (Apache-2.0 OR bsd-3-clause)", "MIT AND (Apache-2.0 OR BSD-3-Clause)"),
        ("GPL-2.0-or-later with classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("licenseref-Our-Site.2", "LicenseRef-Our-Site.2"),
        ("https://example.org/terms?v=2", "https://example.org/terms?v=2"),
        ("https://spdx.org/licenses/mit.html", "MIT"),
        ("http://spdx.org/licenses/CC-BY-4.0", "CC-BY-4.0"),
    ],
)
def test_a_licence_has_one_spelling(said, canonical):
    assert licenses.normalise(said) == canonical
    assert licenses.normalise(canonical) == canonical


@pytest.mark.parametrize(
    ("said", "suggestion"),
    [
        ("Apache 2", "Apache-2.0"),
        ("apache2", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apahce-2.0", "Apache-2.0"),
        ("BSD3", "BSD-3-Clause"),
        ('BSD 3-Clause "New" or "Revised" License', "BSD-3-Clause"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0", "CC-BY-NC-SA-4.0"),
        ("MIT License", "MIT"),
        ("MTI", "MIT"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GNU General Public License v3 or later", "GPL-3.0-or-later"),
        ("CECILL 2.0", "CECILL-2.0"),
        ("Apache 2 OR MIT", "Apache-2.0 OR MIT"),
        ("MIT AND (Apache 2 OR BSD3)", "MIT AND (Apache-2.0 OR BSD-3-Clause)"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
    ],
)
def test_a_near_miss_is_refused_with_a_suggestion(said, suggestion):
    with pytest.raises(InvalidMetadata, match="did you mean") as caught:
        licenses.normalise(said)
    (entry,) = caught.value.members["report"]
    assert entry["path"] == "license"
    assert entry["value"] == said
    assert entry["suggestions"][0] == suggestion
    assert repr(suggestion) in entry["message"]
    assert licenses.normalise(suggestion) == suggestion


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "empty"),
        ("proprietary", "LicenseRef-"),
        ("MIT OR", "no SPDX licence"),
        ("(MIT", "no SPDX licence"),
        ("MIT WITH GPL-2.0", "no SPDX licence"),
        ("LicenseRef-a_b", "letters, digits"),
        ("https://", "no URL"),
        ("https://[::1/x", "no URL"),
        ("https://example.org/a b", "no URL"),
        ("https://spdx.org/licenses/Foo", "no SPDX licence"),
        ("(" * 198 + "MIT", "no SPDX licence"),
        ("日本", "no SPDX licence"),
        ("MIT\x00", "no SPDX licence"),
    ],
)
def test_what_is_no_licence_is_told_what_would_be(said, told):
    with pytest.raises(InvalidMetadata, match=told):
        licenses.normalise(said)


def test_a_pasted_text_is_told_so_and_what_its_id_is():
    pasted = "MIT License\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy"
    with pytest.raises(InvalidMetadata, match="the text of a licence") as caught:
        licenses.normalise(pasted)
    assert caught.value.members["report"][0]["suggestions"] == ["MIT"]


def test_a_long_expression_is_not_cut_into_a_valid_one():
    with pytest.raises(InvalidMetadata):
        licenses.normalise("MIT OR " * 200 + "nonsense")


@pytest.mark.parametrize(
    ("said", "iri"),
    [
        ("mit", "http://spdx.org/licenses/MIT"),
        ("Apache-2.0 OR MIT", "data:,Apache-2.0%20OR%20MIT"),
        ("MIT AND (ISC OR Zlib)", "data:,MIT%20AND%20(ISC%20OR%20Zlib)"),
        ("LicenseRef-Site", "data:,LicenseRef-Site"),
        ("https://example.org/terms", "https://example.org/terms"),
    ],
)
def test_a_licence_has_one_iri_that_is_read_back(said, iri):
    assert licenses.iri(said) == iri
    assert NamedNode(iri).value == iri
    assert licenses.text(iri) == licenses.normalise(said)


def test_every_licence_offered_is_a_canonical_spdx_id():
    assert [canonicalize_license_expression(id) for id in licenses.COMMON] == list(licenses.COMMON)


WORDS = st.sampled_from(
    ["MIT", "apache", "2", "OR", "and", "WITH", "(", ")", "+", "/", "LicenseRef-", "v3", "http://"]
)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_taken_or_refused_and_what_is_taken_stays(said):
    try:
        canonical = licenses.normalise(said)
    except InvalidMetadata:
        return
    assert licenses.normalise(canonical) == canonical
    assert licenses.text(licenses.iri(canonical)) == canonical
    NamedNode(licenses.iri(canonical))
