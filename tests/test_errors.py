"""Every kind of native error has its exception in both dialects, of the classes people catch."""

from locust.contrib import fasthttp  # isort: skip  # first of all: Locust patches what the others import

import geventhttpclient.response
import pytest
import requests

from locust_native import _core
from locust_native.fast_user import errors as fast_errors
from locust_native.http_user import errors

REQUEST = requests.Request("GET", "http://shop.test:8000/cart/?a=1").prepare()
URL = "http://shop.test:8000/cart/?a=1"
MESSAGES = {
    "connect": ("Connection refused (os error 111)", 111),
    "connect_timeout": ("connect timeout=0.25", None),
    "read_timeout": ("read timeout=0.5", None),
    "incomplete": ("IncompleteRead(3 bytes read, 7 more expected)", None),
    "chunk_cut": ("IncompleteRead(2 bytes read, 8 more expected)", None),
    "broken": ("Connection reset by peer (os error 104)", 104),
    "decode": ("gzip: invalid gzip header", None),
    "too_many_redirects": ("Exceeded 30 redirects.", None),
}


def native(kind: str) -> tuple[str, str, int | None, bytes]:
    """The error as `Exchange.error` gives it."""
    message, code = MESSAGES.get(kind, ("it did not work", None))
    return kind, message, code, b"nonsense\r\n"


def test_both_tables_have_every_kind_and_no_other():
    assert set(errors.KINDS) == set(fast_errors.KINDS) == set(_core.ERROR_KINDS)
    assert len(_core.ERROR_KINDS) == len(set(_core.ERROR_KINDS))


@pytest.mark.parametrize("kind", _core.ERROR_KINDS)
def test_http_users_get_an_exception_of_requests(kind):
    raised = errors.of_native(native(kind), URL, REQUEST)
    assert isinstance(raised, requests.RequestException)
    in_body = kind in ("body_broken", "body_timeout", "incomplete", "chunk", "chunk_cut", "decode")
    assert raised.request is (None if in_body else REQUEST)  # requests leaves it out where the body fails
    assert str(raised)


@pytest.mark.parametrize("kind", _core.ERROR_KINDS)
def test_fast_users_get_an_exception_locust_counts_as_a_failure(kind):
    raised = fast_errors.of_native(native(kind), URL)
    assert isinstance(raised, fasthttp.FAILURE_EXCEPTIONS)
    assert str(raised)


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        ("connect", requests.ConnectionError, "[Errno 111] Connection refused"),
        ("connect_timeout", requests.ConnectTimeout, "(connect timeout=0.25)"),
        ("read_timeout", requests.ReadTimeout, "Read timed out. (read timeout=0.5)"),
        ("tls", requests.exceptions.SSLError, "Max retries exceeded with url: /cart/?a=1"),
        ("incomplete", requests.exceptions.ChunkedEncodingError, "3 bytes read, 7 more expected"),
        ("too_many_redirects", requests.TooManyRedirects, "Exceeded 30 redirects."),
        ("proxy", requests.exceptions.ProxyError, "Unable to connect to proxy"),
    ],
)
def test_the_words_of_stock_are_in_the_message(kind, expected, words):
    raised = errors.of_native(native(kind), URL, REQUEST, timeout=(0.25, 0.5))
    assert type(raised) is expected
    assert words in str(raised)


def test_a_closed_connection_is_geventhttpclients_own():
    raised = fast_errors.of_native(native("closed"), URL)
    assert type(raised) is geventhttpclient.response.HTTPConnectionClosed
