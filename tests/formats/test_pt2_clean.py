"""What PyTorch would execute is refused or left out."""

import io
import json
import zipfile

import pytest

from hpcfair_kg.errors import CorruptFile, UnknownFormat
from hpcfair_kg.formats.pt2_clean import harmless, sanitised


@pytest.mark.parametrize(
    "text",
    [
        "Symbol('s77', positive=True, integer=True)",
        "Add(Integer(1), Mul(Integer(-2), Symbol('s0')))",
        "Min(s0, Max(s1, u2))",
        "Eq(FloorDiv(s0, Integer(2)), 4)",
    ],
)
def test_arithmetic_is_harmless(text):
    assert harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "s0.__class__",
        "[s0 for s0 in ()]",
        "lambda: 0",
        "open('x')",
        "(" * 300,
        "1 +",
    ],
)
def test_everything_else_is_not(text):
    assert not harmless(text)


def cleaned(path):
    target = io.BytesIO()
    sanitised(path, target)
    with zipfile.ZipFile(target) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_examples_are_emptied_and_guards_dropped(tmp_path):
    path = tmp_path / "m.pt2"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("m/data/sample_inputs/model.pt", b"pickle")
        file.writestr("m/data/weights/weight_0", b"\1\2\3\4")
        file.writestr("m/models/model.json", json.dumps({"guards_code": ["exit()"], "graph_module": {}}))
    assert cleaned(path) == {
        "m/data/sample_inputs/model.pt": b"",
        "m/data/weights/weight_0": b"\1\2\3\4",
        "m/models/model.json": b'{"guards_code": [], "graph_module": {}}',
    }


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("data/weights/model_weights_config.json", {"config": {"w": {"use_pickle": True}}}),
        ("data/weights/model.pt", "pickle"),
        ("data/constants/custom_obj_0", "pickle"),
        ("data/constants/opaque_obj_0", "pickle"),
        ("models/model.json", {"dims": [{"expr_str": "exit()"}]}),
    ],
)
def test_pickles_and_code_are_refused(tmp_path, member, content):
    path = tmp_path / "m.pt2"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"m/{member}", json.dumps(content))
    with pytest.raises(UnknownFormat, match="code"):
        sanitised(path, io.BytesIO())


def test_damage_is_found_on_the_way(tmp_path):
    path = tmp_path / "m.pt2"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("m/data/weights/weight_0", b"\1\2\3\4" * 100)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptFile, match="damaged"):
        sanitised(path, io.BytesIO())
