"""Plots: what they draw, that they need no pyplot, and that a kernel shows each exactly once."""

from __future__ import annotations

import io
import json
import pickle

import numpy
import pytest

import locust_native as ln
from support.sample_figures import HOSTILE
from support.sample_runs import drawn, figures
from test_results import python


def made(**how) -> ln.Run:
    return ln.Run(figures(drawn(numpy.random.default_rng(1), **how)))


def png(figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return file.getvalue()


def lines(axes) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}


@pytest.mark.parametrize(
    "run",
    [
        ln.Run(figures([])),
        ln.Run(figures([(0, "GET", "/", 1.0, True)])),
        made(seconds=2),
        ln.Run(figures([(0, "GET", "/", 0.0, False), (50, "GET", "/", 0.0, False)])),
        ln.Run(figures([(0, "GET", "/", 0.01, False), (1, "GET", "/", 3.6e6, False)])),
    ],
    ids=["nothing", "one", "two seconds", "zeros", "decades"],
)
@pytest.mark.filterwarnings("error")
def test_any_run_can_be_drawn(run):
    figure = run.plot()
    assert png(figure)[:4] == figure._repr_png_()[:4] == b"\x89PNG"
    assert png(ln.compare(run, run).plot())[:4] == b"\x89PNG"


def test_times_over_time_are_those_of_the_series():
    """Percentiles of all requests of a point together, where the figures have them: not the greatest of seconds."""
    some = figures([(at, "GET", "/", 3.0, False) for at in range(60)])
    at = some["seconds"][0]["at"]
    points = [
        {"at": at + 10 * each, "width": 10, "requests": 10, "p50": 1.0 + each, "p95": 2.0, "p99": 4.0}
        for each in (0, 1, 4)
    ]
    some["series"] = {"width": 10, "points": points}
    times = ln.Run(some).plot().axes[1]
    [drawn] = [line for line in times.get_lines() if line.get_label() == "p50"]
    assert list(drawn.get_xdata()) == [5, 15, 30, 45]
    assert list(drawn.get_ydata()) == pytest.approx([1, 2, numpy.nan, 5], nan_ok=True)
    assert "10 s" in times.get_ylabel()
    some["series"] = {"width": 1, "points": []}
    assert "no response times" in [text.get_text() for text in ln.Run(some).plot().axes[1].texts]


def test_a_run_over_time():
    some = figures([(0, "GET", "/", 3.0, False), (0, "GET", "/", 3.0, True), (2, "GET", "/", 5.0, False)])
    some["seconds"][0]["users"], some["seconds"][1]["users"] = 1, 4
    some["seconds"][1]["limited"] = True
    figure = ln.Run(some, options={"host": "http://x", "users": 4}).plot()
    throughput, times, users = figure.axes
    assert lines(throughput) == {"requests": [2, 0, 1, 1], "failures": [1, 0, 0, 0]}
    assert lines(times)["p50"] == pytest.approx([3, numpy.nan, 5], rel=1e-3, nan_ok=True)
    assert next(iter(lines(users).values())) == pytest.approx([1, numpy.nan, 4, 4], nan_ok=True)
    shaded = [(patch.get_x(), patch.get_width()) for patch in users.patches]
    assert shaded == [(2, 1)]
    assert figure.get_suptitle() == "http://x, 4 users, 3 requests in 3 s"


@pytest.mark.parametrize("name", [HOSTILE, "$x^{", "a$b$c", "\\frac", "/" + "long" * 500, "/ü/价格"])
@pytest.mark.filterwarnings("ignore:Glyph")  # a machine need not have a font for every script
def test_names_are_text(name):
    run = ln.Run(
        figures((at, "GET", name, 1.0 + ms, False) for at in range(25) for ms in range(40)),
        options={"host": name},
    )
    assert png(run.plot())
    assert png(ln.compare(run, run).plot())


def test_a_comparison_name_by_name():
    a, b = made(names=2), ln.Run(figures(drawn(numpy.random.default_rng(2), names=2, typical=30)))
    compared = ln.compare(a, b)
    (axes,) = compared.plot().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["GET /0", "GET /1", "Aggregated"]
    dots = [
        line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o" and len(line.get_xdata())
    ]
    assert sorted(dots) == pytest.approx(sorted(100 * (compared.table["ratio"] - 1)))


def test_of_many_names_the_most_telling_are_drawn():
    def slow(seed, typical):
        some = drawn(numpy.random.default_rng(seed), names=40, rate=600)
        return ln.Run(
            figures((*each[:3], each[3] * (typical if each[2] == "/7" else 1), each[4]) for each in some)
        )

    figure = ln.compare(slow(1, 1), slow(2, 2), percentiles=[50]).plot()
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == 30
    assert "GET /7" in labels
    assert axes.get_title() == "30 of 41 names, the most telling ones"


def test_a_figure_can_be_kept():
    again = pickle.loads(pickle.dumps(made(seconds=2).plot()))
    assert again._repr_png_()[:4] == b"\x89PNG"


def test_a_plot_leaves_pyplot_and_the_backend_alone(tmp_path):
    made(seconds=3).save(tmp_path / "run.json")
    said = python(
        """
import sys
import locust_native as ln
run = ln.load(sys.argv[1])
run.plot().savefig(sys.argv[2])
print("matplotlib.pyplot" in sys.modules, "tkinter" in sys.modules)
""",
        tmp_path / "run.json",
        tmp_path / "run.png",
    )
    assert said.strip() == "False False"
    assert (tmp_path / "run.png").stat().st_size > 5000


def test_a_kernel_shows_each_once(tmp_path):
    made(seconds=30).save(tmp_path / "run.json")
    cells = [
        "import locust_native as ln; run = ln.load('run.json')",
        "run.plot()",  # nobody has imported pyplot
        "display(run.plot())",
        "import matplotlib.pyplot as plt",
        "run.plot()",  # the notebook's own backend is on
        "figure = run.plot()",
        "ln.compare(run, run).plot()",
        "run",
        "ln.compare(run, run)",
        "run.histogram()",
        "ln.Picker([1, 2])",
        "shop = ln.MockSaleor()\nwith shop: display(shop)",
    ]
    # In a process of its own, for Locust in this one has let gevent patch what a client of a kernel stands on.
    outputs = json.loads(
        python(
            """
import json, sys
import nbclient, nbformat
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in json.loads(sys.argv[2])])
place = {"metadata": {"path": sys.argv[1]}}
nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60, resources=place).execute()
print(json.dumps([cell.outputs for cell in notebook.cells]))
""",
            tmp_path,
            json.dumps(cells),
        )
    )
    shown = [[sorted(output.get("data", {})) for output in cell] for cell in outputs]
    picture, page = [["image/png", "text/plain"]], [["text/html", "text/plain"]]
    assert shown == [
        [], picture, picture, [], picture, [], picture, page, page, page, page, page,
    ]  # fmt: skip
    assert "requests in" in "".join(outputs[7][0]["data"]["text/html"])
