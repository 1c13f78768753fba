"""The code blocks of the documents work as they are written, but for the length of the tests in them."""

import re
import shutil
from pathlib import Path

import pytest

from support import running
from support.kernel import cells

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SHORTER = {
    r'run_time="\w+"': 'run_time="3s"',
    r"users=\d+": "users=10",
    r"range\(1000\)": "range(20)",
    r"range\(10\)": "range(2)",
}


def blocks(document: str) -> list[str]:
    found = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs" / document).read_text(), re.MULTILINE | re.DOTALL
    )
    assert found
    for long, short in SHORTER.items():
        found = [re.sub(long, short, block) for block in found]
    return found


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "locustfiles", tmp_path / "locustfiles")
    return tmp_path


def test_the_blocks_for_a_notebook(folder):
    code = blocks("notebook.md")
    done = cells(folder, *code, "with ln.MockSaleor() as shop: test_visitors_look_at_the_front_page(shop)")
    assert len(done) == len(code) + 1
    for block, said in zip(code, done, strict=False):
        assert said["error"] is None, (block, said["error"])
    assert done[-1]["error"] is None


@pytest.mark.parametrize("document", ["results.md", "asyncio.md"])
def test_the_blocks_for_a_script(folder, document):
    (folder / "script.py").write_text("\n".join(blocks(document)))
    done = running.run(["-W", "error", "script.py"], folder)
    assert done.code == 0, done.out + done.err
    if document == "asyncio.md":
        assert done.out == "<Statistics: 40 requests, 0 failures>\n"
