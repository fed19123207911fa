"""For operators: is it alive, is it ready, and what has it done (Prometheus text)."""

from __future__ import annotations

import time
from typing import cast

from flask import Blueprint, Flask, Response, current_app, g, request

from hpcfair_kg import __version__
from hpcfair_kg.errors import Busy
from server.access import hub
from server.inferences import Inferences
from server.replies import json_reply
from server.tally import Tally
from server.waiting import room

blueprint = Blueprint("health", __name__)

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def register(app: Flask) -> None:
    """Have the app count its requests."""
    app.extensions["tally"], app.extensions["inferences"] = Tally(), Inferences()
    app.before_request(_begin)
    app.after_request(_count)


@blueprint.get("/health/live")
def live() -> Response:
    """Answer that the service can be spoken to."""
    return json_reply({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """Answer that the store is open and the first entries are in; raises `Busy` until then."""
    artifacts, awaited = hub().index.count, hub().settings.ready_at
    if not hub().ready():
        raise Busy(f"the catalogue is being filled: {artifacts} of the first {awaited} artifacts are in")
    return json_reply({"ready": True, "artifacts": artifacts})


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer the figures of this service."""
    status = hub().status()
    lines = [
        f'hpcfair_info{{version="{__version__}"}} 1',
        f"hpcfair_artifacts {status['artifacts']}",
        f"hpcfair_waiting_for_converter {status['waiting']}",
        f"hpcfair_sandbox_holds {int(status['sandbox']['holds'])}",
        f"hpcfair_places_taken {room().taken}",
        f"hpcfair_places {room().size}",
        f"hpcfair_models_open {hub().serving.status()['open']}",
    ]
    opened = ["# TYPE hpcfair_models_opened_total counter"]
    opened.append(f"hpcfair_models_opened_total {hub().serving.status()['opened']}")
    gauges = [line for entry in lines for line in (f"# TYPE {entry.split('{')[0].split()[0]} gauge", entry)]
    return Response(
        "\n".join([*gauges, *opened, *_tally().lines(), *_inferences().lines(), ""]), content_type=EXPOSITION
    )


def _tally() -> Tally:
    return cast(Tally, current_app.extensions["tally"])


def _inferences() -> Inferences:
    return cast(Inferences, current_app.extensions["inferences"])


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    _tally().add(request.method, response.status_code, time.perf_counter() - g.began)
    return response
