"""Cookie jars that show the native jar to Python code, and take its changes."""

from __future__ import annotations

from http.cookiejar import Cookie, CookieJar
from typing import Any

from requests.cookies import RequestsCookieJar


def to_tuple(cookie: Cookie) -> tuple[Any, ...]:
    """A cookie as ``_core.Client.replace_cookies`` takes it."""
    rest = [(name, value if value is None else str(value)) for name, value in cookie._rest.items()]
    return (
        cookie.name,
        cookie.value if cookie.value is None else str(cookie.value),
        cookie.domain,
        bool(cookie.domain_specified),
        bool(cookie.domain_initial_dot),
        cookie.path,
        bool(cookie.path_specified),
        bool(cookie.secure),
        None if cookie.expires is None else int(cookie.expires),
        bool(cookie.discard),
        rest,
    )


def from_tuple(fields: tuple[Any, ...]) -> Cookie:
    """The cookie of one tuple of ``_core.Client.cookies``."""
    name, value, domain, specified, dot, path, path_specified, secure, expires, discard, rest = fields
    return Cookie(
        0, name, value, None, False, domain, specified, dot, path, path_specified, secure, expires, discard,
        None, None, dict(rest), False,
    )  # fmt: skip


class _Mirror(CookieJar):
    """A jar whose contents are the native client's.

    http.cookiejar keeps everything in ``_cookies`` and changes it through ``set_cookie`` and ``clear``
    only: reading the attribute brings it up to date, those two write back.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen = -1
        self._here: dict[str, Any] = {}
        super().__init__()

    @property
    def _cookies(self) -> dict[str, Any]:
        version = self._client.cookie_version()
        if version != self._seen:
            here: dict[str, Any] = {}
            for fields in self._client.cookies():
                cookie = from_tuple(fields)
                here.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = cookie
            self._here, self._seen = here, version
        return self._here

    @_cookies.setter
    def _cookies(self, cookies: dict[str, Any]) -> None:
        self._here = cookies  # by the base class's constructor, and by `clear`, which writes back

    def _write_back(self) -> None:
        paths = (path for domain in self._here.values() for path in domain.values())
        self._seen = self._client.replace_cookies([to_tuple(c) for names in paths for c in names.values()])

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        super().set_cookie(cookie, *args, **kwargs)
        self._write_back()

    def clear(self, domain: Any = None, path: Any = None, name: Any = None) -> None:
        super().clear(domain, path, name)
        self._write_back()


class NativeCookieJar(_Mirror, RequestsCookieJar):
    """``HttpSession.cookies``: a RequestsCookieJar over the native jar."""


class NativeFastCookieJar(_Mirror):
    """``FastHttpSession.cookiejar``: a CookieJar over the native jar."""


# What a locustfile prints of a jar begins with the name of its class.
NativeCookieJar.__name__ = RequestsCookieJar.__name__
NativeFastCookieJar.__name__ = CookieJar.__name__


def detach(jar: CookieJar, into: CookieJar) -> CookieJar:
    """Copy all cookies of ``jar`` into the plain jar ``into`` and return that."""
    for cookie in jar:
        into.set_cookie(cookie)
    return into
