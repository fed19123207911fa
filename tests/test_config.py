from pathlib import Path

import pytest

from hpcfair_kg import config
from hpcfair_kg.errors import InvalidConfig

CONVERSION = """\
general_args:
  task: "conversion"
  backend: ["pt", "tf"]

device_args:
  worker_num: 4
  device: "cpu"
  gpu_mapping_file: ''
  gpu_mapping_key: ''

model_args:
  model_name: ["encoder", "decoder"]
  model_file: ["encoder.ckpt",
               "decoder.ckpt"]
  onnx_version: 10

out_args:
  export_file: ["encoder.onnx", "decoder.onnx"]
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "task.yaml"
        path.write_text(text)
        return path

    return write


def test_the_first_listing_becomes_one_task(written):
    task = config.load(written(CONVERSION), "conversion")
    assert task.task == "conversion"
    assert task.workers == 4
    assert task.opset == 10
    assert task.gpu_mapping_file is None
    assert task.models == (
        config.Model("encoder", "encoder.ckpt", "pt", Path("encoder.onnx")),
        config.Model("decoder", "decoder.ckpt", "tf", Path("decoder.onnx")),
    )


def test_scalars_are_taken_where_lists_are(written):
    text = CONVERSION.replace('["pt", "tf"]', "pt").replace('["encoder", "decoder"]', "encoder")
    text = text.replace('["encoder.ckpt",\n               "decoder.ckpt"]', "encoder.ckpt")
    text = text.replace('["encoder.onnx", "decoder.onnx"]', "encoder.onnx")
    (model,) = config.load(written(text)).models
    assert model == config.Model("encoder", "encoder.ckpt", "pt", Path("encoder.onnx"))


def test_a_mapping_of_the_same_shape_will_do():
    task = config.load(
        {
            "general_args": {"task": "inference", "tag": "collaboration", "backend": "onnx"},
            "task_args": {"model_file": ["a.onnx", "b.onnx"], "input": "in.txt"},
            "out_args": {"export_file": "out.txt"},
        }
    )
    assert task.task == "collaboration"
    assert [m.name for m in task.models] == ["a", "b"]
    assert [m.backend for m in task.models] == ["onnx", "onnx"]
    assert task.inputs == ("in.txt",)
    assert task.outputs == (Path("out.txt"),)


def test_a_container_task_is_read_too(written):
    text = "general_args: {task: container, backend: mlcube}\ndevice_args: {device: gpu}\n"
    text += "task_args: {work_dir: project, build_file: Dockerfile, build_tag: image, volume: /app}\n"
    task = config.load(written(text))
    assert (task.task, task.device, task.work_dir, task.volume) == ("container", "gpu", "project", "/app")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("  model_file:", "  modle_file:"),
            "line 13: unknown key 'modle_file' in model_args; did you mean 'model_file'",
        ),
        (("out_args:", "outargs:"), "line 17: unknown group 'outargs'; did you mean 'out_args'"),
        (
            ("  device:", "  volume: x\n  device:"),
            "line 7: unknown key 'volume' in device_args; it belongs to model_args",
        ),
        (
            ("worker_num: 4", "worker_num: four"),
            "line 6: worker_num is 'four'; it should be a whole number from 1 up",
        ),
        (("worker_num: 4", "worker_num: 0"), "line 6: worker_num is 0"),
        (('device: "cpu"', "device: tpu"), "line 7: device is 'tpu'; it should be one of: cpu, gpu"),
        (
            ('"conversion"', "convert"),
            "line 2: task is 'convert'; it should be one of: conversion, inference",
        ),
        (('task: "conversion"', "tag: x"), "line 1: general_args names no task"),
        (
            ('["encoder", "decoder"]', "[encoder]"),
            "line 12: model_file lists 2 and model_name 1; they should be",
        ),
        (('"decoder.onnx"]', '"decoder.onnx", "x"]'), "line 18: model_file lists 2 and export_file 3"),
        (('["pt", "tf"]', "[pt, tf, onnx]"), "line 3: model_file lists 2 and backend 3"),
        (("onnx_version: 10", "onnx_version: {a: 1}"), "line 15: onnx_version is"),
        (("onnx_version: 10", "trust: maybe"), "line 15: trust is 'maybe'; it should be true or false"),
        (("onnx_version: 10", "model_name: x"), "line 15: model_name is there twice"),
        (("device_args:", "task_args: {}\ndevice_args:"), "line 5: model_args and task_args are two names"),
        (('["pt", "tf"]', '["pt", "tf"'), "is no YAML"),
        (("general_args:\n", "general_args:\nx\n"), "no YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_would_be_right(written, change, said):
    assert change[0] in CONVERSION
    with pytest.raises(InvalidConfig) as caught:
        config.load(written(CONVERSION.replace(*change, 1)))
    assert said in caught.value.detail


def test_a_search_is_words_and_facets():
    task = config.load(
        {
            "general_args": {"task": "search", "tag": ["cnn", "3d"]},
            "task_args": {
                "query": "protein",
                "kind": "model",
                "task_name": ["a", "b"],
                "license": "MIT",
                "limit": 0,
            },
        }
    )
    assert (task.query, task.limit) == ("protein", 0)
    assert task.facets == {
        "kind": ("model",),
        "task": ("a", "b"),
        "tag": ("cnn", "3d"),
        "license": ("MIT",),
    }
    empty = config.load({"general_args": {"task": "search"}, "task_args": {"query": "", "kind": []}})
    assert (empty.query, empty.facets, empty.limit) == ("", {}, 20)


def test_what_is_loaded_and_how(written):
    text = "general_args: {task: load_model}\nmodel_args: {model_file: ada/a, original: true, trust: true}\n"
    task = config.load(written(text))
    assert (task.models[0].file, task.original, task.trust) == ("ada/a", True, True)
    text = "general_args: {task: load_dataset}\ntask_args: {model_file: [a, b], file: x.csv, variables: [x, y]}\n"
    task = config.load(written(text + "out_args: {export_file: [a.npz, b.npz]}\n"))
    assert (task.file, task.variables) == ("x.csv", ("x", "y"))
    assert [model.export for model in task.models] == [Path("a.npz"), Path("b.npz")]


@pytest.mark.parametrize(
    ("task", "keys", "said"),
    [
        ("conversion", "query: x", "line 4: query is no key of conversion; it belongs to search"),
        ("search", "original: true", "original is no key of search; it belongs to load_model"),
        ("load_model", "file: a.csv", "file is no key of load_model; it belongs to load_dataset"),
        ("search", "limit: 501", "line 4: limit is 501; it should be a whole number from 0 to 500"),
        ("search", "limit: many", "limit is 'many'; it should be a whole number"),
        ("search", "kind: 3", "kind is 3; it should be text or a list of texts"),
        ("search", "task: x", "unknown key 'task' in task_args; it belongs to general_args"),
        ("load_model", "original: pt", "original is 'pt'; it should be true or false"),
        (
            "load_dataset",
            "model_file: [a, b]\nout_args:\n  export_file: a.npz",
            "model_file lists 2 and export_file 1",
        ),
    ],
)
def test_a_search_or_a_loading_that_is_wrong_is_told(written, task, keys, said):
    with pytest.raises(InvalidConfig) as caught:
        config.load(written(f"general_args:\n  task: {task}\ntask_args:\n  {keys}\n"))
    assert said in caught.value.detail


def test_a_task_that_is_another_is_refused_naming_both(written):
    with pytest.raises(
        InvalidConfig, match="line 2: this is a configuration for conversion; collaboration was asked"
    ):
        config.load(written(CONVERSION), "collaboration")


@pytest.mark.parametrize("text", ["", "- a\n", "just text"])
def test_what_is_no_configuration_is_told_the_groups(written, text):
    with pytest.raises(InvalidConfig, match="general_args, device_args"):
        config.load(written(text))


def test_a_configuration_that_is_not_there(tmp_path):
    with pytest.raises(InvalidConfig, match=r"there is no configuration file .*none\.yaml"):
        config.load(tmp_path / "none.yaml")


def test_files_are_found_from_here_and_beside_the_configuration(written, tmp_path, monkeypatch):
    task = config.load(written(CONVERSION))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(
        InvalidConfig, match=r"task\.yaml, line 13: model_file names encoder\.ckpt, which is not there"
    ):
        task.need("model_file", "encoder.ckpt")
    (tmp_path / "encoder.ckpt").touch()
    assert task.need("model_file", "encoder.ckpt").samefile(tmp_path / "encoder.ckpt")
    (here / "encoder.ckpt").touch()
    assert task.need("model_file", "encoder.ckpt").samefile(here / "encoder.ckpt")
