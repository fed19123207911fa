"""A file of random rows, for what runs models over files."""

import numpy as np
import pytest

from hpcfair_kg.models import rows


@pytest.fixture
def file(tmp_path):
    def make(count, suffix=".npy"):
        array = np.random.default_rng(count).standard_normal((count, 3)).astype(np.float32)
        (path,) = rows.write(tmp_path / f"in{suffix}", {"x": array})
        return rows.reader(path), array

    return make
