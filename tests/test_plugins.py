"""A name finds the one file that does it: beside the others, or in a package elsewhere."""

import sys
from importlib.metadata import EntryPoint

import pytest

from hpcfair_kg import plugins
from hpcfair_kg.errors import UnknownFormat
from hpcfair_kg.plugins import find, shelf


@pytest.fixture
def drinks(tmp_path, monkeypatch):
    """A shelf of one package with two plug-in files and one that offers none."""
    package = tmp_path / "drinks"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("class Drink: name = 'no plug-in'\n")
    for name in ("tea", "coffee"):
        (package / f"{name}.py").write_text(f"class {name}: name = '{name}'\nPLUGINS = ({name},)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "entry_points", lambda group: ())
    shelf.cache_clear()
    yield "drinks"
    shelf.cache_clear()
    for module in [name for name in sys.modules if name.partition(".")[0] == "drinks"]:
        del sys.modules[module]


def test_every_file_that_says_so_is_on_the_shelf(drinks):
    assert shelf(drinks).keys() == {"tea", "coffee"}
    assert find(drinks, "tea") is shelf(drinks)["tea"]


def test_an_unknown_name_is_told_the_names_there_are(drinks):
    with pytest.raises(UnknownFormat, match="no 'jax' in drinks; there are: coffee, tea"):
        find(drinks, "jax")


def test_a_package_elsewhere_adds_its_own_by_an_entry_point(drinks, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text("class cocoa: name = 'cocoa'\n")
    offered = EntryPoint("cocoa", "elsewhere:cocoa", drinks)
    monkeypatch.setattr(plugins, "entry_points", lambda group: (offered,) if group == drinks else ())
    assert find(drinks, "cocoa").name == "cocoa"
    del sys.modules["elsewhere"]


@pytest.mark.parametrize("package", ["hpcfair_kg.formats", "hpcfair_kg.knowledge.views"])
def test_the_real_shelves_are_not_empty_and_hold_what_they_say(package):
    assert shelf(package)
    assert all(find(package, name).name == name for name in shelf(package))
