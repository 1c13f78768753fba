"""The example notebook runs from a clean state in a real kernel, and shows what it says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parents[1] / "examples" / "funnel.ipynb"

# In a process of its own: this one is patched by gevent.
EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

source, target = sys.argv[1:]
notebook = nbformat.read(source, 4)
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
notebook.metadata.pop("widgets", None)
client = NotebookClient(notebook, timeout=150, kernel_name="python3", store_widget_state=False,
                        resources={"metadata": {"path": source.rpartition("/")[0]}})
client.execute()
nbformat.write(notebook, target)
"""


@pytest.mark.timeout(300)
def test_the_notebook_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(tmp_path / "done.ipynb")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    notebook = json.loads((tmp_path / "done.ipynb").read_text())
    shown = [
        output.get("data", {})
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if output["output_type"] in ("execute_result", "display_data")
    ]
    assert sum("image/png" in data for data in shown) == 2
    text = ["".join(data.get("text/plain", "")) for data in shown]
    assert any(line.startswith("<Run: ") and " 0 failed" in line for line in text)
    assert any(line.startswith("<Comparison: ") and "GET / p50 +" in line for line in text), text
    assert text[-1] == "True"


def test_the_outputs_in_the_repository_are_whole_and_small():
    notebook = json.loads(NOTEBOOK.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) >= 10
    assert all(cell["execution_count"] for cell in code)
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    assert NOTEBOOK.stat().st_size < 250_000
