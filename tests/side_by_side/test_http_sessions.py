"""An HttpUser's client as a whole: its attributes, cookies, adapters, events and errors, beside stock Locust's."""
# ruff: noqa: E501  tables of odd values, a row a line

from http_sides import Sides, error, get, response, tried  # isort: skip  first: it lets gevent patch
import copy
import http.cookiejar
import warnings

import gevent
import pytest
import requests
from gevent.pool import Group
from locust.clients import HttpSession as Ours
from locust.exception import InterruptTaskSet, RescheduleTask, StopUser
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, create_cookie

from support import observe
from support.backends import Backend, Person, do, stock_of


@pytest.fixture
def sides(server):
    return Sides(server)


class TestCookies:
    def test_as_a_dict(self, sides):
        def body(client):
            jar = client.cookies
            jar["a"] = "1"
            jar.update({"b": "2"})
            jar.set("c", "3", domain="127.0.0.1", path="/x")
            seen = [
                jar["a"],
                jar.get("b"),
                jar.get("z"),
                jar.get("z", 5),
                tried(lambda: jar["z"]),
                "a" in jar,
                "z" in jar,
                len(jar),
                list(jar.keys()),
                list(jar.values()),
                jar.items(),
            ]
            seen += [
                jar.get_dict(),
                jar.get_dict(domain="127.0.0.1"),
                jar.get_dict(path="/x"),
                jar.list_domains(),
                jar.list_paths(),
                jar.multiple_domains(),
                repr(jar),
                str(jar),
                dict(jar),
                bool(jar),
            ]
            seen += [
                [c.name for c in jar],
                list(jar.iterkeys()),
                jar.pop("a", None),
                tried(lambda: jar.pop("a")),
                jar.setdefault("d", "4"),
                jar == jar,
                type(jar).__name__,
                jar.get_policy().__class__.__name__,
            ]
            client.get("/x/y")
            client.get("/")
            del jar["b"]
            seen.append(tried(lambda: jar.__delitem__("b")))
            jar["c"] = None
            jar.set("d", None)
            client.get("/x/y")
            return [*seen, observe.cookies(jar)]

        sides(body)

    def test_conflicts(self, sides):
        def body(client):
            for path in ("/", "/x"):
                client.cookies.set("twice", path, domain="127.0.0.1", path=path)
            jar = client.cookies
            return [
                tried(lambda: jar["twice"]),
                tried(lambda: jar.get("twice")),
                jar.get("twice", path="/x"),
                jar.get_dict(),
                response(client.get("/x/y")),
            ]

        sides(body)

    @pytest.mark.parametrize(
        "value",
        ["", " ", "a b", 'q"uote', '"quoted"', "a;b", "a,b", "ä", "€", 5, None, b"bytes", "a\nb", "=", "a=b"],
        ids=repr,
    )
    def test_odd_values(self, sides, value):
        def by_hand(client):
            client.cookies.set("odd", value)
            return tried(lambda: response(client.get("/x"))), observe.cookies(client.cookies)

        sides(by_hand, falls_back=None)
        sides(
            lambda client: tried(lambda: response(client.get("/x", cookies={"odd": value}))), falls_back=None
        )

    @pytest.mark.parametrize("held", [{}, {"a": "session"}, {"z": "session", "a": "session"}], ids=str)
    @pytest.mark.parametrize("given", [{"a": "call"}, {"b": "call", "a": "call"}, {}], ids=str)
    def test_set_by_hand_and_given_with_the_call(self, sides, held, given):
        def body(client):
            client.get(do(header=["Set-Cookie:server=1; Path=/", "Set-Cookie:deep=1; Path=/x"]))
            for name, value in held.items():
                client.cookies.set(name, value)
            seen = [response(client.get("/x/y", cookies=given)), response(client.get("/x/y"))]
            return [*seen, observe.cookies(client.cookies)]

        sides(body, connections=False)

    @pytest.mark.parametrize(
        "cookie",
        [
            {"domain": "127.0.0.1"}, {"domain": ".127.0.0.1"}, {"domain": "localhost.local"}, {"domain": "other.example"}, {"path": "/x"}, {"path": "/other"}, {"secure": True},
            {"expires": 4_000_000_000}, {"expires": 1}, {"rest": {"HttpOnly": None}}, {"discard": False}, {"version": 1}, {"port": "80"}, {"comment": "c"}, {"rfc2109": True},
        ],
        ids=repr,
    )  # fmt: skip
    @pytest.mark.parametrize("way", ["jar", "call"])
    def test_cookies_of_all_kinds(self, sides, cookie, way):
        def body(client):
            made = create_cookie("own", "1", **cookie)
            if way == "jar":
                client.cookies.set_cookie(made)
                seen = [response(client.get("/x/y"))]
            else:
                jar = RequestsCookieJar()
                jar.set_cookie(made)
                jar.set("plain", "2")
                seen = [response(client.get("/x/y", cookies=jar))]
            return [*seen, response(client.get("/")), observe.cookies(client.cookies)]

        sides(body, falls_back=None, connections=False)

    def test_given_by_a_jar(self, sides):
        def body(client):
            first = client.get(do(header=["Set-Cookie:a=1; Path=/", "Set-Cookie:b=2; Path=/x"]))
            other = http.cookiejar.CookieJar()
            other.set_cookie(create_cookie("std", "1"))
            seen = [
                response(client.get("/x", cookies=jar))
                for jar in (first.cookies, client.cookies, client.cookies.copy(), RequestsCookieJar(), other)
            ]
            return [*seen, response(client.get("/count/2", cookies=other)), observe.cookies(client.cookies)]

        sides(body)

    @pytest.mark.parametrize(
        "change",
        [
            lambda jar: jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            lambda jar: jar.set_policy(http.cookiejar.DefaultCookiePolicy(blocked_domains=["127.0.0.1"])),
            lambda jar: setattr(jar.get_policy(), "strict_ns_unverifiable", True),
            lambda jar: setattr(jar._policy, "_allowed_domains", ()),
            lambda jar: jar.set_policy(type("Own", (http.cookiejar.DefaultCookiePolicy,), {"set_ok": lambda self, c, r: c.name != "a"})()),
        ],
    )  # fmt: skip
    def test_a_policy_of_one_s_own(self, sides, change):
        def body(client):
            change(client.cookies)
            client.get(do(header=["Set-Cookie:a=1; Path=/", "Set-Cookie:b=2; Path=/"]))
            return response(client.get("/x")), observe.cookies(client.cookies)

        sides(body, falls_back=True)

    @pytest.mark.parametrize(
        "jar",
        [RequestsCookieJar, http.cookiejar.CookieJar, dict, lambda: None, lambda: {"d": "1"}],
        ids=["requests", "stdlib", "dict", "none", "full"],
    )
    def test_a_jar_of_one_s_own(self, sides, jar):
        def body(client):
            client.get(do(header=["Set-Cookie:a=1; Path=/"]))
            client.cookies = jar()
            seen = [
                tried(lambda: response(client.get(do(header=["Set-Cookie:b=1; Path=/"])))),
                tried(lambda: response(client.get("/x"))),
            ]
            return [*seen, type(client.cookies).__name__]

        sides(body, falls_back=True, connections=False)

    def test_helpers_of_requests(self, sides):
        def body(client):
            utils = requests.utils
            utils.add_dict_to_cookiejar(client.cookies, {"a": "1"})
            requests.cookies.cookiejar_from_dict({"b": "2", "a": "kept"}, client.cookies, overwrite=False)
            requests.cookies.merge_cookies(client.cookies, {"c": "3"})
            requests.cookies.remove_cookie_by_name(client.cookies, "b")
            client.get("/x")
            seen = [
                utils.dict_from_cookiejar(client.cookies),
                observe.cookies(client.cookies),
                len(client.cookies),
            ]
            client.cookies.clear_session_cookies()
            return [*seen, observe.cookies(client.cookies)]

        sides(body)

    def test_clearing(self, sides):
        def body(client):
            jar = client.cookies
            seen = []
            for clear in (
                lambda: jar.clear("127.0.0.1", "/", "a"),
                lambda: jar.clear("127.0.0.1", "/"),
                lambda: jar.clear("127.0.0.1"),
                jar.clear,
                lambda: jar.clear("nobody"),
                lambda: jar.clear(path="/"),
                jar.clear_expired_cookies,
            ):
                client.get(
                    do(
                        header=[
                            "Set-Cookie:a=1; Path=/",
                            "Set-Cookie:b=2; Path=/",
                            "Set-Cookie:c=3; Path=/x",
                            "Set-Cookie:d=4; Max-Age=1000",
                        ]
                    )
                )
                seen += [
                    tried(clear),
                    observe.cookies(jar)[0:0] or jar.get_dict(),
                    response(client.get("/x")),
                ]
            return seen

        sides(body)


