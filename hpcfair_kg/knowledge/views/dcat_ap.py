"""DCAT-AP 3.0.1: what the data portals of Europe harvest.

https://semiceu.github.io/DCAT-AP/releases/3.0.1/
"""

from __future__ import annotations

from hpcfair_kg.knowledge.views.construct import Construct


class DcatAp(Construct):
    """An artifact as a dcat:Dataset in a catalogue of its own; a withdrawn one is a deleted record without files."""

    name = "dcat-ap"
    profile = "https://semiceu.github.io/DCAT-AP/releases/3.0.1/"
    query = "dcat_ap.rq"


PLUGINS = (DcatAp(),)
