"""Cases: bodies that are cut, too long, badly framed or badly encoded."""

import gzip
import zlib

from misdeeds import CLOSE, HANG, OK, RESET, Case, Repeat, Slow, case, chunked, head, plain

TEXT = b"hello hello hello hello hello hello"
ZIPPED = gzip.compress(TEXT, mtime=0)
RAW = zlib.compress(TEXT)[2:-4]

CHUNKS = {
    "good": b"5\r\nhello\r\n0\r\n\r\n",
    "size-letters": b"zz\r\nno chunk\r\n",
    "size-empty": b"\r\nhello\r\n0\r\n\r\n",
    "size-negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "size-plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "size-0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size-underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "size-space-before": b" 5\r\nhello\r\n0\r\n\r\n",
    "size-space-after": b"5 \r\nhello\r\n0\r\n\r\n",
    "size-tab-after": b"5\t\r\nhello\r\n0\r\n\r\n",
    "size-capitals": b"A\r\nhellohello\r\n0\r\n\r\n",
    "size-zeros": b"0000000005\r\nhello\r\n000\r\n\r\n",
    "size-many-zeros": b"0" * 100 + b"5\r\nhello\r\n0\r\n\r\n",
    "size-64-bit": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "size-65-bit": b"10000000000000000\r\nhello\r\n0\r\n\r\n",
    "size-63-bit": b"7fffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "size-overflow": b"fffffffffffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "size-too-small": b"3\r\nhello\r\n0\r\n\r\n",
    "size-too-large": b"8\r\nhello\r\n0\r\n\r\n",
    "no-crlf": b"5\r\nhello0\r\n\r\n",
    "extension": b"5;name=value\r\nhello\r\n0;last\r\n\r\n",
    "extension-quoted": b'5;name="a;b"\r\nhello\r\n0\r\n\r\n',
    "extension-bare": b"5;\r\nhello\r\n0\r\n\r\n",
    "extension-space": b"5 ; a = b\r\nhello\r\n0\r\n\r\n",
    "extension-garbage": b"5;\x01\xff\r\nhello\r\n0\r\n\r\n",
    "extension-long": b"5;" + b"x" * 60_000 + b"\r\nhello\r\n0\r\n\r\n",
    "extension-65k": b"5;" + b"x" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
    "trailers": b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\nSet-Cookie: late=1\r\n\r\n",
    "trailer-no-colon": b"5\r\nhello\r\n0\r\njust words\r\n\r\n",
    "trailer-garbage": b"5\r\nhello\r\n0\r\n\x01\xff\0: \r\n\r\n",
    "trailer-many": b"5\r\nhello\r\n0\r\n" + b"X-T: 1\r\n" * 2000 + b"\r\n",
    "trailer-long": b"5\r\nhello\r\n0\r\nX-T: " + b"x" * 70_000 + b"\r\n\r\n",
    "lf-only": b"5\nhello\n0\n\n",
    "lf-size": b"5\nhello\r\n0\r\n\r\n",
    "cut-size": b"5\r\nhello\r\n1",
    "cut-after-size": b"5\r\nhello\r\n5\r\n",
    "cut-data": b"5\r\nhello\r\n5\r\nwor",
    "cut-after-data": b"5\r\nhello",
    "cut-after-crlf": b"5\r\nhello\r\n",
    "cut-at-last": b"5\r\nhello\r\n0",
    "cut-after-last": b"5\r\nhello\r\n0\r\n",
    "cut-in-trailer": b"5\r\nhello\r\n0\r\nX-Tr",
    "cut-at-start": b"",
    "more-after": b"5\r\nhello\r\n0\r\n\r\nand more",
    "zero-first": b"0\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "text": b"hello, I am not chunked",
    "many": b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n",
}