class TestAttributes:
    def test_what_they_are_at_first(self, sides):
        def body(client):
            names = [
                "headers",
                "auth",
                "proxies",
                "hooks",
                "params",
                "stream",
                "verify",
                "cert",
                "max_redirects",
                "trust_env",
                "cookies",
                "base_url",
                "request_name",
                "user",
                "__attrs__",
            ]
            seen = {
                name: repr(getattr(client, name)).partition(" at ")[0].partition(" object")[0]
                for name in names
            }
            seen["adapters"] = [
                (prefix, type(adapter).__name__) for prefix, adapter in client.adapters.items()
            ]
            seen["absent"] = [
                tried(lambda: client.nonsense),
                tried(lambda: client.explicit_name),
                hasattr(client, "_pool_manager"),
                tried(lambda: client.prepare_request(requests.Request("GET", "http://x/"))),
            ]
            client.get("/x", name="n")
            return [
                *seen.items(),
                client.explicit_name,
                client.prepare_request(requests.Request("GET", "http://x/"))._explicit_name,
            ]

        sides(body)

    def test_the_constructor(self, server):
        seen = []
        for kind in (
            stock_of(Ours),
            Backend("native", "").http().__class__,
        ):
            seen.append(
                [
                    tried(
                        lambda kind=kind, given=given: (
                            kind("http://x", None, Person(), *given[0], **given[1]).base_url
                        )
                    )
                    for given in (
                        ((5,), {}),
                        ((), {"nonsense": 1}),
                        ((), {"pool_manager": None}),
                        ((1, 2), {"a": 1}),
                    )
                ]
            )
        assert seen[0] == seen[1]

    @pytest.mark.parametrize(
        "change",
        [
            {"verify": False}, {"verify": None}, {"cert": None}, {"cert": ()}, {"proxies": {}}, {"proxies": None}, {"hooks": {}}, {"hooks": None}, {"hooks": {"response": []}}, {"params": {"a": "1"}}, {"params": None},
            {"stream": 0}, {"trust_env": False}, {"auth": ("u", "p")}, {"auth": ()}, {"max_redirects": 1}, {"headers": {}}, {"request_name": "n"}, {"request_name": 5}, {"base_url": "http://localhost:{port}"}, {"base_url": None}, {"user": None}, {"anything": 1},
        ],
        ids=repr,
    )  # fmt: skip
    def test_changed(self, sides, server, change):
        def body(client):
            client.get(do(header="Set-Cookie:before=1; Path=/"))
            for name, value in change.items():
                setattr(client, name, value.format(port=server.port) if isinstance(value, str) else value)
            return [
                tried(lambda: response(client.get("/count/2"))),
                tried(lambda: response(client.post(do(echo=1), data="x"))),
            ]

        # urllib3 opens another connection where verify or cert has changed, for plain HTTP as well
        sides(body, connections=not {"verify", "cert"}.intersection(change))

    def test_as_a_context_manager(self, sides):
        def body(client):
            with client as same:
                seen = [same is client, response(same.get("/x"))]
            return [*seen, response(client.get("/y")), client.close(), response(client.get("/z"))]

        sides(body)


