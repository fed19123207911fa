"""The story of a reproduction: what was not as then is named first, then it is done again and held against then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from pyoxigraph import NamedNode

from hpcfair_kg.activity import Environment, Hardware, Step, Verdict
from hpcfair_kg.artifact import Artifact, File, build
from hpcfair_kg.backends.blobs.base import Blobs
from hpcfair_kg.errors import BoxFailed
from hpcfair_kg.ingest.drafts import waiting_for
from hpcfair_kg.ingest.jobs import now
from hpcfair_kg.ingest.stage import CORE, Stage, asked_of, main_format, missing, process_of
from hpcfair_kg.models import likeness
from hpcfair_kg.models.likeness import Compared
from hpcfair_kg.plugins import shelf
from hpcfair_kg.run import Run
from hpcfair_kg.runs import differences
from hpcfair_kg.runs.recorded import Recorded, exporter, form_of, of_job

Surroundings = tuple[Environment | None, Hardware | None]
BESIDE = "recorded form"
"""The folder of a stage that holds the form to compare with."""
RUNNING = ("infer", "merge")
OWN = ("result.json", "problem.json")
"""Files of a run that tell what came of it, with addresses and times of that run."""
ORDER = ("equal", "within", "reported", "impossible", "different")
"""How good a likeness is, the best first."""


@dataclass(frozen=True)
class Lab:
    """Where things are done again.

    `ask` does an errand over a stage in a process of a family; `then` tells what
    a step ran in and on, `here` what one would now, `box` the layers of its box.
    """

    blobs: Blobs
    laid_out: Callable[[Mapping[str, str]], AbstractContextManager[Stage]]
    ask: Callable[[Stage, str, Mapping[str, Any], str, tuple[str, ...]], Any]
    then: Callable[[Step], Surroundings]
    run_iri: Callable[[Run], str]
    here: tuple[Environment, Hardware]
    box: str
    started: str = field(default_factory=now)

    def unlike(self, step: Step) -> tuple[str, ...]:
        """Return what around a step was another then."""
        return tuple(differences.of_surroundings(step, self.then(step), self.here, self.box))

    def found(
        self, one: Recorded, compared: Compared, wrong: Iterable[str] = (), verdict: Verdict | None = None
    ) -> Repeated:
        """Return what came of doing a step again, with all that was another then; `wrong` is with its files."""
        software = tuple(s for s in differences.current_of(one.step.software, self.here[0]) if " " in s)
        return Repeated(one, compared, (*wrong, *self.unlike(one.step)), verdict, self.started, software)


@dataclass(frozen=True)
class Repeated:
    """One step that was done again: how like it came out, and what was not as then."""

    of: Recorded
    compared: Compared
    differences: tuple[str, ...] = ()
    verdict: Verdict | None = None
    started: str | None = None
    software: tuple[str, ...] = ()

    def step(self) -> Step:
        """Return it as a step of provenance, which used what the step it repeats did."""
        return Step(
            f"reproduce:{self.of.step.name}",
            "succeeded" if self.compared.good else "failed",
            self.started,
            now(),
            detail=self.compared.said,
            software=self.software,
            used=self.of.used,
            verdict=self.verdict,
            reproduces=self.of.iri,
            differences=self.differences,
        )

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "step": self.of.step.name,
            "of": self.of.iri,
            "outcome": self.compared.likeness,
            "reproduced": self.compared.good,
            "said": self.compared.said,
            "bound": self.compared.bound,
            "differences": list(self.differences),
        }


def conversions(lab: Lab, artifact: Artifact, recorded: Sequence[Recorded]) -> Iterator[Repeated]:
    """Do the conversion and proof of an artifact again, once, and yield each of the recorded steps of them."""
    originals = [file for file in artifact.files if file.role in ("original", "auxiliary")]
    spoilt = differences.of_files(lab.blobs, originals)
    lost = differences.of_files(lab.blobs, form_of(artifact))
    wrong = (*spoilt.values(), *lost.values())
    obstacle = next(iter(spoilt.values()), None) or _lacking(artifact)
    try:
        answer = None if obstacle else _again(lab, artifact, recorded, not lost)
    except BoxFailed as exc:
        if exc.members.get("cause") == "cancelled":
            raise
        answer, obstacle = None, exc.detail
    for one in recorded:
        if answer is None:
            yield lab.found(one, Compared("impossible", f"not done again: {obstacle}"), wrong)
        else:
            compared, verdict = _held(artifact, one, recorded, answer)
            yield lab.found(one, compared, wrong, verdict)


def _lacking(artifact: Artifact) -> str | None:
    """Return what the conversion needs and this Python lacks."""
    modules = missing(artifact)
    extra = shelf("hpcfair_kg.formats")[main_format(artifact) or "onnx"].extra
    return waiting_for(extra, modules) if modules else None


def _again(lab: Lab, artifact: Artifact, recorded: Sequence[Recorded], whole: bool) -> Mapping[str, Any]:
    form = form_of(artifact)
    files = {f.name: f.sha256 for f in artifact.files if f.role in ("original", "auxiliary")}
    beside = {f"{BESIDE}/{PurePosixPath(f.name).name}": f.sha256 for f in form} if whole else {}
    with lab.laid_out(files | beside) as stage:
        asked = asked_of(stage, artifact, _opset(artifact, recorded))
        seed = next((v.seed for v in _verdicts(recorded) if v.seed is not None), asked["seed"])
        arguments = {
            "conversion": asked | {"seed": seed},
            "recorded": list(beside),
            "digests": [f.sha256 for f in form],
        }
        answer: Mapping[str, Any] = lab.ask(stage, "models.again:again", arguments, *process_of(artifact))
        return answer


def _held(
    artifact: Artifact, one: Recorded, recorded: Sequence[Recorded], answer: Mapping[str, Any]
) -> tuple[Compared, Verdict | None]:
    """Hold a recorded step against what was done now: the kept form's by its bytes and outputs, others by their end."""
    done = [build(Step, step) for step in answer["answer"]["steps"]]
    twin = next((s for s in done if s.name == one.step.name and exporter(s) == exporter(one.step)), None)
    if one.step.verdict is not None:
        kept = one.step.verdict == artifact.verdict
        proof = build(Verdict, answer["proof"]) if kept and answer["proof"] else None
        found = proof or (twin.verdict if twin else None)
        if found is None:
            return _ended_otherwise(one.step, done), None
        return likeness.verdicts(one.step.verdict, found), found
    if one.step.state == "failed":
        if twin is None or twin.state != "failed":
            return _ended_otherwise(one.step, done), None
        return likeness.failures(one.step.detail, twin.detail), None
    if one is not _maker(recorded, artifact):
        said = f"{exporter(one.step)} made a form, as then, which failed its proof and was not kept"
        return (Compared("equal", said) if twin else _ended_otherwise(one.step, done)), None
    alike = build(Verdict, answer["alike"]) if answer["alike"] else None
    if not answer["answer"]["files"]:
        return _ended_otherwise(one.step, done), None
    return likeness.forms(answer["same"], alike), alike


