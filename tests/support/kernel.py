"""Execute cells in a real Jupyter kernel, which a process of its own looks after (this one is patched by gevent).

Usage: python tests/support/kernel.py FOLDER, with the cells as JSON on the standard input: [{"code": …,
"interrupt": text after whose appearance the cell is interrupted}, …]. Prints JSON: of each cell what it printed, its
result, its error and traceback, and what it showed: MIME types, HTML and texts.
"kill": true in a cell kills the kernel at that text instead.
"""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_PATIENCE = 60
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def cells(folder: Path, *asked: str | dict[str, Any]) -> list[dict[str, Any]]:
    """What came of the cells, which are executed one after the other."""
    given = [{"code": each} if isinstance(each, str) else each for each in asked]
    env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        input=json.dumps(given), capture_output=True, text=True, timeout=110, cwd=folder,
        env={**env, "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PLATFORM_DIRS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _execute(client: Any, manager: Any, cell: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"text": "", "result": None, "error": None, "shown": [], "html": "", "plain": []}
    asked = client.execute(cell["code"])
    mark, end = cell.get("interrupt"), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            said["text"] += content["text"]
            if mark and mark in said["text"]:
                mark = None
                if cell.get("kill"):
                    os.kill(manager.provisioner.process.pid, signal.SIGKILL)
                    return said
                manager.interrupt_kernel()
        elif kind in ("execute_result", "display_data", "update_display_data"):
            said["shown"] += sorted(content["data"])
            said["html"] += content["data"].get("text/html", "")
            said["plain"].append(content["data"].get("text/plain", ""))
            if kind == "execute_result":
                said["result"] = content["data"]["text/plain"]
        elif kind == "error":
            said["error"] = _COLOURS.sub("", "\n".join([content["ename"], content["evalue"]]))
            said["traceback"] = [_COLOURS.sub("", line) for line in content["traceback"]]
        elif kind == "status" and content["execution_state"] == "idle":
            return said
    raise TimeoutError(f"the cell did not end: {cell['code']}\n{said}")


def main() -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=sys.argv[1])
    try:
        print(json.dumps([_execute(client, manager, cell) for cell in json.load(sys.stdin)]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
