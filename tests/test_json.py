"""The native reader of JSON: what it reads is what Python reads, and what it leaves is for Python to read or refuse."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_native import _core


def read_natively(text: bytes):
    """(value,) or nothing."""
    try:
        return (_core.loads_json(text),)
    except ValueError:
        return ()


def read(text: bytes):
    try:
        return (json.loads(text.decode()),)
    except (ValueError, RecursionError):
        return ()


def same(one, other) -> bool:
    """Equal in value, type, sign of zero and order of keys."""
    if type(one) is not type(other):
        return False
    if type(one) is float:
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or (one == other and math.copysign(1, one) == math.copysign(1, other))
    if type(one) is list:
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is dict:
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return one == other


def agrees(text: bytes) -> bool:
    """Whether it was read natively; fails where Python would have read something else, or nothing."""
    ours, theirs = read_natively(text), read(text)
    if ours:
        assert theirs, f"{text!r}: Python reads no JSON here"
        assert same(ours[0], theirs[0]), f"{text!r}: {ours[0]!r} instead of {theirs[0]!r}"
    return bool(ours)


NUMBERS = """0 -0 0.0 -0.0 1E5 1e+5 1e-400 -1e-400 1e400 -1e400 0.1 4.35 1e23 8.41e21 9007199254740993.0 5e-324
    2.2250738585072011e-308 1.7976931348623157e308 9223372036854775807 9223372036854775808 -9223372036854775809
    123456789012345678901234567890 NaN Infinity -Infinity 0e99999999999999999999"""


@pytest.mark.parametrize("text", [*NUMBERS.split(), "1" * 4300, "-" + "1" * 4300, "0." + "1" * 800])
def test_numbers_are_pythons(text):
    assert agrees(text.encode())
    assert agrees(f"[{text}]".encode())


DOCUMENTS = rb"""{"a":1,"b":2,"a":3} {"\u0061":1,"a":2} {"":{"":[[]]}} "\"\\\/\b\f\n\r\t\u00E9" "\ud83d\ude00" "" []"""


@pytest.mark.parametrize(
    "text", [*DOCUMENTS.split(), b"\t\r\n [ ] \n", b'"\x7f"', '"é€😀"'.encode(), b"[" * 99 + b"]" * 99]
)
def test_documents_are_pythons(text):
    assert agrees(text)


ODD = rb"""{"a":1,} [1,] {a:1} 01 1. .5 +1 1e - -NaN nan 1_0 0x10 []x tru nullx " "\ "\x" "\u+041" /**/1 {"a"} ,"""
BYTES = [
    b"",
    b" ",
    b"1 2",
    b"\xef\xbb\xbf1",
    b"\xa01",
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\n"',
    b'"\0"',
    b"1\0",
    b"\x0c[]",
]
LEFT = [b'"\\ud800"', b'"\\udc00"', b'"\\ud83d\\u0041"', b"[" * 250 + b"]" * 250]  # Python reads these


@pytest.mark.parametrize("text", [*ODD.split(), *BYTES, *LEFT, b"1" * 4301, b"[" * 100_000])
def test_what_is_odd_is_left_to_python(text):
    assert not agrees(text)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
spellings = st.fixed_dictionaries({"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 0, 2])})
TOKENS = rb"""" \ { } [ ] , : 0 - . e NaN Infinity true \u \ud83d \udc00 /""".split()
tokens = st.sampled_from(
    [*TOKENS, b" ", b"\n", b"\0", b"\x1f", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf"]
)


@given(documents, spellings)
def test_whatever_python_writes_is_read_the_same(document, spelling):
    text = json.dumps(document, **spelling)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return  # no UTF-8
    read_it = agrees(encoded)
    assert read_it or "\\ud" in text.lower()  # a lone surrogate


@given(documents, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), tokens), min_size=1, max_size=3))
def test_whatever_is_broken_is_read_the_same_or_left(document, changes):
    text = bytearray(json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass"))
    for at, removed, token in changes:
        at %= len(text) + 1
        text[at : at + removed] = token
    agrees(bytes(text))


@given(st.from_regex(rb"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_numbers_of_any_length_are_pythons(text):
    assert agrees(text)
