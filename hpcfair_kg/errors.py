"""What can go wrong: one tree, each branch with an HTTP status and a problem code.

    HPCFairError
    ├── InvalidMetadata     422  invalid-metadata    report: the SHACL results
    ├── InvalidConfig       400  invalid-config
    ├── UnknownParameter    400  unknown-parameter   known: the parameters there are
    ├── UnknownFormat       415  unknown-format
    ├── CorruptFile         422  corrupt-file
    ├── Duplicate           409  duplicate           existing: the one that holds it
    ├── NameTaken           409  name-taken
    ├── NotFound            404  not-found
    ├── Withdrawn           410  withdrawn
    ├── Unauthorized        401  unauthorized
    ├── Forbidden           403  forbidden
    ├── NotRunnable         409  not-runnable        reason
    ├── WrongInput          422  wrong-input         expected: what the model takes
    ├── QuerySyntax         400  query-syntax
    ├── QueryLimit          422  query-limit         limit: what was exceeded
    ├── QueryRefused        403  query-refused
    ├── TooLarge            413  too-large
    ├── Busy                503  busy
    ├── Conflict            409  conflict
    ├── MissingExtra        501  missing-extra       install: the command that brings it
    ├── BoxFailed           500  box-failed          cause: time, memory, size, crash, error or cancelled
    └── Unreachable         502  unreachable         (clients only: no service answered)

Every detail says what was wrong and what would be right.  The codes are the
last segment of the problem type URIs of RFC 9457.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class HPCFairError(Exception):
    """Anything this project refuses or fails to do, said in one sentence.

    Keyword arguments become extra members of the problem document, for
    example ``Duplicate("…", existing=iri)``.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members: Mapping[str, Any] = members

    def problem(self, base: str = "", instance: str = "") -> dict[str, Any]:
        """Return the RFC 9457 document for this error; `base` is the service's address."""
        document: dict[str, Any] = {
            "type": f"{base}/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            document["instance"] = instance
        return dict(self.members) | document


class InvalidMetadata(HPCFairError):
    """The description of an artifact does not meet its shapes."""

    status, code, title = 422, "invalid-metadata", "Invalid metadata"


class InvalidConfig(HPCFairError):
    """A configuration file says something that cannot be done."""

    status, code, title = 400, "invalid-config", "Invalid configuration"


class UnknownParameter(HPCFairError):
    """A request carries a parameter that does not exist."""

    status, code, title = 400, "unknown-parameter", "Unknown parameter"


class UnknownFormat(HPCFairError):
    """No plug-in knows this format, framework or backend."""

    status, code, title = 415, "unknown-format", "Unknown format"


class CorruptFile(HPCFairError):
    """A file is empty, cut off, or not what it says it is."""

    status, code, title = 422, "corrupt-file", "Corrupt file"


class Duplicate(HPCFairError):
    """The same bytes are already in the catalogue."""

    status, code, title = 409, "duplicate", "Duplicate artifact"


class NameTaken(HPCFairError):
    """The owner already has another artifact of this name."""

    status, code, title = 409, "name-taken", "Name taken"


class NotFound(HPCFairError):
    """There is no such thing, or the caller may not see it."""

    status, code, title = 404, "not-found", "Not found"


class Withdrawn(HPCFairError):
    """The artifact was withdrawn: its description stays, its files do not."""

    status, code, title = 410, "withdrawn", "Withdrawn"


class Unauthorized(HPCFairError):
    """The request needs a token and carries none that is valid."""

    status, code, title = 401, "unauthorized", "Unauthorized"


class Forbidden(HPCFairError):
    """The token is valid and does not allow this."""

    status, code, title = 403, "forbidden", "Forbidden"


class NotRunnable(HPCFairError):
    """The artifact has no form that may be run."""

    status, code, title = 409, "not-runnable", "Not runnable"


class WrongInput(HPCFairError):
    """The tensors sent are not the tensors the model takes."""

    status, code, title = 422, "wrong-input", "Wrong input"


class QuerySyntax(HPCFairError):
    """A SPARQL query cannot be parsed."""

    status, code, title = 400, "query-syntax", "Query syntax error"


class QueryLimit(HPCFairError):
    """A query went past its time, memory, size or nesting limit and was ended."""

    status, code, title = 422, "query-limit", "Query limit exceeded"


class QueryRefused(HPCFairError):
    """A query asks for something that this service never does for strangers."""

    status, code, title = 403, "query-refused", "Query refused"


class TooLarge(HPCFairError):
    """A body or a file is larger than the operator allows."""

    status, code, title = 413, "too-large", "Too large"


class Busy(HPCFairError):
    """There is no room for this now; try again in a moment."""

    status, code, title = 503, "busy", "Busy"


class Conflict(HPCFairError):
    """The thing changed since the caller last saw it."""

    status, code, title = 409, "conflict", "Conflict"


class MissingExtra(HPCFairError):
    """A library that is needed here is not installed."""

    status, code, title = 501, "missing-extra", "Missing extra"


class BoxFailed(HPCFairError):
    """Work in a box ended without an answer: out of time, memory or luck, or cancelled."""

    status, code, title = 500, "box-failed", "Work ended early"


class Unreachable(HPCFairError):
    """No service answers at the address asked (raised by clients only)."""

    status, code, title = 502, "unreachable", "Service unreachable"


def by_code() -> dict[str, type[HPCFairError]]:
    """Return every error class by its problem code, for clients that translate back."""
    return {kind.code: kind for kind in HPCFairError.__subclasses__()}
