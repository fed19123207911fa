"""A sample of ONNX's own cases, each run by onnxruntime alone and as a request over HTTP runs it; all: bench_backend_cases."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from hpcfair_kg.errors import HPCFairError
from hpcfair_kg.models import infer
from tests.benchmarks.bench_backend_cases import cases, direct, passes, through

SAMPLE = re.compile(
    r"test_(add|and2d|cast_FLOAT_to_FLOAT16|cast_FLOAT16_to_FLOAT|equal_string|gather_0|identity_sequence|identity_opt"
    r"|isnan|isinf|matmul_2d|max_int8|nonzero_example|optional_get_element_sequence|optional_has_element"
    r"|reduce_sum_empty_set|reshape_zero_dim|sequence_insert_at_back|shape|size|split_to_sequence_1|squeeze"
    r"|string_concat|string_split_basic|strnormalizer_nostopwords_nochangecase|sub_uint8|topk|tril_zero|where_long"
    r"|regex_full_match_basic|clip_default_int8_min|mod_mixed_sign_int16|constant_pad|range_float_type_positive_delta)(_cpu)?"
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ONNX makes its cases with overflows on purpose
        return list(cases(tmp_path_factory.mktemp("cases"), lambda name: bool(SAMPLE.fullmatch(name))))


def test_what_onnxruntime_passes_passes_over_http_too(sample) -> None:
    passed = 0
    for case in sample:
        try:
            session = infer.load(Path(case.model), 1)
        except HPCFairError:
            continue
        if passes(case, session, direct):
            continue
        passed += 1
        for binary in (False, True):
            assert passes(case, session, through(case.model, binary)) == "", (case.name, binary)
    assert passed >= 25, "the sample is hardly there"
