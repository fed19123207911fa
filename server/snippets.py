"""How to use a model, in Python, curl and C++, with its own tensor names, types and shapes, or by what people have."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from hpcfair_kg.artifact import Artifact, File, TensorSpec
from hpcfair_kg.models.processing.pipeline import Pipeline
from hpcfair_kg.protocol import DATATYPES

SHOWN = DATATYPES.keys() - {"bfloat16"}
"""The dtypes that the snippets can write; NumPy has no word of its own for bfloat16."""
_PLAIN = ("tokenizer", "image")
"""The steps whose inputs are written without NumPy."""
SHORT = 24
"""Elements that are still written out."""

CPP = {
    "bool": "bool",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "float16": "Ort::Float16_t",
    "float32": "float",
    "float64": "double",
}


@dataclass(frozen=True)
class Snippet:
    """One way to use an artifact: its title, its language, the text."""

    title: str
    language: str
    text: str


@dataclass(frozen=True)
class _Input:
    """An input with the sizes that the examples take for its symbolic dimensions, and the step that takes it."""

    spec: TensorSpec
    sizes: tuple[int, ...]
    step: str = ""

    @property
    def count(self) -> int:
        return prod(self.sizes)


def snippets(artifact: Artifact, base: str) -> tuple[Snippet, ...]:
    """Return the snippets for a model that can be run, or the download of a dataset; `base` is the service."""
    form = artifact.runnable
    if artifact.status == "withdrawn":
        return ()
    if form is None or any(spec.dtype not in SHOWN for spec in artifact.inputs):
        return (_download(artifact, base),)
    inputs = _sized(artifact)
    people = _spoken(artifact) or inputs
    return (
        Snippet("Python", "python", _python(artifact, base, people)),
        Snippet("Python, on your own machine", "python", _here(artifact, base, inputs)),
        Snippet("curl", "sh", _curl(artifact, base, inputs if _has_image(people) else people)),
        Snippet("C++", "cpp", _cpp(artifact, form, inputs)),
        _download(artifact, base),
    )


def _sized(artifact: Artifact) -> list[_Input]:
    """Take the first shape that the proof tried, and 1 for every symbol that it does not tell."""
    tried = artifact.verdict.shapes[0] if artifact.verdict and artifact.verdict.shapes else ()
    first = artifact.inputs[0].shape if artifact.inputs else ()
    known = dict(zip(first, tried, strict=True)) if len(first) == len(tried) else {}
    return [
        _Input(spec, tuple(known.get(size, 1) if isinstance(size, str) else size for size in spec.shape))
        for spec in artifact.inputs
    ]


def _spoken(artifact: Artifact) -> list[_Input]:
    """Return what people give of text, images and features; nothing where the model takes its own tensors only."""
    around = Pipeline.on(artifact)
    kinds = {name: step.kind for step in around.before_it for name in step.takes}
    own = {each.spec.name: each.sizes for each in _sized(artifact)}
    return [
        _Input(
            spec,
            own.get(spec.name) or tuple(size if isinstance(size, int) else 1 for size in spec.shape),
            kinds.get(spec.name, ""),
        )
        for spec in around.inputs
        if kinds
    ]


def _has_image(inputs: Sequence[_Input]) -> bool:
    return any(each.step == "image" for each in inputs)


def _python(artifact: Artifact, base: str, inputs: Sequence[_Input]) -> str:
    added = Pipeline.on(artifact).outputs if any(each.step for each in inputs) else ()
    needs = "from pathlib import Path\n\n" if _has_image(inputs) else ""
    arrays = "import numpy as np\n" if any(each.step not in _PLAIN for each in inputs) else ""
    return (
        f"{needs}{arrays}from hpcfair_kg import Client\n\n"
        f'hub = Client("{base}")  # the token is taken from HPCFAIR_TOKEN\n'
        f"answer = hub.infer({_quoted(artifact.key)}, {_feeds(inputs)})\n"
        f"print({', '.join(f'answer[{_quoted(spec.name)}]' for spec in added or artifact.outputs)})\n"
    )


def _here(artifact: Artifact, base: str, inputs: Sequence[_Input]) -> str:
    return (
        "import numpy as np\nimport onnxruntime\nfrom hpcfair_kg import Client\n\n"
        f'model, *_ = Client("{base}").download({_quoted(artifact.key)}, "here/", format="onnx")\n'
        "session = onnxruntime.InferenceSession(model)\n"
        f"answers = session.run(None, {_feeds(inputs)})\n"
    )


def _feeds(inputs: Sequence[_Input]) -> str:
    return "{\n" + "".join(f"    {_quoted(i.spec.name)}: {_array(i)},\n" for i in inputs) + "}"


def _array(tensor: _Input) -> str:
    if tensor.step == "tokenizer":
        return _quoted([_value(tensor)] * tensor.count)
    if tensor.step == "image":
        return 'Path("picture.png").read_bytes()'
    if tensor.spec.dtype == "string":
        return f'np.full({tensor.sizes}, "text", dtype=object)'
    dtype = "bool" if tensor.spec.dtype == "bool" else f"np.{tensor.spec.dtype}"
    return f"np.zeros({tensor.sizes}, dtype={dtype})"


def _curl(artifact: Artifact, base: str, inputs: Sequence[_Input]) -> str:
    url = f"{base}/v2/models/{artifact.key}/infer"
    send = f'curl {url} \\\n  -H "Authorization: Bearer $HPCFAIR_TOKEN" -H "Content-Type: application/json"'
    if all(i.count <= SHORT for i in inputs):
        body = ", ".join(_tensor(i, json.dumps([_value(i)] * i.count)) for i in inputs)
        whole = f'{{"inputs": [{body}]}}'
        return f"{send} \\\n  -d {shlex.quote(whole)}\n"
    made = ", ".join(_tensor(i, f"[{_value(i)!r}] * {i.count}") for i in inputs)
    program = f"import json; print(json.dumps({{'inputs': [{made}]}}))"
    return f"python3 -c {shlex.quote(program)} |\n{send} -d @-\n"


def _tensor(tensor: _Input, data: str) -> str:
    """Return a tensor as the protocol writes it, around the text of its data."""
    head = {"name": tensor.spec.name, "datatype": DATATYPES[tensor.spec.dtype], "shape": list(tensor.sizes)}
    return f'{json.dumps(head)[:-1]}, "data": {data}}}'


def _value(tensor: _Input) -> object:
    dtype = tensor.spec.dtype
    if tensor.step == "tokenizer":
        return "A sentence."
    return "text" if dtype == "string" else False if dtype == "bool" else 0.0 if dtype.startswith("f") else 0


def _cpp(artifact: Artifact, form: File, inputs: Sequence[_Input]) -> str:
    made = "\n".join(_cpp_input(number, tensor) for number, tensor in enumerate(inputs))
    outputs = [spec.name for spec in artifact.outputs]
    first = CPP.get(artifact.outputs[0].dtype) if artifact.outputs else None
    read = f"  const {first}* answer = outputs[0].GetTensorData<{first}>();\n" if first else ""
    return (
        "#include <onnxruntime_cxx_api.h>\n#include <algorithm>\n#include <cstdint>\n#include <vector>\n\nint main() {\n"
        "  Ort::Env env;\n"
        f"  Ort::Session session(env, {_quoted(form.name.rpartition('/')[2])}, Ort::SessionOptions{{}});\n"
        "  Ort::AllocatorWithDefaultOptions allocator;\n"
        "  std::vector<Ort::Value> inputs;\n\n"
        f"{made}\n"
        f"  const char* input_names[] = {{{', '.join(_quoted(i.spec.name) for i in inputs)}}};\n"
        f"  const char* output_names[] = {{{', '.join(map(_quoted, outputs))}}};\n"
        "  auto outputs = session.Run(Ort::RunOptions{}, input_names, inputs.data(), inputs.size(),\n"
        f"                             output_names, {len(outputs)});\n"
        f"{read}}}\n"
    )


def _cpp_input(number: int, tensor: _Input) -> str:
    shape = f"shape{number}"
    sizes = f"  const std::vector<int64_t> {shape}{{{', '.join(map(str, tensor.sizes))}}};\n"
    if tensor.spec.dtype == "string":
        return (
            f"{sizes}  inputs.push_back(Ort::Value::CreateTensor(\n"
            f"      allocator, {shape}.data(), {shape}.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING));\n"
            f'  inputs.back().FillStringTensor(std::vector<const char*>({tensor.count}, "text").data(), {tensor.count});\n'
        )
    dtype = CPP[tensor.spec.dtype]
    return (
        f"{sizes}  inputs.push_back(Ort::Value::CreateTensor<{dtype}>(allocator, {shape}.data(), {shape}.size()));\n"
        f"  std::fill_n(inputs.back().GetTensorMutableData<{dtype}>(), {tensor.count}, {dtype}{{}});  // your data\n"
    )


def _download(artifact: Artifact, base: str) -> Snippet:
    text = (
        "from hpcfair_kg import Client\n\n"
        f'for path in Client("{base}").download({_quoted(artifact.key)}, "here/"):\n    print(path)\n'
    )
    return Snippet("Download", "python", text)


def _quoted(text: object) -> str:
    """Return a text, or a list of texts, as a literal that Python and JSON read alike, and C++ a text."""
    return json.dumps(text, ensure_ascii=False)
