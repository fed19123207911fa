"""FAIR Data Point: a dataset of its metadata, with its distributions (https://specs.fairdatapoint.org)."""

from __future__ import annotations

from hpcfair_kg.knowledge.views.construct import Construct


class FairDataPoint(Construct):
    """An artifact as the dcat:Dataset, part of the catalogue, that a FAIR Data Point would serve."""

    name = "fdp"
    profile = "https://w3id.org/fdp/fdp-o"
    query = "fdp.rq"


PLUGINS = (FairDataPoint(),)
