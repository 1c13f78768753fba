"""`BeautifulSoup`, `Tag` and strings without a tree: classes that pass for the stock ones, and how a soup is made."""

from operator import attrgetter
from typing import Any
from weakref import ref

import bs4
import bs4.builder
from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, Tag

from .. import _core
from .page import Page
from .queries import Answers, Attributes, Materialises, Strings, sample
from .release import MIXED_SLASHES, release

_set = object.__setattr__
_new = object.__new__
_scan = _core.scan_page
_mixed_slashes = release(bs4) >= MIXED_SLASHES
_builders = bs4.builder.builder_registry.builders_for_feature
_HTML_PARSER = bs4.builder.HTMLParserTreeBuilder
_containers = _HTML_PARSER.DEFAULT_STRING_CONTAINERS
_STRINGS = (NavigableString, *(_containers[name] for name in ("script", "style", "template", "rt", "rp")))
"""Classes of strings by the number of their kind of text."""

_methods = attrgetter(
    *("find", "find_all", "_find_all", "__call__", "select", "select_one", "get", "__getitem__", "has_attr"),
    *("get_text", "text", "string", "_all_strings", "__getattr__"),
)
_stock = _methods(BeautifulSoup)
"""What ours answers in place of; where somebody has replaced one, soups are bs4's."""


class _Alike(type):
    """A class that is equal to the stock class it stands for, for `type(x) == Tag` and tables by type."""

    stands_for: type

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.stands_for

    def __hash__(cls) -> int:
        return hash(cls.stands_for)


class _Real:
    """An attribute that is looked up again once the tree is there."""

    def __init__(self, stock: type, name: str) -> None:
        self.stock, self.name = stock, name

    def __get__(self, found: Any, owner: type | None = None) -> Any:
        if found is None:
            return getattr(self.stock, self.name)
        found._page.build()
        return getattr(found, self.name)


def _lazy(stock: type, *natives: type, **own: Any) -> Any:
    """A lazy subclass of a stock class, called as that is called; to call it is to call the stock class."""
    body: dict[str, Any] = {}
    for native in natives:
        body |= {name: value for name, value in vars(native).items() if name not in _OF_A_CLASS}
    # An old name of a method is the method itself, as long as it is no deprecated one.
    for name in dir(stock):
        for method in ("find", "find_all"):
            if method in body and name not in body and getattr(stock, name) is getattr(stock, method):
                body[name] = body[method]
    for name in ("__reduce__", "__reduce_ex__", "__getstate__"):
        body[name] = _Real(stock, name)
    body["__dict__"] = property(_Real(stock, "__dict__").__get__)
    body["__class__"] = property(lambda self: stock)
    body["__new__"] = lambda cls, *args, **kwargs: stock(*args, **kwargs)
    body |= {"__module__": stock.__module__, "__qualname__": stock.__qualname__, "__doc__": stock.__doc__}
    lazy: Any = _Alike(stock.__name__, (stock,), body | own)
    lazy.stands_for = stock
    return lazy


_OF_A_CLASS = ("__dict__", "__weakref__", "__module__", "__doc__", "__annotations__", "__qualname__")


def _init(self: Any, *args: Any, **kwargs: Any) -> None:
    page = self._page
    if page.soup is None:
        page.soup = ref(self)
        return
    page.build()
    self.__init__(*args, **kwargs)


LazyTag = _lazy(Tag, Materialises, Answers, Attributes)
LazySoup = _lazy(
    BeautifulSoup,
    Materialises,
    Answers,
    __init__=_init,
    hidden=True,
    _at=-1,
    name=BeautifulSoup.ROOT_TAG_NAME,
)

Page.lazy_tag = LazyTag
Page.lazy_strings = tuple(_lazy(stock, Materialises, Strings) for stock in _STRINGS)
Page.attribute_dict, Page.attribute_list = type(sample.a.attrs), type(sample.a["class"])


def _make(cls: type, markup: Any = "", features: Any = None, *args: Any, **kwargs: Any) -> Any:
    """`BeautifulSoup.__new__`: a lazy soup for what is certain, else a plain one for `__init__` to fill."""
    if (
        cls is BeautifulSoup
        and features == "html.parser"
        and not args
        and not kwargs
        and _builders["html.parser"][0] is _HTML_PARSER
        and _methods(BeautifulSoup) == _stock
    ):
        text = markup if type(markup) is str else _decoded(markup)
        scan = None if text is None else _scan(text, _mixed_slashes)
        if scan is not None:
            soup = _new(LazySoup)
            _set(soup, "_page", Page(scan, markup))
            return soup
    return _new(cls)


def _decoded(markup: Any) -> str | None:
    """Bytes as bs4 would decode them, if they declare UTF-8 and hold it; None for anything else."""
    if type(markup) is not bytes or markup[:1] in b"\xef\xfe\xff\x00":
        return None
    declared = EncodingDetector.find_declared_encoding(markup, is_html=True)
    return _core.decode_utf8(markup, True) if declared in ("utf-8", "utf8") else None


def _plain(cls: type, *args: Any, **kwargs: Any) -> Any:
    """What `BeautifulSoup.__new__` is without us."""
    return _new(cls)


_make.__wrapped__ = _plain.__wrapped__ = BeautifulSoup.__init__  # type: ignore[attr-defined]  # for inspect.signature


def attach() -> None:
    """Make soups lazy from now on."""
    if vars(BeautifulSoup).get("__new__") in (None, _plain):
        BeautifulSoup.__new__ = _make  # type: ignore[assignment]


def detach() -> None:
    """Make soups as bs4 does."""
    # Once a class has had a `__new__`, CPython lets no arguments pass without one.
    if vars(BeautifulSoup).get("__new__") is _make:
        BeautifulSoup.__new__ = _plain  # type: ignore[assignment]
