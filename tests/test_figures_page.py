"""The native figures in Locust's web page and HTML report: what is served, and what a browser makes of it."""

import csv
import io
import json
import logging
import random
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask import render_template
from hypothesis import given
from hypothesis import strategies as st
from locust import HttpUser, task
from locust.env import Environment
from locust.html import get_html_report
from locust.web import WebUI

from locust_native.web import assets, page, report
from locust_native.web.view import ROWS, view
from support import sample_figures
from support.browser import Browser, found

SHORT = sample_figures.figures(60)
LIMITED = sample_figures.figures(
    300,
    limited=True,
    names=(*sample_figures.NAMES, ("GET", sample_figures.LONG), ("GET", sample_figures.HOSTILE)),
)


class Someone(HttpUser):
    host = "http://127.0.0.1:1"

    @task
    def nothing(self) -> None:
        pass


class Served(SimpleNamespace):
    """A web page of Locust with ours beside it; `figures` is what it shows, or the error it meets."""

    def source(self, environment: Environment) -> dict[str, Any]:
        assert environment is self.environment
        self.looks += 1
        if isinstance(self.figures, Exception):
            raise self.figures
        return self.figures

    def get(self, path: str, **arguments: Any) -> Any:
        return self.web_ui.app.test_client().get(path, **arguments)

    def listen(self) -> str:
        self.web_ui.start()
        while self.web_ui.server is None or not self.web_ui.server.started:
            gevent.sleep(0.01)
        return f"http://127.0.0.1:{self.web_ui.server.server_port}"


@pytest.fixture(autouse=True)
def no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's page reads the command line for options to show."""
    monkeypatch.setattr(sys, "argv", ["locust"])


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Served]]:
    monkeypatch.setattr(page, "_FRESH", 0.0)
    made: list[Served] = []

    def serving(figures: Any = SHORT, ours: bool = True, **arguments: Any) -> Served:
        environment = Environment(user_classes=[Someone], host=Someone.host)
        environment.create_local_runner()
        served = Served(
            environment=environment,
            figures=figures,
            looks=0,
            web_ui=WebUI(environment, "127.0.0.1", 0, delayed_start=True, **arguments),
        )
        made.append(served)
        if ours:
            page.attach(served.web_ui, served.source)
        return served

    yield serving
    for served in made:
        if served.web_ui.server is not None:
            served.web_ui.stop()
        served.environment.runner.quit()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found()
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


# What is served.


def test_locusts_page_is_its_own_and_two_scripts(serve):
    ours, stock = (serve(ours=mine).get("/").text for mine in (True, False))
    added = re.findall(r'<script src="\./native/(\w+)\.js\?v=[\w.+-]+"></script>\n', ours)
    assert added == ["tab", "element"]
    assert re.sub(r'<script src="\./native/.*\n', "", ours) == stock


@pytest.mark.parametrize(
    "path", ["/stats/requests", "/exceptions", "/tasks", "/logs", "/stats/report", "/nowhere"]
)
def test_everything_else_is_locusts_own(serve, path):
    ours, stock = (serve(ours=mine).get(path) for mine in (True, False))
    assert ours.status_code == stock.status_code
    # The report tells the second it was made in.
    assert re.sub(r"[\d-]+T[\d:]+Z", "", ours.text) == re.sub(r"[\d-]+T[\d:]+Z", "", stock.text)


def test_below_a_base_path(serve):
    served = serve(web_base_path="/load")
    assert "./native/tab.js" in served.get("/load/").text
    for path in ("", "figures", "tab.js", "element.js", "chart.js"):
        assert served.get(f"/load/native/{path}").status_code == 200, path
    assert served.get("/native/figures").status_code == 404


def test_a_page_that_a_locustfile_serves_gets_the_tab_too(serve):
    served = serve()

    @served.web_ui.app.route("/extended")
    def extended() -> str:
        return render_template(
            "index.html", template_args={"extended_tabs": [{"title": "Theirs", "key": "theirs"}]}
        )

    assert "./native/tab.js" in served.get("/extended").text


def test_the_figures_as_json(serve):
    served = serve()
    answer = served.get("/native/figures")
    assert answer.json == SHORT
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Disposition" not in answer.headers
    saved = served.get("/native/figures?download")
    assert saved.json == SHORT
    assert saved.headers["Content-Disposition"] == "attachment; filename=native-figures.json"


