"""Who asks, and of which hub: what every view begins with."""

from __future__ import annotations

from typing import cast

from flask import current_app, g, request

from hpcfair_kg.backends.accounts import Principal
from hpcfair_kg.errors import Unauthorized
from hpcfair_kg.hub import Hub


def hub() -> Hub:
    """Return the hub that this app serves."""
    return cast(Hub, current_app.extensions["hub"])


def principal() -> Principal:
    """Return who the request's Bearer token speaks for; raises `Unauthorized` for one that is not known."""
    if "principal" not in g:
        g.principal = hub().accounts.principal(token(request.headers.get("Authorization")))
    return cast(Principal, g.principal)


def allowed(scope: str) -> Principal:
    """Return who asks when that scope is theirs; raises `Unauthorized` or `Forbidden`."""
    caller = principal()
    caller.require(scope)
    return caller


def admit(token: str, scope: str) -> Principal:
    """Return who the token of a form speaks for, when that scope is theirs; a token in the header comes first.

    Raises `Unauthorized` or `Forbidden`.
    """
    if "Authorization" not in request.headers:
        if not token.strip():
            raise Unauthorized(f"this needs a token with the scope {scope!r}; type it here")
        g.principal = hub().accounts.principal(token.strip())
    return allowed(scope)


def token(header: str | None) -> str | None:
    """Return the token of an Authorization header, None without one; raises `Unauthorized` for another scheme."""
    if header is None:
        return None
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthorized("send the token as 'Authorization: Bearer …'; no other scheme is taken")
    return text.strip()
