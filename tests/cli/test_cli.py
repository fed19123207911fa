import json

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from hpcfair_kg import __version__
from hpcfair_kg.cli import main
from tests import processed

WORDS = ("login", "whoami", "upload", "download", "search", "info", "infer", "query", "jobs", "run")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    for name in ("HPCFAIR_ENDPOINT", "HPCFAIR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HPCFAIR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words, code=0):
    result = CliRunner().invoke(main, list(map(str, words)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def key(live, tmp_path_factory):
    from hpcfair_kg import Client

    path = save(tmp_path_factory.mktemp("cli") / "negation.onnx", "Neg", "x", "y")
    with Client(live.url, live.token) as client:
        return client.upload(path, tags=["cli-test"], license="MIT").key


def save(path, op, source, target):
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 2]) for n in (source, target)]
    graph = helper.make_graph([helper.make_node(op, [source], [target])], path.stem, ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def test_help_lists_the_verbs_and_every_verb_takes_json():
    shown = call("--help").output
    for name, command in main.commands.items():
        assert name in shown
        assert any("--json" in param.opts for param in command.params)
    assert set(WORDS) < set(main.commands)


def test_version():
    assert call("version").output.strip() == __version__
    assert json.loads(call("version", "--json").output) == {"version": __version__}


def test_a_log_in_is_kept_for_its_service(live):
    shown = CliRunner().invoke(main, ["login", "--on", live.url], input=live.token + "\n")
    assert shown.exit_code == 0, shown.output
    assert live.token not in shown.output
    assert json.loads(call("whoami", "--on", live.url, "--json").output)["owner"] == "ada"
    assert "ada" in call("whoami", "--on", live.url).output


def test_a_wrong_token_is_not_kept(live, here):
    failed = CliRunner().invoke(main, ["login", "--on", live.url, "--token", "hpcfair_no"])
    assert failed.exit_code == 1
    assert failed.stderr.startswith("error: ")
    assert not (here / "home" / "tokens.json").exists()


def test_upload_info_and_download(live, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url)
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    save(here / "absolute.onnx", "Abs", "x", "y")
    shown = call("upload", "absolute.onnx", "--tag", "one", "--tag", "two", "--license", "MIT").output
    assert "runs as it declares" in shown
    assert "one, two" in shown
    record = json.loads(call("info", "ada/absolute", "--json").output)
    assert record["verdict"]["outcome"] == "consistent"
    assert call("download", record["key"], "-o", "back").output.strip() == "back/absolute.onnx"
    assert (here / "back/absolute.onnx").read_bytes() == (here / "absolute.onnx").read_bytes()


def test_upload_takes_metadata_from_a_file_and_need_not_wait(live, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url)
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    save(here / "m.onnx", "Exp", "x", "y")
    (here / "about.json").write_text(json.dumps({"title": "Exponential", "license": "MIT"}))
    job = json.loads(call("upload", "m.onnx", "--metadata", "about.json", "--no-wait", "--json").output)[
        "job"
    ]
    assert job in call("jobs", job).output
    (here / "about.json").write_text("{")
    assert "about.json is no JSON" in call("upload", "m.onnx", "--metadata", "about.json", code=2).stderr


def test_search(live, key):
    found = json.loads(
        call("search", "--tag", "cli-test", "--framework", "onnx", "--json", "--on", live.url).output
    )
    assert found["total"] == 1
    assert found["hits"][0]["key"] == key
    lines = call("search", "negation", "--on", live.url).stdout.splitlines()
    assert "ada/negation\tmodel\tonnx\tready\tcli-test" in lines[0]


def test_infer(live, key, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    (here / "in.csv").write_text("a,b\n1,2\n3,-4\n")
    call("infer", key, "in.csv", "-o", "out.npy", "--on", live.url)
    assert np.load(here / "out.npy").tolist() == [[-1, -2], [-3, 4]]
    assert json.loads(call("infer", key, "in.csv", "--json", "--on", live.url).output) == {
        "y": [[-1, -2], [-3, 4]]
    }
    done = call(
        "infer", key, "in.csv", "-o", "out.csv", "--chunk", "1", "--workers", "2", "--json", "--on", live.url
    )
    assert json.loads(done.output) == {"rows": 2, "calls": 2, "note": None, "files": ["out.csv"]}
    assert (here / "out.csv").read_text() == "y[0],y[1]\n-1.0,-2.0\n-3.0,4.0\n"
    (here / "long.csv").write_text("a,b\n" + "1,2\n" * 1500)
    done = call("infer", key, "long.csv", "--on", live.url)
    assert "y float32 [1000, 2]" in done.stdout
    assert "the first 1,000 rows; -o FILE runs and keeps all" in done.stderr
    (here / "text.csv").write_text("a,b\n" + "1,2\n" * 1500 + "3,x\n")
    failed = call("infer", key, "text.csv", "-o", "none.csv", "--on", live.url, code=1)
    assert "text.csv, row 1502, column 'b' holds 'x'; x takes float32" in failed.stderr
    assert not list(here.glob("*none*"))
    (here / "bad.csv").write_text("a\n1\n")
    failed = call("infer", key, "bad.csv", "--on", live.url, code=1)
    assert "it takes x: float32 ['batch', 2]" in failed.stderr


@pytest.fixture(scope="module")
def around(live, tmp_path_factory):
    """A classifier of texts and one of pictures, by name."""
    from hpcfair_kg import Client

    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra `text`")
    pytest.importorskip("PIL", reason="Pillow comes with the extra `image`")
    kept = {}
    with Client(live.url, live.token) as client:
        for name, files in {"moods": processed.texts(), "colours": processed.pictures()}.items():
            folder = processed.written(files, tmp_path_factory.mktemp("around") / name)
            kept[name] = client.upload(folder, name=f"cli-{name}", license="MIT").key
    return kept


def test_infer_takes_sentences_and_gives_labels(live, around, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    lines = ["so so good", "", "good bad Bad"] * 40
    (here / "in.txt").write_text("\n".join(lines))
    call("infer", around["moods"], "in.txt", "-o", "out.csv", "--on", live.url)
    header, *rows = (here / "out.csv").read_text().splitlines()
    assert header == "label,score,logits[0],logits[1],logits[2]"
    assert [row.split(",")[0] for row in rows] == ["neutral", "neutral", "bad"] * 40
    (here / "in.csv").write_text("id,text\n7,so so good\n8,bad\n")
    told = call("infer", around["moods"], "in.csv", "--json", "--on", live.url)
    assert json.loads(told.output)["label"] == ["neutral", "bad"]
    np.savez(here / "in.npz", input_ids=[[5]], attention_mask=[[1]])
    told = call("infer", around["moods"], "in.npz", "--json", "--on", live.url)
    assert json.loads(told.output) == {"logits": [[0, 1, 0]]}


def test_infer_takes_pictures_and_folders_of_them(live, around, here, monkeypatch):
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    (here / "in").mkdir()
    (here / "in" / "b.png").write_bytes(processed.png(0, 0, 200))
    (here / "in" / "a.png").write_bytes(processed.png(0, 200, 0, size=(9, 9)))
    shown = call("infer", around["colours"], "in/b.png", "--on", live.url).output
    assert "label string [1]\n['blue']" in shown
    done = call("infer", around["colours"], "in", "-o", "out.jsonl", "--json", "--on", live.url)
    assert json.loads(done.output)["rows"] == 2
    rows = [json.loads(line) for line in (here / "out.jsonl").read_text().splitlines()]
    assert [(row["file"], row["label"]) for row in rows] == [("a.png", "green"), ("b.png", "blue")]
    (here / "in.txt").write_text("a sentence\n")
    failed = call("infer", around["colours"], "in.txt", "--on", live.url, code=1)
    assert "image takes uint8" in failed.stderr


def test_query(live, key, here):
    (here / "q.rq").write_text("SELECT ?s WHERE { ?s <http://www.w3.org/ns/dcat#keyword> 'cli-test' }")
    assert key in call("query", "@q.rq", "--on", live.url).output
    assert call("query", "ASK { ?s ?p ?o }", "--on", live.url).output == "yes\n"
    assert json.loads(call("query", "ASK { ?s ?p 'x y z' }", "--json", "--on", live.url).output) is False
    assert (
        "cli-test"
        in call(
            "query", "CONSTRUCT WHERE { ?s <http://www.w3.org/ns/dcat#keyword> ?k }", "--on", live.url
        ).output
    )
    assert "@none.rq" not in call("query", "@none.rq", "--on", live.url, code=2).stderr


def test_jobs(live, key):
    assert "succeeded" in call("jobs", key, "--on", live.url).output
    assert json.loads(call("jobs", key, "--json", "--on", live.url).output)[0]["state"] == "succeeded"
    assert "--cancel needs" in call("jobs", "--cancel", "--on", live.url, code=2).stderr


def test_the_exit_codes(live):
    call("info", code=2)
    call("frobnicate", code=2)
    failed = call("info", "nobody/nothing", "--on", live.url, code=1)
    assert failed.stderr.startswith("error: ")
    problem = json.loads(call("info", "nobody/nothing", "--json", "--on", live.url, code=1).stdout)
    assert problem["status"] == 404


def test_where_no_service_is(monkeypatch):
    monkeypatch.setenv("HPCFAIR_ENDPOINT", "http://127.0.0.1:9")
    assert "no service answers at http://127.0.0.1:9" in call("info", "x", code=1).stderr


def test_a_configuration_runs_here(here):
    save(here / "first.onnx", "Neg", "x", "h")
    save(here / "second.onnx", "Abs", "h", "y")
    (here / "in.txt").write_text("1 2\n")
    (here / "task.yaml").write_text(
        "general_args: {task: inference, tag: collaboration, backend: onnx}\n"
        "task_args: {model_file: [first.onnx, second.onnx], input: in.txt}\n"
        "out_args: {export_file: out.txt}\n"
    )
    for verb in ("run", "collaborate"):
        assert "equal to the chained run" in call(verb, "task.yaml").output
        (result,) = json.loads(call(verb, "task.yaml", "--json").output)
        assert result["outputs"] == {"y": [[1, 2]]}
        assert result["verdict"]["outcome"] == "equal"
    assert "this is a configuration for collaboration" in call("convert", "task.yaml", code=2).stderr
    (here / "box.yaml").write_text("general_args: {task: container, backend: mlcube}\n")
    assert "this version does not do yet; it does: conversion" in call("run", "box.yaml", code=2).stderr


def test_convert_takes_a_model_too(here):
    save(here / "first.onnx", "Neg", "x", "h")
    assert "runs as it declares" in call("convert", "first.onnx", "-o", "out.onnx").output
    assert (here / "out.onnx").is_file()
    (here / "table.csv").write_text("a\n1\n")
    assert "failed: this is no model" in call("convert", "table.csv", code=1).output


def test_export(here):
    pytest.importorskip("skops", reason="needs skops")
    (here / "mine_cli.py").write_text(
        "from sklearn.linear_model import LinearRegression\n"
        "def fitted():\n    return LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])\n"
    )
    assert call("export", "mine_cli:fitted", "-o", "line.skops").output == "line.skops (skops)\n"
    assert json.loads(call("export", "mine_cli:fitted", "--json").output)["format"] == "skops"
    assert "no MODULE:CALLABLE" in call("export", "mine_cli", code=2).stderr
