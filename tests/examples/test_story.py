"""The notebook that tells the whole story, executed cell by cell against a real service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import Live

ROOT = Path(__file__).parents[2]
STORY = ROOT / "examples" / "story.ipynb"


def test_the_story_runs_from_beginning_to_end(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("nbclient", "ipykernel", "skops", "pandas"):
        pytest.importorskip(module, reason=f"needs {module}")
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("HPCFAIR_ENDPOINT", live.url)
    monkeypatch.setenv("HPCFAIR_TOKEN", live.token)
    monkeypatch.setenv("HPCFAIR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(STORY, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = "\n".join(
        str(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )
    for words in ("story-grower ready equal", "scikit-learn", "story-scaler", "equal to the chained run"):
        assert words in shown


def test_it_is_kept_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    notebook = nbformat.read(STORY, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
