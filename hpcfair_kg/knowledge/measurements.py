"""What was measured here, as `dqv:QualityMeasurement`s with a number, a unit, and the step that found them."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from hpcfair_kg.activity import Measurement
from hpcfair_kg.knowledge import terms
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.terms import Properties, fields, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import DQV, HK, PROV, QUDT, UNIT


def measured(step: NamedNode, place: int, measurement: Measurement) -> Iterator[Triple]:
    """Yield a figure that a step found; `place` is its own among the step's."""
    node, metric = NamedNode(f"{step.value}-figure-{place}"), HK[measurement.metric]
    yield Triple(step, HK.measured, node)
    yield from typed(node, (DQV.QualityMeasurement,))
    yield from typed(metric, (DQV.Metric,))
    yield from fields(node, measurement, terms.MEASUREMENT)
    yield Triple(node, DQV.isMeasurementOf, metric)
    yield Triple(node, QUDT.numericValue, Literal(float(measurement.value)))
    yield Triple(node, QUDT.hasUnit, UNIT[measurement.unit])
    yield Triple(node, PROV.wasGeneratedBy, step)
    yield Triple(node, HK.position, INTEGER.write(place))


def read_measured(found: Properties) -> Measurement:
    """Return the figure that a node's properties hold: the inverse of `measured`."""
    metric = found[DQV.isMeasurementOf][0].value.removeprefix(str(HK))
    unit = found[QUDT.hasUnit][0].value.removeprefix(str(UNIT))
    return Measurement(metric, unit=unit, **read_fields(found, terms.MEASUREMENT))
