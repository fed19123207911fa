"""Where a user's log-in lies: HPCFAIR_HOME (~/.hpcfair), a token for each service, readable by its owner only."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hpcfair_kg.errors import InvalidConfig

DEFAULT_ENDPOINT = "http://127.0.0.1:8080"
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


def home() -> Path:
    """Return the folder of the user's settings."""
    return Path(os.environ.get("HPCFAIR_HOME") or "~/.hpcfair").expanduser()


def cache() -> Path:
    """Return the folder of downloads by hash."""
    return Path(os.environ.get("HPCFAIR_CACHE") or "~/.cache/hpcfair").expanduser()


def offline() -> bool:
    """Tell whether nothing may be asked of a service: HPCFAIR_OFFLINE, as 1, true, yes or on."""
    said = os.environ.get("HPCFAIR_OFFLINE", "").lower()
    if said not in _YES | _NO:
        raise InvalidConfig(f"HPCFAIR_OFFLINE is {said!r}; it should be 1 or 0")
    return said in _YES


def endpoint() -> str:
    """Return the service to speak to: HPCFAIR_ENDPOINT, or the one on this machine."""
    return os.environ.get("HPCFAIR_ENDPOINT") or DEFAULT_ENDPOINT


def token(address: str) -> str | None:
    """Return the token for a service: HPCFAIR_TOKEN, or the one that `log_in` kept."""
    return os.environ.get("HPCFAIR_TOKEN") or _kept().get(address)


def log_in(address: str, secret: str) -> Path:
    """Keep a token for a service in a file of mode 0600; return the file."""
    path = home() / "tokens.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tokens = _kept() | {address: secret}
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(tokens, stream, indent=1)
    return fresh.replace(path)


def _kept() -> dict[str, str]:
    path = home() / "tokens.json"
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise InvalidConfig(f"{path} is damaged; remove it and run `hpcfair login` again") from exc
