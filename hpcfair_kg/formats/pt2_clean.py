"""A .pt2 archive without the four places that PyTorch executes when it loads one.

They are: the pickled example inputs, weights kept as pickles, expressions over
dimensions (sympy.sympify evaluates them) and guards (Python source); see
torch/_export/serde/serialize.py and torch/export/pt2_archive/_package.py.  The
box is the wall; this is the door in it that stays shut.
"""

from __future__ import annotations

import ast
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from hpcfair_kg.errors import CorruptFile, UnknownFormat

GRAMMAR = frozenset({
    "Symbol", "Integer", "Rational", "Add", "Mul", "Pow", "Min", "Max", "Mod", "PythonMod", "FloorDiv", "CeilDiv",
    "CleanDiv", "IntTrueDiv", "Eq", "Ne", "Lt", "Le", "Gt", "Ge", "And", "Or", "Not", "oo", "int_oo",
})  # fmt: skip
"""All that an expression over dimensions may call: anything else would be executed by sympify."""


def sanitised(path: Path, into: IO[bytes]) -> None:
    """Copy a .pt2 archive without what PyTorch would execute when it loads it.

    Example inputs (a pickle) are emptied and guards (Python source) dropped.
    Raises `UnknownFormat` for pickled weights or objects and for expressions
    over dimensions that are more than arithmetic, `CorruptFile` for damage.
    """
    try:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(into, "w") as target:
            for member in source.infolist():
                data = _clean(path.name, member.filename, source.read(member))
                target.writestr(member.filename, data)
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError) as exc:
        raise CorruptFile(f"{path.name} is a damaged .pt2 archive: {exc}") from exc


def _clean(archive: str, member: str, data: bytes) -> bytes:
    inner = member.partition("/")[2]
    if inner.startswith("data/sample_inputs/"):
        return b""
    if re.fullmatch(r"data/(weights|constants)/(.*\.pt|(custom|opaque)_obj_.*)", inner):
        raise UnknownFormat(
            f"{archive} holds {inner}, a pickle, which is code and is never loaded: keep tensors only, "
            "and save the program again with torch.export.save of PyTorch 2.8 or newer"
        )
    if inner.endswith(("_weights_config.json", "_constants_config.json")):
        _refuse_pickles(archive, json.loads(data))
    if inner.startswith("models/"):
        document = json.loads(data)
        _check_expressions(archive, document)
        return json.dumps(document | {"guards_code": []}).encode()
    return data


def _refuse_pickles(archive: str, config: Mapping[str, Any]) -> None:
    for name, payload in config["config"].items():
        if payload["use_pickle"]:
            raise UnknownFormat(
                f"{archive} keeps {name!r} as a pickle, which is code and is never loaded: "
                "convert the weight to a plain dense tensor and save the program again"
            )


def _check_expressions(archive: str, value: Any) -> None:
    """Refuse whatever `expr_str` holds beside arithmetic over symbols."""
    if isinstance(value, list):
        for item in value:
            _check_expressions(archive, item)
    elif isinstance(value, Mapping):
        if isinstance(text := value.get("expr_str"), str) and not harmless(text):
            raise UnknownFormat(f"{archive} has the dimension {text[:80]!r}, which is code, not arithmetic")
        for item in value.values():
            _check_expressions(archive, item)


def harmless(text: str) -> bool:
    """Tell whether an expression is arithmetic over symbols.

    >>> harmless("Mul(Integer(2), Symbol('s0', positive=True, integer=True))"), harmless("exit()")
    (True, False)
    """
    allowed = (ast.Expression, ast.Call, ast.Constant, ast.keyword, ast.Load, ast.UnaryOp, ast.USub)
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, RecursionError, MemoryError):
        return False
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    symbols = {name for name in names if re.fullmatch(r"[suz]\d+|zuf\d+", name)}
    return names - symbols <= GRAMMAR and all(isinstance(node, (*allowed, ast.Name)) for node in nodes)
