"""A Python that has Locust loaded and forks a child for each run: a second of imports less than a process of its own.

As a program it reads one job a line (JSON: arguments, folder, files for output and errors) and answers with the
exit status. The fork comes before any thread exists, as with `locust --processes`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 60  # seconds for one run


class ForkServer:
    """The test's end of it."""

    def __init__(self) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**env, "PYTHONUNBUFFERED": "1", "LOCUST_NATIVE": "1"},
        )

    def run(self, arguments: list[str], cwd: Path) -> tuple[int, str, str]:
        """Exit status, output and errors of `locust <arguments>`, or of a file if its name comes first."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            job = {"arguments": arguments, "cwd": str(cwd), "out": out.name, "err": err.name}
            print(json.dumps(job), file=self._process.stdin, flush=True)
            code = json.loads(self._process.stdout.readline())
            return code, out.read().decode(), err.read().decode()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()


def become(job: dict) -> None:
    """In the child: be a process that has just been started so."""
    import signal

    import gevent

    signal.alarm(LIMIT)
    gevent.reinit()
    gevent.get_hub().loop.update_now()  # its clock stands where the parent's stood as Locust was imported
    os.chdir(job["cwd"])
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(job[name], os.O_WRONLY), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[0] = job["cwd"]
    sys.argv = job["arguments"]


if __name__ == "__main__":
    import locust.main
    from gevent.monkey import get_original

    fork, waitpid = get_original("os", "fork"), get_original("os", "waitpid")
    for line in sys.stdin:
        job = json.loads(line)
        child = fork()
        if child == 0:
            become(job)
            break
        print(os.waitstatus_to_exitcode(waitpid(child, 0)[1]), flush=True)
    else:
        sys.exit()
    if sys.argv[0] == "locust":
        sys.exit(locust.main.main())
    import runpy

    runpy.run_path(sys.argv[0], run_name="__main__")
