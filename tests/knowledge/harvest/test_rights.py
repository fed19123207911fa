"""Licences by all the names they go around by."""

from __future__ import annotations

import pytest

from hpcfair_kg.knowledge.harvest.rights import UNSTATED, licence


@pytest.mark.parametrize(
    ("said", "license"),
    [
        ("MIT", "MIT"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("The MIT License", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("http://spdx.org/licenses/BSD-3-Clause", "BSD-3-Clause"),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/deed.en", "CC-BY-NC-SA-3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/legalcode", "CC0-1.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("https://opensource.org/license/bsd-3-clause/", "BSD-3-Clause"),
        ("https://choosealicense.com/licenses/apache-2.0/", "Apache-2.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
        ("http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", "CC-BY-4.0"),
        ("https://opendatacommons.org/licenses/odbl/1-0/", "ODbL-1.0"),
        ("https://example.org/our-terms", "https://example.org/our-terms"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
    ],
)
def test_a_known_licence_is_its_spdx_id(said: str, license: str) -> None:
    assert licence([said]) == (license, None)


def test_other_words_are_a_reference_and_are_kept() -> None:
    assert licence(["research use only"]) == (
        "LicenseRef-research-use-only",
        "its source says of the licence: research use only",
    )


@pytest.mark.parametrize("said", [[], [""], ["unknown"], ["NOASSERTION"]])
def test_none_is_said_to_be_none(said: list[str]) -> None:
    assert licence(said)[0] == UNSTATED


def test_a_text_and_several_licences_are_left_to_be_refused() -> None:
    text = "MIT License\n\nPermission is hereby granted"
    assert licence([text]) == (text, None)
    assert licence(["MIT", "GPL-3.0-only"]) == ("MIT and also GPL-3.0-only", None)
    assert licence(["MIT", "https://opensource.org/licenses/MIT"]) == ("MIT", None)
