"""What each example query has to find in the curated catalogue, and nothing more: written by hand, row by row."""

from __future__ import annotations

from typing import Any

from tests.server.curated import BASE

LASSEN = "https://hpc-fair.github.io/ontology#lassen"
SPDX = "http://spdx.org/licenses/"
EPYC, XEON = "AMD EPYC 7763 64-Core Processor", "Intel Xeon Gold 6248"
START, LATER, TREES = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "ai.onnx.ml.TreeEnsembleClassifier"
BOX = ("onnxruntime", "1.32.0", "landlock+seccomp")

ANSWERS: dict[str, Any] = {
    "1-finding/1-proved": [
        ("half-named", "ada/half-named", None, 1e-9),
        ("wine-forest", "examples/wine-classifier", "scikit-learn", 1e-7),
        ("encoder-2", "ada/encoder", "pytorch", 4e-7),
        ("encoder-1", "ada/encoder", None, 2e-6),
        ("vision", "ada/vision", None, 5e-5),
    ],
    "1-finding/2-inputs": [
        ("ada/encoder", "x", "float32", "batch,seq,13"),
        ("ada/by-name", "alcohol", "float32", "batch,1"),
        ("ada/by-name", "ash", "float32", "batch,1"),
        ("ada/encoder", "x", "float16", "batch,seq,4"),
        ("ada/gone", "x", "float32", "n,3"),
        ("ada/half-named", "alcohol", "float32", "batch,3"),
        ("ada/half-named", "colour", "float32", "batch,3"),
        ("examples/wine-classifier", "X", "float32", "batch,3"),
    ],
    "1-finding/3-fits-by-width": [("wine-forest", "examples/wine-classifier", "batch,3")],
    "1-finding/4-fits-by-name": [("by-name", "ada/by-name", 2)],
    "1-finding/5-neural-networks": [
        ("encoder-1", "ada/encoder", "LongShortTermMemory"),
        ("encoder-2", "ada/encoder", "LongShortTermMemory"),
        ("vision", "ada/vision", "ConvolutionalNeuralNetwork"),
    ],
    "1-finding/6-small-and-accurate": [("wine-forest", "examples/wine-classifier", 1203, 0.95, "wine")],
    "1-finding/7-operator": [("encoder-2", "ada/encoder", 2), ("encoder-1", "ada/encoder", 1)],
    "1-finding/8-element-type": [("encoder-1", "ada/encoder", "x", "float16")],
    "1-finding/9-newest": [
        ("encoder-2", "ada/encoder", "2.0", "2026-03-01T00:00:00Z"),
        *(
            (name, f"ada/{name}", "1.0", START)
            for name in ("by-name", "half-named", "lossy", "mapper", "mapper-by-hand", "mapper-v100")
        ),
        *((name, f"ada/{name}", "1.0", START) for name in ("on-flawed", "painter", "pickled", "vision")),
        ("wine-forest", "examples/wine-classifier", "1.0", START),
    ],
    "2-trust/1-lost-accuracy": [
        ("lossy", "ada/lossy", "different", 0.3, None),
        ("vision", "ada/vision", "equal", 5e-5, None),
        ("half-named", "ada/half-named", "equal", 1e-9, 2),
    ],
    "2-trust/2-served-unproved": False,
    "2-trust/3-proved-where": [
        ("ada/encoder", "equal", *BOX, "2026-01-02T00:06:00Z"),
        ("examples/wine-classifier", "equal", *BOX, "2026-01-02T00:04:00Z"),
        ("ada/half-named", "equal", *BOX, "2026-01-02T00:02:00Z"),
    ],
    "2-trust/4-tested-on-training-data": [("wine-forest", "examples/wine-classifier", "wine")],
    "2-trust/5-not-converted": [
        ("lossy", "ada/lossy", "failed-proof", "too far off"),
        ("pickled", "ada/pickled", "not-convertible", "a pickle is never loaded here"),
    ],
    "3-running/1-fastest": [
        ("by-name", "ada/by-name", 0.5, 8, None, EPYC),
        ("wine-forest", "examples/wine-classifier", 2.5, 8, None, EPYC),
    ],
    "3-running/2-accelerator": [
        ("encoder-1", "ada/encoder", "LSTM", 1),
        ("encoder-2", "ada/encoder", "LSTM", 2),
        ("wine-forest", "examples/wine-classifier", TREES, 1),
    ],
    "3-running/3-processors": [(EPYC, 8), (XEON, 3)],
    "3-running/4-slowest-conversions": [
        ("ada/encoder", "PT5M", "torch.export"),
        ("examples/wine-classifier", "PT3M", "torch.export"),
        ("ada/half-named", "PT1M", "torch.export"),
    ],
    "3-running/5-fast-and-accurate": [("wine-forest", "examples/wine-classifier", 2.5, 8, None, 0.95, EPYC)],
    "4-provenance/1-history": [
        ("wine-forest.1", "convert", "succeeded", LATER, "2026-01-02T00:03:00Z", "torch.export"),
        ("wine-forest.1", "verify", "succeeded", "2026-01-02T00:03:00Z", "2026-01-02T00:04:00Z", None),
    ],
    "4-provenance/2-lineage": {
        ("wine-forest", "handle", "examples/wine-classifier"),
        ("wine-forest", "trainedOn", "wine"),
        ("wine", "handle", "examples/wine"),
    },
    "4-provenance/3-withdrawn-data": [
        ("encoder-2", "ada/encoder", "flawed", "a column was mislabelled"),
        ("on-flawed", "ada/on-flawed", "flawed", "a column was mislabelled"),
    ],
    "4-provenance/4-package": [
        ("half-named", "ada/half-named", "onnx", "1.9.1"),
        ("wine-forest", "examples/wine-classifier", "onnx", "1.9.1"),
    ],
    "4-provenance/5-harvested": [("iris", "ada/iris", "https://data.example.org/iris", LATER)],
    "4-provenance/6-hyperparameters": [
        ("wine-forest", "examples/wine-classifier", "criterion", "gini"),
        ("wine-forest", "examples/wine-classifier", "n_estimators", 100),
    ],
    "5-housekeeping/1-incomplete": [("iris", "ada/iris", False, False), ("lossy", "ada/lossy", True, False)],
    "5-housekeeping/2-contributors": [
        ("https://orcid.org/0000-0002-1825-0097", "Ada Lovelace", 24),
        ("Bob", "Bob", 3),
    ],
    "5-housekeeping/3-licences": [
        (f"{SPDX}MIT", 24),
        ("data:,CC-BY-NC-SA-4.0%20OR%20MIT", 1),
        (f"{SPDX}CC-BY-NC-4.0", 1),
        (f"{SPDX}CC-BY-NC-ND-4.0", 1),
    ],
    "5-housekeeping/4-non-commercial": [
        ("lossy", "ada/lossy", f"{SPDX}CC-BY-NC-ND-4.0"),
        ("maps", "ada/maps", f"{SPDX}CC-BY-NC-4.0"),
    ],
    "5-housekeeping/5-unused-datasets": [
        (name, f"ada/{name}") for name in ("iris", "more-maps", "profiles", "timings", "traces")
    ],
    "5-housekeeping/6-storage": [("csv", 1, 11000), ("skops", 1, 5000), ("onnx", 3, 300)],
    "6-competency-questions/1-project": [
        (name, f"ark:/99999/{name}", f"ada/{name}") for name in ("maps", "timings", "traces")
    ],
    "6-competency-questions/2-machine": [("mapper-v100", "ada/mapper-v100"), ("vision", "ada/vision")],
    "6-competency-questions/3-accelerator": [
        ("mapper-v100", "ada/mapper-v100", LASSEN),
        ("mapper-v100", "ada/mapper-v100", f"{BASE}/#machine/my%20desk"),
        ("vision", "ada/vision", LASSEN),
    ],
    "6-competency-questions/4-funder": [
        ("counters", "ada/counters", f"{BASE}/#project/Speed"),
        ("profiles", "ada/profiles", f"{BASE}/#project/Faster"),
    ],
    "6-competency-questions/5-workflow": [("map-amd", "ada/map-amd", "mapper")],
}