def test_a_page_is_told_what_is_new(serve):
    served = serve()
    first = served.get("/native/figures?view=page").json
    assert first["whole"]
    assert first["series"] == SHORT["series"]
    assert "seconds" not in first
    assert "histogram" not in json.dumps(first)
    run, since = first["started_at"], SHORT["seconds"][50]["at"]
    later = served.get("/native/figures", query_string={"view": "page", "run": run, "since": since}).json
    assert not later["whole"]
    assert later["series"]["points"] == SHORT["series"]["points"][50:]
    other = served.get("/native/figures", query_string={"view": "page", "run": run - 9, "since": since}).json
    assert other["whole"]
    assert other["series"] == SHORT["series"]


def test_the_rows_of_a_page_are_the_busiest_ones():
    dice = random.Random(3)
    rows = [sample_figures.row(dice, "GET", f"/{number:04}", 1 + number % 7) for number in range(ROWS + 60)]
    shown = view({**SHORT, "rows": rows})
    assert len(shown["rows"]) == ROWS
    assert shown["rows_left_out"] == 60
    kept = [row["name"] for row in shown["rows"]]
    assert kept == sorted(kept)
    assert {row["requests"] for row in rows if row["name"] not in kept} == {1}


def test_all_pages_share_a_look(serve, monkeypatch):
    monkeypatch.setattr(page, "_FRESH", 1.0)
    now = [100.0]
    monkeypatch.setattr(page, "monotonic", lambda: now[0])
    served = serve()
    for _ in range(3):
        served.get("/native/figures?view=page")
    assert served.looks == 1
    now[0] += 1.0
    served.get("/native/figures")
    assert served.looks == 2


def test_figures_that_cannot_be_had(serve, caplog):
    served = serve(ValueError("no such <histogram>"))
    answer = served.get("/native/figures?view=page")
    assert answer.status_code == 500
    assert answer.json == {"error": "cannot collect the figures: ValueError: no such <histogram>"}
    assert "cannot collect the native figures" in caplog.text


def test_a_login_guards_the_figures(serve):
    served = serve(web_login=True)
    served.web_ui.app.secret_key = "of this test"
    served.web_ui.login_manager.user_loader(lambda _: None)
    for path in ("/native/", "/native/figures", "/native/figures?view=page"):
        answer = served.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login")
    assert served.looks == 0
    assert "native" not in served.get("/login").text


def test_a_master_has_the_page(free_port):
    environment = Environment(user_classes=[Someone])
    runner = environment.create_master_runner("127.0.0.1", free_port)
    try:
        web_ui = WebUI(environment, "127.0.0.1", 0, delayed_start=True)
        page.attach(web_ui, lambda given: {**SHORT, "warnings": [type(given.runner).__name__]})
        client = web_ui.app.test_client()
        assert "./native/tab.js" in client.get("/").text
        assert client.get("/native/figures").json["warnings"] == ["MasterRunner"]
    finally:
        runner.quit()


