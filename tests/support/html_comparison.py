"""Pages to draw, and the comparison of a native soup with a stock one in all a program can see."""

import random
import re
import warnings
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import ResultSet

from locust_native.bs4_native import classes

NAMES = (
    "a",
    "b",
    "div",
    "p",
    "span",
    "ul",
    "li",
    "form",
    "option",
    "pre",
    "template",
    "rt",
    "td",
    "x-y",
    "svg:g",
)
VOIDS = ("br", "input", "img", "meta", "link", "hr")
CLOSED = ("title", "textarea", "script", "style", "iframe")
ATTRIBUTES = (
    'id="i"',
    "class='a b'",
    'class="a"',
    'class=" b  a\t"',
    'class=""',
    'class="a\x1fb\x85c\u3000a\xa0"',
    "CLASS=c",
    "id=j",
    'name="n"',
    "name='n&amp;m'",
    'value="&#39;&lt;&eacute;&nbsp;"',
    'value="a&b=c&d"',
    "value=''",
    "checked",
    'href="/x?a=1&b=2"',
    "href=/y/",
    'rel="x y"',
    'title=">"',
    'title="<b>"',
    "type=Submit",
    'type="submit"',
    'data-x="é\u3000ü"',
    'headers="h1 h2"',
    'id="k\n"',
    'charset="utf-8"',
    'http-equiv="content-type" content="text/html; charset=latin-1"',
    "@click='f(\"x\")'",
)
TEXTS = (
    "text",
    " ",
    "\n",
    " \n\t",
    "\r\n",
    "é\u2028",
    "a < b",
    "3<4 ",
    " & ",
    "A&B ",
    "&amp;",
    "&nbsp;",
    "&#65;",
    "&#x20;",
    "&hellip;",
    "\x1f",
    "\u3000 ",
    "]]>",
    "-->",
)
INSIDE = (
    "x",
    " ",
    "\n",
    "&amp;",
    "if (a < b) {}",
    "<!-- x -->",
    "'</b>'",
    "<b>",
    "a && b",
    "'</scr'+'ipt>'",
    "",
)
REST = (
    "<!doctype html>",
    "<!-- c -->",
    "<!---->",
    "<!-- -- a --->",
    "<!--[if IE]><p><![endif]-->",
    "<!DOCTYPE a>",
)
ODD = (
    "<!-->",
    "<!--->",
    "<!-- --!>",
    "<!-- -- >",
    "<!x>",
    "<![CDATA[x]]>",
    "<![if x]>",
    "<?xml version='1.0'?>",
    "<?php ?>",
    "</>",
    "</ p>",
    "</br>",
    "</p x>",
    "</3>",
    "<p/ >",
    "<p / a>",
    "<a b='c'd='e'>",
    "<a b=c'd>",
    "<a b==c>",
    "<a b= >",
    "<a =b>",
    '<a b="c>',
    "<a\x0bb=c>",
    "<a b=\xa0c>",
    "<a\x00b>",
    "<p\x00>",
    "<é>",
    "<aé b>",
    "<div<p>",
    "<",
    "<<a>",
    "</title>",
    "</script >",
    "<script/>",
    "<script></ script></script>",
    "<script><!--<script></script>--></script>",
    "<title><b></title>",
    "<title></title x>",
    "<textarea>\n<p></textarea>",
    "<iframe>&amp;</iframe>",
    "<plaintext>",
    "<xmp><b></xmp>",
    "<noscript><p></noscript>",
    "&",
    "&#",
    "&#x;",
    "&#0;",
    "&#128;",
    "&#xd800;",
    "&#1114112;",
    "&copy2",
    "&amp",
    "&notit;",
    "&foo;",
    "&foo",
    "&a-b;",
    "&T;",
    '<a b="&copy=1">',
    '<a b="&ampx">',
    '<a b="&#39">',
    '<a b="&unknown;">',
    "<br/>",
    "<img />",
    "<div/>",
    "\x00",
    "\ud800",
)
WORDS = (*NAMES, *VOIDS, *CLOSED, "none", "DIV", True)
VALUES = (
    re.compile("^[a-c]"),
    re.compile("b$"),
    *("a", "b", "a b", "b a", "c", "i", "n", "n&m", "submit", ""),
    True,
    ["a", "c"],
    ("n",),
)
SELECTORS = (
    "a",
    "DIV",
    "p b",
    "p > b",
    "#i",
    ".a",
    ".a.b",
    "a.b, p",
    "[class]",
    "[class='a b']",
    "input[name=n]",
    "[href^='/x']",
    "[href$='2']",
    "[value*=a]",
    "[type=submit]",
    "[rel='X y']",
    "div p , form input",
    "div div > a",
    "[id=k]",
    "*",
    "p:first-child",
    "p + p",
    "[title='>']",
    "[data-x]",
    "option , li > a.b#i",
)


