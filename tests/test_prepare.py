"""Which URLs take the fast path: those of which requests would not change a byte."""

from locust.clients import HttpSession  # noqa: F401  # isort: skip  # first of all: Locust patches what others import

from urllib.parse import urlsplit

import pytest
from geventhttpclient.url import URL
from hypothesis import given
from hypothesis import strategies as st
from requests.models import PreparedRequest

from locust_native.http_user import prepare


@pytest.mark.parametrize("port", [1, 80, 8000, 9999, 10000, 32768, 59999, 64999, 65499, 65529, 65535])
def test_a_url_with_any_port_is_plain(port):
    assert prepare.is_canonical(f"http://127.0.0.1:{port}/products/7/?page=2")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.test:0/",
        "http://shop.test:65536/",
        "http://shop.test:080/",
        "http://shop.test:/",
        "http://shop.test",
        "http://Shop.test/",
        "http://shop.test/a b",
        "http://shop.test/a/../b",
        "http://shop.test/ü",
        "http://shop.test/%7e",
        "http://shop.test/#top",
        "http://me:secret@shop.test/",
    ],
)
def test_a_url_that_somebody_must_look_at_is_not(url):
    assert not prepare.is_canonical(url)


@pytest.mark.parametrize(
    "url",
    ["http://shop.test/", "https://shop.test:8443/a_b/c-d~e/?q=1&r=a/b?c", "http://10.0.0.1:8000/x;y=1,2/@z"],
)
def test_requests_leaves_a_plain_url_as_it_is(url):
    assert prepare.is_canonical(url)
    prepared = PreparedRequest()
    prepared.prepare_url(url, None)
    assert prepared.url == url


@given(st.text("az09_-.:/", max_size=12), st.text("aZ0_~!$&'()*+,;=:@/?.-%#ü \n", max_size=12))
def test_what_is_called_plain_requests_and_geventhttpclient_leave_as_it_is(place, rest):
    url = f"http://{place}/{rest}"
    if prepare.is_canonical(url):
        prepared = PreparedRequest()
        prepared.prepare_url(url, None)
        assert prepared.url == url
        split = URL(url)
        port = f":{split.port}" if ":" in urlsplit(url).netloc else ""
        assert ";" in url or f"{split.scheme}://{split.host}{port}{split.request_uri}" == url
