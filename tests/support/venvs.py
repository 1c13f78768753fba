"""Throw-away virtual environments with the start-up hook in them, and Locust beside it."""

import importlib.util
import json
import os
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path(importlib.util.find_spec("locust_native").origin).parent
LOCUST = Path(importlib.util.find_spec("locust").origin).parent
START_FILES = Path(__file__).parents[2] / "python" / "locust_native.data" / "purelib"

# Leaves at once: what is tested is how Locust starts and what it exits with.
LOCUSTFILE = """
from locust import User, task

class Visitor(User):
    @task
    def leave(self):
        self.environment.runner.quit()
"""


@dataclass(frozen=True)
class Environment:
    """One virtual environment; `packages` is its site-packages folder."""

    home: Path

    @property
    def packages(self) -> Path:
        return next(self.home.glob("lib/python*/site-packages"))

    @property
    def package(self) -> Path:
        return self.packages / "locust_native"

    def run(
        self, *arguments: str, native: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess:
        """`python <arguments>` in the environment's own empty folder, LOCUST_NATIVE as given or unset."""
        env = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "PYTHONPATH"))
        }
        env |= variables | ({} if native is None else {"LOCUST_NATIVE": native})
        command = [self.home / "bin" / "python", *arguments]
        return subprocess.run(command, cwd=self.home, env=env, capture_output=True, text=True, timeout=60)

    def ask(self, code: str, *options: str, native: str | None = None, **variables: str) -> Any:
        """What the code leaves in `answer`; fails if it prints anything or does not exit with 0."""
        end = "\nimport json, os; os.write(1, json.dumps(answer).encode())"
        done = self.run(*options, "-c", code + end, native=native, **variables)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    def locust(
        self, *arguments: str, native: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess:
        """`locust -f <a file whose user quits at once> --headless <arguments>`."""
        (self.home / "quits.py").write_text(LOCUSTFILE)
        options = ("-f", "quits.py", "--headless", "--only-summary")
        return self.run("-m", "locust", *options, *arguments, native=native, **variables)


def build(home: Path, locust: bool = True) -> Environment:
    """A new environment with a copy of the package, the start-up files, and on request Locust in reach."""
    venv.EnvBuilder(symlinks=True).create(home)
    environment = Environment(home)
    shutil.copytree(PACKAGE, environment.package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for library in PACKAGE.glob("*.so"):
        (environment.package / library.name).symlink_to(library)
    for file in START_FILES.iterdir():
        if file.is_file():
            shutil.copy(file, environment.packages)
    if locust:
        # Start-up files are not read in a folder that is only named here: no hook but the one under test.
        (environment.packages / "zz_locust.pth").write_text(f"{LOCUST.parent}\n")
    return environment


def altered_locust(environment: Environment, changes: dict[str, str]) -> None:
    """Give the environment a Locust of its own in which text is appended to the files named."""
    ignored = shutil.ignore_patterns("webui", "__pycache__")
    shutil.copytree(LOCUST, environment.packages / "locust", ignore=ignored)
    for file, text in changes.items():
        with open(environment.packages / "locust" / file, "a") as out:
            out.write(f"\n{text}\n")
