"""What a soup, a tag and a string answer without a tree, in the words of bs4; what they cannot, the tree answers.

A lazy object has none of bs4's instance attributes. Whatever stock method runs on it and reads one comes to our
`__getattr__`, which has the tree built (`Page.build`), in this very object.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import bs4.css
from bs4 import BeautifulSoup
from bs4.element import ResultSet, SoupStrainer, Tag

_ATTRS = inspect.signature(Tag.find).parameters["attrs"].default
_TEXT_TYPES = inspect.signature(Tag.get_text).parameters["types"].default
_NOTHING = object()

sample = BeautifulSoup('<a class="b">c</a>', "html.parser")
_STATE = frozenset(vars(sample)) | frozenset(vars(sample.a)) | frozenset(vars(sample.a.contents[0]))
"""bs4's own instance attributes."""


class Materialises:
    """How all of them become real."""

    _page: Any

    def __setattr__(self, name: str, value: Any) -> None:
        self._page.build()
        setattr(self, name, value)

    def __delattr__(self, name: str) -> None:
        self._page.build()
        delattr(self, name)


class Strings(Materialises):
    """A string in a page is a string; only its place in the tree is to be found."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")
        self._page.build()
        return getattr(self, name)


class Answers(Materialises):
    """What soup and tags answer without a tree."""

    _at: int
    known_xml = False

    def find(
        self,
        name: Any = None,
        attrs: Any = _ATTRS,
        recursive: Any = True,
        string: Any = None,
        **kwargs: Any,
    ) -> Any:
        page = self._page
        if string is None and not (page.exposed and page.changed()):
            at = page.scan.find(self._at, name, _given(attrs), recursive, kwargs)
            if at >= 0:
                return page.tag(at)
            if at == -1:
                return None
            found = _by_pattern(page, self._at, name, attrs, recursive, kwargs)
            if found is not None:
                return page.tag(found[0]) if found else None
        page.build()
        return self.find(name, attrs, recursive, string, **kwargs)

    def find_all(
        self,
        name: Any = None,
        attrs: Any = _ATTRS,
        recursive: Any = True,
        string: Any = None,
        limit: Any = None,
        **kwargs: Any,
    ) -> Any:
        page = self._page
        if string is None and not (page.exposed and page.changed()):
            found = page.scan.find_all(self._at, name, _given(attrs), recursive, limit, kwargs)
            if found is None and limit is None:
                found = _by_pattern(page, self._at, name, attrs, recursive, kwargs)
            if found is not None:
                tags = list(map(page.tag, found))
                return ResultSet(SoupStrainer(name, attrs, None, **kwargs), tags)
        page.build()
        return self.find_all(name, attrs, recursive, string, limit, **kwargs)

    __call__ = find_all

    def select(self, selector: Any, namespaces: Any = None, limit: Any = None, **kwargs: Any) -> Any:
        page = self._page
        found = None if kwargs else _select(page, self._at, selector, namespaces, limit)
        if found is not None:
            return ResultSet(None, list(map(page.tag, found)))
        page.build()
        return self.select(selector, namespaces, **({} if limit is None else {"limit": limit}), **kwargs)

    def select_one(self, selector: Any, namespaces: Any = None, **kwargs: Any) -> Any:
        page = self._page
        found = None if kwargs else _select(page, self._at, selector, namespaces, 1)
        if found is not None:
            return page.tag(found[0]) if found else None
        page.build()
        return self.select_one(selector, namespaces, **kwargs)

    def get_text(self, separator: Any = "", strip: Any = False, types: Any = _TEXT_TYPES) -> str:
        page = self._page
        if types is not _TEXT_TYPES:
            page.build()
            return self.get_text(separator, strip, types)
        if not strip and separator == "":
            return self.text
        strings = page.scan.strings(self._at)
        if strings is None:
            page.build()
            return self.get_text(separator, strip, types)
        return separator.join(_stripped(strings) if strip else strings)

    getText = get_text

    @property
    def text(self) -> str:
        page = self._page
        text = page.scan.text(self._at)
        if text is None:
            page.build()
            return self.text
        return text

    @property
    def stripped_strings(self) -> Iterator[str]:
        page = self._page
        strings = page.scan.strings(self._at)
        if strings is None:
            page.build()
            return self.stripped_strings
        return _stripped(strings)

    def __getattr__(self, name: str) -> Any:
        if name in _STATE or (len(name) > 3 and name.endswith("Tag")):
            self._page.build()
            return getattr(self, name)
        if name.startswith("__"):
            raise AttributeError(f"'{self.__class__}' object has no attribute '{name}'")
        return self.find(name)


class Attributes:
    """What an element answers of its attributes."""

    _page: Any
    _at: int

    @property
    def name(self) -> str:
        return self._page.scan.name(self._at)

    @property
    def string(self) -> Any:
        page = self._page
        string = page.string(self._at)
        if string is not False:
            return string
        page.build()
        return self.string

    @property
    def attrs(self) -> Any:
        page = self._page
        exposed = page.expose(self._at)
        if exposed is None:
            page.build()
            return self.attrs
        return exposed

    def get(self, key: Any, default: Any = None) -> Any:
        page, at = self._page, self._at
        if at not in page.exposed:
            value = page.scan.attribute(at, key)
            if value is None:
                return default
            if value is not False:
                return value
        return self.attrs.get(key, default)

    def __getitem__(self, key: Any) -> Any:
        page, at = self._page, self._at
        if at not in page.exposed:
            value = page.scan.attribute(at, key)
            if value is None:
                raise KeyError(key)
            if value is not False:
                return value
        return self.attrs[key]

    def has_attr(self, key: Any) -> bool:
        page, at = self._page, self._at
        if at not in page.exposed and isinstance(key, str):
            return page.scan.attribute(at, key) is not None
        return key in self.attrs

    def get_attribute_list(self, key: Any, *default: Any) -> Any:
        value = self.get(key, *default)
        if isinstance(value, list):
            return value
        self._page.build()
        return self.get_attribute_list(key, *default)


def _given(attrs: Any) -> Any:
    """None for the default; an object of no meaning for a None that is not the default."""
    if attrs is _ATTRS:
        return None
    return _NOTHING if attrs is None else attrs


def _by_pattern(page: Any, at: int, name: Any, attrs: Any, recursive: Any, keywords: dict[str, Any]) -> Any:
    """The numbers of elements where some arguments are compiled patterns; None for what only bs4 can tell."""
    scan = page.scan
    searches: list[tuple[str, Any]] = []

    def plain(wanted: dict[str, Any], given_class: str) -> dict[str, Any]:
        for key, value in wanted.items():
            if _is_pattern(value):
                searches.append(("class" if key == given_class else key, value.search))
        return {key: True if _is_pattern(value) else value for key, value in wanted.items()}

    attrs = _given(attrs)
    attrs = plain(attrs, "class") if type(attrs) is dict else attrs
    keywords = plain(keywords, "class_")
    named = _is_pattern(name)
    if not searches and not named:
        return None
    numbers = scan.find_all(at, True if named else name, attrs, recursive, None, keywords)
    found = []
    for number in numbers or ():
        if named and not name.search(scan.name(number)):
            continue
        for key, search in searches:
            value = scan.attribute(number, key)
            if value is False:
                value = page.words(number, key)
                if value is None:
                    return None
            if not (search(value) if isinstance(value, str) else any(map(search, value))):
                break
        else:
            found.append(number)
    return None if numbers is None else found


def _is_pattern(value: Any) -> bool:
    return type(value) is re.Pattern and isinstance(value.pattern, str)


def _select(page: Any, at: int, selector: Any, namespaces: Any, limit: Any) -> Any:
    if (
        type(selector) is not str
        or not selector.isascii()
        or namespaces is not None
        or not (limit is None or (type(limit) is int and 0 <= limit <= sys.maxsize))
        or bs4.css.soupsieve is None
        or (page.exposed and page.changed())
    ):
        return None
    return page.scan.select(at, selector, limit or 0)


def _stripped(strings: list[str]) -> Iterator[str]:
    return (stripped for string in strings if (stripped := string.strip()))
