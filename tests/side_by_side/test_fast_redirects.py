"""FastHttpUser, where it is sent: redirects are followed, or not, as stock Locust follows them."""

import pytest

from support import observe
from support.backends import do
from support.cases import LOCATIONS, named
from support.fast_requests import shows


class TestRedirects:
    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 304])
    @pytest.mark.parametrize("verb", ["get", "head", "post", "put", "delete"])
    def test_methods(self, alike, status, verb):
        keywords = {"data": {"a": 1}} if verb in ("post", "put") else {}
        path = do(status=status, header="Location:" + do(echo=1))
        alike(shows(verb, path, headers={"X-Own": "1", "Authorization": "Bearer x"}, **keywords))

    @pytest.mark.parametrize(
        "location",
        LOCATIONS,
    )
    def test_locations(self, alike, server, location):
        target = do(status=302, header="Location:" + location.format(port=server.port))
        # where only geventhttpclient can read the location, its client goes on, on a connection of its own
        alike(shows("get", target, headers={"Authorization": "Bearer x"}), connections=False)

    @pytest.mark.parametrize("hops", [29, 30, 31])
    def test_the_limit(self, alike, hops):
        alike(shows("get", f"/count/{hops}"))

    def test_limits_of_one_s_own(self, alike):
        alike(shows("get", "/count/3"), max_redirects=2)
        alike(shows("get", "/count/1"), max_redirects=0)

    @pytest.mark.parametrize("status", [302, 307])
    def test_not_followed(self, alike, status):
        alike(
            shows(
                "post",
                do(status=status, header=["Location:/next?x", "Set-Cookie:a=1"]),
                data="x",
                allow_redirects=False,
            )
        )

    def test_cookies_on_the_way(self, alike):
        last = do(echo=1, header="Set-Cookie:b=2; Path=/")
        first = do(status=302, header=["Location:" + last, "Set-Cookie:z=1; Path=/do"])
        alike(lambda c: (observe.fast_response(c.post(first, data="x")), observe.cookies(c.cookiejar)))
        alike(shows("get", first, headers={"Cookie": "own=1"}))


class TestMoreRedirects:
    @pytest.mark.parametrize(
        "fields",
        [
            ["Location:/x", "Location:/y"],
            ["Location:/x", "Location:/x"],
            ["Location:", "Location:/x"],
            ["Location:/x", "Content-Encoding:gzip"],
            ["Location:/x", "Content-Encoding:nonsense"],
            ["location:/x?a=%7e%zz"],
            ["Location:/ä"],
            ["Location: /x "],
            ["Location:/a;b?"],
            ["Location:/x?"],
            ["Location:x;y"],
            ["Location:http://127.0.0.1/[x"],
            ["Location:http://[::1/x"],
            ["Location:\\x"],
        ],
        ids=named,
    )
    @pytest.mark.parametrize("verb", ["get", "post"])
    def test_fields(self, alike, fields, verb):
        path = do(status=302, header=fields)
        body = shows(verb, path, headers={"Authorization": "Bearer x", "X-Own": "1"})
        alike(lambda c: observe.tried(lambda: body(c)), connections=False)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("verb", ["post", "put", "patch", "delete", "options"])
    @pytest.mark.parametrize(
        "given",
        [
            {"json": {"a": 1}},
            {"data": "text"},
            {"files": {"f": ("n", b"x", None, {}, "b")}},
            {"data": {"a": 1}, "v": 1},
        ],
        ids=named,
    )
    def test_bodies_and_their_fields(self, alike, status, verb, given):
        first = do(status=status, header=["Location:" + do(echo=1), "Set-Cookie:z=1"])
        alike(shows(verb, first, headers={"X-Own": "1", "Cookie": "own=1"}, **given), headers={"X-D": "1"})

    def test_the_coding_of_a_dropped_body(self, alike):
        path = do(status=302, header="Location:/x")
        alike(shows("post", path, data=b"zipped", headers={"Content-Encoding": "gzip"}))

    @pytest.mark.parametrize("status", [302, 307])
    def test_to_another_host_and_back(self, alike, server, status):
        back = f"http://127.0.0.1:{server.port}" + do(echo=1)
        there = f"http://localhost:{server.port}" + do(
            status=status, header=["Location:" + back, "Set-Cookie:b=2"]
        )
        path = do(status=status, header=["Location:" + there, "Set-Cookie:a=1"])
        alike(shows("post", path, data="x", auth=("a", "b")))

    def test_limits_and_odd_locations_together(self, alike):
        odd = "Location:/a;b/../count/{}"
        for limit in (1, 2, 3, 4):
            alike(
                shows("get", do(status=302, header=odd.format(2))),
                max_redirects=limit, connections=False,
            )  # fmt: skip

    @pytest.mark.parametrize("allow", [True, False, None, 0])
    def test_allowed_for_one_request(self, alike, allow):
        def body(client):
            return [
                observe.fast_response(client.get("/count/1", allow_redirects=allow)),
                observe.fast_response(client.get("/count/1")),
            ]

        alike(body)

    @pytest.mark.parametrize(
        "how", [{"headers": {"X": "a\nb"}}, {"params": 5}, {"json": object()}, {"headers": 5}], ids=named
    )
    def test_stock_never_follows_again_after_an_error_in_a_request_that_should_not(self, alike, how):
        def body(client):
            failed = observe.tried(lambda: client.get("/x", allow_redirects=False, **how))
            return failed, client.get("/count/1").status_code, client.get("/count/1", stream=True).status_code

        alike(body, falls_back=True, connections=False)
