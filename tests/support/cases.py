"""What is asked of both user classes, whose clients differ: cases of differential tests."""

import re


def named(value: object) -> str:
    """The id of a case: its `repr`, without addresses, since all test processes must name it alike."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


ODD_PATHS = [
    "/a b",
    "/ä",
    "/%7euser/%2f",
    "/a%zz",
    "/a[0]?x[]=1",
    "/a?q={x}|y",
    "/a?b=c#frag",
    "/#frag",
    "/a?",
    "/a//b",
    "//a",
    "/a/../b",
    "/a/./b",
    "/..",
    "/a;b=1,2",
    "/a:b@c",
    "/a?x=ä&y=%E4",
    "/a?x=1 2+3",
    '/"<>\\^`',
    "/~a",
    "/'",
    "/a?'",
    "?only=query",
    "",
    "/\u2028",
    "/a\tb",
    "/a?x=%",
]
"""Paths that no browser would send, or not like this."""

IMPOSSIBLE_URLS = [
    "x",
    ":1/",
    "http:/x",
    "http://",
    "http://[::1",
    "http://127.0.0.1:99999/",
    "http://a..b/",
]
"""What cannot be asked."""

LOCATIONS = [
    "/x",
    "x",
    "../x",
    "?q=1",
    "#f",
    "",
    "//127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}/x y?a b",
    "http://localhost:{port}/do?echo=1",
    "/%",
    "/a%20b%zz",
    "/a[1]?b[2]",
    "HTTP://127.0.0.1:{port}/x",
    "/x#f",
    ".",
    "..",
    "./../../x",
    "/a/../b",
    "http://127.0.0.1:{port}",
    "http://127.0.0.1:{port}?q",
    "ftp://127.0.0.1/x",
    "mailto:a@b",
    "http://",
    "javascript:x",
    "//",
    "///x",
]
"""What a `Location` may say; `{port}` is the server's."""
