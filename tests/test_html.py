"""Beautiful Soup answered natively: the same answers as stock's, before the tree is built and after."""

import copy
import gc
import inspect
import pickle
import random
import re
import warnings
import weakref
from typing import Any

import bs4
import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_native import MockSaleor
from locust_native import bs4_native as html
from locust_native.bs4_native import classes as lazy
from support import html_comparison as compared
from support.html_comparison import early_answers, is_lazy, native_soup, same_answers, stock_soup

PAGE = """<!doctype html><html><head><title>Shop</title><script>var a = "<b>";</script></head><body class="x y">
<form action="/a?b=1&amp;c=2"><input type='hidden' name='csrfmiddlewaretoken' value='t&#39;ok'><br></form>
<p id=p>one &amp; <b>two</b> </p><ul><li><a href="/1">1</a><li><a href="/2" rel="x y">2</a></ul></body></html>
"""
TOKENS = (
    *(f"<{name}>" for name in (*compared.NAMES[:8], *compared.VOIDS, *compared.CLOSED)),
    *(f"</{name}>" for name in (*compared.NAMES[:8], *compared.CLOSED)),
    *(f"<a {attribute}>" for attribute in compared.ATTRIBUTES),
    *compared.TEXTS,
    *compared.REST,
    *compared.ODD,
)

MANY = settings(max_examples=2 * settings().max_examples)


@pytest.fixture
def native():
    html.switch_on()
    yield
    html.switch_off()


@MANY
@given(seed=st.integers(0, 2**32), odd=st.sampled_from((0.0, 0.0, 0.03, 0.15)))
def test_pages_of_random_parts(seed, odd):
    same_answers(compared.page(random.Random(seed), odd), seed)


@MANY
@given(st.lists(st.sampled_from(TOKENS), max_size=8).map("".join))
def test_few_parts_in_any_order(page):
    same_answers(page, 1)


@MANY
@given(st.text("ab<>/='\" &;#x!-?[]\x00\n\ré", max_size=24))
def test_broken_pages(page):
    same_answers("<p>" + page, 1)


def test_most_orderly_pages_are_read_natively():
    read = []
    for seed in range(300):
        soup = native_soup(compared.page(random.Random(seed), 0))
        read.append(soup is not None and soup.text is not None and is_lazy(soup))
    assert sum(read) > 200


@MANY
@given(seed=st.integers(0, 2**32), odd=st.sampled_from((0.0, 0.03, 0.15)))
def test_what_is_found_before_the_rest_of_a_page_is_read(seed, odd):
    early_answers(compared.page(random.Random(seed), odd), seed)


@pytest.mark.parametrize("odd", compared.ODD)
def test_what_is_found_before_something_odd(odd):
    for page in (f"<a id=i>1</a><p>2{odd}<b>3</b></p>", f"<a><b>{odd}"):
        early_answers(page, 1)


@pytest.mark.parametrize("odd", ["<![x", "<![if x]>", "&#" + "9" * 5000, f"<p a='&#{'9' * 5000};'>"])
def test_what_beautiful_soup_raises_of_is_no_lazy_soup(odd):
    page = f"<p>{odd}</p>"
    answers = []
    for make in (stock_soup, native_soup):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answers.append(make(page) and None)
            except Exception as error:
                answers.append((type(error), str(error)))
    assert answers[0] == answers[1] or (answers[1] is None and native_soup(page) is None)


def test_no_more_is_read_than_is_asked_for():
    page = "<p id=a>" + "<b>x</b>" * 1000 + "<plaintext>"
    soup = native_soup(page)
    assert soup.find("p")["id"] == "a"
    assert is_lazy(soup)
    assert len(soup.find_all("b")) == 1000
    assert not is_lazy(soup)


