"""A client that reads each answer whole and closes it, as a server does."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Buffered(FlaskClient):
    """Flask's client, buffered."""

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        """Send a request and return the answer, read to its end."""
        return super().open(*args, buffered=buffered, **options)
