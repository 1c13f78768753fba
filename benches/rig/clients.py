"""The clients of a comparison: Locust with and without the core, and the other generators there are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .locusts import locust
from .page import ROOT, first_line
from .processes import CLIENT_CORE, pinned
from .servers import COOKIES
from .shapes import Shape, locustfile

USERS = 50
FOREVER = "600s"  # longer than any measurement; the client is ended when its time is over
COOKIE = "; ".join(f"{name}={value}" for name, value in COOKIES.items())

TOOLS = ROOT / "target" / "peers"
"""Where `make peers` puts those that are no packages of the system."""

Start = Callable[[Shape, str, Path], subprocess.Popen]
"""(shape, URL, folder for its files) → the running client."""


def program(name: str) -> str | None:
    """Where a peer is: built by `make peers`, or on the PATH."""
    places = (TOOLS / "bin", TOOLS / "goose" / "release")
    return shutil.which(name, path=os.pathsep.join(map(str, places))) or shutil.which(name)


def of_locust(base: str, native: bool) -> Start:
    def start(shape: Shape, url: str, place: Path) -> subprocess.Popen:
        file = place / "locustfile.py"
        file.write_text(locustfile(base, shape.call, url.startswith("https")))
        return locust(file, url, USERS, native, place / "out")

    return start


def wrk(shape: Shape, url: str, place: Path) -> subprocess.Popen:
    """It follows no redirects: it asks for both pages in turn. Its cookies are fixed."""
    script = place / "script.lua"
    lines = [f'wrk.headers["Cookie"] = "{COOKIE}"'] if shape.cookies else []
    if shape.body:
        lines += ['wrk.method = "POST"', f"wrk.body = {json.dumps(shape.body)}"]
        lines += [f'wrk.headers["Content-Type"] = "{shape.type}"']
    if shape.requests == 2:
        lines += ["local turn = 0", f'local paths = {{ "{shape.path}", "/" }}']
        lines += ['request = function() turn = turn + 1; return wrk.format("GET", paths[turn % 2 + 1]) end']
    script.write_text("\n".join(lines))
    more = ["-s", script] if lines else []
    command = [program("wrk") or "wrk", "-t1", f"-c{USERS}", f"-d{FOREVER}", *more, url + shape.path]
    return pinned(command, CLIENT_CORE, place / "out")


def _options(shape: Shape) -> list[str]:
    """What hey and oha both understand. Neither keeps cookies: theirs are fixed."""
    post = ["-m", "POST", "-T", shape.type, "-d", shape.body] if shape.body else []
    return [*post, *(["-H", f"Cookie: {COOKIE}"] if shape.cookies else [])]


def hey(shape: Shape, url: str, place: Path) -> subprocess.Popen:
    command = [program("hey") or "hey", "-z", FOREVER, "-c", str(USERS), "-cpus", "1", *_options(shape)]
    return pinned([*command, url + shape.path], CLIENT_CORE, place / "out")


def oha(shape: Shape, url: str, place: Path) -> subprocess.Popen:
    command = [program("oha") or "oha", "-z", FOREVER, "-c", str(USERS), "--no-tui", "--insecure"]
    return pinned([*command, *_options(shape), url + shape.path], CLIENT_CORE, place / "out")


def k6(shape: Shape, url: str, place: Path) -> subprocess.Popen:
    call = f'http.get("{url}{shape.path}")'
    if shape.body:
        headers = json.dumps({"headers": {"Content-Type": shape.type}})
        call = f'http.post("{url}{shape.path}", {json.dumps(shape.body)}, {headers})'
    options = {"vus": USERS, "duration": FOREVER, "insecureSkipTLSVerify": True, "noCookiesReset": True}
    script = place / "script.js"
    script.write_text(
        f'import http from "k6/http";\nexport const options = {json.dumps(options)};\n'
        f"export default function () {{ {call}; }}\n"
    )
    command = [program("k6") or "k6", "run", "--quiet", "--no-usage-report", "--no-summary", script]
    return pinned(command, CLIENT_CORE, place / "out", {"K6_NO_USAGE_REPORT": "true"})


def goose(shape: Shape, url: str, place: Path) -> subprocess.Popen:
    command = [program("goose-peer") or "goose-peer", "--host", url, "--users", str(USERS)]
    command += ["--increase-rate", str(USERS), "--run-time", FOREVER, "--no-print-metrics", "--no-telnet"]
    command += ["--accept-invalid-certs", "--quiet"]
    return pinned(command, CLIENT_CORE, place / "out", {"SHAPE": shape.name})


@dataclass(frozen=True)
class Client:
    """A client and how it is started."""

    name: str
    start: Start
    native: bool | None = None
    """Whether it is Locust with (True) or without (False) the native core."""
    program: str = ""
    version: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        return self.native is not None or program(self.program) is not None

    def told(self) -> str:
        """Its version, in its own words."""
        return first_line([program(self.program) or "", *self.version]) if self.version else self.program


OURS = {base: f"{base}, locust-native" for base in ("HttpUser", "FastHttpUser")}
STOCK = {base: f"{base}, stock Locust" for base in ("HttpUser", "FastHttpUser")}

CLIENTS = {
    client.name: client
    for client in (
        *(Client(name, of_locust(base, True), True) for base, name in OURS.items()),
        *(Client(name, of_locust(base, False), False) for base, name in STOCK.items()),
        Client("wrk", wrk, None, "wrk", ("-v",)),
        Client("oha", oha, None, "oha", ("--version",)),
        Client("hey", hey, None, "hey"),
        Client("Goose", goose, None, "goose-peer", ("--version",)),
        Client("k6", k6, None, "k6", ("version",)),
    )
}
