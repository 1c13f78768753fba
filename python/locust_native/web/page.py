"""The tab "Native" in Locust's web page, the same on a page of its own, and the figures as JSON."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

from flask import Blueprint, Response, jsonify, render_template_string, request
from locust.web import WebUI

from ..metrics.percentiles import in_table
from . import assets, table
from .view import view

logger = logging.getLogger(__name__)

Source = Callable[[Any], dict[str, Any]]
NAME = "locust_native"
_FRESH = 1.0  # seconds for which all open pages share one look at the figures
_stock_init = WebUI.__init__


@wraps(_stock_init)
def init(self: WebUI, *args: Any, **kwargs: Any) -> None:
    """Stands in place of `WebUI.__init__`: Locust's own, then ours beside it."""
    _stock_init(self, *args, **kwargs)
    try:
        attach(self)
    except Exception as error:  # a page without our tab is better than no page
        logger.warning("no native figures on the web page: %s: %s", type(error).__name__, error)


def attach(web_ui: WebUI, source: Source | None = None) -> None:
    """Adds the tab and its routes to a web page that has not answered a request yet.

    `source` answers with the figures of an environment; `collected` unless given.
    """
    app = web_ui.app
    assert app is not None
    if NAME in app.blueprints:
        return
    if (rows := app.view_functions.get("locust.request_stats")) is not None:  # of Locust's own table
        app.view_functions["locust.request_stats"] = in_table(rows)
    look = _Look(web_ui.environment, source or collected)
    glance = _Look(web_ui.environment, source or for_view)
    routes = Blueprint(NAME, __name__, url_prefix=app.blueprints["locust"].url_prefix)
    guarded = web_ui.auth_required_if_enabled

    @routes.route("/native/")
    @guarded
    def page() -> str:
        return render_template_string(assets.text("page.html"), version=_version())

    @routes.route("/native/figures")
    @guarded
    def figures() -> Response:
        known = request.args
        viewed = known.get("view") == "page"
        try:
            found = glance() if viewed else look()
        except Exception as error:
            logger.exception("cannot collect the native figures")
            answer = jsonify({"error": f"cannot collect the figures: {type(error).__name__}: {error}"})
            answer.status_code = 500
        else:
            if viewed:
                found = view(found, known.get("run", type=float), known.get("since", type=float))
            answer = jsonify(found)
            if "download" in known:
                answer.headers["Content-Disposition"] = "attachment; filename=native-figures.json"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @routes.route("/native/requests.csv")
    @guarded
    def requests_csv() -> Response:
        answer = Response(table.requests(look()), mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename=precise-requests.csv"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    # Scripts hold nothing of the run; like Locust's own they need no login.
    @routes.route("/native/element.js")
    def element() -> Response:
        return _script(gzip.compress(assets.element().encode(), mtime=0))

    @routes.route("/native/tab.js")
    def tab() -> Response:
        return _script(gzip.compress(assets.text("tab.js").encode(), mtime=0))

    @routes.route("/native/chart.js")
    def charts() -> Response:
        library = assets.charts()
        return Response(status=404) if library is None else _script(library)

    app.register_blueprint(routes)
    app.after_request(_with_tab)


def collected(environment: Any) -> dict[str, Any]:
    """The figures of this run."""
    from ..metrics.collect import collect

    return collect(environment)


def for_view(environment: Any) -> dict[str, Any]:
    """The same without what `view` leaves out, and what takes longest."""
    from ..metrics.collect import collect

    return collect(environment, histograms=False)


class _Look:
    """The figures of an environment, not older than `_FRESH`."""

    def __init__(self, environment: Any, source: Source) -> None:
        self._environment, self._source = environment, source
        self._taken = -_FRESH
        self._found: dict[str, Any] = {}

    def __call__(self) -> dict[str, Any]:
        if monotonic() - self._taken >= _FRESH:
            self._found = self._source(self._environment)
            self._taken = monotonic()
        return self._found


def _with_tab(response: Response) -> Response:
    """Lets Locust's page load our scripts, also where a locustfile serves that page under a route of its own."""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        html = response.get_data(as_text=True)
        head, end, tail = html.rpartition("</body>")
        # A report has arguments, too, and brings its own scripts.
        if end and "window.templateArgs" in head and '"is_report": true' not in head:
            query = f"?v={_version()}"
            scripts = "".join(
                f'<script src="./native/{name}.js{query}"></script>\n' for name in ("tab", "element")
            )
            response.set_data(f"{head}{scripts}{end}{tail}")
    return response


def _script(packed: bytes) -> Response:
    answer = Response(packed, mimetype="text/javascript")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer.set_data(gzip.decompress(packed))
    answer.headers["Cache-Control"] = "max-age=86400" if "v" in request.args else "no-cache"
    answer.vary.add("Accept-Encoding")
    return answer


def _version() -> str:
    """What makes a browser load the scripts anew: ours, and the library's version."""
    from .. import activation

    return f"{activation.__version__}-{assets.charts_version()}"
