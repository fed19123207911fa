"""Who is asking: tokens with scopes, kept hashed, and what each may see.

Tokens live in SQLite rather than in triples: they are looked up at every
request, never queried, and must never stand where a query could reach them.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cachetools import LRUCache

from hpcfair_kg.artifact import Artifact, Person
from hpcfair_kg.errors import Forbidden, InvalidConfig, NotFound, Unauthorized

SCOPES = ("read", "write", "run", "admin")
PREFIX = "hpcfair_"
_OWNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

_KNOWN = 10_000
"""Tokens that are remembered until they are revoked, by their hash."""

_TABLE = """
CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, hash TEXT UNIQUE NOT NULL, owner TEXT NOT NULL, scopes TEXT NOT NULL,
    name TEXT, orcid TEXT, created TEXT NOT NULL, used TEXT, revoked TEXT
) STRICT
"""
_COLUMNS = "id, owner, scopes, name, orcid, created, used, revoked"


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it may be listed: never its text. Times are ISO 8601 in UTC."""

    id: str
    owner: str
    scopes: tuple[str, ...]
    name: str | None
    orcid: str | None
    created: str
    used: str | None
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an owner with scopes, or nobody in particular."""

    owner: str | None = None
    scopes: frozenset[str] = frozenset({"read"})
    person: Person | None = None

    def require(self, scope: str) -> None:
        """Raise `Unauthorized` without a token and `Forbidden` with one that lacks the scope."""
        if scope in self.scopes or "admin" in self.scopes:
            return
        if self.owner is None:
            raise Unauthorized(
                f"this needs a token with the scope {scope!r}, sent as 'Authorization: Bearer …'"
            )
        raise Forbidden(f"this needs the scope {scope!r}; the token has: {', '.join(sorted(self.scopes))}")


ANYONE = Principal()


def visible_to(principal: Principal) -> Callable[[Artifact], bool]:
    """Return the test that stands on every read path: may this caller see this artifact?"""

    def visible(artifact: Artifact) -> bool:
        return (
            artifact.visibility == "public"
            or artifact.owner == principal.owner
            or "admin" in principal.scopes
        )

    return visible


class Accounts:
    """The tokens of one service, in one file that only its operator can read.

    Raises `InvalidConfig` for a file that is no database of SQLite's.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._known: LRUCache[str, tuple[int, Principal]] = LRUCache(_KNOWN)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(_TABLE)
        except sqlite3.DatabaseError as exc:
            self._db.close()
            raise InvalidConfig(
                f"the tokens in {path} cannot be read: {exc}; restore the file, or remove it and make new tokens"
            ) from exc

    def create(
        self, owner: str, scopes: Iterable[str] = ("read", "write", "run"), name: str = "", orcid: str = ""
    ) -> str:
        """Make a token and return its text, which is shown this once and kept only as a hash."""
        wanted = tuple(dict.fromkeys(scopes))
        unknown = [scope for scope in wanted if scope not in SCOPES]
        if unknown or not wanted:
            raise InvalidConfig(f"no scope {', '.join(unknown) or '(none)'}; there are: {', '.join(SCOPES)}")
        if not _OWNER.fullmatch(owner):
            raise InvalidConfig(f"{owner!r} is no owner: lower-case letters, digits, '-' and '_' make one")
        text = PREFIX + secrets.token_urlsafe(32)
        row = (
            secrets.token_hex(4),
            _hash(text),
            owner,
            " ".join(wanted),
            name or None,
            orcid or None,
            _now(),
        )
        with self._lock:
            self._db.execute(
                "INSERT INTO token (id, hash, owner, scopes, name, orcid, created) VALUES (?,?,?,?,?,?,?)",
                row,
            )
        return text

    def list(self) -> tuple[Token, ...]:
        """Return every token, revoked ones too, oldest first."""
        with self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM token ORDER BY created, id").fetchall()
        return tuple(Token(row[0], row[1], tuple(row[2].split()), *row[3:]) for row in rows)

    def revoke(self, token_id: str) -> None:
        """End a token at once; raises `NotFound`."""
        with self._lock:
            self._known.clear()
            done = self._db.execute(
                "UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL", (_now(), token_id)
            )
        if not done.rowcount:
            raise NotFound(f"no token {token_id!r} that is not revoked; 'token list' shows them")

    def principal(self, text: str | None) -> Principal:
        """Return who a token speaks for; nobody in particular without one.

        Raises `Unauthorized` for a token that is unknown or revoked.
        """
        if text is None:
            return ANYONE
        minute, key = int(time.time() // 60), _hash(text)
        with self._lock:
            known = self._known.get(key)
            if known is None or known[0] != minute:  # once a minute its use is noted
                known = self._known[key] = minute, self._looked_up(key)
        return known[1]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _looked_up(self, key: str) -> Principal:
        row = self._db.execute(
            "SELECT id, owner, scopes, name, orcid, used FROM token WHERE hash = ? AND revoked IS NULL",
            (key,),
        ).fetchone()
        if row is None:
            raise Unauthorized("the token is not known here, or was revoked")
        self._note_use(row[0], row[5])
        return Principal(row[1], frozenset(row[2].split()), Person(row[3] or row[1], row[4]))

    def _note_use(self, token_id: str, last: str | None) -> None:
        # By the minute: a write for each request would cost an fsync.
        now = _now()[:16]
        if (last or "")[:16] != now:
            self._db.execute("UPDATE token SET used = ? WHERE id = ?", (f"{now}:00Z", token_id))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
