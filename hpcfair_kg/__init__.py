"""HPCFair-KG: a catalogue of AI models and datasets that describes, converts, proves and runs them.

The names below are the public face; each is imported when it is first used, so
that ``import hpcfair_kg`` costs little.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

# onnxruntime's wheels send telemetry unless this is set before their first import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

_HOMES = {
    "modelAPI": "hpcfair_kg.api",
    "Client": "hpcfair_kg.client",
    "Job": "hpcfair_kg.client",
    "Artifact": "hpcfair_kg.artifact",
    "Verdict": "hpcfair_kg.artifact",
    "TensorSpec": "hpcfair_kg.artifact",
    "HPCFairError": "hpcfair_kg.errors",
}

__all__ = ["Artifact", "Client", "HPCFairError", "Job", "TensorSpec", "Verdict", "__version__", "modelAPI"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
