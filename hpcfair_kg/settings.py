"""What an operator can set: flags win over the environment, the environment over a TOML file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from hpcfair_kg.errors import InvalidConfig

GIB = 1 << 30


@dataclass(frozen=True)
class Settings:
    """One service's settings; every field is HPCFAIR_<FIELD> in the environment.

    Times are in seconds, sizes in bytes.  Fields that hold several paths take
    them separated by ":" in the environment and as a list in TOML.
    """

    data_dir: Path = Path("data")
    base_url: str = ""
    """What IRIs begin with; empty: http://host:port."""
    naan: str = "99999"
    publisher: str = ""
    """Who publishes the catalogue, by name; empty: the host of the base address."""
    publisher_url: str = ""
    """The IRI by which the publisher is known, such as its ROR."""
    admin_email: str = ""
    """Where harvesters write to (OAI-PMH's adminEmail; its validators refuse example.org); empty: noreply at the host."""
    machine: str = ""
    """IRI of the machine that verdicts and measurements name."""
    host: str = "127.0.0.1"
    port: int = 8080
    ready_at: int = 0
    """How many artifacts the catalogue must hold before /health/ready says so."""
    notice: str = ""
    """What the front page says while converters are missing, such as that they are being installed."""
    register_dirs: tuple[Path, ...] = ()
    """Folders of the service's own disk whose files may be registered in place."""
    max_upload: int = 1024 * GIB
    opset: int = 18
    job_seconds: float = 900.0
    job_memory: int = 12 * GIB
    jobs: int = 2
    """How many conversions run at once."""
    query_seconds: float = 30.0
    query_memory: int = 2 * GIB
    query_size: int = 64 << 20
    query_length: int = 100_000
    query_nesting: int = 100
    infer_seconds: float = 60.0
    cache_memory: int = 64 << 20
    """Memory for documents that were made of records and may be asked for again."""
    unsafe_no_sandbox: bool = False
    """Run strangers' models although no layer of the sandbox holds."""
    threads: int = 32
    """Blocking threads of the server; at most half of them may wait."""

    @property
    def base(self) -> str:
        """Return what every IRI of this service begins with, without a final slash."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def mailbox(self) -> str:
        """Return the address that harvesters are told: where the host has no name, one that plainly leads nowhere."""
        host = urlsplit(self.base).hostname or ""
        return self.admin_email or f"noreply@{host if _NAME.fullmatch(host) else 'hpcfair-kg.invalid'}"

    def keep_base(self) -> None:
        """Note the base address in the data folder; raise `InvalidConfig` when it held another one.

        The catalogue's IRIs begin with it: under another address nothing would be found.
        """
        note, moving = self.data_dir / "base-url", self.data_dir / "rebase"
        if moving.exists():
            new = moving.read_text().strip()
            raise InvalidConfig(f"the base address is being changed; finish it: hpcfair-server rebase {new}")
        note.parent.mkdir(parents=True, exist_ok=True)
        kept = note.read_text().strip() if note.exists() else self.base
        if kept != self.base:
            raise InvalidConfig(
                f"the IRIs of this catalogue begin with {kept}, not {self.base}; start it with --base-url {kept}"
                f" (it may listen elsewhere), or give it another data folder than {self.data_dir}"
            )
        note.write_text(self.base)

    @classmethod
    def load(
        cls, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ
    ) -> Settings:
        """Collect the settings; raise `InvalidConfig` naming a key that is unknown or no value of its type."""
        values: dict[str, Any] = _from_file(environ.get("HPCFAIR_CONFIG"))
        hints = get_type_hints(cls)
        unknown = values.keys() - hints.keys()
        if unknown:
            raise InvalidConfig(f"unknown setting {min(unknown)!r}; there are: {', '.join(sorted(hints))}")
        for field in fields(cls):
            if text := environ.get(f"HPCFAIR_{field.name.upper()}"):
                values[field.name] = text
        values |= {k: v for k, v in (flags or {}).items() if v is not None}
        return cls(**{name: _typed(name, hints[name], value) for name, value in values.items()})


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise InvalidConfig(f"HPCFAIR_CONFIG names {path}, which does not exist") from exc
    except OSError as exc:
        raise InvalidConfig(f"HPCFAIR_CONFIG names {path}, which cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InvalidConfig(f"{path} is no TOML: {exc}") from exc


def _typed(name: str, hint: Any, value: Any) -> Any:
    read, wanted = (value and _SHAPED.get(name)) or _READERS.get(hint, (hint, hint.__name__))
    try:
        return read(value)
    except (TypeError, ValueError) as exc:
        raise InvalidConfig(f"{name} is {value!r}; it must be {wanted}") from exc


def _paths(value: Any) -> tuple[Path, ...]:
    parts = value.split(":") if isinstance(value, str) else value
    return tuple(Path(part) for part in parts if part)


def _matching(pattern: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not re.fullmatch(pattern, str(value)):
            raise ValueError(value)
        return str(value)

    return read


def _truth(value: Any) -> bool:
    said = str(value).lower()
    if said not in _YES | _NO:
        raise ValueError(said)
    return said in _YES


_NAME = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*")
_ADDRESS = _matching(r"https?://[^\s<>\"{}|\\^`]+"), "an http or https address"
_SHAPED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "machine": _ADDRESS,
    "publisher_url": _ADDRESS,
    "admin_email": (_matching(r"[^\s@<>]+@([^\s@.<>]+\.)+[^\s@.<>]+"), "an e-mail address"),
}
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_READERS: dict[Any, tuple[Callable[[Any], Any], str]] = {
    bool: (_truth, "true or false"),
    tuple[Path, ...]: (_paths, "paths, as a list or separated by ':'"),
}
