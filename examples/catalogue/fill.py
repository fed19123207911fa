"""Upload the example catalogue: `python -m examples.catalogue.fill [NAME…]`.

What is there already is left alone; what needs a framework that is not
installed yet is left for the next call.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, cast

from examples.catalogue.fetch import CannotFetch, Entry, catalogue, claims, prepare
from hpcfair_kg import Artifact, Client, HPCFairError
from hpcfair_kg.errors import NotFound

OWNER = "examples"


def fill(hub: Client, entries: Iterable[Entry]) -> list[Artifact]:
    """Upload the entries that are not there and can be made here, in order, saying each on a line."""
    done = []
    for entry in entries:
        if entry.lacks or present(hub, entry):
            continue
        try:
            done.append(upload(hub, entry))
        except (CannotFetch, HPCFairError) as exc:
            print(f"  {entry.name}: left out, {exc}", file=sys.stderr, flush=True)
        else:
            print(f"  {said(done[-1])}", flush=True)
    return done


def present(hub: Client, entry: Entry) -> bool:
    """Tell whether the catalogue holds the entry."""
    try:
        hub.get(f"{OWNER}/{entry.name}")
    except NotFound:
        return False
    return True


def upload(hub: Client, entry: Entry) -> Artifact:
    """Fetch or make the files of one entry and upload them with what describes it."""
    folder = prepare(entry)
    known: dict[str, Any] = {**entry.metadata, **claims(folder)}
    known["trained_on"] = [f"{OWNER}/{name}" for name in entry.trained_on]
    known["metrics"] = [{**metric, "on": f"{OWNER}/{metric['on']}"} for metric in known.get("metrics", [])]
    return cast(Artifact, hub.upload(folder, name=entry.name, metadata=known))


def said(artifact: Artifact) -> str:
    """Return one line on how an upload ended."""
    line = f"{artifact.name:24} {artifact.framework or artifact.kind:13} {artifact.status:16}"
    verdict = artifact.verdict
    if verdict is not None and verdict.normalised is not None:
        return f"{line} ONNX {verdict.outcome} to {verdict.normalised:.1e} on {len(verdict.shapes)} shapes"
    return line + (verdict.outcome if verdict is not None else artifact.reason or "")[:80]


def main(names: list[str]) -> None:
    """Upload the entries named, or all that `make run` shows."""
    wanted = [entry for entry in catalogue() if entry.name in names or (entry.shown and not names)]
    fill(Client(), wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
