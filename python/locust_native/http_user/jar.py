"""Cookie jars that show the native jar to Python code, and take its changes."""

from __future__ import annotations

import re
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
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


_UNSENDABLE = re.compile("[^\t\x20-\x7e\x80-\xff]")


def sendable(name: Any, value: Any) -> bool:
    """Whether a header field can hold this name and value."""
    return not (_UNSENDABLE.search(str(name)) or _UNSENDABLE.search(str(value)))


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

    #: Whether there is a cookie that http.client refuses to put on the wire.
    unsendable = False
    #: Whether there is one whose rules only http.cookiejar knows.
    unknown_to_native = False

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
        cookies = [cookie for names in paths for cookie in names.values()]
        self._seen = self._client.replace_cookies([to_tuple(cookie) for cookie in cookies])
        # Servers' cookies are none of these: the native jar has read them as what it can send.
        self.unsendable = not all(sendable(cookie.name, cookie.value) for cookie in cookies)
        self.unknown_to_native = any(c.version or c.port or c.rfc2109 for c in cookies)

    def obeys_default_policy(self) -> bool:
        """Whether the policy is the one by whose rules the native jar goes."""
        policy = self._policy  # type: ignore[attr-defined]
        if type(policy) is not DefaultCookiePolicy:
            return False
        if vars(policy) == _DEFAULT_POLICY:
            return True
        return {name: value for name, value in vars(policy).items() if name != "_now"} == _DEFAULT_POLICY

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        super().set_cookie(cookie, *args, **kwargs)
        self._write_back()

    def clear(self, domain: Any = None, path: Any = None, name: Any = None) -> None:
        super().clear(domain, path, name)
        self._write_back()

    def detach(self) -> CookieJar:
        """Become a plain jar with the cookies that are in it: whoever holds it goes on holding the jar."""
        plain = _plain(self)
        self.__dict__.clear()
        self.__class__ = type(plain)  # type: ignore[assignment]
        self.__dict__.update(plain.__dict__)
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        # A pickle, or a copy, holds the cookies and knows nothing of a native client.
        return _plain(self).__reduce_ex__(0)  # later protocols insist on our class


#: The attributes of a policy nobody has touched, but for its clock.
_DEFAULT_POLICY = vars(DefaultCookiePolicy())


class NativeCookieJar(_Mirror, RequestsCookieJar):
    """``HttpSession.cookies``: a RequestsCookieJar over the native jar."""


class NativeFastCookieJar(_Mirror):
    """``FastHttpSession.cookiejar``: a CookieJar over the native jar."""

    def detach(self) -> CookieJar:
        """Become a plain jar, still the same object, with the cookies as they are."""
        cookies = self._cookies
        for own in ("_client", "_seen", "_here"):
            del self.__dict__[own]
        self.__class__ = CookieJar  # type: ignore[assignment]
        self.__dict__["_cookies"] = cookies
        return self


# What a locustfile prints of a jar begins with the name of its class.
NativeCookieJar.__name__ = RequestsCookieJar.__name__
NativeFastCookieJar.__name__ = CookieJar.__name__


def _plain(jar: _Mirror) -> CookieJar:
    """A plain jar of the stock class with copies of all cookies and the same policy."""
    kind = RequestsCookieJar if isinstance(jar, RequestsCookieJar) else CookieJar
    return detach(jar, kind(policy=jar._policy))  # type: ignore[attr-defined]


def detach(jar: CookieJar, into: CookieJar) -> CookieJar:
    """Copy all cookies of ``jar`` into the plain jar ``into`` and return that."""
    for cookie in jar:
        into.set_cookie(cookie)
    return into


def unsupported(cookies: Any) -> str | None:
    """Why the native jar cannot stand for a session's cookies, in words; None if it can."""
    if type(cookies) is not NativeCookieJar:
        return "client.cookies replaced by a jar of one's own"
    if not cookies.obeys_default_policy():
        return "a cookie policy of one's own"
    return "a cookie with a version or a port" if cookies.unknown_to_native else None