class TestSending:
    def test_a_prepared_request(self, sides):
        def body(client):
            client.headers["X-A"] = "1"
            client.get(do(header="Set-Cookie:a=1; Path=/"))
            prepared = client.prepare_request(
                requests.Request(
                    "POST", client.base_url + do(echo=1), json={"a": 1}, params={"p": 1}, cookies={"c": "2"}
                )
            )
            answer = client.send(prepared, timeout=5, allow_redirects=False)
            seen = [
                type(answer).__name__,
                answer.json(),
                answer.elapsed.total_seconds() > 0,
                tried(lambda: answer.success()),
            ]
            bare = client.send(
                requests.Request("GET", client.base_url + do(header="Set-Cookie:b=2; Path=/")).prepare()
            )
            return [*seen, bare.status_code, client.cookies.get_dict(), response(client.get("/x"))]

        sides(body, connections=False)

    @pytest.mark.parametrize(
        "what",
        [lambda c: requests.Request("GET", c.base_url), lambda c: None, lambda c: c.base_url],
        ids=["request", "none", "url"],
    )
    def test_what_cannot_be_sent(self, sides, what):
        sides(lambda client: tried(lambda: client.send(what(client))))

    def test_adapters(self, sides):
        def body(client):
            adapter = client.get_adapter(client.base_url)
            seen = [
                type(adapter).__name__,
                adapter is client.get_adapter("http://elsewhere/"),
                tried(lambda: client.get_adapter("ftp://x/")),
                list(client.adapters),
            ]
            client.mount("http://special", HTTPAdapter(pool_maxsize=50))
            seen += [list(client.adapters), response(client.get("/x"))]
            answer = adapter.send(
                client.prepare_request(requests.Request("GET", client.base_url + "/direct")), timeout=5
            )
            return [*seen, answer.text]

        sides(body, connections=False)

    def test_no_adapter_left(self, sides):
        def body(client):
            client.adapters.clear()
            return tried(lambda: client.get("/x"))

        sides(body)

    def test_after_an_exception(self, sides, free_port):
        def body(client):
            seen = []
            for odd in ("http://", "ftp://x", f"http://127.0.0.1:{free_port}/"):
                seen.append(tried(lambda odd=odd: client.get(odd).status_code))
                seen.append(response(client.get("/fine")))
            for wrong in ({"nonsense": 1}, {"json": {1, 2}}, {"headers": {"a": 5}}, {"timeout": "soon"}):
                seen.append(tried(lambda wrong=wrong: client.get("/x", name="wrong", **wrong).status_code))
                seen.append((client.explicit_name, response(client.get("/fine"))))
            return seen

        sides(body, connections=False)

    @pytest.mark.parametrize(
        "call",
        [
            lambda c: c.get("/x", "n"), lambda c: c.post("/x", "data", {"j": 1}), lambda c: c.post("/x", "data", {"j": 1}, "n"), lambda c: c.put("/x", "data", {"j": 1}), lambda c: c.patch("/x", "d"), lambda c: c.delete("/x", "d"),
            lambda c: c.head("/x", True), lambda c: c.options("/x", None), lambda c: c.request("GET"), lambda c: c.request("GET", "/x", "named", False, {"k": 1}), lambda c: c.request("GET", "/x", "named", False, {"k": 1}, "data"),
            lambda c: c.request(url="/x", method="GET"), lambda c: c.get(url="/x", name="n"), lambda c: c.get(path="/x"), lambda c: c.request("GET", "/x", method="POST"), lambda c: c.get("/x", method="POST"), lambda c: c.get("/x", url="/y"),
            lambda c: c.get("/x", catch_response="yes"), lambda c: c.get("/x", context=[("a", 1)]), lambda c: c.get("/x", context=5), lambda c: c.get("/x", name=b"n"), lambda c: c.get("/x", name=("t",)), lambda c: c.get("/x", allow_redirects=None), lambda c: c.get("/x", stream=None),
            lambda c: c.get("/x", timeout=None, verify=None, cert=None, hooks=None, proxies=None, auth=None, cookies=None, files=None, params=None, headers=None), lambda c: c.get("/x", hooks={}), lambda c: c.get("/x", hooks={"response": []}), lambda c: c.get("/x", hooks={"nonsense": print}),
            lambda c: c.get("/x", proxies={"http": None}), lambda c: c.get("/x", proxies=5), lambda c: c.get("/x", verify=5), lambda c: c.get("/x", cert=5), lambda c: c.get("/x", cookies=5), lambda c: c.get("/x", cookies=[("a", "b")]), lambda c: c.get("/x", cookies=("a",)), lambda c: c.get("/x", timeout=object()),
            lambda c: c.trace("/x"), lambda c: c.GET("/x"), lambda c: c("/x"), lambda c: len(c),
        ],
    )  # fmt: skip
    def test_arguments(self, sides, call):
        sides(lambda client: tried(lambda: response(call(client))), falls_back=None, connections=False)


