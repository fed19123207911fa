"""How inferences ended and how long they took, as Prometheus reads it: a counter by outcome and a histogram."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from itertools import accumulate

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds: the upper ends of the histogram's buckets."""


class Inferences:
    """Counts inference requests by outcome, "ok" or a problem's code, and their seconds from head to answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, outcome: str, seconds: float) -> None:
        """Count one request."""
        bucket = bisect_left(BOUNDS, seconds)
        with self._lock:
            self._outcomes[outcome] += 1
            self._buckets[bucket] += 1
            self._seconds += seconds

    def lines(self) -> list[str]:
        """Return the counts as Prometheus reads them."""
        with self._lock:
            outcomes, buckets, seconds = dict(self._outcomes), list(self._buckets), self._seconds
        name = "hpcfair_inference_seconds"
        ends = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
        return [
            "# TYPE hpcfair_inferences_total counter",
            *(
                f'hpcfair_inferences_total{{outcome="{one}"}} {many}'
                for one, many in sorted(outcomes.items())
            ),
            f"# TYPE {name} histogram",
            *(
                f'{name}_bucket{{le="{end}"}} {many}'
                for end, many in zip(ends, accumulate(buckets), strict=True)
            ),
            f"{name}_sum {seconds:.6f}",
            f"{name}_count {sum(buckets)}",
        ]