def test_pages_of_the_shop():
    import requests

    with MockSaleor() as shop, requests.Session() as session:
        for path in (
            "/",
            "/account/signup/",
            "/products/category/apparel-1/",
            "/products/codemash-1/",
            "/cart/",
        ):
            page = session.get(shop.url + path, timeout=10).text
            assert same_answers(page, 1) is not None, path
            token = stock_soup(page).find("input", attrs={"name": "csrfmiddlewaretoken"})
            ours = native_soup(page).find("input", attrs={"name": "csrfmiddlewaretoken"})
            assert (ours and ours["value"]) == (token and token["value"])


# One step each: a call on the soup, or on the tag with some number.
STEPS = (
    "soup.find(NAME)",
    "soup.find_all(NAME)",
    "soup(NAME, class_='x')",
    "soup.select('body ' + NAME)",
    "soup.text",
    "soup.NAME",
    "soup.hidden",
    "soup.known_xml",
    "[found.name for found in getattr(soup, 'self_and_descendants', ())]",
    "tag.attrs",
    "tag['class']",
    "tag.get('id')",
    "tag.text",
    "tag.string",
    "tag.name",
    "tag.find(NAME)",
    "str(tag)",
    "tag.parent",
    "list(tag.children)",
    "len(tag)",
    "tag.findAll(NAME)",
    "soup.findChild(NAME)",
    "soup.find_all(re.compile('[abp]'), id=re.compile('.'))",
    "tag.find_next(NAME)",
    "list(tag)",
    "tag == soup.find(NAME)",
    "hash(tag)",
    "tag in soup",
    "copy.copy(tag)",
    "copy.deepcopy(soup)",
    "pickle.loads(pickle.dumps(soup))",
    "tag.attrs.update(id='changed')",
    "tag.attrs.setdefault('class', ['new'])",
    "tag['class'].append('x')",
    "tag.get('class').clear()",
    "tag.attrs.pop('class', None)",
    "tag.__setitem__('name', 'n')",
    "tag.__delitem__('id')",
    "setattr(tag, 'name', 'p')",
    "setattr(tag, 'string', 'new')",
    "setattr(soup, 'mine', 1)",
    "tag.append('more')",
    "tag.extract()",
    "tag.decompose()",
    "tag.clear()",
    "tag.insert_before(soup.new_tag('hr'))",
    "tag.replace_with('gone')",
    "tag.unwrap()",
    "tag.wrap(soup.new_tag('div'))",
    "soup.find(id='changed')",
    "soup.find('p', 'x')",
    "soup.select_one('[name=n]')",
    "tag.prettify()",
    "vars(tag).keys()",
    "tag.find_parent(NAME)",
    "tag.has_attr('class')",
    "tag.get_attribute_list('class')",
    "tag.get_text('-', strip=True)",
    "list(tag.stripped_strings)",
    "list(tag.strings)",
    "tag.nothing",
    "tag.sourceline",
    "dir(tag)",
    "isinstance(tag, Tag)",
)


def step(words: str, name: str, soup: Any, tags: list[Any], at: int) -> Any:
    """What a step leads to, in a form that can be compared; tags it found are kept for later steps."""
    tag = tags[at % len(tags)] if tags else soup
    names = {"soup": soup, "tag": tag, "copy": copy, "pickle": pickle, "re": re, "Tag": Tag}
    try:
        answer = eval(words.replace("soup.NAME", f"soup.{name}").replace("NAME", repr(name)), names)
    except RecursionError:  # a soup that was decomposed; how deep depends on who calls
        return RecursionError
    except Exception as error:
        return type(error), str(error)
    found = answer if isinstance(answer, list) else [answer]
    tags.extend(found for found in found if isinstance(found, Tag) and found is not soup)
    known = [next((at for at, tag in enumerate(tags) if tag is found), None) for found in found]
    # What a tag looks like would have its tree built; the last steps ask for that.
    looks = [(found.name, found.__class__) if isinstance(found, Tag) else repr(found) for found in found]
    return known, looks, answer.__class__