def page(draw: random.Random, odd: float) -> str:
    """A page of random parts; some of them odd, some of it cut."""
    parts: list[str] = []
    names: list[str] = []
    for _ in range(draw.randrange(1, 24)):
        kind = draw.random()
        if kind < odd:
            parts.append(draw.choice(ODD))
        elif kind < 0.4:
            name = draw.choice(NAMES)
            names.append(name)
            parts.append(tag(draw, name))
        elif kind < 0.55:
            parts.append(tag(draw, draw.choice(VOIDS), slash=draw.choice(("", "", "", "/", " /"))))
        elif kind < 0.62:
            name = draw.choice(CLOSED)
            parts += [tag(draw, name), draw.choice(INSIDE), f"</{name}>"]
        elif kind < 0.8:
            parts.append(draw.choice(TEXTS))
        elif kind < 0.85:
            parts.append(draw.choice(REST))
        else:
            name = draw.choice(names[-3:]) if names and draw.random() < 0.9 else draw.choice(NAMES)
            parts.append(f"</{name}{draw.choice(('', '', ' ', chr(10)))}>")
    text = "".join(parts)
    for _ in range(draw.choice((0, 0, 0, 0, 1, 2)) if odd else 0):
        at = draw.randrange(len(text) + 1)
        text = (
            text[:at]
            + draw.choice(("", "<", ">", "'", '"', "/", "=", "&", " ", "\x00", "-", "!"))
            + text[at + 1 :]
        )
    return text


def tag(draw: random.Random, name: str, slash: str = "") -> str:
    attributes = "".join(
        draw.choice((" ", " ", "\n", "  ")) + draw.choice(ATTRIBUTES)
        for _ in range(draw.choice((0, 0, 1, 1, 2, 3)))
    )
    written = name.upper() if draw.random() < 0.1 else name
    return f"<{written}{attributes}{draw.choice(('', '', ' '))}{slash}>"


def stock_soup(text: str) -> BeautifulSoup:
    soup = object.__new__(BeautifulSoup)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soup.__init__(text, "html.parser")  # type: ignore[misc]
    return soup


def native_soup(text: str) -> Any:
    """A soup that reads natively; None for a page that is left to Beautiful Soup."""
    classes.attach()
    try:
        soup = classes._make(BeautifulSoup, text, "html.parser")
        if type(soup) is BeautifulSoup:
            return None
        soup.__init__(text, "html.parser")
        return soup
    finally:
        classes.detach()


def is_lazy(found: Any) -> bool:
    return type(type(found)) is classes._Alike


def described(tag: Any) -> tuple[Any, ...]:
    """All that is answered without a tree."""
    return (
        tag.name,
        tag.text,
        tag.get_text("|", strip=True),
        tag.get_text("|"),
        list(tag.stripped_strings),
    )


def questions(draw: random.Random) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls to make on a soup or a tag."""
    for _ in range(4):
        method = draw.choice(("find", "find_all", "__call__"))
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        if draw.random() < 0.8:
            positional.append(draw.choice((*WORDS, None, ["a", "p"], "", re.compile("^[ad]"))))
            if draw.random() < 0.4:
                names = draw.sample(
                    ("class", "id", "name", "rel", "value", "type", "checked"), draw.choice((1, 1, 2))
                )
                positional.append(
                    draw.choice(({name: draw.choice(VALUES) for name in names}, {}, "a", "a b", None))
                )
        for name in draw.sample(("class_", "id", "href", "rel", "checked"), draw.choice((0, 0, 1, 2))):
            keywords[name] = draw.choice(VALUES)
        if draw.random() < 0.2:
            keywords["recursive"] = draw.choice((True, False, 0))
        if method != "find" and draw.random() < 0.2:
            keywords["limit"] = draw.choice((1, 2, 0, None))
        yield method, tuple(positional), keywords
    for _ in range(3):
        yield draw.choice(("select", "select_one")), (draw.choice(SELECTORS),), {}


def early_answers(text: str, seed: int) -> None:
    """Ask a soup of which nothing has been read, as people do; an AssertionError if it does not answer as stock's."""
    draw = random.Random(seed)
    asked = [question for question in questions(draw) if question[0] == "find"]
    native = native_soup(text)
    if native is None:
        return
    stock = stock_soup(text)
    tags = stock.find_all(True)
    number = {id(tag): at for at, tag in enumerate(tags)}
    found = []
    for _, positional, keywords in (*asked, ("find", (True,), {}), ("find", (tags[-1].name,), {})):
        ours, theirs = native.find(*positional, **keywords), stock.find(*positional, **keywords)
        assert (ours is None) == (theirs is None), (positional, keywords)
        if ours is not None:
            assert (ours.name, ours.get("id"), ours.attrs) == (theirs.name, theirs.get("id"), theirs.attrs)
            found.append((ours, theirs))
    rest = draw.choice(
        (str, lambda tag: tag.text, lambda tag: tag.find(True), lambda tag: list(tag.children))
    )
    for ours, theirs in found:
        assert repr(rest(ours)) == repr(rest(theirs))
    assert str(native) == str(stock)
    everything = native.find_all(True)
    for ours, theirs in found:
        assert everything[number[id(theirs)]] is ours


