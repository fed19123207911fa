"""Puts the app together: its blueprints, its errors, its headers, and what templates may use."""

from __future__ import annotations

from flask import Flask

from hpcfair_kg import __version__
from hpcfair_kg.hub import Hub
from server import (
    arks,
    artifacts,
    catalog,
    compatible,
    crate,
    documents,
    front,
    harvest,
    harvesting,
    headers,
    health,
    inference,
    jobs,
    landing,
    oai,
    problems,
    runs,
    search,
    sparql,
    tasks,
    trying,
    uploading,
    whoami,
    wording,
)
from server.direct import Direct
from server.waiting import Room

SMALL_BODY = 4 << 20
"""Bytes that a request body may have where a route does not say otherwise."""

BLUEPRINTS = (
    front.blueprint,
    catalog.blueprint,
    harvest.blueprint,
    oai.blueprint,
    landing.blueprint,
    trying.blueprint,
    uploading.blueprint,
    crate.blueprint,
    arks.blueprint,
    compatible.blueprint,
    artifacts.blueprint,
    search.blueprint,
    harvesting.blueprint,
    jobs.blueprint,
    tasks.blueprint,
    runs.blueprint,
    sparql.blueprint,
    inference.blueprint,
    health.blueprint,
    documents.blueprint,
    whoami.blueprint,
)


def create_app(hub: Hub) -> Flask:
    """Return the WSGI app over an open hub."""
    app = Flask("server")
    app.extensions["hub"] = hub
    app.extensions["room"] = Room(max(1, hub.settings.threads // 2))
    app.config["MAX_CONTENT_LENGTH"] = SMALL_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.url_map.merge_slashes = False  # an IRI may stand where an ID is asked for
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= wording.FILTERS | {"local": lambda iri: iri.removeprefix(hub.settings.base)}
    app.jinja_env.globals |= {"program_version": __version__, "base": hub.settings.base}
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for part in (problems, headers, health):
        part.register(app)
    tallies = app.extensions["tally"], app.extensions["inferences"]
    app.wsgi_app = Direct(hub, *tallies, app.wsgi_app)  # type: ignore[method-assign]
    return app
