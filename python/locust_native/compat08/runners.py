"""What pre-1.0 files found in the modules themselves: `locust_runner`, `global_stats`, `web.app`, old class names.

Modules had one of each; today an `Environment` has them. Asked for by their old names, these are those of the
environment that runs, which is the one whose `init` event came last.
"""

from collections.abc import Callable
from typing import Any

import locust
from locust.env import Environment
from locust.runners import Runner
from locust.stats import RequestStats

RENAMED = {
    "LocustRunner": "Runner",
    "LocalLocustRunner": "LocalRunner",
    "DistributedLocustRunner": "DistributedRunner",
    "MasterLocustRunner": "MasterRunner",
    "SlaveLocustRunner": "WorkerRunner",
    "SlaveNode": "WorkerNode",
    "STATE_HATCHING": "STATE_SPAWNING",
    "SLAVE_REPORT_INTERVAL": "WORKER_REPORT_INTERVAL",
}
"""Old name in `locust.runners` → today's."""

_current: Environment | None = None


def enter(environment: Environment, **_arguments: Any) -> None:
    """A listener of `init`: from here on this environment is the one."""
    global _current
    _current = environment
    if environment.web_ui is not None:
        app.join(environment.web_ui.app)


def watch() -> None:
    """Listen for the environment. Called as soon as something old is seen, so that today's files see nothing."""
    if enter not in locust.events.init._handlers:
        locust.events.init.add_listener(enter)


def runner() -> Runner | None:
    """The runner; None before there is one, as then."""
    return None if _current is None else _current.runner


class GlobalStats:
    """Stands for the statistics of the environment that runs: files took `global_stats` before there was a run."""

    _before = RequestStats()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._before if _current is None else _current.stats, name)

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return RequestStats


class App:
    """Stands for the web page's Flask app, and keeps the routes of a file until there is one."""

    def __init__(self) -> None:
        self._routes: list[tuple[tuple, dict[str, Any], Callable]] = []
        self._app: Any = None

    def route(self, *rule: Any, **options: Any) -> Callable[[Callable], Callable]:
        """`@web.app.route("/mine")`."""

        def add(view: Callable) -> Callable:
            self._routes.append((rule, options, view))
            if self._app is not None:
                self._app.route(*rule, **options)(view)
            return view

        return add

    def join(self, real: Any) -> None:
        """Give the routes to the app there is now."""
        self._app = real
        for rule, options, view in self._routes:
            real.route(*rule, **options)(view)

    def __getattr__(self, name: str) -> Any:
        if self._app is None:
            raise AttributeError(
                f"locust.web.app.{name}: there is no web page yet; use it in an init listener"
            )
        return getattr(self._app, name)


app = App()
global_stats = GlobalStats()


def of_runners(name: str) -> Any:
    """`__getattr__` of `locust.runners`."""
    if name in RENAMED:
        return getattr(locust.runners, RENAMED[name])
    if name == "locust_runner":
        watch()
        return runner()
    if name == "global_stats":
        return of_stats(name)
    raise AttributeError(f"module 'locust.runners' has no attribute {name!r}")


def of_stats(name: str) -> Any:
    """`__getattr__` of `locust.stats`."""
    if name == "global_stats":
        watch()
        return global_stats
    raise AttributeError(f"module 'locust.stats' has no attribute {name!r}")


def of_web(name: str) -> Any:
    """`__getattr__` of `locust.web`."""
    if name == "app":
        watch()
        return app
    raise AttributeError(f"module 'locust.web' has no attribute {name!r}")
