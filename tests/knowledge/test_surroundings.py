from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpcfair_kg.activity import Environment, Hardware, Step
from hpcfair_kg.backends.graph.oxigraph import Oxigraph
from hpcfair_kg.knowledge.catalogue import Catalogue
from hpcfair_kg.knowledge.search import Index
from hpcfair_kg.knowledge.surroundings import environment, hardware, read_environment, read_hardware

SITE = "https://models.example.org/ark:/99999/"
TORCH = Environment("3.11.2", "Linux x86_64", ("numpy 2.4.6", "torch 2.13.0+cpu", "python-dateutil 2.9"))
NODE = Hardware("POWER9 (altivec)", 44, 256 << 30, ("Tesla V100",) * 4, "https://hpc.example.org/lassen")


def test_an_environment_comes_back_with_its_packages_sorted() -> None:
    _, graph = environment(SITE, TORCH)
    assert read_environment(reversed(graph)) == replace(TORCH, packages=tuple(sorted(TORCH.packages)))


@pytest.mark.parametrize(
    "found",
    [NODE, Hardware(), Hardware(cores=2), Hardware("a <cpu>", gpus=("x", "y")), Hardware(machine="urn:m")],
)
def test_hardware_comes_back(found: Hardware) -> None:
    _, graph = hardware(SITE, found)
    assert read_hardware(reversed(graph)) == found


def test_equal_surroundings_have_one_iri_and_others_another() -> None:
    assert environment(SITE, TORCH)[0] == environment(SITE, replace(TORCH))[0]
    assert environment(SITE, TORCH)[0] != environment(SITE, replace(TORCH, python="3.12.0"))[0]
    assert hardware(SITE, NODE)[0] != hardware(SITE, replace(NODE, cores=2))[0]


def test_a_graph_of_something_else_is_neither() -> None:
    assert read_environment([]) is None
    assert read_environment(hardware(SITE, NODE)[1]) is None
    assert read_hardware(environment(SITE, TORCH)[1]) is None


def test_a_step_is_told_what_it_ran_in_and_on(tmp_path: Path) -> None:
    graphs, index = Oxigraph(tmp_path / "graph"), Index(tmp_path / "index")
    catalogue = Catalogue(graphs, index, "https://models.example.org", "99999")
    inside, on = catalogue.surround(TORCH, NODE)
    found = catalogue.surroundings(Step("convert", "succeeded", environment=inside, hardware=on))
    assert found == (replace(TORCH, packages=tuple(sorted(TORCH.packages))), NODE)
    assert catalogue.surroundings(Step("recognise", "succeeded")) == (None, None)
    assert catalogue.surroundings(Step("x", "failed", environment=f"{inside}0")) == (None, None)
    index.close()
    graphs.close()
