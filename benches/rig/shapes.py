"""What the clients of a comparison do: one request each, in the words of each client."""

from __future__ import annotations

import json
from dataclasses import dataclass

JSON = {"id": 7, "name": "hoodie", "sizes": ["S", "M", "L"], "price": 29.9}
FORM = {"quantity": "1", "variant": "3", "email": "somebody@example.com", "note": "a b&c"}
FORM_TEXT = "quantity=1&variant=3&email=somebody%40example.com&note=a+b%26c"


@dataclass(frozen=True)
class Shape:
    """One call of a user."""

    name: str
    call: str
    """In a locustfile, after `self.client.`."""
    path: str = "/"
    type: str = ""
    body: str = ""
    """Content-Type and body of a POST."""
    requests: int = 1
    """Requests that the server sees of one call."""
    cookies: bool = False
    """Whether each answer sets cookies, which the next request carries."""


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("GET", 'get("/")'),
        Shape("POST json", f'post("/", json={JSON!r})', type="application/json", body=json.dumps(JSON)),
        Shape(
            "POST form",
            f'post("/", data={FORM!r})',
            type="application/x-www-form-urlencoded",
            body=FORM_TEXT,
        ),
        Shape("page", 'get("/page")', path="/page", cookies=True),
        Shape("redirect", 'get("/moved")', path="/moved", requests=2),
    )
}
ABOUT = {
    "GET": "1 KiB",
    "POST json": "80 bytes, answered by 1 KiB",
    "POST form": "64 bytes, answered by 1 KiB",
    "page": "30 KB, two cookies set with each answer and sent with each request",
    "redirect": "302, then 1 KiB: two requests a call",
}

LOCUSTFILE = """
import urllib3
from locust import {base}, task

urllib3.disable_warnings()

class Visitor({base}):
    {before}
    @task
    def step(self):
        self.client.{call}
"""

UNVERIFIED = """def on_start(self):
        self.client.verify = False
"""


def locustfile(base: str, call: str, tls: bool) -> str:
    """A locustfile as people write them; over TLS an HttpUser does not verify, which a FastHttpUser never does."""
    before = UNVERIFIED if tls and base == "HttpUser" else ""
    return LOCUSTFILE.format(base=base, call=call, before=before)