class TestEvents:
    def test_arguments_in_full(self, sides):
        def body(client):
            client.get("/a?x=1#f", name="n", context={"own": 1})
            client.get("/count/1", params={"p": "ü"})
            client.request("get", do(status=500))
            client.post(do(fault="close"), data="x", name="gone")

        _, events, _ = sides(body)
        assert [event["request_type"] for event in events] == ["GET", "GET", "get", "POST"]

    @pytest.mark.parametrize(
        "user",
        [None, Person(), type("Plain", (), {"context": lambda self: {}})(), object()],
        ids=["none", "person", "plain", "no context"],
    )
    def test_users_and_their_context(self, sides, user):
        sides(lambda client: tried(lambda: response(client.get("/x", context={"a": 1}))), user=user)

    def test_a_context_that_raises(self, sides):
        class Broken:
            def context(self):
                raise RuntimeError("no context")

        sides(lambda client: tried(lambda: client.get("/x")), user=Broken())

    @pytest.mark.parametrize(
        "steers",
        [
            StopUser,
            RescheduleTask,
            InterruptTaskSet,
            KeyboardInterrupt,
            SystemExit,
            gevent.GreenletExit,
            ValueError,
        ],
    )
    @pytest.mark.parametrize("catch", [False, True])
    def test_listeners_that_raise(self, server, steers, catch):
        seen = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)

            def listener(**_):
                raise steers

            backend.hook.add_listener(listener)
            client = backend.http()
            try:
                if catch:
                    with client.get("/x", catch_response=True) as answer:
                        answer.failure("no")
                else:
                    client.get("/x")
                seen.append(("returned", len(backend.events)))
            except BaseException as raised:
                seen.append((error(raised), len(backend.events)))
            backend.close()
        assert seen[0] == seen[1]

    def test_rename_request(self, sides):
        def body(client):
            seen = []
            with client.rename_request("outer"):
                client.get("/a")
                with client.rename_request("inner"):
                    client.get("/b", name="own")
                    client.get("/c")
                seen.append(client.request_name)
                client.get("/d")
            seen.append(client.request_name)
            client.request_name = "sticky"
            try:
                with client.rename_request("raises"):
                    raise ValueError
            except ValueError:
                client.get("/e")
            client.request_name = "sticky"
            client.get("/f")
            client.get("/g", name="")
            return [*seen, client.request_name, client.explicit_name]

        _, events, _ = sides(body)
        assert [event["name"] for event in events] == [
            "outer",
            "own",
            "inner",
            "/d",
            "/e",
            "sticky",
            "sticky",
        ]

    @pytest.mark.parametrize(
        "path", ["/a b?c d", "/ä", "?q", "", "#f", "/x#f", "/a/../b", "//a", "/%7e", "/x?[]"]
    )
    def test_names(self, sides, path):
        sides(get(path))
        sides(get(path, params={"a": [1, None]}))

    @pytest.mark.parametrize(
        "block",
        [
            lambda r: None, lambda r: r.success(), lambda r: r.failure("words"), lambda r: 1 / 0, lambda r: r.failure(ValueError("v")), lambda r: r.raise_for_status(), lambda r: r.json(),
            lambda r: (r.success(), 1 / 0), lambda r: (r.failure("x"), 1 / 0), lambda r: r.close(), lambda r: r.request_meta.clear(), lambda r: r.request_meta.update(name=None), lambda r: r.request_meta.pop("name"),
            lambda r: setattr(r, "status_code", 200), lambda r: setattr(r, "status_code", 500), lambda r: setattr(r, "url", "other"), lambda r: setattr(r, "reason", "other"), lambda r: r.__enter__(), lambda r: r.__exit__(None, None, None), lambda r: setattr(r, "_manual_result", None),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "path", ["/x", do(status=404), do(fault="close"), do(status=302, header="Location:/y")]
    )
    def test_blocks(self, sides, path, block):
        def body(client):
            def run():
                with client.get(path, catch_response=True, allow_redirects=False) as answer:
                    block(answer)
                return response(answer), list(answer.request_meta)

            return tried(run)

        sides(body)


class TestErrors:
    @pytest.mark.parametrize("fault", ["close", "reset", "cut", "reset-body"])
    @pytest.mark.parametrize("method", ["get", "post", "head"])
    def test_faults(self, sides, fault, method):
        sides(get(do(fault=fault, size=5000), method=method))

    @pytest.mark.parametrize("timeout", [0.05, (5, 0.05), (None, 0.05), 1e-6])
    def test_timeouts(self, sides, timeout):
        sides(get(do(delay=3000), timeout=timeout))

    def test_failures_by_name(self, sides):
        def body(client):
            client.get(do(status=404, reason="Gone Away") + "&id=1", name="/item/[id]")
            client.get(do(status=404, reason="Gone Away") + "&id=2", name="/item/[id]")
            with client.get(do(status=500), catch_response=True) as answer:
                answer.raise_for_status()

        _, events, _ = sides(body)
        assert events[0]["exception"]["str"] == events[1]["exception"]["str"]

    @pytest.mark.parametrize("path", ["/x", do(status=404), do(fault="close")])
    def test_raise_for_status(self, sides, path):
        def body(client):
            answer = client.get(path)
            seen = [tried(answer.raise_for_status), answer.ok, bool(answer)]
            with client.get(path, catch_response=True) as caught:
                caught.failure("mine")
                seen.append(tried(caught.raise_for_status))
                caught.success()
                seen.append(tried(caught.raise_for_status))
            return seen

        sides(body)


class TestTls:
    def test_certificates(self, sides, server):
        def body(client):
            seen = [tried(lambda: client.get("/x").status_code)]
            client.verify = str(server.authority)
            return [*seen, response(client.get("/x")), response(client.get("/count/1"))]

        sides(body, base_url=server.tls_url, connections=False)

    @pytest.mark.filterwarnings("ignore:Unverified")
    @pytest.mark.parametrize("verify", [True, None, "authority", "missing", "empty", "folder", False])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
    def test_verify(self, sides, server, tmp_path, verify, host):
        (tmp_path / "empty.pem").write_text("no certificate")
        (tmp_path / "folder").mkdir()
        places = {
            "authority": str(server.authority),
            "missing": "/no/such",
            "empty": str(tmp_path / "empty.pem"),
            "folder": str(tmp_path / "folder"),
        }
        verify = places.get(verify, verify)
        sides(get(f"https://{host}:{server.tls_port}/x", verify=verify), falls_back=None, connections=False)

    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_a_bundle_of_the_environment(self, sides, server, monkeypatch, variable):
        monkeypatch.setenv(variable, str(server.authority))

        def body(client):
            seen = [response(client.get("/x"))]
            client.trust_env = False
            return [*seen, tried(lambda: response(client.get("/x")))]

        sides(body, base_url=server.tls_url, connections=False)

    @pytest.mark.parametrize("action", ["always", "ignore", "once"])
    def test_the_warning_of_verify_false(self, sides, server, action):
        def body(client):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter(action)
                client.get("/x", verify=False)
                client.get("/y", verify=False)
                client.get(f"{server.url}/plain", verify=False)
                client.get(
                    f"{server.url}{do(status=302, header=f'Location:{server.tls_url}/x')}", verify=False
                )
            return [
                (str(found.message), found.category.__name__, found.filename, found.lineno)
                for found in caught
            ]

        sides(body, base_url=server.tls_url)


class TestGreenlets:
    def test_several_on_one_client(self, sides, server):
        def body(client):
            client.get(do(header="Set-Cookie:a=1; Path=/"))
            group = Group()
            for number in range(12):
                group.spawn(client.get, do(echo=1, n=number), name=f"n{number}")
            group.join()
            return sorted(client.cookies.get_dict().items())

        seen = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            server.take()
            value = body(backend.http())
            names = sorted(event["name"] for event in backend.events)
            heads = sorted(request["head"] for request in server.take())
            seen.append((value, names, heads))
            backend.close()
        assert seen[0] == seen[1]

    @pytest.mark.parametrize("way", ["kill", "timeout", "block"])
    def test_given_up_in_flight(self, server, way):
        seen = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            client = backend.http()
            client.get("/x")
            if way == "timeout":
                with gevent.Timeout(0.1, False):
                    client.get(do(hold=1))
            else:
                greenlet = gevent.spawn(
                    client.get, do(hold=1), **({"catch_response": True} if way == "block" else {})
                )
                while not server._ask("wait?held=1")["held"]:
                    gevent.sleep(0)
                greenlet.kill()
            server.wait(held=0)
            answer = client.get("/y")
            seen.append(
                (
                    answer.status_code,
                    [event["name"] for event in backend.events],
                    copy.copy(client.explicit_name),
                )
            )
            backend.close()
        assert seen[0] == seen[1]


class TestSubclasses:
    @pytest.mark.parametrize(
        "name",
        ["request", "get", "_build_url", "send", "prepare_request", "get_adapter", "merge_environment_settings", "resolve_redirects", "get_redirect_target", "should_strip_auth", "rebuild_auth", "rebuild_method", "_send_request_safe_mode", "close"],
    )  # fmt: skip
    @pytest.mark.parametrize("where", ["class", "instance", "mixin"])
    def test_overriding(self, server, name, where):
        seen = []
        for kind in ("stock", "native"):
            base = type(Backend(kind, server.url).http())
            calls = []

            def override(self, *arguments, base=base, calls=calls, **keywords):
                calls.append(name)
                return getattr(base, name)(self, *arguments, **keywords)

            backend = Backend(kind, server.url)
            if where == "instance":
                client = backend.http()
                setattr(client, name, override.__get__(client))
            elif where == "mixin":
                Mixin = type("Mixin", (), {name: override})
                client = backend._kept(type("Own", (Mixin, base), {})(server.url, backend.hook, Person()))
            else:
                client = backend._kept(
                    type("Own", (base,), {name: override})(server.url, backend.hook, Person())
                )
            server.take()
            answer = client.post("/count/1", data="x", auth=("u", "p"))
            client.close()
            seen.append(
                (
                    response(answer),
                    calls if name != "get_adapter" else bool(calls),
                    [request["head"] for request in server.take()],
                )
            )
        assert seen[0] == seen[1]


def shown(value):
    """A setting of a session, without what differs between two of them."""
    if isinstance(value, RequestsCookieJar):
        return [(cookie.name, cookie.value) for cookie in value]
    if isinstance(value, dict) and value and all(isinstance(each, HTTPAdapter) for each in value.values()):
        return [(prefix, type(each).__name__) for prefix, each in value.items()]
    return dict(value) if hasattr(value, "items") else value


@pytest.mark.parametrize("touch", ["nothing", "headers", "verify"])
def test_vars_of_a_client_are_those_of_a_session(same, touch):
    def body(client):
        if touch != "nothing":
            setattr(client, touch, {"X-A": "b"} if touch == "headers" else False)
        names = {name: shown(vars(client)[name]) for name in requests.Session.__attrs__}
        assert client.__dict__ is client.__dict__
        statuses = [client.get("/page").status_code, client.post(do(), json={"a": 1}).status_code]
        return names, statuses

    same(body)


def test_what_is_put_among_the_names_of_a_client_takes_effect(same):
    def body(client):
        vars(client)["headers"]["X-A"] = "b"
        client.__dict__.update(params={"c": "d"}, auth=("user", "word"), max_redirects=1)
        client.get(do(echo=1))
        return [
            client.get("/count/1").status_code,
            client.get("/count/2", name="far", catch_response=False).status_code,
        ]

    same(body)
