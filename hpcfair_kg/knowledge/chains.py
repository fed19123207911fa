"""A workflow's chain: models in order, each with what feeds it, as `hk:ChainStep`s of an `hpc:Workflow`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyoxigraph import NamedNode, Triple

from hpcfair_kg.artifact import Link
from hpcfair_kg.knowledge.codecs import INTEGER
from hpcfair_kg.knowledge.iris import part
from hpcfair_kg.knowledge.terms import LINK, Properties, fields, ordered, read_fields, typed
from hpcfair_kg.knowledge.vocabulary import HK, HPC


def chained(node: NamedNode, links: Iterable[Link]) -> Iterator[Triple]:
    """Yield the steps of a chain."""
    for place, link in enumerate(links):
        step = part(node.value, "step", place)
        yield Triple(node, HK.step, step)
        yield Triple(step, HPC.isStepOfPlan, node)
        yield from typed(step, (HK.ChainStep,))
        yield from fields(step, link, LINK)
        yield Triple(step, HK.position, INTEGER.write(place))


def read_chained(nodes: Mapping[NamedNode, Properties], record: Properties) -> tuple[Link, ...]:
    """Return the steps of a chain in their order: the inverse of `chained`."""
    return tuple(Link(**read_fields(step, LINK)) for step in ordered(nodes, record.get(HK.step, ())))
