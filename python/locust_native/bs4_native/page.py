"""What lazy soups and tags share: the scanned page, what was handed out of it, and how it becomes a tree."""

import logging
from typing import Any
from weakref import ref

from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag

_new = object.__new__
_set = object.__setattr__
_set_class = object.__dict__["__class__"].__set__
_state = PageElement.__dict__["__dict__"].__get__
_log = logging.getLogger("locust_native")


class Page:
    """One scanned page. Tags and soup hold it; it holds neither, so that a page is freed as soon as it is dropped."""

    __slots__ = ("exposed", "markup", "scan", "soup", "strings", "tags")

    lazy_tag: type
    lazy_strings: tuple[type, ...]
    attribute_dict: type
    attribute_list: type

    def __init__(self, scan: Any, markup: str | bytes) -> None:
        self.scan = scan
        self.markup = markup
        self.soup: ref | None = None
        self.tags: dict[int, ref] = {}
        self.strings: dict[int, ref] = {}
        """Strings that make up a whole element, by its number."""
        self.exposed: dict[int, tuple[Any, dict[str, Any]]] = {}
        """Attributes that a program holds, and as they were: the program may change them under our feet."""

    def tag(self, at: int) -> Any:
        """The tag of an element: always the same while somebody holds it."""
        known = self.tags.get(at)
        tag = None if known is None else known()
        if tag is None:
            tag = _new(self.lazy_tag)
            _set(tag, "_page", self)
            _set(tag, "_at", at)
            self.tags[at] = ref(tag)
        return tag

    def string(self, at: int) -> Any:
        """The string an element consists of, None if there is no such string, False if only bs4 can tell."""
        found = self.scan.only_string(at)
        if not found:
            return found
        owner, kind, text = found
        known = self.strings.get(owner)
        string = None if known is None else known()
        if string is None:
            string = str.__new__(self.lazy_strings[kind], text)
            _set(string, "_page", self)
            self.strings[owner] = ref(string)
        return string

    def expose(self, at: int) -> Any:
        """The attributes of an element, to keep and to change; None if only bs4 can make them."""
        known = self.exposed.get(at)
        if known is not None:
            return known[0]
        found = self.scan.attributes(at)
        if found is None:
            return None
        exposed, kept = self.attribute_dict(), {}
        for name, value, is_list in found:
            kept[name] = value.split() if is_list else value
        for name, value in kept.items():
            exposed[name] = self.attribute_list(value) if isinstance(value, list) else value
        self.exposed[at] = (exposed, kept)
        return exposed

    def words(self, at: int, key: str) -> list[str] | None:
        """What a pattern is searched in where an attribute is a list: each word, then all, as bs4 does."""
        found = None
        for name, value, is_list in self.scan.attributes(at) or ():
            if name == key and is_list:
                words = value.split()
                found = words if len(words) == 1 else [*words, " ".join(words)]
        return found

    def changed(self) -> bool:
        """Whether the program has changed attributes that were exposed."""
        return any(exposed != kept for exposed, kept in self.exposed.values())

    def build(self) -> None:
        """Make the tree with bs4's own code, in the soup and the tags that were handed out."""
        alive = {at: tag for at, known in self.tags.items() if (tag := known()) is not None}
        strings = {at: string for at, known in self.strings.items() if (string := known()) is not None}
        owners = {}
        exposed = self.exposed
        soup = None if self.soup is None else self.soup()
        if soup is None:
            soup = _new(BeautifulSoup)
        else:
            _turn(soup, BeautifulSoup)
        at = -1

        def make(*args: Any, **kwargs: Any) -> Any:
            nonlocal at
            at += 1
            tag = alive.get(at)
            if tag is None:
                tag = Tag(*args, **kwargs)
            else:
                _turn(tag, Tag)
                tag.__init__(*args, **kwargs)
            if at in exposed:
                tag.attrs = exposed[at][0]
            if at in strings:
                owners[at] = tag
            return tag

        BeautifulSoup.__init__(soup, self.markup, "html.parser", element_classes={Tag: make})
        soup.element_classes = {}
        for owner, tag in owners.items():
            _put(strings[owner], tag.contents[0], tag, soup)
        known = self.scan.count()
        if known is not None and at + 1 != known:
            _log.error(
                "locust-native: this page has %d elements for Beautiful Soup and %d for the native core; "
                "please report it, and set LOCUST_NATIVE_HTML=0",
                at + 1,
                known,
            )


def _put(lazy: Any, real: Any, owner: Any, soup: Any) -> None:
    """Put a string that was handed out in the place of the one that the tree has."""
    _turn(lazy, type(real))
    _state(lazy).update(vars(real))
    owner.contents[0] = lazy
    real.previous_element.next_element = lazy
    if real.next_element is not None:
        real.next_element.previous_element = lazy
    if soup._most_recent_element is real:
        soup._most_recent_element = lazy


def _turn(lazy: Any, stock: type) -> None:
    _set_class(lazy, stock)
    _state(lazy).clear()
