import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest

from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.formats.pickles import Pickle, read
from tests.onnx_files import recognised


def naming(*names):
    """A pickle that names classes and builds none of them."""
    body = b"".join(
        b"c" + n.rpartition(".")[0].encode() + b"\n" + n.rpartition(".")[2].encode() + b"\n0" for n in names
    )
    return b"\x80\x02" + body + b"}q\x00."


def bundle(tmp_path, data, name="m.bin"):
    (tmp_path / name).write_bytes(data)
    return Bundle(tmp_path, (name,))


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol_are_known(tmp_path, protocol):
    found = bundle(tmp_path, pickle.dumps({"half": [Fraction(1, 2)], "more": list(range(9))}, protocol))
    assert Pickle().claims(found) == ("m.bin",)
    assert "fractions.Fraction" in read(found, "m.bin").classes


PACKED = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_pickles_are_known(tmp_path, name):
    found = bundle(tmp_path, PACKED[name](pickle.dumps({"half": Fraction(1, 2), "noise": bytes(5000)})))
    assert Pickle().claims(found) == ("m.bin",)
    assert read(found, "m.bin").classes == ("fractions.Fraction",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        b"\x80\x02\xff\xff\xff\xff",
        b"(d'oh) hello\n",
        b"x marks the spot.",
        b"a,b\n1,2\n",
        gzip.compress(b"a,b\n1,2\n"),
        b"\x1f\x8bbroken",
        b"cat\ndog\n",
    ],
)
def test_other_bytes_are_no_pickle(tmp_path, data):
    assert Pickle().claims(bundle(tmp_path, data)) == ()


def test_a_cut_pickle_is_corrupt(tmp_path):
    data = pickle.dumps({str(i): i for i in range(500)})
    with pytest.raises(CorruptFile, match="cut off"):
        Pickle().claims(bundle(tmp_path, data[:-20]))


def torch_zip(*names, code=False):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("net/data.pkl", naming(*names))
        archive.writestr("net/data/0", bytes(16))
        if code:
            archive.writestr("net/code/__torch__.py", "")
    return data.getvalue()


def test_pytorchs_zip_is_a_pickle_unless_it_holds_a_program(tmp_path):
    assert Pickle().claims(bundle(tmp_path, torch_zip("torch.nn.Linear"))) == ("m.bin",)
    assert Pickle().claims(bundle(tmp_path, torch_zip("torch.nn.Linear", code=True))) == ()


@pytest.mark.parametrize(
    ("classes", "framework", "advice"),
    [
        (["sklearn.svm._classes.SVC", "numpy.dtype"], "scikit-learn", "skops.io.dump"),
        (["mine.Net", "torch.nn.modules.linear.Linear"], "pytorch", "hpcfair export MODULE:CALLABLE"),
        (["torch._utils._rebuild_tensor_v2", "torch.FloatStorage", "collections.OrderedDict"], "pytorch",
         "weights without the network"),
        (["xgboost.sklearn.XGBClassifier"], "xgboost", 'save_model("model.json")'),
        (["lightgbm.basic.Booster"], "lightgbm", 'save_model("model.txt")'),
        (["keras.src.models.sequential.Sequential"], "keras", 'save("model.keras")'),
        (["pandas.core.frame.DataFrame"], None, "to_parquet"),
        (["mine.Model"], None, "hpcfair export MODULE:CALLABLE"),
        ([], None, "hpcfair export MODULE:CALLABLE"),
    ],
)  # fmt: skip
def test_the_advice_fits_what_it_holds(tmp_path, classes, framework, advice):
    path = tmp_path / "model.pkl"
    path.write_bytes(naming(*classes))
    found = recognised(tmp_path, path)
    assert (found["format"], found["kind"], found["framework"]) == ("pickle", "model", framework)
    assert "never loaded" in found["advice"]
    assert advice in found["advice"]


def test_texts_that_the_memo_repeats_are_followed(tmp_path):
    data = pickle.dumps([OrderedDict, Fraction, np.ndarray, OrderedDict, np.dtype], protocol=4)
    assert read(bundle(tmp_path, data), "m.bin").classes == (
        "collections.OrderedDict", "fractions.Fraction", "numpy.ndarray", "numpy.dtype",
    )  # fmt: skip


def test_joblibs_arrays_between_the_opcodes_are_no_damage(tmp_path):
    joblib = pytest.importorskip("joblib", reason="joblib is not installed: make sklearn")
    for compress in (0, 3, ("bz2", 3)):
        joblib.dump(
            {"half": Fraction(1, 2), "array": np.arange(5000.0)}, tmp_path / "m.bin", compress=compress
        )
        found = Bundle(tmp_path, ("m.bin",))
        assert Pickle().claims(found) == ("m.bin",)
        assert "fractions.Fraction" in read(found, "m.bin").classes


def test_older_files_of_pytorch_are_several_pickles(tmp_path):
    data = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2)
    found = bundle(tmp_path, data + naming("torch._utils._rebuild_tensor_v2") + bytes(64))
    assert Pickle().claims(found) == ("m.bin",)
    assert read(found, "m.bin").holds == "weights"


def test_nothing_in_a_pickle_is_executed(tmp_path):
    evil = b"cbuiltins\nexec\n(S'open(\"" + str(tmp_path / "owned").encode() + b'", "w")\'\ntR.'
    found = bundle(tmp_path, b"\x80\x02" + evil)
    assert Pickle().claims(found) == ("m.bin",)
    Pickle().inspect(found, ["m.bin"])
    assert Pickle().advise(found, ["m.bin"])
    assert not (tmp_path / "owned").exists()