def same_answers(text: str, seed: int) -> bool | None:
    """Whether both answer alike, an AssertionError if not; None if the page was not read natively."""
    native = native_soup(text)
    if native is None:
        return None
    draw = random.Random(seed)
    stock = stock_soup(text)
    tags = stock.find_all(True)
    number = {id(tag): at for at, tag in enumerate(tags)}
    ours = native.find_all(True)
    where = {id(our): at for at, our in enumerate(ours)}
    assert len(ours) == len(tags)
    assert described(native)[1:] == described(stock)[1:]
    strings = []
    ask = draw.random() < 0.3
    for our, tag in zip(ours, tags, strict=True):
        assert described(our) == described(tag)
        if ask:
            string = our.string
            assert (string, type(string)) == (tag.string, type(tag.string))
            strings.append(string)
        for key in ("id", "class", "CLASS", "name", "value", "href", "rel", "charset", "none"):
            if key in ("charset",) and tag.name == "meta":
                continue
            if draw.random() < 0.2:
                assert our.has_attr(key) == tag.has_attr(key)
                assert our.get(key, 7) == tag.get(key, 7)
                assert type(our.get(key)) is type(tag.get(key))
        assert [where[id(found)] for found in our.find_all(True, recursive=False)] == [
            number[id(found)] for found in tag.find_all(True, recursive=False)
        ]
    for method, positional, keywords in questions(draw):
        at = draw.randrange(-1, len(tags))
        mine, theirs = (native, stock) if at < 0 else (ours[at], tags[at])
        answers = []
        for found in (mine, theirs):
            try:
                answers.append(getattr(found, method)(*positional, **keywords))
            except Exception as error:
                answers.append((type(error), str(error)))
        mine, theirs = answers
        label = (method, positional, keywords)
        if isinstance(theirs, (list, ResultSet)):
            assert type(mine) is type(theirs), label
            assert [where[id(found)] for found in mine] == [number[id(found)] for found in theirs], label
        elif isinstance(theirs, tuple) or theirs is None:
            assert mine == theirs, label
        else:
            assert where[id(mine)] == number[id(theirs)], label
    still = is_lazy(native)
    for our, tag in zip(ours, tags, strict=True):
        if not (tag.name == "meta" and (tag.has_attr("charset") or tag.has_attr("http-equiv"))):
            assert dict(our.attrs) == dict(tag.attrs)
            assert list(our.attrs) == list(tag.attrs)
            assert type(our.attrs) is type(tag.attrs)
    assert str(native) == str(stock)
    assert not is_lazy(native)
    real = native.find_all(True)
    assert len(real) == len(ours)
    for our, found, tag in zip(ours, real, tags, strict=True):
        assert our is found
        assert (our.sourceline, our.sourcepos) == (tag.sourceline, tag.sourcepos)
        assert our == tag
        assert vars(our).keys() == vars(tag).keys()
    assert vars(native).keys() == vars(stock).keys()
    for our, string in zip(ours, strings, strict=False):
        assert our.string is string
    all_of = [[soup.contents[0], *soup.contents[0].next_elements] for soup in (native, stock)]
    assert list(map(str, all_of[0])) == list(map(str, all_of[1]))
    last = all_of[0][::-1]
    assert all(a is b for a, b in zip(last, [last[0], *last[0].previous_elements], strict=True))
    return still
