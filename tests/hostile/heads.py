"""Cases: status lines, header fields and lengths that should not be, and interim responses."""

from misdeeds import CLOSE, HANG, OK, Case, Repeat, Slow, case, chunked, head, plain

STATUS_LINES = {
    "garbage": b"this is no HTTP at all",
    "http2": b"HTTP/2.0 200 OK",
    "http2-short": b"HTTP/2 200 OK",
    "http12": b"HTTP/1.2 200 OK",
    "http19": b"HTTP/1.9 200 OK",
    "http09-line": b"HTTP/0.9 200 OK",
    "http3": b"HTTP/3.0 200 OK",
    "http-x": b"HTTP/1.x 200 OK",
    "http-long": b"HTTP/11.11 200 OK",
    "lower": b"http/1.1 200 OK",
    "icy": b"ICY 200 OK",
    "no-version": b"HTTP/ 200 OK",
    "no-reason": b"HTTP/1.1 200",
    "no-reason-space": b"HTTP/1.1 200 ",
    "two-spaces": b"HTTP/1.1  200  OK",
    "tab": b"HTTP/1.1\t200\tOK",
    "only-version": b"HTTP/1.1",
    "only-version-space": b"HTTP/1.1 ",
    "99": b"HTTP/1.1 99 Low",
    "000": b"HTTP/1.1 000 Zero",
    "100000": b"HTTP/1.1 100000 Much",
    "1000": b"HTTP/1.1 1000 High",
    "999": b"HTTP/1.1 999 Top",
    "600": b"HTTP/1.1 600 Beyond",
    "0200": b"HTTP/1.1 0200 OK",
    "abc": b"HTTP/1.1 abc OK",
    "2x0": b"HTTP/1.1 2x0 OK",
    "minus": b"HTTP/1.1 -200 OK",
    "plus": b"HTTP/1.1 +200 OK",
    "200OK": b"HTTP/1.1 200OK",
    "underscore": b"HTTP/1.1 2_0 OK",
    "reason-latin": b"HTTP/1.1 200 Tr\xe8s bien",
    "reason-utf8": "HTTP/1.1 200 Très bien".encode(),
    "reason-nul": b"HTTP/1.1 200 O\0K",
    "reason-control": b"HTTP/1.1 200 O\x01\x7fK",
    "reason-cr": b"HTTP/1.1 200 O\rK",
    "reason-long": b"HTTP/1.1 200 " + b"x" * 60_000,
    "reason-endless": b"HTTP/1.1 200 " + b"x" * 70_000,
    "empty": b"",
    "space-first": b" HTTP/1.1 200 OK",
    "blank-line-first": b"\r\nHTTP/1.1 200 OK",
    "blank-lines-first": b"\r\n\r\n\r\nHTTP/1.1 200 OK",
    "lf-first": b"\nHTTP/1.1 200 OK",
    "lf-only": b"HTTP/1.1 200 OK\nX-Next: yes",
    "nul-first": b"\0HTTP/1.1 200 OK",
}

