"""The steps of an errand as they begin and end, and how a framework's error is put in a few words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any

from hpcfair_kg.activity import State, Step
from hpcfair_kg.artifact import plain
from hpcfair_kg.errors import HPCFairError

LONGEST = 2048
"""Bytes kept of an error: some quote whole graphs."""
_FRAME = re.compile(r'^\s*(File ".*|Traceback \(most recent.*|\^+|[-=*#~]{3,})\s*$')


class Steps:
    """Collects the steps of one errand and tells each change of state."""

    def __init__(self, emit: Callable[[Mapping[str, Any]], None]) -> None:
        self._emit = emit
        self.done: list[Step] = []

    def begin(self, step: Step) -> Step:
        """Tell that a step begins now."""
        return self._told(replace(step, state="running", started=_now()))

    def end(self, step: Step, state: State, **found: Any) -> Step:
        """Tell that a step has ended, with what it found."""
        ended = self._told(replace(step, state=state, ended=_now(), **found))
        self.done.append(ended)
        return ended

    def _told(self, step: Step) -> Step:
        self._emit({"event": "step", **plain(step)})
        return step


def said(error: BaseException) -> str:
    """Return what an error says: its first useful line first, without stack frames, at most 2 kB.

    >>> said(KeyError("weights"))
    "KeyError: 'weights'"
    """
    text = error.detail if isinstance(error, HPCFairError) else str(error)
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not _FRAME.match(line)]
    short = "\n".join(lines)
    if not isinstance(error, (HPCFairError, ValueError, RuntimeError)) or not short:
        short = f"{type(error).__name__}: {short}".rstrip(": ")
    return short.encode()[:LONGEST].decode("utf-8", "ignore")


def software(modules: Iterable[str]) -> tuple[str, ...]:
    """Return "name version" of the distributions that bring some modules, as far as they are installed."""
    known = _distributions()
    names = dict.fromkeys(name for module in modules for name in known.get(module.partition(".")[0], ())[:1])
    return tuple(f"{name} {metadata.version(name)}" for name in names)


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
