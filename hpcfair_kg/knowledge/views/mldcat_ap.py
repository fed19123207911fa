"""MLDCAT-AP 3.1.0: machine learning models for the data portals of Europe.

https://semiceu.github.io/MLDCAT-AP/releases/3.1.0/
"""

from __future__ import annotations

from hpcfair_kg.knowledge.views.construct import Construct


class MldcatAp(Construct):
    """A model as an it6:MachineLearningModel; a withdrawn one keeps its files' names and hashes, as the profile asks."""

    name = "mldcat-ap"
    profile = "https://semiceu.github.io/MLDCAT-AP/releases/3.1.0/"
    kinds = ("model",)
    query = "mldcat_ap.rq"


PLUGINS = (MldcatAp(),)
