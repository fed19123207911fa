"""DOOR: the Flask app, one blueprint a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from hpcfair_kg.hub import Hub

__all__ = ["create_app"]


def create_app(hub: Hub) -> Flask:
    """Return the WSGI app that serves an open hub; whoever opened the hub closes it."""
    from server.app import create_app as create  # the command needs no Flask to hand out a token

    return create(hub)