def test_scripts_travel_packed_where_the_browser_can_unpack(serve):
    served = serve()
    plain = served.get("/native/chart.js")
    packed = served.get("/native/chart.js?v=1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 4
    assert "Chart.js v4" in plain.text
    assert "Permission is hereby granted" in plain.text


def test_attached_once(serve):
    served = serve()
    page.attach(served.web_ui, served.source)
    assert served.get("/").text.count("native/tab.js") == 1


def test_in_place_of_the_web_uis_init(monkeypatch, caplog):
    monkeypatch.setattr(WebUI, "__init__", page.init)
    environment = Environment(user_classes=[Someone])
    environment.create_local_runner()
    client = WebUI(environment, "127.0.0.1", 0, delayed_start=True).app.test_client()
    assert "./native/tab.js" in client.get("/").text

    def refuse(web_ui: WebUI) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(page, "attach", refuse)
    client = WebUI(environment, "127.0.0.1", 0, delayed_start=True).app.test_client()
    assert client.get("/").status_code == 200
    assert "no native figures on the web page: RuntimeError: no room" in caplog.text


# The report.


def finished(
    serve: Callable[..., Served], figures: Any = LIMITED, theme: str = "light"
) -> tuple[Served, str, str]:
    served = serve(figures)
    stock = get_html_report(served.environment, theme=theme)
    return served, stock, report.add(served.environment, stock, served.source)


class Loaded(HTMLParser):
    """What a page would load from elsewhere, and how its scripts are given."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script":
            self.scripts.append(given.get("id") or "")
        if tag in ("script", "img", "link", "iframe"):
            self.addresses += filter(None, (given.get("src"), given.get("href")))


def test_the_report_stays_one_file(serve):
    _, stock, html = finished(serve)
    head, _, tail = stock.rpartition("</body>")
    assert html.startswith(head)
    assert html.endswith(f"</body>{tail}")
    added = Loaded(html[len(head) : len(html) - len(tail)])
    assert added.addresses == []
    assert added.scripts == ["native-figures-data", "native-figures-charts", ""]
    assert len(html) - len(stock) < 350_000


def test_a_report_without_figures_is_locusts(serve, caplog):
    served, stock, html = finished(serve, ValueError("gone"))
    assert html == stock
    assert "no native figures in the HTML report: ValueError: gone" in caplog.text
    assert report.add(served.environment, "<p>not a report", lambda _: SHORT) == "<p>not a report"


def test_a_report_without_the_chart_library(serve, monkeypatch, caplog):
    monkeypatch.setattr(assets, "_CHARTS", "nowhere.js")
    assets.charts.cache_clear()
    try:
        _, _, html = finished(serve)
        finished(serve)
        assert 'id="native-figures-data"' in html
        assert 'id="native-figures-charts"' not in html
        told = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert len(told) == 1
        assert "pip install --force-reinstall chartkick" in told[0].getMessage()
    finally:
        assets.charts.cache_clear()


@given(st.dictionaries(st.text(), st.lists(st.text())))
def test_no_name_ends_the_script_it_stands_in(value):
    written = report._harmless(value)
    assert "<" not in written
    assert json.loads(written) == value


# What a browser makes of it.

FIGURES = "document.querySelector('native-figures')"
INSIDE = f"{FIGURES}?.shadowRoot"
OFTEN = f"{FIGURES}.setAttribute('every', 200)"
#: How many charts have something drawn on them: a strip from top to bottom has many colours.
DRAWN = f"""[...({INSIDE}?.querySelectorAll('canvas') ?? [])].filter((canvas) => {{
  if (!canvas.width || !canvas.height) return false;
  const {{ data }} = canvas.getContext('2d').getImageData(canvas.width / 2, 0, 20, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size > 3;
}}).length"""


def cell(name: str, column: str, table: int = 0) -> str:
    """The text of a cell, by the name of its row and the title of its column."""
    return f"""(() => {{
      const table = {INSIDE}?.querySelectorAll('table')[{table}];
      const heads = [...(table?.tHead.rows[0].cells ?? [])];
      const place = heads.findIndex((head) => head.textContent.replace('\\u00a0', ' ') === {json.dumps(column)});
      const row = [...(table?.rows ?? [])].find((row) => row.cells[1].textContent === {json.dumps(name)});
      return row?.cells[place]?.textContent;
    }})()"""


@contextmanager
def offline(browser: Browser) -> Iterator[None]:
    limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.ask("Network.emulateNetworkConditions", offline=True, **limits)
    try:
        yield
    finally:
        browser.ask("Network.emulateNetworkConditions", offline=False, **limits)


def status(browser: Browser, part: str) -> str:
    said = f"[...({INSIDE}?.querySelectorAll('.status') ?? [])].map((told) => told.textContent).join(' ')"
    return browser.wait(said, lambda text: part in (text or ""))


def test_the_tab_in_a_browser(serve, browser):
    served = serve(LIMITED)
    served.environment.runner.state = "running"
    address = served.listen()
    browser.open(f"{address}/")
    browser.wait(
        "[...document.querySelectorAll('[role=tab]')].map((tab) => tab.innerText).includes('PRECISE FIGURES')"
    )
    browser.value(
        "[...document.querySelectorAll('[role=tab]')].find((tab) => tab.innerText === 'PRECISE FIGURES').click()"
    )
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    by_name = {(row["method"], row["name"]): row for row in LIMITED["rows"]}
    row = by_name["GET", "/cart/"]
    for column, exact in (
        ("Fastest", row["min"]),
        ("Median", row["percentiles"]["50"]),
        ("99.9 %", row["percentiles"]["99.9"]),
        ("Slowest", row["max"]),
    ):
        shown = browser.value(cell("/cart/", column))
        assert float(shown.replace(",", "")) == pytest.approx(exact, rel=0.005), column
    assert browser.value(cell("Aggregated", "Requests")) == f"{LIMITED['total']['requests']:,}"
    assert "stalls is asked less" in status(browser, "Closed load")
    limits = browser.value(f"{INSIDE}.querySelector('.limits').textContent")
    assert re.search(
        r"Measurement limited by the generator from [\d:]+ to [\d:]+ and from [\d:]+ to [\d:]+: 5 %", limits
    )
    # Names are text, whatever they hold.
    assert browser.value(cell(sample_figures.HOSTILE, "Method")) == "GET"
    assert browser.value("window.hacked") is None
    # Tables are tables, charts can be read without seeing them, everything without a mouse.
    assert browser.value(
        f"[...{INSIDE}.querySelectorAll('table')].every((table) => table.caption && table.tHead"
        " && (table.querySelector('th[scope=row]') || table.closest('details:not([open])')))"
    )
    said = browser.value(f"[...{INSIDE}.querySelectorAll('canvas')].map((c) => c.getAttribute('aria-label'))")
    assert re.search(
        r"median between [\d.]+ and [\d.]+ ms, 99 % at most [\d.]+ ms.* 15 seconds in which the generator was",
        said[0],
    )
    assert re.search(r"requests per second: between \d+ and \d+, with up to 10 users", said[1])
    assert "wait for first byte" in said[2]
    assert re.search(r"at most [\d.]+ ms, at [\d:]+", said[3])
    browser.value(f"{INSIDE}.querySelectorAll('summary').forEach((summary) => summary.click())")
    browser.wait(
        f"[...{INSIDE}.querySelectorAll('details table')].every((table) => table.tBodies[0].rows.length > 5)"
    )
    browser.value(
        "[...document.querySelectorAll('[role=tab]')].find((tab) => tab.innerText === 'DOWNLOAD DATA').click()"
    )
    link = "[...document.querySelectorAll('a')].find((link) => /precise figures/i.test(link.innerText))?.href"
    assert browser.wait(link) == f"{address}/native/figures?download"
    assert browser.said == []


def test_it_refreshes_in_place(serve, browser):
    served = serve(sample_figures.figures(40))
    served.environment.runner.state = "running"
    browser.open(f"{served.listen()}/?tab=native")
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    browser.value(OFTEN)
    before = browser.value(cell("/cart/", "Requests"))
    browser.value(f"window.kept = [...{INSIDE}.querySelectorAll('tr, canvas, h3')]")
    browser.value(
        f"{INSIDE}.querySelector('thead th:nth-child(3) button').click()"
    )  # largest number of requests first
    longer = sample_figures.figures(50)
    next(row for row in longer["rows"] if row["name"] == "/cart/")["requests"] = 123_456
    served.figures = longer
    assert browser.wait(cell("/cart/", "Requests"), lambda text: text != before) == "123,456"
    assert browser.value(f"{INSIDE}.querySelector('tbody tr').cells[1].textContent") == "/cart/"
    assert (
        browser.value(f"{INSIDE}.querySelector('thead th:nth-child(3)').getAttribute('aria-sort')")
        == "descending"
    )
    assert browser.value("window.kept.every((node) => node.isConnected)")
    # A new run: the old one's seconds are gone.
    served.figures = {**sample_figures.figures(5), "started_at": sample_figures.START + 77.5}
    last = f"{INSIDE}.querySelector('canvas').getAttribute('aria-label').match(/to ([\\d:]+):/)[1]"
    ended = browser.value(f"new Date({(sample_figures.START + 4) * 1000}).toLocaleTimeString('en-GB')")
    assert browser.wait(last, lambda text: text == ended)
    assert browser.said == []


def test_it_says_when_locust_has_no_figures_and_goes_on(serve, browser):
    served = serve(sample_figures.figures(0))
    address = served.listen()
    browser.open(f"{address}/native/")
    status(browser, "No requests yet")
    browser.value(OFTEN)
    assert browser.value(f"{INSIDE}.querySelectorAll('canvas').length") == 0
    served.figures = ValueError("<b>lost</b>")
    status(browser, "cannot collect the figures: ValueError: <b>lost</b>")
    served.figures = SHORT
    status(browser, "1 min 1 s from")
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    with offline(browser):
        status(browser, "Locust does not answer; the figures are those of")
    assert browser.value(cell("/cart/", "Method")) == "GET"


def test_it_takes_part_in_locusts_theme(serve, browser):
    served = serve()
    served.environment.runner.state = "running"
    browser.open(f"{served.listen()}/?tab=native")
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    ground = f"getComputedStyle({INSIDE}.querySelector('thead th')).backgroundColor"
    seen = []
    for _ in range(2):
        seen.append(browser.value(ground))
        browser.value(
            "[...document.querySelectorAll('header button')].filter((it) => it.offsetWidth && !it.innerText)"
            ".at(-1).click()"
        )
        browser.wait(ground, lambda now: now != seen[-1])
    assert len(set(seen)) == 2
    assert browser.said == []


def test_below_a_base_path_in_a_browser(serve, browser):
    served = serve(web_base_path="/load")
    address = served.listen()
    served.environment.runner.state = "running"
    browser.open(f"{address}/load/?tab=native")
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    own = browser.value(f"{INSIDE}.querySelector('.title a').href")
    assert own == f"{address}/load/native/"
    browser.open(own)
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    assert browser.value("document.querySelector('header a').href") == f"{address}/load/"
    assert browser.said == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_report_opened_from_disk(serve, browser, tmp_path, theme):
    _, _, html = finished(serve, theme=theme)
    file = tmp_path / "report.html"
    file.write_text(html)
    with offline(browser):
        browser.open(file.as_uri())
        browser.wait(DRAWN, lambda drawn: drawn == 4)
    assert browser.value(cell(sample_figures.HOSTILE, "Method")) == "GET"
    assert browser.value("window.hacked") is None
    light = browser.value(f"getComputedStyle({FIGURES}).color") == "rgba(0, 0, 0, 0.87)"
    assert light == (theme == "light")
    # Locust's own report asks for an icon that no file has beside it.
    assert [text for text in browser.said if "favicon" not in text] == []


# The arithmetic of the scripts.


def test_milliseconds_have_three_digits(browser):
    dice = random.Random(5)
    values = [0.0, 0.0004, 9.995, 9.9949, 99.95, 999.4, 999.5, 1000.0, 3_600_000.0]
    values += [10 ** dice.uniform(-3, 7) for _ in range(500)]
    browser.open("about:blank")
    written = browser.value(f"(() => {{ {assets.text('units.js')}; return {values}.map(milliseconds); }})()")
    for value, text in zip(values, written, strict=True):
        assert abs(float(text.replace(",", "")) - value) <= max(0.0005, 0.005 * value), (value, text)
    assert written[:9] == ["0", "0", "10.0", "9.99", "100", "999", "1,000", "1,000", "3,600,000"]


def test_points_that_come_in_pieces_are_those_that_came_at_once(browser):
    dice = random.Random(11)
    points = [point for point in sample_figures.figures(900)["series"]["points"] if dice.random() > 0.02]
    ends = [*sorted(dice.sample(range(1, len(points)), 25)), len(points)]
    script = f"""(() => {{
      {assets.text("units.js")}; {assets.text("series.js")};
      const all = {json.dumps(points)}, pieces = new Run(), once = new Run();
      for (const end of {ends}) {{
        const since = pieces.since;
        const points = all.slice(0, end).filter(({{ at, width }}) => since === null || at + width > since);
        pieces.merge({{ started_at: 1, whole: since === null, series: {{ width: 1, points }} }});
      }}
      once.merge({{ started_at: 1, whole: true, series: {{ width: 1, points: all }} }});
      const other = new Run();
      other.merge({{ started_at: 1, whole: true, series: {{ width: 1, points: all }} }});
      other.merge({{ started_at: 1, whole: false, series: {{ width: 10, points: all.slice(3, 5) }} }});
      return [pieces.points, once.points, once.line, other.points];
    }})()"""
    pieces, once, line, other = browser.value(script)
    assert pieces == once == points
    assert other == points[3:5]
    assert [point for point in line if not point.get("gap")] == points
    gaps = [point["at"] for point in line if point.get("gap")]
    known = {point["at"] for point in points}
    assert gaps == [at + 1 for at in sorted(known)[:-1] if at + 1 not in known]


def in_report(browser: Browser, tmp_path: Path, figures: dict[str, Any], width: int = 1400) -> None:
    """The report of a run, opened in the browser."""
    environment = Environment(user_classes=[Someone], host=Someone.host)
    environment.create_local_runner()
    (tmp_path / "report.html").write_text(
        report.add(environment, "<html><body></body></html>", lambda _: figures), encoding="utf-8"
    )
    browser.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    browser.open(f"file://{tmp_path}/report.html")
    browser.wait(f"{INSIDE}?.querySelectorAll('canvas').length", lambda drawn: (drawn or 0) >= 3)


def chart(place: int) -> str:
    """The chart behind a canvas of the element, by its number."""
    return f"Chart.getChart({INSIDE}.querySelectorAll('canvas')[{place}])"


def at_a_low_rate(seconds: int = 40) -> dict[str, Any]:
    """A request every third second; two seconds flagged in which none ended."""
    figures = sample_figures.figures(seconds)
    points = [point for point in figures["series"]["points"] if (point["at"] - sample_figures.START) % 3 == 0]
    flagged = [{"from": sample_figures.START + 10, "to": sample_figures.START + 10}]
    generator = {**figures["generator"], "limited": flagged, "limited_share": 0.02}
    return {**figures, "series": {"width": 1, "points": points}, "generator": generator}


def test_isolated_points_are_dots_and_every_flagged_second_is_a_band(browser, tmp_path):
    figures = at_a_low_rate()
    in_report(browser, tmp_path, figures)
    radii, values, bands, label = browser.value(
        f"(() => {{ const shown = {chart(0)}; const [first, ...others] = shown.data.datasets;"
        "const values = first.data.map(({ y }) => y);"
        "return [first.pointRadius, values, shown.bands.stretches, others.at(-1).label]; })()"
    )
    dots = [radius for radius, value in zip(radii, values, strict=True) if value is not None]
    assert dots == [3] * len(figures["series"]["points"])
    assert bands == figures["generator"]["limited"]
    assert label == "generator was the limit"
    # The band is on the canvas, although no request ended in it.
    x = browser.value(f"{chart(0)}.scales.x.getPixelForValue({(sample_figures.START + 10.5) * 1000})")
    colours = browser.value(
        f"(() => {{ const canvas = {INSIDE}.querySelector('canvas'); const scale = canvas.width / canvas.clientWidth;"
        f"const {{ data }} = canvas.getContext('2d').getImageData({x} * scale, canvas.height / 2, 1, 1);"
        "return [...data]; })()"
    )
    assert colours[0] > colours[2] + 20, colours  # orange
    browser.ask("Emulation.clearDeviceMetricsOverride")


def test_load_and_users_are_beside_the_latency_on_one_axis_of_time(browser, tmp_path):
    in_report(browser, tmp_path, SHORT)
    first, second = (
        browser.value(f"(() => {{ const {{ min, max }} = {chart(at)}.scales.x; return [min, max]; }})()")
        for at in (0, 1)
    )
    assert first == second
    labels = browser.value(f"{chart(1)}.data.datasets.map((set) => [set.label, set.yAxisID])")
    assert labels == [["requests/s", "y"], ["failures/s", "y"], ["users", "right"]]
    rates = browser.value(f"{chart(1)}.data.datasets[0].data.map(({{ y }}) => y)")
    assert rates == [point["requests"] for point in SHORT["series"]["points"]]
    browser.ask("Emulation.clearDeviceMetricsOverride")


def test_at_400_px_names_and_times_can_be_read(browser, tmp_path):
    in_report(browser, tmp_path, SHORT, width=400)
    labels = browser.value(
        f"(() => {{ const {{ y }} = {chart(2)}.scales; const write = {chart(2)}.options.scales.y.ticks.callback;"
        "return y.ticks.map(({ value }) => write.call(y, value)); })()"
    )
    assert all(len(label) <= 24 for label in labels)
    assert browser.value(f"{chart(2)}.scales.y.width") < 200
    assert browser.value(f"{chart(0)}.scales.x.ticks.length") >= 2
    assert browser.value("document.documentElement.scrollWidth") <= 400
    browser.ask("Emulation.clearDeviceMetricsOverride")


def test_after_the_stop_time_stands_still(serve, browser):
    served = serve(
        {**SHORT, "stopped_at": sample_figures.START + 50.12, "taken_at": sample_figures.START + 500}
    )
    browser.open(f"{served.listen()}/native/")
    status(browser, "50 s from")


def test_bars_and_legend_change_with_the_theme(serve, browser):
    served = serve()
    served.environment.runner.state = "running"
    browser.open(f"{served.listen()}/native/")
    browser.wait(DRAWN, lambda drawn: drawn == 4)
    bars = (
        f"(() => {{ const shown = {chart(2)}; const bar = shown.getDatasetMeta(0).data[0];"
        "return [shown.legend.legendItems[0].fillStyle, bar.options.backgroundColor]; })()"
    )
    light = browser.value(bars)
    browser.value(
        "document.documentElement.classList.add('dark'); document.head.append(document.createElement('style'))"
    )
    dark = browser.wait(bars, lambda colours: colours[0] != light[0])
    assert light[0] == light[1]
    assert dark[0] == dark[1]


def test_one_second_in_a_hundred_is_a_note_and_more_a_warning(browser, tmp_path):
    for much, box in ((0.005, ".note"), (0.2, ".limits")):
        figures = at_a_low_rate()
        figures["generator"] = {
            **figures["generator"], "limited_share": much, "advice": "another program had the processor",
        }  # fmt: skip
        in_report(browser, tmp_path, figures)
        shown = f"[...{INSIDE}.querySelectorAll('{box}')].filter((each) => !each.hidden)"
        said = f"{shown}.map((each) => each.textContent).join()"
        text = browser.wait(said, lambda text: "limited by the generator" in text)
        assert "Another program had the processor." in text
        assert "fewer users" not in text
    browser.ask("Emulation.clearDeviceMetricsOverride")


def test_words_of_the_trade_are_explained(browser, tmp_path):
    in_report(browser, tmp_path, SHORT)
    meanings = browser.value(
        f"Object.fromEntries([...{INSIDE}.querySelectorAll('abbr')].map((each) => [each.textContent, each.title]))"
    )
    for word in ("Generator lag, 99 %", "Generator was the limit", "Where the time goes"):
        assert len(meanings[word]) > 30
    heads = f"[...{INSIDE}.querySelectorAll('th[title]')].map((head) => head.textContent)"
    assert {"In flight", "Cut off", "Unreported", "queued", "held back before"} <= set(browser.value(heads))
    browser.ask("Emulation.clearDeviceMetricsOverride")


def test_the_table_as_csv(serve):
    served = serve(LIMITED)
    answer = served.get("/native/requests.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=precise-requests.csv"
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert head[:6] == ["method", "name", "requests", "failures", "min", "mean"]
    for row, told in zip(rows, (*LIMITED["rows"], LIMITED["total"]), strict=True):
        assert row[:3] == [told["method"], told["name"], str(told["requests"])]
        assert [float(row[head.index("p99")]), float(row[-1])] == [told["percentiles"]["99"], told["max"]]


def test_rows_are_found_by_a_part_of_their_name_and_numbered_as_people_do(serve, browser):
    names = [("GET", f"/item/{number}") for number in (1, 10, 100, 2, 20)]
    served = serve(sample_figures.figures(30, names=names))
    browser.open(f"{served.listen()}/native/")
    rows = f"[...{INSIDE}.querySelectorAll('.scroll')][0].querySelectorAll('tbody tr')"
    shown = f"[...{rows}].filter((row) => !row.hidden).map((row) => row.cells[1].textContent)"
    assert browser.wait(f"{INSIDE}?.querySelector('tbody tr') && {shown}") == [
        "/item/1", "/item/2", "/item/10", "/item/20", "/item/100",
    ]  # fmt: skip

    def search(letters: str) -> None:
        browser.value(
            f"((field) => {{ field.value = '{letters}'; field.dispatchEvent(new Event('input')); }})"
            f"({INSIDE}.querySelector('input[type=search]'))"
        )

    search("10")
    assert browser.wait(shown, lambda names: len(names) < 5) == ["/item/10", "/item/100"]
    others = (
        f"[...{INSIDE}.querySelectorAll('.scroll')].at(-1).querySelectorAll('tbody tr:not([hidden])').length"
    )
    assert browser.value(others) == 2
    assert browser.value(cell("Aggregated", "Requests")) == f"{served.figures['total']['requests']:,}"
    search("")
    browser.value(f"{INSIDE}.querySelectorAll('thead th button')[1].click()")
    assert browser.wait(shown, lambda names: len(names) == 5)[-1] == "/item/100"


def test_every_file_is_served_by_some_route():
    folder = Path(page.__file__).parent / "browser"
    given = {file.name for file in folder.iterdir()}
    assert given == {*assets._PARTS, "tab.js", "figures.css", "page.html"}
