from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from hpcfair_kg.knowledge.views.yaml_text import dump

TEXT = st.text(
    st.sampled_from("-.:#&*!|>'\"%@`{}[], \n\t\r\x85\u2028\u2029\ufeff\x00\x7fé0ny~") | st.characters()
)


@given(TEXT)
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(dump({"a": text, "b": [text]})) == {"a": text, "b": [text]}


@given(TEXT)
def test_no_text_ends_the_front_matter(text: str) -> None:
    assert not any(
        line.rstrip() in ("---", "...") for line in dump({"a": text, "b": [{"c": text}]}).split("\n")
    )


def test_keys_keep_their_order_and_letters_are_legible() -> None:
    assert dump({"z": "Größe", "a": ["1.0", 1.0]}) == "z: Größe\na:\n- '1.0'\n- 1.0\n"