@MANY
@given(
    st.sampled_from((PAGE, "<div id=a><p class='x'>1<p class='x'>2<b>3</b></div>")).flatmap(
        lambda page: st.sampled_from(
            ("", "", "<?x?>", "</br>", "<p / a><b>", "&foo", "<iframe>&amp;</iframe><a>")
        ).map(page.__add__)
    ),
    st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.sampled_from(("p", "a", "b", "li", "div", "input", "none")),
            st.integers(0, 5),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_any_sequence_of_calls(page, steps):
    ours, theirs = native_soup(page), stock_soup(page)
    assert is_lazy(ours)
    mine: list[Any] = []
    stock: list[Any] = []
    for words, name, at in (*steps, ("str(soup)", "", 0), *(("str(tag)", "", at) for at in range(6))):
        assert step(words, name, ours, mine, at) == step(words, name, theirs, stock, at), words


@pytest.mark.usefixtures("native")
class TestSoup:
    def test_the_line_of_the_walkthrough(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        field = soup.find("input", attrs={"name": "csrfmiddlewaretoken"})
        assert (field["value"], field.get("value"), field.get("none")) == ("t'ok", "t'ok", None)
        assert soup.find("input", attrs={"name": "none"}) is None
        with pytest.raises(KeyError, match="none"):
            _ = field["none"]
        assert is_lazy(soup)
        assert is_lazy(field)

    def test_the_same_element_is_the_same_object(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        first = soup.find("a")
        assert first is soup.select_one("li > a") is soup.find_all("a")[0] is soup.ul.a
        parent = first.parent
        assert not is_lazy(first)
        assert first is soup.find("a") is parent.contents[0]

    def test_a_tag_outlives_its_soup(self):
        link = BeautifulSoup(PAGE, "html.parser").find("a")
        assert link["href"] == "/1"
        assert str(list(link.parents)[-1]) == str(stock_soup(PAGE))

    def test_attributes_that_were_lent(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        body = soup.body
        body["class"].append("z")
        assert soup.find(class_="z") is body
        assert soup.select("body.z") == [body]
        assert '<body class="x y z">' in str(soup)

    def test_lent_attributes_are_what_a_tag_has(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        link = soup.find("a")
        link.attrs["href"] = "/new"
        assert (link["href"], link.get("href"), link.has_attr("href")) == ("/new", "/new", True)
        del link.attrs["href"]
        assert (link.get("href"), link.has_attr("href"), link.get("href", 1)) == (None, False, 1)
        with pytest.raises(KeyError):
            _ = link["href"]
        assert is_lazy(link)
        assert soup.find(href="/1") is None
        assert not is_lazy(link)

    def test_a_lazy_soup_is_freed_at_once(self):
        gc.disable()
        try:
            soup = BeautifulSoup(PAGE, "html.parser")
            tags = soup.find_all(True)
            gone = [weakref.ref(found) for found in (soup, *tags)]
            assert tags[3].attrs is not None
            del soup, tags
            assert not any(found() for found in gone)
        finally:
            gc.enable()

    def test_classes_pass_for_the_stock_ones(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        for found, stock in ((soup, BeautifulSoup), (soup.p, Tag)):
            assert is_lazy(found)
            assert isinstance(found, stock)
            assert type(found) == stock  # noqa: E721  the comparison in question
            assert {stock: 1}[type(found)] == 1
            assert found.__class__ is stock
            assert repr(type(found)) == repr(stock)
            assert is_lazy(found)

    def test_bytes_that_declare_utf8(self):
        page = PAGE.replace("<head>", '<head><meta charset="UTF-8"><i>é</i>').encode()
        soup = BeautifulSoup(page, "html.parser")
        assert soup.i.text == "é"
        assert is_lazy(soup)
        assert (soup.original_encoding, soup.declared_html_encoding) == ("utf-8", "utf-8")
        assert str(soup) == str(stock_soup(page))
        for other in (page + b"\xff", b"\xef\xbb\xbf" + page, page.replace(b"UTF-8", b"latin-1")):
            assert not is_lazy(BeautifulSoup(other, "html.parser"))

    @pytest.mark.parametrize(
        "make",
        [
            lambda: BeautifulSoup(PAGE.encode(), "html.parser"),
            lambda: BeautifulSoup(PAGE, ["html.parser"]),
            lambda: BeautifulSoup(PAGE, "html.parser", multi_valued_attributes=None),
            lambda: BeautifulSoup(PAGE, "html.parser", parse_only=bs4.SoupStrainer("p")),
            lambda: BeautifulSoup(PAGE, "html.parser", element_classes={Tag: type("Mine", (Tag,), {})}),
            lambda: BeautifulSoup(NavigableString(PAGE), "html.parser"),
            lambda: type("Mine", (BeautifulSoup,), {})(PAGE, "html.parser"),
            lambda: BeautifulSoup(),
            lambda: BeautifulSoup("", "html.parser"),
            lambda: BeautifulSoup("<p>\ud800", "html.parser"),
        ],
    )
    def test_what_is_left_to_beautiful_soup(self, make):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert not is_lazy(make())

    @pytest.mark.parametrize(
        ("markup", "category"),
        [("http://x/", "MarkupResemblesLocatorWarning"), ("<?xml ?><a/>", "XMLParsedAsHTMLWarning")],
    )
    def test_warnings_come_as_they_came(self, markup, category):
        told = []
        for switch in (html.switch_off, html.switch_on):
            switch()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                BeautifulSoup(markup, "html.parser")
            told.append([(w.category.__name__, str(w.message), w.filename, w.lineno) for w in caught])
        assert told[0] == told[1]
        assert [name for name, *_ in told[0]] == [category]

    def test_signature_and_replaced_methods(self, monkeypatch):
        assert inspect.signature(BeautifulSoup) == inspect.signature(stock_soup("").__init__)
        assert is_lazy(BeautifulSoup(PAGE, "html.parser"))
        monkeypatch.setattr(Tag, "find", lambda self, *_: "mine")
        assert BeautifulSoup(PAGE, "html.parser").find("p") == "mine"

    def test_a_page_of_a_response(self):
        class Response:
            text = PAGE

        response = Response()
        assert html.of(response).select_one("#p b").text == "two"
        assert html.of(response) is html.of(response)
        response = Response()
        response.text = None
        assert html.of(response).find("p") is None

    def test_switching_off(self):
        soup = BeautifulSoup(PAGE, "html.parser")
        html.switch_off()
        assert not is_lazy(BeautifulSoup(PAGE, "html.parser"))
        assert (soup.b.text, soup.b.parent.name) == ("two", "p")
        html.switch_on()
        assert is_lazy(BeautifulSoup(PAGE, "html.parser"))


def test_a_disagreement_is_told(caplog, monkeypatch):
    soup = native_soup(PAGE)
    monkeypatch.setattr(soup._page, "markup", "<p>")
    assert soup.contents
    assert "1 elements for Beautiful Soup and 15 for the native core" in caplog.text


def test_tables_are_those_of_the_builder():
    builder = bs4.builder.HTMLParserTreeBuilder()
    for name in builder.empty_element_tags:
        assert native_soup(f"<{name}><p>").p is not None
        assert native_soup(f"<{name}><p>").find(name).find("p") is None
    for name in builder.string_containers:
        assert native_soup(f"<p><{name}>x</{name}>").p.text == ""
    for name in builder.preserve_whitespace_tags:
        assert native_soup(f"<{name}>  </{name}>").text == "  "
    for tag, attributes in builder.cdata_list_attributes.items():
        for attribute in attributes:
            page = f"<{tag.replace('*', 'p')} {attribute}='a b'></{tag.replace('*', 'p')}>"
            found = native_soup(page)
            if found is not None:
                assert found.find(True)[attribute] == ["a", "b"], page
    assert lazy._mixed_slashes == (tuple(map(int, bs4.__version__.split(".")[:2])) >= (4, 15))
