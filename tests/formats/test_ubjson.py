import pytest

from hpcfair_kg.formats.ubjson import loads


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"i\x05", 5),
        (b"U\xff", 255),
        (b"L\xff\xff\xff\xff\xff\xff\xff\xff", -1),
        (b"d\x3f\x80\x00\x00", 1.0),
        (b"T", True),
        (b"Z", None),
        (b"SU\x02hi", "hi"),
        (b"[i\x01i\x02]", [1, 2]),
        (b"[#U\x00", []),
        (b"[$U#U\x03\x01\x02\x03", (1, 2, 3)),
        (b"[$S#U\x02U\x01aU\x01b", ["a", "b"]),
        (b"{}", {}),
        (b"{U\x01ai\x01}", {"a": 1}),
        (b"{#U\x01U\x01a[]", {"a": []}),
        (b"{U\x01a{U\x01bF}}", {"a": {"b": False}}),
    ],
)
def test_values_are_read(data, value):
    assert loads(data) == value


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"{U\x05ab", b"[$d#l\x7f\xff\xff\xff", b"[i\x01", b"?", b"SL\xff\xff\xff\xff\xff\xff\xff\xff",
     b"[" * 5000, b"SU\x01\xff", b"[#d\x3f\x80\x00\x00"],
)  # fmt: skip
def test_what_breaks_off_or_is_none_raises(data):
    with pytest.raises(ValueError, match="UBJSON"):
        loads(data)