FIELDS = {
    "no-colon": b"just words",
    "one-word": b"word",
    "empty-name": b": value",
    "empty-value": b"X-Empty:",
    "space-before-colon": b"X-Space : value",
    "tab-before-colon": b"X-Tab\t: value",
    "space-in-name": b"X Space: value",
    "spaces-around-value": b"X-Padded: \t  value \t ",
    "no-space": b"X-Tight:value",
    "leading-space": b" X-Lead: value",
    "folded": b"X-Folded: one\r\n two\r\n\tthree",
    "folded-empty": b"X-Folded: one\r\n \r\n two",
    "nul-value": b"X-Nul: a\0b",
    "nul-name": b"X-N\0ul: ab",
    "control-value": b"X-Control: a\x01\x1b\x7fb",
    "control-name": b"X-Con\x01trol: ab",
    "vt-value": b"X-Vt: a\x0bb\x0cc",
    "file-separators": b"X-Fs: a\x1cb\x1dc\x1ed",
    "nel-value": b"X-Nel: a\x85b",
    "latin-value": b"X-Latin: caf\xe9",
    "utf8-value": "X-Utf: café €".encode(),
    "latin-name": b"X-Caf\xe9: value",
    "cr-value": b"X-Cr: a\rb",
    "cr-end": b"X-Cr: a\r",
    "lf-end": b"X-Lf: a\nX-More: b",
    "separators-in-name": b'X-(a)<b>"c"/[d]?={e}: value',
    "allowed-in-name": b"X-!#$%&'*+-.^_`|~: value",
    "colons-in-value": b"X-Colons: a: b:c",
    "same-twice": b"X-Same: a\r\nX-Same: b",
    "cases": b"x-lower: a\r\nX-UPPER: b\r\nx-MiXeD: c",
    "90-fields": b"\r\n".join(b"X-%d: %d" % (i, i) for i in range(90)),
    "99-fields": b"\r\n".join(b"X-%d: %d" % (i, i) for i in range(99)),
    "100-fields": b"\r\n".join(b"X-%d: %d" % (i, i) for i in range(100)),
    "10000-fields": b"\r\n".join(b"X-%d: %d" % (i, i) for i in range(10_000)),
    "60k-value": b"X-Long: " + b"x" * 60_000,
    "65k-line": b"X-Long: " + b"x" * (65_536 - 10),
    "65k-line-and-one": b"X-Long: " + b"x" * (65_536 - 9),
    "100k-value": b"X-Long: " + b"x" * 100_000,
    "60k-name": b"X" * 60_000 + b": v",
    "set-cookie-garbage": b"Set-Cookie: =;;\x01\xff; Max-Age=; Domain=.; Path",
    "set-cookie-many": b"\r\n".join(b"Set-Cookie: c%d=%d" % (i, i) for i in range(80)),
    "content-type-garbage": b"Content-Type: ;;=;charset=\x01\xff",
    "charset-unknown": b"Content-Type: text/html; charset=klingon",
}

LENGTHS = {
    "same-twice": (b"Content-Length: 2\r\nContent-Length: 2", b"ok"),
    "same-in-one": (b"Content-Length: 2, 2", b"ok"),
    "conflicting": (b"Content-Length: 2\r\nContent-Length: 3", b"ok"),
    "conflicting-in-one": (b"Content-Length: 2, 3", b"ok"),
    "negative": (b"Content-Length: -1", b"ok"),
    "garbage": (b"Content-Length: abc", b"ok"),
    "empty": (b"Content-Length:", b"ok"),
    "plus": (b"Content-Length: +2", b"ok"),
    "hex": (b"Content-Length: 0x2", b"ok"),
    "fraction": (b"Content-Length: 2.0", b"ok"),
    "padded": (b"Content-Length:   2  ", b"ok"),
    "zeros": (b"Content-Length: 0000000002", b"ok"),
    "underscore": (b"Content-Length: 0_2", b"ok"),
    "semicolon": (b"Content-Length: 2;", b"ok"),
    "over-64-bit": (b"Content-Length: 99999999999999999999999", b"ok"),
    "over-63-bit": (b"Content-Length: 9223372036854775808", b"ok"),
    "huge": (b"Content-Length: 9223372036854775807", b"ok"),
    "1tb": (b"Content-Length: 1099511627776", b"ok"),
    "none": (b"X-A: b", b"ok"),
}

BOTH = {
    "length-first": b"Content-Length: 2\r\nTransfer-Encoding: chunked",
    "length-last": b"Transfer-Encoding: chunked\r\nContent-Length: 2",
    "identity": b"Transfer-Encoding: identity",
    "gzip-chunked": b"Transfer-Encoding: gzip, chunked",
    "chunked-gzip": b"Transfer-Encoding: chunked, gzip",
    "chunked-identity": b"Transfer-Encoding: chunked, identity",
    "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "capitals": b"Transfer-Encoding: CHUNKED",
    "unknown": b"Transfer-Encoding: xchunked",
    "empty": b"Transfer-Encoding:",
    "padded": b"Transfer-Encoding:  chunked \t",
}