CODED = {
    "gzip": (b"gzip", ZIPPED),
    "gzip-capitals": (b"GZip", ZIPPED),
    "x-gzip": (b"x-gzip", ZIPPED),
    "gzip-not-at-all": (b"gzip", b"hello, I am no gzip"),
    "gzip-empty": (b"gzip", b""),
    "gzip-one-byte": (b"gzip", b"\x1f"),
    "gzip-magic-only": (b"gzip", ZIPPED[:10]),
    "gzip-truncated": (b"gzip", ZIPPED[: len(ZIPPED) // 2]),
    "gzip-no-crc": (b"gzip", ZIPPED[:-8]),
    "gzip-half-crc": (b"gzip", ZIPPED[:-4]),
    "gzip-bad-crc": (b"gzip", ZIPPED[:-8] + b"\1\2\3\4" + ZIPPED[-4:]),
    "gzip-bad-size": (b"gzip", ZIPPED[:-4] + b"\1\2\3\4"),
    "gzip-bad-middle": (b"gzip", ZIPPED[:14] + b"\xff\xff\xff" + ZIPPED[17:]),
    "gzip-garbage-after": (b"gzip", ZIPPED + b"garbage"),
    "gzip-zeros-after": (b"gzip", ZIPPED + b"\0" * 20),
    "gzip-newline-after": (b"gzip", ZIPPED + b"\r\n"),
    "gzip-two-members": (b"gzip", ZIPPED + gzip.compress(b"second", mtime=0)),
    "gzip-second-cut": (b"gzip", ZIPPED + gzip.compress(b"second" * 30, mtime=0)[:-12]),
    "gzip-is-zlib": (b"gzip", zlib.compress(TEXT)),
    "gzip-of-nothing": (b"gzip", gzip.compress(b"", mtime=0)),
    "deflate": (b"deflate", zlib.compress(TEXT)),
    "deflate-raw": (b"deflate", RAW),
    "deflate-empty": (b"deflate", b""),
    "deflate-not-at-all": (b"deflate", b"\xffhello, I am no deflate"),
    "deflate-truncated": (b"deflate", zlib.compress(TEXT)[:10]),
    "deflate-raw-truncated": (b"deflate", RAW[:8]),
    "deflate-no-sum": (b"deflate", zlib.compress(TEXT)[:-4]),
    "deflate-bad-sum": (b"deflate", zlib.compress(TEXT)[:-4] + b"\1\2\3\4"),
    "deflate-garbage-after": (b"deflate", zlib.compress(TEXT) + b"garbage"),
    "deflate-raw-garbage-after": (b"deflate", RAW + b"garbage"),
    "deflate-is-gzip": (b"deflate", ZIPPED),
    "br-bad": (b"br", b"\xff\xffhello"),
    "br-empty": (b"br", b""),
    "zstd-bad": (b"zstd", b"hello, I am no zstd"),
    "zstd-empty": (b"zstd", b""),
    "compress": (b"compress", b"words"),
    "unknown": (b"klingon", b"words"),
    "identity": (b"identity", b"words"),
    "empty": (b"", b"words"),
    "garbage": (b"\x01\xff,;", b"words"),
    "gzip-gzip": (b"gzip, gzip", gzip.compress(ZIPPED, mtime=0)),
    "gzip-identity": (b"gzip, identity", ZIPPED),
    "gzip-unknown": (b"gzip, klingon", ZIPPED),
    "gzip-comma": (b"gzip,", ZIPPED),
    "five-times": (b"gzip, gzip, gzip, gzip, gzip", ZIPPED),
    "six-times": (b"gzip, gzip, gzip, gzip, gzip, gzip", ZIPPED),
    "hundred-times": (b", ".join([b"gzip"] * 100), ZIPPED),
}


def cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for name, framed in CHUNKS.items():
        made[f"chunk-{name}"] = case(chunked(framed), CLOSE)
        made[f"chunk-apart-{name}"] = case(head(b"Transfer-Encoding: chunked"), framed[:1], framed[1:], CLOSE)
    for name in ("good", "trailers", "extension", "lf-size"):
        made[f"chunk-kept-{name}"] = case(chunked(CHUNKS[name]))
        made[f"chunk-by-bytes-{name}"] = case(Slow(chunked(CHUNKS[name])))
    made["chunk-endless-size"] = case(chunked(b""), Repeat(b"0" * 65_536, 100), CLOSE)
    made["chunk-endless-extension"] = case(chunked(b"5;"), Repeat(b"x" * 65_536, 100), CLOSE)
    made["chunk-reset"] = case(chunked(b"5\r\nhel"), RESET)
    made["chunk-hang"] = case(chunked(b"5\r\nhel"), HANG, timeout=0.3)
    for name, (coding, body) in CODED.items():
        # requests drops the connection where it cannot so much as begin to decode
        apart = name in ("six-times", "hundred-times")
        made[f"coded-{name}"] = case(plain(b"Content-Encoding: " + coding, body=body), apart=apart)
    made["coded-chunked"] = case(
        chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED), b"Content-Encoding: gzip")
    )
    made["coded-twice"] = case(
        plain(b"Content-Encoding: gzip", b"Content-Encoding: gzip", body=gzip.compress(ZIPPED, mtime=0))
    )
    made["coded-until-close"] = case(head(b"Content-Encoding: gzip") + ZIPPED, CLOSE)
    made["coded-cut"] = case(head(b"Content-Encoding: gzip", b"Content-Length: 100") + ZIPPED[:12], CLOSE)
    made["coded-204"] = case(head(b"Content-Encoding: gzip", status=b"HTTP/1.1 204 No"), CLOSE)
    made["coded-404-bad"] = case(
        plain(b"Content-Encoding: gzip", body=b"no gzip", status=b"HTTP/1.1 404 Not Found")
    )
    made["coded-head"] = case(head(b"Content-Encoding: gzip", b"Content-Length: 30"), method="HEAD")
    made["body-cut"] = case(head(b"Content-Length: 10") + b"hello", CLOSE)
    made["body-cut-at-start"] = case(head(b"Content-Length: 10"), CLOSE)
    made["body-cut-apart"] = case(head(b"Content-Length: 10"), b"he", b"llo", CLOSE)
    made["body-cut-long"] = case(head(b"Content-Length: 1000000"), Repeat(b"x" * 1000, 500), CLOSE)
    made["body-cut-post"] = case(head(b"Content-Length: 10") + b"hello", CLOSE, method="POST", data=b"b")
    made["body-cut-404"] = case(head(b"Content-Length: 10", status=b"HTTP/1.1 404 No") + b"hello", CLOSE)
    made["body-reset"] = case(head(b"Content-Length: 10") + b"hello", RESET)
    made["body-reset-until-close"] = case(head() + b"hello", RESET)
    made["body-hang"] = case(head(b"Content-Length: 10") + b"hello", HANG, timeout=0.3)
    made["body-hang-at-start"] = case(head(b"Content-Length: 10"), HANG, timeout=0.3)
    made["body-hang-until-close"] = case(head() + b"hello", HANG, timeout=0.3)
    made["body-drip"] = case(head(b"Content-Length: 10"), Slow(b"helloworld", 1, 0.1), timeout=0.8)
    made["body-by-bytes"] = case(Slow(plain(body=b"one by one by one")))
    made["body-until-close"] = case(head() + b"hello", CLOSE)
    made["body-until-close-nothing"] = case(head(), CLOSE)
    made["body-too-long"] = case(head(b"Content-Length: 2") + b"ok and more")
    made["body-too-long-apart"] = case(head(b"Content-Length: 2") + b"ok", b" and more", apart=True)
    made["body-two-responses"] = case(OK + plain(b"X-Second: 1", body=b"second"))
    made["body-two-responses-close"] = case(OK + plain(b"X-Second: 1", body=b"second"), CLOSE)
    made["body-zero-and-more"] = case(head(b"Content-Length: 0") + b"more")
    made["body-crlf-after"] = case(OK + b"\r\n")
    made["body-1mb"] = case(head(b"Content-Length: 1000000"), Repeat(b"x" * 1000, 1000))
    made["body-http10"] = case(head(status=b"HTTP/1.0 200 OK") + b"hello", CLOSE)
    made["body-bomb"] = case(
        plain(b"Content-Encoding: gzip", body=gzip.compress(b"\0" * 5_000_000, 9, mtime=0))
    )
    return made
