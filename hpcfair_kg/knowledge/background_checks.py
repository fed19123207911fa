"""Checks on what an author says of the projects and machines behind an artifact."""

from __future__ import annotations

from typing import Any

from hpcfair_kg.artifact import Machine, Project
from hpcfair_kg.knowledge.background import MACHINES
from hpcfair_kg.knowledge.checks import Check, Report, address, distinct, every, members, note, one_of, text


def _apart(check: Check) -> Check:
    """Return the check for a list of named things, each known by its own name; they are sorted by it."""

    def check_all(value: Any, path: str, report: Report) -> tuple[Any, ...]:
        found = [thing for thing in check(value, path, report) if thing is not None]
        for known in ("name", "id"):
            said = [getattr(thing, known) for thing in found if getattr(thing, known)]
            for twice in sorted({one for one in said if said.count(one) > 1}):
                note(report, path, f"two of the {path} have the {known} {twice!r}; say each once", twice)
        return tuple(sorted(found, key=lambda thing: thing.name))

    return check_all


def machines(value: Any, path: str, report: Report) -> tuple[Machine, ...]:
    """Check the machines that an artifact is meant for; a GPU has one vendor, wherever it is named."""
    found: tuple[Machine, ...] = _MACHINES(value, path, report)
    makers: dict[str, set[str | None]] = {}
    for machine in found:
        if machine.vendor and not machine.gpu:
            note(report, f"{path}.vendor", "vendor is who makes the GPU: say which gpu", machine.vendor)
        makers.setdefault(machine.gpu or "", set()).add(machine.vendor)
    for gpu, vendors in makers.items():
        if gpu and len(vendors) > 1:
            note(report, f"{path}.vendor", f"{gpu} has one vendor, the same wherever it is named", gpu)
    return found


projects: Check = _apart(
    every(
        '[{"name": "Xplacer", "funders": ["DOE"]}]',
        members(
            '{"name": "Xplacer", "id": "https://…", "funders": ["DOE"], "award": "89233218CNA000001"}',
            "name",
            {
                "name": text(200),
                "id": address,
                "funders": distinct('["DOE", "https://ror.org/01bj3aw27"]', text(500)),
                "award": text(200),
            },
            Project,
        ),
    )
)
_MACHINES = _apart(
    every(
        '[{"name": "lassen", "gpu": "Tesla V100"}]',
        members(
            '{"name": "lassen", "kind": "SuperComputer", "cpu": "POWER9", "gpu": "Tesla V100", "vendor": "Nvidia"}',
            "name",
            {
                "name": text(200),
                "id": address,
                "kind": one_of(*MACHINES),
                "cpu": text(200),
                "gpu": text(200),
                "vendor": text(200),
            },
            Machine,
        ),
    )
)
