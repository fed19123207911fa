"""The artifacts that say everything there is to say are those of the tests of knowledge."""

from __future__ import annotations

from tests.knowledge.conftest import dataset, harvested, model, verdict

__all__ = ["dataset", "harvested", "model", "verdict"]
