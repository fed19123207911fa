"""The steps around one model: found beside it, fitted to its tensors, applied before and after it.

Whoever feeds a model's tensors by their own names gets what the model gives;
whoever gives what people have (text, images, features) gets that and what the
steps after the model add, such as labels.  The latter come too where nothing
stands before the model, or where they are asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hpcfair_kg.artifact import Artifact, Processing, TensorSpec, plain
from hpcfair_kg.errors import CorruptFile, NotRunnable, WrongInput
from hpcfair_kg.formats.base import Bundle
from hpcfair_kg.models.feeding import gathered
from hpcfair_kg.models.processing.base import Apply, Array, Kind, Signature, Values
from hpcfair_kg.models.processing.beside import Beside
from hpcfair_kg.plugins import shelf

SHELF = "hpcfair_kg.models.processing"
Model = Callable[[Values, Sequence[str] | None], Mapping[str, Array]]
"""Runs the model: its feeds, and the outputs asked for (None: all)."""


def found(bundle: Bundle) -> tuple[tuple[Processing, ...], tuple[str, ...]]:
    """Return the steps that the files beside a model say, in order, and a note on each file not understood."""
    beside, steps, notes = Beside(bundle), [], []
    for kind in _kinds():
        try:
            steps += list(kind.found(beside))
        except CorruptFile as exc:
            notes.append(f"not applied: {exc.detail}")
    return tuple(sorted(steps, key=lambda step: step.stage == "after")), tuple(dict.fromkeys(notes))


def fitted(
    steps: Sequence[Processing], inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
) -> tuple[Processing, ...]:
    """Return the steps with the names that they take and give, for a model of this signature."""
    model = Signature(tuple(inputs), tuple(outputs))
    made: list[Processing] = []
    for step in steps:
        fit = _kind(step).fitted(step, model)
        names = {*fit.gives, *(fit.takes if step.stage == "before" else ())}
        again = any(
            names & {*other.gives, *(other.takes if other.stage == "before" else ())} for other in made
        )
        made.append(replace(fit, takes=(), gives=()) if again else fit)
    return tuple(made)


def unfitted(steps: Sequence[Processing]) -> tuple[str, ...]:
    """Return a note on each step that no tensor of the model fits."""
    which = {"before": "takes", "after": "gives"}
    return tuple(
        f"not applied: {step.file} says {step.kind}, and nothing that the model {which[step.stage]} fits"
        for step in steps
        if not step.gives
    )


@dataclass(frozen=True)
class Pipeline:
    """Fitted steps around a model; nothing is opened before it is needed."""

    steps: tuple[Processing, ...]
    folder: Path
    model: Signature
    _open: dict[tuple[str, ...], Apply] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        steps: Sequence[Processing],
        folder: Path,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
    ) -> Pipeline:
        """Return the steps of a record around a model whose files lie below the folder."""
        model = Signature(tuple(inputs), tuple(outputs))
        return cls(tuple(step for step in fitted(steps, inputs, outputs) if step.gives), folder, model)

    @classmethod
    def beside(cls, folder: Path, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Pipeline:
        """Return the steps that a folder's files say, around a model that lies there too."""
        steps, _ = found(Bundle.of(folder))
        return cls.of(steps, folder, inputs, outputs)

    @classmethod
    def on(cls, artifact: Artifact) -> Pipeline:
        """Return the steps of a record, to be asked what they take and give: its files are not at hand."""
        return cls.of(artifact.processing, Path(), artifact.inputs, artifact.outputs)

    @property
    def before_it(self) -> tuple[Processing, ...]:
        """The steps before the model."""
        return tuple(step for step in self.steps if step.stage == "before")

    @property
    def after_it(self) -> tuple[Processing, ...]:
        """The steps after the model."""
        return tuple(step for step in self.steps if step.stage == "after")

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What people may give instead of the model's own inputs, and those that no step makes."""
        made = {name for step in self.before_it for name in step.gives}
        spoken = [s for step in self.before_it for s in _kind(step).spoken(step, self.model)]
        return (*spoken, *(spec for spec in self.model.inputs if spec.name not in made))

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the steps after the model add to its own outputs."""
        return tuple(s for step in self.after_it for s in _kind(step).spoken(step, self.model))

    @property
    def expected(self) -> list[dict[str, Any]]:
        """Return what can be fed, as an error tells it: the model's own inputs, and all that `becomes` some of them."""
        return [plain(spec) for spec in self.model.inputs] + [
            plain(spec) | {"becomes": list(step.gives)}
            for step in self.before_it
            for spec in _kind(step).spoken(step, self.model)
        ]

    def asked(self, feeds: Values) -> tuple[Processing, ...]:
        """Return the steps that these feeds ask for; raise `WrongInput` for a tensor that is given twice over."""
        asked = tuple(step for step in self.before_it if any(name in feeds for name in step.takes))
        for step in asked:
            if twice := sorted(set(step.gives) & set(feeds)):
                raise WrongInput(
                    f"{', '.join(step.takes)} becomes {', '.join(step.gives)}: give the one or the other, "
                    f"not {', '.join(twice)} too",
                    expected=[plain(spec) for spec in self.inputs],
                )
        return asked

    def before(self, feeds: Values) -> dict[str, Any]:
        """Return what the model is fed: the feeds as they are where they name its own inputs."""
        made = self._gathered(feeds)
        for step in self.asked(made):
            made |= self._load(step)(made)
            made = {name: value for name, value in made.items() if name not in step.takes}
        return made

    def after(
        self, outputs: Mapping[str, Array], fed: Values, wanted: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Return the outputs and what the steps add to them (all of it, or what is wanted); `fed` went into the model."""
        made = dict(outputs)
        for step in self.after_it:
            values = {**fed, **made}
            if (wanted is None or set(step.gives) & set(wanted)) and set(step.takes) <= set(values):
                made |= self._load(step)(values)
        return made

    def run(self, feeds: Values, wanted: Sequence[str] | None, model: Model) -> dict[str, Array]:
        """Run a model between the steps, for the outputs wanted: its own, or those added; None is all that come.

        Raises `WrongInput` as the steps and the model do, `MissingExtra`, and
        `NotRunnable` for a file that a step cannot use.
        """
        added = {name for step in self.after_it for name in step.gives}
        fed = self.before(feeds)
        if wanted is None:
            added_too = bool(self.asked(self._gathered(feeds))) or not self.before_it
            outputs = model(fed, None)
            return self.after(outputs, fed) if added_too else dict(outputs)
        known = [spec.name for spec in self.model.outputs]
        if unknown := sorted(set(wanted) - added - set(known)):
            gives = ", ".join((*known, *sorted(added)))
            raise WrongInput(f"no output {unknown[0]!r}; the model gives {gives}", expected=self.expected)
        needs = {n for s in self.after_it if set(s.gives) & set(wanted) for n in s.takes} & set(known)
        own = [name for name in wanted if name not in added]
        outputs = model(fed, list(dict.fromkeys((*own, *sorted(needs)))))
        made = self.after(outputs, fed, wanted)
        # what was asked for as the sequence "s" may have come as "s[0]", "s[1]", …
        return {name: made[name] for one in wanted for name in made if one in (name, name.rpartition("[")[0])}

    def _gathered(self, feeds: Values) -> dict[str, Any]:
        """Return the feeds with several of one kind, such as images of unequal size, put together."""
        return gathered(feeds, [name for step in self.before_it for name in step.takes])

    def _load(self, step: Processing) -> Apply:
        if step.gives not in self._open:
            self._open[step.gives] = _kind(step).load(step, self.folder, self.model)
        return self._open[step.gives]


def _kinds() -> list[Kind]:
    return sorted(shelf(SHELF).values(), key=lambda kind: kind.rank)


def _kind(step: Processing) -> Kind:
    known: dict[str, Kind] = shelf(SHELF)
    if step.kind not in known:
        reason = f"no {step.kind!r} in processing; there are: {', '.join(sorted(known))}"
        raise NotRunnable(reason, reason=reason)
    return known[step.kind]
