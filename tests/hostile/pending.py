"""Where ours differs from stock: user class, why, and the cases, to be emptied; and where stock differs from itself."""

# fmt: off
_CASES: dict[str, dict[str, tuple[str, ...]]] = {
    "http": {
        "the words, where a length does not fit 64 bits": (
            "length-over-64-bit",
        ),
        "stock: content of such a hop raises": (
            "detour-cut",
        ),
    },
    "fast": {
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

#: user class -> cases in which the moment at which bytes come decides what stock does, so that there is nothing to
#: compare with: ours must come to an end and go on.
UNDECIDED: dict[str, tuple[str, ...]] = {
    # Whether stock sees in time that the server has closed the connection.
    "http": ("detour-closed-silently",),
    # How the bytes come apart.
    "fast": (
        "chunk-apart-size-space-before", "chunk-apart-size-space-after", "chunk-apart-size-too-small",
        "chunk-apart-size-too-large", "chunk-apart-no-crlf", "chunk-apart-more-after", "chunk-apart-text",
        "chunk-apart-zero-first", "chunk-apart-size-tab-after", "chunk-apart-size-65-bit",
        "chunk-by-bytes-good", "chunk-by-bytes-extension", "chunk-by-bytes-lf-size", "body-by-bytes",
        "status-reason-long", "status-reason-endless", "chunk-apart-size-letters", "header-by-bytes",
        "chunk-by-bytes-trailers", "chunk-apart-size-plus", "chunk-apart-size-overflow",
        "chunk-apart-size-0x",
    ),
}
# fmt: on

#: user class -> case -> why
PENDING = {
    kind: {name: why for why, names in groups.items() for name in names} for kind, groups in _CASES.items()
}
