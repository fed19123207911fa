import pytest

from hpcfair_kg.errors import InvalidConfig, MissingExtra
from hpcfair_kg.models import devices

CUDA = ("CUDAExecutionProvider", "CPUExecutionProvider")
FEDML = """\
mapping_default:
  node1: [2, 2]
  node2: [0, 4]
other:
  localhost: [1]
bad:
  node1: [1, -2]
list: [1]
"""


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "gpu_mapping.yaml"
    path.write_text(FEDML)
    return path


def test_the_cpu_needs_no_mapping():
    assert devices.placed("cpu", 3, mapping_file="none.yaml", mapping_key="none") == (None, None, None)


def test_workers_take_the_gpus_of_their_host_in_order(mapping):
    def places(host, workers, key="mapping_default"):
        return devices.placed("gpu", workers, False, str(mapping), key, host, CUDA)

    assert places("node1", 4) == (0, 0, 1, 1)
    assert places("node2.cluster.example.org", 3) == (1, 1, 1)
    assert places("any", 1, "other") == (0,)
    assert devices.placed("gpu", 2, providers=CUDA) == (0, 0)


@pytest.mark.parametrize(
    ("host", "key", "workers", "said"),
    [
        ("node1", "mapping_defalt", 1, "no key 'mapping_defalt'; did you mean 'mapping_default'; there are"),
        ("node3", "mapping_default", 1, "does not name this host, node3; did you mean 'node"),
        ("node1", "mapping_default", 5, "has places for 4 processes on this host, and worker_num is 5"),
        ("node1", "bad", 1, r"says \[1, -2\] of node1; it should be \{host: \[processes on GPU 0"),
        ("node1", "list", 1, "list holds no hosts"),
    ],
)
def test_a_mapping_that_does_not_fit(mapping, host, key, workers, said):
    with pytest.raises(InvalidConfig, match=said):
        devices.placed("gpu", workers, False, str(mapping), key, host, CUDA)


def test_half_a_mapping_or_none(tmp_path, mapping):
    with pytest.raises(InvalidConfig, match="gpu_mapping_key is missing"):
        devices.placed("gpu", 1, mapping_file=str(mapping), providers=CUDA)
    with pytest.raises(InvalidConfig, match="gpu_mapping_file is missing"):
        devices.placed("gpu", 1, mapping_key="a", providers=CUDA)
    with pytest.raises(InvalidConfig, match=r"none\.yaml cannot be read"):
        devices.counted(tmp_path / "none.yaml", "a", "b")
    for text, said in (("a: [", "is no YAML"), ("- a", "holds no keys")):
        mapping.write_text(text)
        with pytest.raises(InvalidConfig, match=said):
            devices.counted(mapping, "a", "b")


def test_no_gpu_is_said_with_what_brings_it(mapping):
    cpu = ("CPUExecutionProvider",)
    with pytest.raises(MissingExtra, match=r"the CPU only.*\[gpu\].*allow_cpu: true") as caught:
        devices.placed("gpu", 1, providers=cpu)
    assert caught.value.members["install"].endswith("'.[gpu]'")
    assert devices.placed("gpu", 2, allow_cpu=True, providers=cpu) == (None, None)
    with pytest.raises(InvalidConfig, match="no key"):
        devices.placed("gpu", 2, True, str(mapping), "none", "node1", cpu)
