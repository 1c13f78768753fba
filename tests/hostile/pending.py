"""Where ours still differs from stock: user class, why, and the cases. To be emptied."""

# fmt: off
_CASES: dict[str, dict[str, tuple[str, ...]]] = {
    "http": {
        "a server that keeps connections, but not this one: stock may be slow enough to see it in time": (
            "detour-closed-silently",
        ),
        "the words, where a length does not fit 64 bits": (
            "length-over-64-bit",
        ),
        "stock: content of such a hop raises": (
            "detour-cut",
        ),
    },
    "fast": {
        "depends on how the bytes come apart": (
            "chunk-apart-size-space-before", "chunk-apart-size-space-after", "chunk-apart-size-too-small",
            "chunk-apart-size-too-large", "chunk-apart-no-crlf", "chunk-apart-more-after", "chunk-apart-text",
            "chunk-apart-zero-first", "chunk-apart-size-tab-after", "chunk-apart-size-65-bit",
            "chunk-by-bytes-good", "chunk-by-bytes-extension", "chunk-by-bytes-lf-size", "body-by-bytes",
            "status-reason-long", "status-reason-endless", "chunk-apart-size-letters", "header-by-bytes",
            "chunk-by-bytes-trailers", "chunk-apart-size-plus", "chunk-apart-size-overflow",
        ),
        "the reason phrase of the inner stream": (
            "status-no-reason",
        ),
        "only whether the connection is used again": (
            "proxy-connection",
        ),
        "geventhttpclient goes on with a connection that is stuck": (
            "interim-hang",
        ),
        "only which connection serves the next request": (
            "204-body", "304-body", "body-too-long", "body-zero-and-more", "detour-too-long",
        ),
        "geventhttpclient mixes two answers; ours does not": (
            "head-body", "head-chunked", "body-two-responses", "body-two-responses-close", "detour-head",
        ),
        "only the __context__ of the exception": (
            "hang-before-head-post",
        ),
        "geventhttpclient asks for https in plain text": (
            "detour-scheme-https-to-plain",
        ),
        "the part of a body that came with a redirect": (
            "detour-reset",
        ),
    },
}
# fmt: on

#: user class -> case -> why
PENDING = {
    kind: {name: why for why, names in groups.items() for name in names} for kind, groups in _CASES.items()
}
