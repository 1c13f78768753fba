"""Sets the stage for Locust's tests: an environment with everything they need, and an empty folder to run in."""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
GROUPS = ("test", "otel")
"""The groups of packages that Locust's repository names for its tests."""


@dataclass(frozen=True)
class Stage:
    """Where the tests lie, where they run, and on which Locust."""

    venv: Path
    tests: Path
    """`locust/test`, copied into the installed package, so that `locust.test` imports the installed code."""
    folder: Path
    """Where pytest runs: Locust's examples and a pytest.ini, nothing else."""
    locust: str
    fingerprint: str
    """Changes whenever the tests do."""

    @property
    def bin(self) -> Path:
        return self.venv / "bin"

    @property
    def settings(self) -> Path:
        return self.folder / "pytest.ini"


def prepare(source: Path, work: Path, venv: Path | None, locust: str, install: bool) -> Stage:
    """Make the environment (or complete the one given) and lay out the tests of the checkout `source`.

    Raises SystemExit with one line if `source` is no checkout of Locust.
    """
    if not (source / "locust" / "test" / "testcases.py").is_file():
        raise SystemExit(f"{source}: no checkout of Locust's repository, there is no locust/test in it")
    settings = tomllib.loads((source / "pyproject.toml").read_text())
    venv = venv or work / "venv"
    if not (venv / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"locust=={locust}", *_packages(settings)], check=True)
    if install:
        subprocess.run([*pip, PROJECT], check=True)

    package = _installed_locust(venv)
    shutil.rmtree(package / "test", ignore_errors=True)
    shutil.copytree(source / "locust" / "test", package / "test")
    folder = work / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source / "examples", folder / "examples")
    stage = Stage(venv, package / "test", folder, locust, _fingerprint(package / "test"))
    stage.settings.write_text(_pytest_ini(settings))
    return stage


def _packages(settings: dict) -> list[str]:
    """What the tests need, as Locust's pyproject.toml has it."""
    groups = {**settings["project"].get("optional-dependencies", {}), **settings.get("dependency-groups", {})}
    return [package for name in GROUPS for package in groups.get(name, ())]


def _installed_locust(venv: Path) -> Path:
    """The folder of the package; Locust is not imported for it."""
    find = "import importlib.util as u; print(u.find_spec('locust').origin)"
    run = subprocess.run(
        [venv / "bin" / "python", "-P", "-c", find], check=True, capture_output=True, text=True
    )
    return Path(run.stdout.strip()).parent


def _pytest_ini(settings: dict) -> str:
    """The filters of Locust's own pytest settings, under either of the two names pytest has for them."""
    pytest = settings.get("tool", {}).get("pytest", {})
    filters = {**pytest.get("ini_options", {}), **pytest}.get("filterwarnings", [])
    return "\n".join(["[pytest]", "filterwarnings =", *(f"    {line}" for line in filters), ""])


def _fingerprint(tests: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(tests.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def environment(stage: Stage, native: bool) -> dict[str, str]:
    """The variables for a run: the environment's `bin` first, as tests start `locust` themselves."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "PYTEST_"))}
    kept |= {
        "PATH": f"{stage.bin}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(stage.venv),
        "PYTHONPATH": str(Path(__file__).with_name("plugin")),
        # Not on the command line: a parser test reads it and takes options of pytest for its own.
        "PYTEST_ADDOPTS": shlex.join(
            ["-p", "no:cacheprovider", "-p", "conformance_recorder", f"--config-file={stage.settings}"]
        ),
    }
    return kept if native else kept | {"LOCUST_NATIVE": "0"}
