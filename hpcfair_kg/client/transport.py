"""One service's HTTP: what it refuses is raised as the errors of this project, what is no answer as `Unreachable`."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpcfair_kg.errors import HPCFairError, InvalidConfig, NotFound, Unauthorized, Unreachable, by_code

if TYPE_CHECKING:
    import httpx


class Service:
    """The service at an address, spoken to with a token; when `offline`, not spoken to at all."""

    def __init__(
        self, endpoint: str, token: str | None = None, timeout: float = 120.0, offline: bool = False
    ) -> None:
        self.endpoint, self.token, self.offline = endpoint.rstrip("/"), token, offline
        self._timeout = timeout
        if not self.endpoint.startswith(("http://", "https://")):
            raise InvalidConfig(f"{endpoint!r} is no address of a service; one reads http://127.0.0.1:8080")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and return its answer, read whole; raises what the service says is wrong."""
        self.require_online()
        with _translated(self.endpoint):
            response = self._http.request(method, self.endpoint + path, **options)
        _raise(response.status_code, response.content, self.endpoint + path)
        return response

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the JSON of its answer."""
        return self.document(self.request(method, path, **options))

    def document(self, response: httpx.Response) -> Any:
        """Return the JSON of an answer."""
        try:
            return response.json()
        except ValueError as exc:
            path = response.url.path
            raise Unreachable(
                f"what answers at {self.endpoint} is no HPCFair service: {path} is no JSON"
            ) from exc

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Open an answer to be read as it comes."""
        self.require_online()
        with (
            _translated(self.endpoint),
            self._http.stream("GET", self.endpoint + path, headers=dict(headers)) as response,
        ):
            if response.is_error:
                _raise(response.status_code, response.read(), self.endpoint + path)
            yield response

    def require_online(self) -> None:
        """Raise `Unreachable` when offline."""
        if self.offline:
            raise Unreachable(
                f"this is offline, and only the service at {self.endpoint} could answer; "
                "leave out HPCFAIR_OFFLINE or offline=True to ask it"
            )

    def local(self, iri: str) -> str:
        """Return the path, below this endpoint, of what an IRI of the catalogue names."""
        start = iri.find("/ark:/")
        if start < 0:
            raise NotFound(f"{iri} is no address of a catalogue: it has no /ark:/ in it")
        return iri[start:]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def authorization(self) -> dict[str, str]:
        """The header that carries the token, if there is one."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @cached_property
    def _http(self) -> httpx.Client:
        import httpx

        from hpcfair_kg import __version__

        headers = self.authorization | {"User-Agent": f"hpcfair/{__version__}"}
        client = httpx.Client(headers=headers, timeout=self._timeout, follow_redirects=True)
        weakref.finalize(self, client.close)
        return client


@contextmanager
def _translated(endpoint: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.TransportError as exc:
        raise unreachable(endpoint, exc) from exc
    except (httpx.InvalidURL, httpx.TooManyRedirects) as exc:
        raise InvalidConfig(f"{endpoint} is no address of a service: {exc}") from exc


def unreachable(endpoint: str, why: Exception) -> Unreachable:
    """Return the error that says where nothing answered, and what to do."""
    return Unreachable(
        f"no service answers at {endpoint} ({why}); start one with `hpcfair-server serve`, "
        "or name another by HPCFAIR_ENDPOINT or --on URL"
    )


def _raise(status: int, body: bytes, address: str) -> None:
    if status >= 400:
        raise problem(status, body, address)


def problem(status: int, body: bytes, address: str) -> HPCFairError:
    """Return the error that an answer stands for: a problem document, or what its status says."""
    try:
        document = json.loads(body)
        code = str(document["type"]).rpartition("/")[2]
    except (ValueError, TypeError, KeyError):
        bare: dict[int, type[HPCFairError]] = {401: Unauthorized, 404: NotFound}
        return bare.get(status, Unreachable)(
            f"{address} answered {status}, and not as an HPCFair service does"
        )
    members = {
        k: v for k, v in document.items() if k not in ("type", "title", "status", "detail", "instance")
    }
    return by_code().get(code, HPCFairError)(str(document.get("detail") or document.get("title")), **members)
