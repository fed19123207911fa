from __future__ import annotations

import pytest

from hpcfair_kg.knowledge import iris

ID = "https://models.example.org/ark:/99999/h7x2k9b4m"


def test_an_artifact_is_known_by_its_ark() -> None:
    assert iris.ark(ID) == "ark:/99999/h7x2k9b4m"
    assert iris.site(ID) == "https://models.example.org"
    assert iris.host(ID) == "models.example.org"
    assert iris.host("http://[::1]:8080/ark:/99999/x") == "[::1]:8080"


@pytest.mark.parametrize("name", ["model.onnx", "deep/down/weights.bin", "ü #?%.txt", "#file-", "a b", "~"])
def test_a_file_comes_back_from_its_node(name: str) -> None:
    assert iris.file_name(iris.file_node(ID, name)) == name


def test_a_job_comes_back_from_its_node_below_the_provenance() -> None:
    node = iris.job_node(ID, "h7x2k9b4m.12")
    assert node.value == f"{ID}/provenance#job-h7x2k9b4m.12"
    assert iris.job_id(node) == "h7x2k9b4m.12"


def test_what_a_site_shares_leads_to_its_front_page() -> None:
    assert iris.shared(ID, "software", "torch@2.13.0+cpu").value == (
        "https://models.example.org/#software/torch@2.13.0+cpu"
    )