def _maker(recorded: Sequence[Recorded], artifact: Artifact) -> Recorded | None:
    """Return the conversion that made the kept form: the last before the proof whose verdict is the artifact's."""
    maker = None
    for one in recorded:
        if one.step.name == "convert" and one.step.state == "succeeded":
            maker = one
        elif one.step.verdict is not None and one.step.verdict == artifact.verdict:
            break
    return maker


def _ended_otherwise(then: Step, done: Sequence[Step]) -> Compared:
    last = next((step for step in reversed(done) if step.detail), None)
    ended = f"; now the last step was {last.name}, {last.state}: {last.detail}" if last else ""
    return Compared(
        "different", f"then {then.name} {then.state} ({then.detail or 'nothing was said'}){ended}"
    )


def _opset(artifact: Artifact, recorded: Sequence[Recorded]) -> int:
    """Return the opset to ask for: that of the form, which whatever was asked for became."""
    forms = [file.opset for file in form_of(artifact) if file.opset]
    steps = [one.step.opset for one in recorded if one.step.opset]
    return next(iter((*forms, *steps)), 18)


def _verdicts(recorded: Sequence[Recorded]) -> Iterator[Verdict]:
    return (one.step.verdict for one in recorded if one.step.verdict is not None)


def measurements(
    lab: Lab, recorded: Sequence[Recorded], measure: Callable[[Sequence[Step]], Sequence[Step]]
) -> Iterator[Repeated]:
    """Measure the recorded cases again by `measure`, and yield each of them."""
    found = {(step.batch, step.threads): step for step in measure([one.step for one in recorded])}
    for one in recorded:
        then = lab.then(one.step)[1]
        same = then is not None and not list(differences.of_hardware(then, lab.here[1]))
        step = found.get((one.step.batch, one.step.threads))
        if step is None or not step.measurements:
            why = (step.detail if step else None) or f"there are no {one.step.threads} cores here"
            compared = Compared("impossible", f"not measured again: {why}")
        else:
            compared = likeness.latencies(one.step.measurements, step.measurements, same)
        yield lab.found(one, compared)


def runs(
    lab: Lab, run: Run, used: Sequence[Artifact], do: Callable[[], Mapping[str, File]]
) -> Iterator[Repeated]:
    """Do what a run did again by `do`, which returns the files that come out, and yield its steps that made files."""
    inputs = [file for file in run.files if file.role == "input"]
    forms = [part for a in used if a.runnable for part in a.parts(a.runnable)]
    wrong = differences.of_files(lab.blobs, [*inputs, *forms])
    obstacle = next(iter(wrong.values()), None)
    made = {} if obstacle else do()
    for one in of_job(NamedNode(lab.run_iri(run)), run, RUNNING):
        if obstacle:
            compared = Compared("impossible", f"not done again: {obstacle}")
        else:
            compared = _files(lab, run, one.step, made)
        yield lab.found(one, compared, wrong.values())


def _files(lab: Lab, run: Run, step: Step, made: Mapping[str, File]) -> Compared:
    """Compare the files that a step made, or else all that came out of its run, with those of the same names now."""
    then = {f.name: f for f in run.files if f.role == "output" and f.name not in OWN}
    named = [then[name] for name in step.generated if name in then] or list(then.values())
    found = [_file(lab, file, made.get(file.name)) for file in named]
    worst = max(found, key=lambda compared: ORDER.index(compared.likeness), default=None)
    return worst or Compared("impossible", "it gave no file that could be compared")


def _file(lab: Lab, then: File, now: File | None) -> Compared:
    if now is None:
        return Compared("different", f"{then.name} did not come out")
    if then.sha256 == now.sha256:
        return Compared("equal", f"{then.name}, bit for bit", 0.0)
    if lost := differences.of_files(lab.blobs, [then]):
        return Compared("different", f"another {then.name}; {lost[then.name]}")
    with lab.laid_out({f"then/{then.name}": then.sha256, f"now/{now.name}": now.sha256}) as stage:
        paths = {"then": str(stage.inside / "then" / then.name), "now": str(stage.inside / "now" / now.name)}
        return Compared(**lab.ask(stage, "models.likeness:arrays", paths, "core", CORE))
