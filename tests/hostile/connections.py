"""Cases: connections that are closed, reset, kept or given up at the wrong moment."""

from misdeeds import CLOSE, HANG, OK, READ, RESET, Case, Slow, case, head, plain

MEGABYTE = b"x" * 1_000_000


def cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for method, data in (
        ("GET", None),
        ("POST", b"body"),
        ("PUT", b"body"),
        ("DELETE", None),
        ("HEAD", None),
    ):
        asked = {"method": method, "data": data}
        verb = method.lower()
        for name, end in (("fin", CLOSE), ("reset", RESET)):
            made[f"{name}-before-head-{verb}"] = case(end, **asked)
            made[f"{name}-before-head-warm-{verb}"] = case(end, warm=True, **asked)
            made[f"{name}-in-status-{verb}"] = case(b"HTTP/1.1 2", end, **asked)
            made[f"{name}-in-head-{verb}"] = case(b"HTTP/1.1 200 OK\r\nContent-Le", end, **asked)
            made[f"{name}-after-head-{verb}"] = case(head(b"Content-Length: 5"), end, **asked)
            made[f"{name}-idle-{verb}"] = case(OK if verb != "head" else head(), end, **asked)
    for name, end in (("fin", CLOSE), ("reset", RESET)):
        made[f"{name}-after-head-line"] = case(b"HTTP/1.1 200 OK\r\n", end)
        made[f"{name}-before-blank-line"] = case(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", end)
        made[f"{name}-one-byte"] = case(b"H", end)
    made["hang-before-head"] = case(HANG, timeout=0.3)
    made["hang-before-head-post"] = case(HANG, method="POST", data=b"x", timeout=0.3)
    made["hang-before-head-warm"] = case(HANG, warm=True, timeout=0.3)
    made["hang-in-status"] = case(b"HTTP/1.1 2", HANG, timeout=0.3)
    made["hang-in-head"] = case(b"HTTP/1.1 200 OK\r\nContent-Le", HANG, timeout=0.3)
    made["hang-after-line"] = case(b"HTTP/1.1 200 OK\r\n", HANG, timeout=0.3)
    made["drip-head"] = case(Slow(plain(b"X-A: b"), 4, 0.1), timeout=0.8)
    made["close-said"] = case(plain(b"Connection: close"), CLOSE)
    made["close-said-not-done"] = case(plain(b"Connection: close"), HANG)
    made["close-said-capitals"] = case(plain(b"Connection: CLOSE"), HANG)
    made["close-in-list"] = case(plain(b"Connection: foo, close"), HANG)
    made["close-twice"] = case(plain(b"Connection: keep-alive", b"Connection: close"), HANG)
    made["keep-alive-said"] = case(plain(b"Connection: keep-alive"))
    made["keep-alive-said-and-closed"] = case(plain(b"Connection: keep-alive"), CLOSE)
    made["keep-alive-header"] = case(plain(b"Keep-Alive: timeout=0, max=0"))
    made["connection-garbage"] = case(plain(b"Connection: \x01,,\xff"))
    made["proxy-connection"] = case(plain(b"Proxy-Connection: close"))
    old = b"HTTP/1.0 200 OK"
    made["http10-keep-alive"] = case(plain(b"Connection: keep-alive", status=old))
    made["http10-keep-alive-capitals"] = case(plain(b"Connection: Keep-Alive", status=old))
    made["http10-keep-alive-closed"] = case(plain(b"Connection: keep-alive", status=old), CLOSE)
    made["http10-length"] = case(plain(status=old), HANG)
    made["http10-keep-alive-header-only"] = case(plain(b"Keep-Alive: timeout=5", status=old), HANG)
    made["early-answer"] = case(OK, READ, method="POST", data=MEGABYTE, early=True)
    made["early-answer-close"] = case(
        plain(b"Connection: close"), READ, CLOSE, method="POST", data=MEGABYTE, early=True
    )
    made["early-413-close"] = case(
        plain(b"Connection: close", status=b"HTTP/1.1 413 Too Large"),
        READ,
        CLOSE,
        method="POST",
        data=MEGABYTE,
        early=True,
    )
    made["early-small"] = case(OK, READ, method="POST", data=b"small", early=True)
    return made
