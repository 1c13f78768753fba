"""Cases: redirects that lead round in circles, nowhere, or away from home."""

from misdeeds import CLOSE, HANG, RESET, Case, case, chunked, head, plain

FOUND = b"HTTP/1.1 302 Found"

LOCATIONS = {
    "itself": b"/case/detour-itself",
    "ok": b"/ok",
    "absolute": b"http://127.0.0.1:{port}/ok",
    "other-host": b"http://localhost:{port}/ok",
    "relative": b"ok",
    "dots": b"../../ok",
    "query-only": b"?a=b",
    "fragment": b"/ok#part",
    "fragment-only": b"#part",
    "fragment-empty": b"/ok#",
    "empty": b"",
    "spaces": b"   ",
    "space-inside": b"/ok here",
    "scheme-ftp": b"ftp://127.0.0.1/x",
    "scheme-data": b"data:text/plain,hello",
    "scheme-javascript": b"javascript:alert(1)",
    "scheme-file": b"file:///etc/passwd",
    "scheme-mailto": b"mailto:a@example.com",
    "scheme-capitals": b"HTTP://127.0.0.1:{port}/ok",
    "scheme-relative": b"//127.0.0.1:{port}/ok",
    "scheme-https-to-plain": b"https://127.0.0.1:{port}/ok",
    "no-host": b"http://",
    "no-host-path": b"http:///ok",
    "one-slash": b"http:/ok",
    "no-slashes": b"http:ok",
    "slashes": b"///ok",
    "backslashes": b"\\\\127.0.0.1\\ok",
    "port-letters": b"http://127.0.0.1:abc/ok",
    "port-huge": b"http://127.0.0.1:99999/ok",
    "port-zero": b"http://127.0.0.1:0/ok",
    "port-empty": b"http://127.0.0.1:/ok",
    "port-refused": b"http://127.0.0.1:{free}/ok",
    "host-unknown": b"http://no-such-host.invalid/ok",
    "host-dots": b"http://a..b/ok",
    "host-long": b"http://" + b"a" * 70 + b".invalid/ok",
    "host-space": b"http://a b/ok",
    "host-star": b"http://*/ok",
    "host-percent": b"http://%31/ok",
    "bracket-open": b"http://[::1/ok",
    "bracket-garbage": b"http://[zz]/ok",
    "user": b"http://user:pw@127.0.0.1:{port}/ok",
    "latin": b"/ok?caf\xe9",
    "latin-path": b"/ok/caf\xe9",
    "utf8": "/ok?café".encode(),
    "utf8-host": "http://bücher.invalid/".encode(),
    "ff": b"/ok?\xff\xfe",
    "percent-stray": b"/ok?100%",
    "percent-nul": b"/ok?%00",
    "percent-utf8": b"/ok?%C3%A9",
    "control": b"/ok?\x01\x7f",
    "tab": b"/ok?\ta",
    "brackets": b"/ok?a[]=1",
    "braces": b"/ok?{a}|b^c`d",
    "quote": b'/ok?"<a>"',
    "semicolon": b"/ok;a=b?c;d",
    "long": b"/ok?" + b"x" * 20_000,
    "missing-name": b"/case/",
}

#: Locations that requests or geventhttpclient must read themselves: their hops go by a connection of their own.
ODD = {
    *("fragment-empty", "scheme-capitals", "no-host", "no-host-path", "one-slash", "no-slashes", "slashes"),
    *("user", "percent-stray", "tab", "brackets", "semicolon", "latin", "latin-path", "ff", "backslashes"),
    *("control", "host-percent", "port-empty", "percent-nul", "dots", "braces", "quote", "spaces", "utf8"),
}


def cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for name, location in LOCATIONS.items():
        made[f"detour-{name}"] = case(plain(b"Location: " + location, status=FOUND), apart=name in ODD)
    for status in (b"301 M", b"303 S", b"307 T", b"308 P", b"300 M", b"304 N", b"305 U", b"306 X", b"309 X"):
        name = status[:3].decode()
        body = b"" if name == "304" else b"ok"
        line = b"HTTP/1.1 " + status
        made[f"detour-{name}"] = case(plain(b"Location: /ok", status=line, body=body))
        made[f"detour-{name}-post"] = case(
            plain(b"Location: /ok", status=line, body=body), method="POST", data=b"a=b"
        )
        made[f"detour-{name}-put"] = case(
            plain(b"Location: /ok", status=line, body=body), method="PUT", data=b"a=b"
        )
    made["detour-head"] = case(head(b"Location: /ok", status=FOUND), method="HEAD")
    made["detour-missing"] = case(plain(status=FOUND))
    made["detour-200"] = case(plain(b"Location: /x"))
    made["detour-twice"] = case(plain(b"Location: /ok", b"Location: /ok?second", status=FOUND), apart=True)
    made["detour-cookies"] = case(
        plain(b"Location: http://localhost:{port}/ok", b"Set-Cookie: home=1", status=FOUND)
    )
    made["detour-credentials-away"] = case(
        plain(b"Location: http://localhost:{port}/ok", status=FOUND),
        headers=(("Authorization", "Basic c2VjcmV0OnNlY3JldA=="), ("Cookie", "own=1"), ("X-Mine", "1")),
    )
    made["detour-credentials-home"] = case(
        plain(b"Location: /ok", status=FOUND),
        headers=(("Authorization", "Basic c2VjcmV0OnNlY3JldA=="), ("Cookie", "own=1")),
    )
    made["detour-auth-away"] = case(
        plain(b"Location: http://localhost:{port}/ok", status=FOUND), arguments=(("auth", ("me", "secret")),)
    )
    made["detour-post-away"] = case(
        plain(b"Location: http://localhost:{port}/ok", status=b"HTTP/1.1 307 T"), method="POST", data=b"a=b"
    )
    made["detour-closed"] = case(plain(b"Location: /ok", b"Connection: close", status=FOUND), CLOSE)
    made["detour-closed-silently"] = case(plain(b"Location: /ok", status=FOUND), CLOSE)
    made["detour-cut"] = case(head(b"Location: /ok", b"Content-Length: 9", status=FOUND) + b"cut", CLOSE)
    made["detour-reset"] = case(head(b"Location: /ok", b"Content-Length: 9", status=FOUND) + b"cut", RESET)
    made["detour-hang"] = case(
        head(b"Location: /ok", b"Content-Length: 9", status=FOUND) + b"cut", HANG, timeout=0.3
    )
    made["detour-chunk-bad"] = case(chunked(b"zz\r\n", b"Location: /ok", status=FOUND), CLOSE)
    made["detour-gzip-bad"] = case(
        plain(b"Location: /ok", b"Content-Encoding: gzip", status=FOUND, body=b"no gzip")
    )
    made["detour-too-long"] = case(head(b"Location: /ok", b"Content-Length: 0", status=FOUND) + b"more")
    made["detour-to-closed"] = case(plain(b"Location: /case/fin-before-head-get", status=FOUND))
    made["detour-to-cut"] = case(plain(b"Location: /case/body-cut", status=FOUND))
    made["detour-to-bad-gzip"] = case(plain(b"Location: /case/coded-gzip-not-at-all", status=FOUND))
    made["detour-to-garbage"] = case(plain(b"Location: /case/status-garbage", status=FOUND))
    made["detour-to-hang"] = case(plain(b"Location: /case/hang-before-head", status=FOUND), timeout=0.3)
    for hops in (1, 29, 30, 31, 40):
        made[f"detour-hops-{hops}"] = case(plain(b"Location: /count/%d" % (hops - 1), status=FOUND))
    return made
