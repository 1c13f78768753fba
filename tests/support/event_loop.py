"""Run the body of an asyncio program in a process of its own, where neither gevent nor Locust is."""

import json
import textwrap
from pathlib import Path
from typing import Any

from support import running

_PROGRAM = """
import asyncio, json, logging, sys, time
import locust_native as ln

ln.AsyncSession, ln.Statistics  # loads them, for which a loop need not wait
logging.getLogger("asyncio").setLevel(logging.ERROR)     # that a callback took long, is the machine's fault here
ARGUMENTS = json.loads(sys.argv[1])
def say(**values):
    print("say: " + json.dumps(values))

def left(processes):
    import psutil   # one of them may go while it is looked at
    found = []
    for each in processes:
        try:
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each.pid)
        except psutil.NoSuchProcess:
            pass
    return found

async def main(url, **more):
{body}

if __name__ == "__main__":
    {run}
    assert not {{"gevent", "locust"}} & sys.modules.keys(), "it has imported what patches the world"
"""

_LOOPS = {
    "asyncio": "asyncio.run(main(**ARGUMENTS))",
    "uvloop": "import uvloop; uvloop.run(main(**ARGUMENTS))",
    "eager": (
        "runner = asyncio.Runner(); runner.get_loop().set_task_factory(asyncio.eager_task_factory); "
        "runner.run(main(**ARGUMENTS)); runner.close()"
    ),
}


def run(body: str, folder: Path, loop: str = "asyncio", **arguments: Any) -> list[dict[str, Any]]:
    """What the body of `async def main(url, **more)` said, call by call of `say(…)`.

    Fails if it did not end well, or if asyncio's debugging had anything to say.
    """
    text = _PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "), run=_LOOPS[loop])
    (folder / "program.py").write_text(text)
    done = running.run(["-X", "dev", "-W", "error", "program.py", json.dumps(arguments)], folder)
    assert done.code == 0, done.out + done.err
    assert not done.err, done.err
    return [json.loads(line) for line in done.said]
