"""Where models run: the CPU, or which GPU each of several workers takes.

A mapping file is FedML's (python/fedml/device, "gpu_mapping.yaml"): under a key,
for each host, how many processes take its first GPU, its second, …

    mapping_default:
        node1: [2, 2]
        node2: [0, 4]

Here the workers of one task are on one host, so that host's line counts.
"""

from __future__ import annotations

import difflib
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import InvalidConfig, MissingExtra
from hpcfair_kg.models import infer
from hpcfair_kg.models.chain import Part

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as Session

Place = int | None
"""The number of a GPU; None is the CPU."""

GPU = "CUDAExecutionProvider"
LOCAL = ("localhost", "127.0.0.1")


def placed(
    device: str,
    workers: int,
    allow_cpu: bool = False,
    mapping_file: str | None = None,
    mapping_key: str | None = None,
    host: str | None = None,
    providers: Sequence[str] | None = None,
) -> tuple[Place, ...]:
    """Return the place of each worker: all on the CPU, or on GPUs as the mapping says; without one all on GPU 0.

    `host` and `providers` are this machine's by default.  Raises `MissingExtra`
    where onnxruntime has no GPU and `allow_cpu` is not said, `InvalidConfig` for
    a mapping that does not fit.
    """
    if device != "gpu":
        return (None,) * workers
    if bool(mapping_file) != bool(mapping_key):
        lost = "gpu_mapping_key" if mapping_file else "gpu_mapping_file"
        raise InvalidConfig(
            f"{lost} is missing; a mapping is a gpu_mapping_file and the gpu_mapping_key to use of it"
        )
    places: tuple[Place, ...] = (0,) * workers
    if mapping_file and mapping_key:
        counts = counted(Path(mapping_file), mapping_key, host or socket.gethostname())
        places = spread(counts, workers, f"{mapping_file}: {mapping_key}")
    if GPU in (_providers() if providers is None else providers):
        return places
    if allow_cpu:
        return (None,) * workers
    command = "pip uninstall onnxruntime && pip install -e '.[gpu]'"
    raise MissingExtra(
        "device is gpu, and the onnxruntime here runs models on the CPU only; "
        f"on a machine with an NVIDIA GPU: {command}; or say device: cpu, or allow_cpu: true to run on",
        install=command,
    )


def counted(path: Path, key: str, host: str) -> tuple[int, ...]:
    """Return how many processes take each GPU of a host, as a mapping file says; raises `InvalidConfig`."""
    mapping = _read(path)
    if key not in mapping:
        raise InvalidConfig(f"{path} has no key {key!r}{_near(key, mapping)}")
    hosts = mapping[key]
    if not isinstance(hosts, Mapping) or not hosts:
        raise InvalidConfig(f"{path}: {key} holds no hosts; it should be {_FORM}")
    name = next((name for name in (host, host.partition(".")[0], *LOCAL) if name in hosts), None)
    if name is None:
        raise InvalidConfig(f"{path}: {key} does not name this host, {host}{_near(host, hosts)}")
    counts = hosts[name]
    if not isinstance(counts, list) or not all(type(n) is int and n >= 0 for n in counts):
        raise InvalidConfig(f"{path}: {key} says {counts!r} of {name}; it should be {_FORM}")
    return tuple(counts)


def spread(counts: Sequence[int], workers: int, source: str = "the mapping") -> tuple[int, ...]:
    """Return the GPU of each worker: the first ones take GPU 0, as many as it has, the next GPU 1.

    Raises `InvalidConfig` when there are more workers than processes.

    >>> spread([2, 0, 1], 3)
    (0, 0, 2)
    """
    gpus = tuple(gpu for gpu, count in enumerate(counts) for _ in range(count))
    if len(gpus) < workers:
        raise InvalidConfig(
            f"{source} has places for {len(gpus)} processes on this host, and worker_num is {workers}; "
            f"say worker_num: {len(gpus)}, or give the GPUs more processes"
        )
    return gpus[:workers]


def load(part: Part, place: Place, threads: int = 0) -> Session:
    """Open a model in a place; raises what `infer.load` raises."""
    assert part.path is not None
    session = infer.load(part.path, threads)
    if place is not None:
        session.set_providers([GPU, "CPUExecutionProvider"], [{"device_id": place}, {}])
    return session


def spoken(places: Sequence[Place]) -> str:
    """Return in words where workers run.

    >>> spoken([None, None]), spoken([0, 0, 2])
    ('2 workers on the CPU', '3 workers on GPU 0, 0, 2')
    """
    many = f"{len(places)} worker{'s' if len(places) > 1 else ''}"
    gpus = ", ".join(str(place) for place in places if place is not None)
    return f"{many} on GPU {gpus}" if gpus else f"{many} on the CPU"


def _providers() -> Sequence[str]:
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidConfig(f"gpu_mapping_file {path} cannot be read: {exc}") from exc
    except yaml.YAMLError as exc:
        raise InvalidConfig(f"gpu_mapping_file {path} is no YAML: {getattr(exc, 'problem', exc)}") from exc
    if not isinstance(mapping, Mapping):
        raise InvalidConfig(f"gpu_mapping_file {path} holds no keys; it should hold {_FORM} under each")
    return mapping


_FORM = "{host: [processes on GPU 0, on GPU 1, …]}"


def _near(name: str, known: Mapping[str, Any]) -> str:
    words = [str(word) for word in known]
    close = difflib.get_close_matches(name, words, 1)
    return (f"; did you mean {close[0]!r}" if close else "") + f"; there are: {', '.join(words)}"
