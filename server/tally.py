"""How many requests there were, and the seconds they took, as Prometheus reads it."""

from __future__ import annotations

import threading
from collections import Counter

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")


class Tally:
    """Counts requests by method and status, and the seconds they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds = 0.0

    def add(self, method: str, status: int, seconds: float) -> None:
        """Count one request; made-up methods are counted as one."""
        method = method if method in METHODS else "OTHER"
        with self._lock:
            self._requests[method, status] += 1
            self._seconds += seconds

    def lines(self) -> list[str]:
        """Return the counts as Prometheus reads them."""
        with self._lock:
            counts, seconds = dict(self._requests), self._seconds
        return [
            "# TYPE hpcfair_requests_total counter",
            *(
                f'hpcfair_requests_total{{method="{method}",status="{status}"}} {number}'
                for (method, status), number in sorted(counts.items())
            ),
            "# TYPE hpcfair_request_seconds_total counter",
            f"hpcfair_request_seconds_total {seconds:.6f}",
        ]
