"""The mock shop from Python: context manager, knobs, command, fixture, fork."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

from locust_native.mock_saleor import MockSaleor

ADDRESS = {
    "street_address_1": "1 Main Street",
    "city": "Sandusky",
    "country_area": "OH",
    "postal_code": "44870",
    "country": "US",
}


@pytest.fixture
def shop() -> Iterator[MockSaleor]:
    with MockSaleor() as shop:
        yield shop


def token(page: requests.Response) -> str:
    found = re.search(r"<input type='hidden' name='csrfmiddlewaretoken' value='(\w{64})' />", page.text)
    assert found
    return found[1]


def buy(shop: MockSaleor, session: requests.Session) -> str:
    """Walk the funnel's seven steps; returns the order's address."""
    session.get(f"{shop.url}/")
    session.get(f"{shop.url}/products/category/apparel-1/")
    page = session.get(f"{shop.url}/products/codemash-1/")
    added = session.post(
        f"{shop.url}/products/codemash-1/add/",
        data={"variant": 1, "quantity": 1},
        headers={"X-CSRFToken": str(session.cookies["csrftoken"]), "X-Requested-With": "XMLHttpRequest"},
    )
    assert added.json() == {"next": "/cart/"}
    page = session.get(f"{shop.url}/checkout/")
    for step, fields in (
        ("shipping-address", ADDRESS | {"email": "a@example.com"}),
        ("shipping-method", {"method": 1}),
        ("summary", {"address": "shipping_address"}),
    ):
        assert page.url == f"{shop.url}/checkout/{step}/"
        page = session.post(page.url, data=fields | {"csrfmiddlewaretoken": token(page)})
        assert page.status_code == 200
    page = session.post(page.url, data={"method": "default", "csrfmiddlewaretoken": token(page)})
    assert page.url.endswith("/payment/default/")
    assert page.status_code == 200
    return page.url.removesuffix("payment/default/")


def test_a_purchase_and_what_the_shop_saw_of_it(shop: MockSaleor) -> None:
    with requests.Session() as session:
        assert requests.get(buy(shop, session)).status_code == 200
    seen = shop.seen()
    assert (seen["orders"], seen["adds"], seen["registrations"]) == (1, 1, 0)
    assert seen["requests"] == sum(sum(classes.values()) for classes in seen["routes"].values()) == 15
    assert seen["routes"]["POST /checkout/summary/"] == {"3xx": 1}
    assert requests.get(f"{shop.url}/__mock__/seen").json()["routes"] == seen["routes"]
    shop.reset()
    assert shop.seen()["requests"] == 0
    assert shop.seen()["routes"] == {}


@pytest.mark.parametrize("site_domain", [None, "shop.example"])
def test_after_a_payment_the_visitor_stays_at_the_name_it_came_to(site_domain: str | None) -> None:
    dummy = {"status": "confirmed", "fraud_status": "unknown", "gateway_response": "3ds-disabled"}
    with MockSaleor(site_domain=site_domain) as shop, requests.Session() as session:
        order = buy(shop, session)
        for host in ("localhost:1234", "shop.test"):
            page = session.get(f"{order}payment/default/")
            paid = session.post(
                page.url,
                data=dummy | {"status": "preauth", "csrfmiddlewaretoken": token(page)},
                # requests would send no cookie to a name it has none from
                headers={"Host": host, "Cookie": f"csrftoken={session.cookies['csrftoken']}"},
                allow_redirects=False,
            )
            path = order.removeprefix(shop.url)
            assert paid.headers["Location"] == f"http://{site_domain or host}{path}create-password/"


def test_nothing_is_open_before_start_and_after_stop() -> None:
    shop = MockSaleor()
    with pytest.raises(RuntimeError, match="not open"):
        _ = shop.url
    assert shop.start() is shop
    url = shop.start().url
    assert requests.get(url).status_code == 200
    shop.stop()
    shop.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url)
    with shop:
        assert requests.get(shop.url).status_code == 200


def test_knobs() -> None:
    with MockSaleor(keep_alive=False, latency=60, stock=3, page_size=2, seed=9) as shop:
        start = time.monotonic()
        page = requests.get(f"{shop.url}/products/codemash-1/")
        assert time.monotonic() - start >= 0.06
        assert len(page.content) == pytest.approx(2 * 29_470, rel=0.05)
        added = requests.post(
            f"{shop.url}/products/codemash-1/add/",
            data={"variant": 1, "quantity": 4},
            cookies=page.cookies,
            headers={"X-CSRFToken": str(page.cookies["csrftoken"]), "X-Requested-With": "XMLHttpRequest"},
        )
        assert added.status_code == 400
        assert "only 3" in added.text
    with MockSaleor(error_rate=1.0, latency="lognormal:1") as shop:
        assert requests.get(shop.url).status_code == 500


@pytest.mark.parametrize(
    ("knobs", "named"),
    [
        ({"latency": "soon"}, "latency"),
        ({"latency": -1}, "latency"),
        ({"error_rate": 2.0}, "error_rate"),
        ({"page_size": float("nan")}, "page_size"),
        ({"stock": "some"}, "stock"),
        ({"port": 70_000}, "port"),
        ({"seed": -1}, "seed"),
        ({"keep": 0}, "keep"),
    ],
)
def test_a_bad_knob_is_named_in_one_line(knobs: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named) as error:
        MockSaleor(**knobs).start()  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_a_busy_port_is_an_oserror(shop: MockSaleor) -> None:
    with pytest.raises(OSError, match=str(shop.port)) as error:
        MockSaleor(port=shop.port).start()
    assert "\n" not in str(error.value)


def test_a_forked_child_leaves_the_parents_shop_alone(shop: MockSaleor) -> None:
    requests.get(shop.url)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert requests.get(shop.url).status_code == 200
            with pytest.raises(RuntimeError, match="__mock__/seen"):
                shop.seen()
            shop.stop()
            with MockSaleor() as own:
                assert requests.get(own.url).status_code == 200
            os.write(write, b"stopped")
            signal.pause()  # lives on while the parent closes its shop
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    assert os.read(read, 7) == b"stopped"
    assert requests.get(shop.url).status_code == 200
    assert shop.seen()["routes"]["GET /"] == {"2xx": 3}
    port = shop.port
    shop.stop()
    with MockSaleor(port=port) as again:  # the child holds no copy of the listening socket
        assert requests.get(again.url).status_code == 200
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read)


def test_importing_it_brings_in_neither_gevent_nor_locust() -> None:
    code = (
        "import sys, locust_native.mock_saleor, locust_native.pytest_plugin as p; "
        "sys.exit(bool({'gevent', 'locust', 'requests'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


SERVE = "import sys; from locust_native.mock_saleor import serve; sys.exit(serve(sys.argv[1:]))"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serving_until_a_signal(ending: signal.Signals) -> None:
    command = [sys.executable, "-c", SERVE, "--port", "0", "--latency", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stderr
        url = re.search(r"http://\S+/", server.stdout.readline())
        assert url
        assert requests.get(url[0]).status_code == 200
        server.send_signal(ending)
        assert server.wait(timeout=30) == 0
        assert server.stdout.read() == (
            "Served 1 requests on 1 connections: "
            "0 added to a cart, 0 orders, 0 payments, 0 registrations, 0 log-ins\n"
        )
        assert server.stderr.read() == ""


@pytest.mark.parametrize(
    "options", [["--port", "70000"], ["--keep", "many"], ["--stock", "some"], ["--colour"], ["BUSY"]]
)
def test_bad_options_are_one_line_and_status_two(options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if options == ["BUSY"]:
            options = ["--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            [sys.executable, "-c", SERVE, *options], capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert options[-1] in done.stderr


def test_help_lists_the_options() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE, "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "--no-keep-alive" in done.stdout


def test_the_fixture_is_a_running_shop(mock_saleor: MockSaleor) -> None:
    assert requests.get(mock_saleor.url).status_code == 200