INTERIM = {
    "100": head(status=b"HTTP/1.1 100 Continue"),
    "102": head(status=b"HTTP/1.1 102 Processing"),
    "103": head(b"Link: </a.css>; rel=preload", status=b"HTTP/1.1 103 Early Hints"),
    "199": head(status=b"HTTP/1.1 199 Odd"),
    "100-fields": head(b"X-Interim: 1", b"Set-Cookie: interim=1", status=b"HTTP/1.1 100 Continue"),
    "100-length": head(b"Content-Length: 3", status=b"HTTP/1.1 100 Continue"),
    "three": head(status=b"HTTP/1.1 100 Continue") * 3,
    "mixed": head(status=b"HTTP/1.1 100 C") + head(status=b"HTTP/1.1 103 E"),
    "fifty": head(status=b"HTTP/1.1 100 Continue") * 50,
}


def cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for name, line in STATUS_LINES.items():
        made[f"status-{name}"] = case(plain(status=line), CLOSE)
    for name, field in FIELDS.items():
        made[f"field-{name}"] = case(plain(field, b"X-After: 1"), timeout=1)
    made["field-folded-first"] = case(plain(b" folded", b"X-After: 1"))
    for name, (field, body) in LENGTHS.items():
        made[f"length-{name}"] = case(head(field) + body, CLOSE)
    for name, field in BOTH.items():
        made[f"coding-{name}"] = case(head(field) + b"2\r\nok\r\n0\r\n\r\n", CLOSE)
    made["coding-http10"] = case(chunked(b"2\r\nok\r\n0\r\n\r\n", status=b"HTTP/1.0 200 OK"), CLOSE)
    for name, interim in INTERIM.items():
        made[f"interim-{name}"] = case(interim + OK)
        made[f"interim-apart-{name}"] = case(Slow(interim, 1000, 0.02), Slow(OK, 1000))
    made["interim-endless"] = case(Repeat(INTERIM["100"] * 100, 200), CLOSE)
    made["interim-alone"] = case(INTERIM["100"], CLOSE)
    made["interim-hang"] = case(INTERIM["100"], HANG, timeout=0.3)
    made["interim-post"] = case(INTERIM["100"] + OK, method="POST", data=b"body")
    switch = head(b"Upgrade: other", b"Connection: Upgrade", status=b"HTTP/1.1 101 Switching Protocols")
    made["switching"] = case(switch, CLOSE)
    made["switching-body"] = case(switch + b"other words", CLOSE)
    for status in (b"204 No Content", b"304 Not Modified", b"205 Reset Content"):
        line = b"HTTP/1.1 " + status
        name = status[:3].decode()
        made[f"{name}-nothing"] = case(head(status=line), CLOSE)
        made[f"{name}-body"] = case(plain(status=line, body=b"unexpected"))
        made[f"{name}-length"] = case(head(b"Content-Length: 5", status=line), HANG, timeout=0.5)
        made[f"{name}-chunked"] = case(chunked(b"2\r\nok\r\n0\r\n\r\n", status=line), CLOSE)
    made["head-body"] = case(OK, method="HEAD")
    made["head-length"] = case(head(b"Content-Length: 500"), method="HEAD")
    made["head-chunked"] = case(chunked(b"2\r\nok\r\n0\r\n\r\n"), method="HEAD")
    made["head-nothing"] = case(head(), method="HEAD")
    made["header-lf-only"] = case(plain(b"X-A: b", end=b"\n"))
    made["header-cr-only"] = case(plain(b"X-A: b", end=b"\r"), CLOSE)
    made["header-crcrlf"] = case(plain(b"X-A: b", end=b"\r\r\n"), CLOSE)
    made["header-endless-line"] = case(b"HTTP/1.1 200 OK\r\nX-A: ", Repeat(b"x" * 65_536, 100), CLOSE)
    made["header-endless-fields"] = case(b"HTTP/1.1 200 OK\r\n", Repeat(b"X-A: b\r\n" * 1000, 100), CLOSE)
    made["status-endless"] = case(b"HTTP/1.1 200 ", Repeat(b"x" * 65_536, 100), CLOSE)
    made["http09"] = case(b"<html>hello</html>", CLOSE)
    made["http2-preface"] = case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CLOSE)
    made["http2-settings"] = case(b"\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", CLOSE)
    made["header-by-bytes"] = case(Slow(plain(b"X-A: b", body=b"one by one")))
    return made


__all__ = ["cases"]
