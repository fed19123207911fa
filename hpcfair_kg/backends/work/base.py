"""What a worker promises: to run one errand in a box and hand back JSON, or to keep a box that answers.

The promise of `submit` is that of `concurrent.futures.Executor`; what crosses
the wall of the box is JSON and raw bytes, never a pickle, so that nothing a
stranger's model does inside can be executed outside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcfair_kg.errors import HPCFairError

Event = Mapping[str, Any]
"""What an errand says on its way: {"event": "step" | "progress", …}."""
Emit = Callable[[Event], None]
Message = Mapping[str, Any]
Bytes = bytes | bytearray | memoryview
Answer = tuple[dict[str, Any], bytes]


@dataclass(frozen=True)
class Limits:
    """What a box may use: wall `seconds`, address space and largest file in bytes."""

    seconds: float = 900.0
    memory: int = 12 << 30
    file_size: int = 8 << 30


@dataclass(frozen=True)
class Errand:
    """One call made in a box.

    `call` names a function "package.module:function"; it gets `arguments` (JSON
    values) by keyword and `emit`, and returns a JSON value.  For a resident box
    it returns instead a function (message, payload) -> (message, payload).
    `family` names the warm process that is forked, `preload` what that process
    imports first.  The box reads the interpreter, the system's libraries and
    `reads`; it writes below `writes` and nowhere else, and starts there.
    """

    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    family: str = "core"
    preload: tuple[str, ...] = ()
    reads: tuple[Path, ...] = ()
    writes: Path | None = None
    limits: Limits = Limits()


class Resident(ABC):
    """A box that stays: it answers one message at a time until it is closed or dies."""

    @abstractmethod
    def ask(self, message: Message, payload: Bytes = b"", timeout: float | None = None) -> Answer:
        """Send a message and wait for its answer.

        Past `timeout` seconds the box is killed and `BoxFailed(cause="time")` raised;
        one that dies raises `BoxFailed` with its cause; an `HPCFairError` raised
        inside is raised here.
        """

    def ask_all(
        self, asked: Sequence[tuple[Message, Bytes]], timeout: float | None = None
    ) -> list[Answer | HPCFairError]:
        """Send several messages and return what came of each, in order: its answer, or what it raised.

        Raises `BoxFailed` where the box ended at it, and nothing of any of them came.
        """
        answers: list[Answer | HPCFairError] = []
        for message, payload in asked:
            try:
                answers.append(self.ask(message, payload, timeout))
            except HPCFairError as exc:
                if not self.alive:
                    raise
                answers.append(exc)
        return answers

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it can be asked."""

    @abstractmethod
    def close(self) -> None:
        """End the box."""


class Work(ABC):
    """A place where errands run."""

    @abstractmethod
    def submit(self, errand: Errand, emit: Emit | None = None) -> Future[Any]:
        """Run an errand; `emit` is called in a thread of this process with each event.

        The future holds the function's JSON value, or an `HPCFairError` raised
        inside, or `BoxFailed`.  `Future.cancel()` also ends an errand that runs.
        """

    @abstractmethod
    def resident(self, errand: Errand) -> Resident:
        """Start a box that stays; raises what the errand's function raised at its start."""

    @abstractmethod
    def close(self) -> None:
        """End everything that still runs here."""
