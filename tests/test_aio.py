"""AsyncSession: the client awaited in asyncio's event loops, in processes without gevent and without Locust."""

import functools
import importlib.util
import sys

import pytest

from support import event_loop, observe
from support.backends import Backend, do

LOOPS = [
    "asyncio",
    pytest.param(
        "uvloop", marks=pytest.mark.skipif(not importlib.util.find_spec("uvloop"), reason="no uvloop here")
    ),
    pytest.param(
        "eager", marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="no eager tasks before 3.12")
    ),
]


@pytest.fixture
def program(tmp_path, server):
    """Run an asyncio program against the recording server."""
    server.take()
    return functools.partial(event_loop.run, folder=tmp_path, url=server.url)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_is_awaited_and_counted(program, loop):
    [said] = program(
        """
        async with ln.AsyncSession(url) as s:
            r = await s.get("/do?body=hello&header=Set-Cookie:a=1", name="home")
            again = await s.get("/do?echo=1")
            figures = s.statistics.figures()
            say(text=r.text, status=r.status_code, time=r.timings.total, wait=r.timings.wait, cookie=s.cookies["a"],
                sent=[value for name, value in again.json()["fields"] if name == "cookie"],
                reused=again.timings.reused,
                rows=[(row["method"], row["name"], row["requests"], row["phases"]["wait"]["count"])
                      for row in figures["rows"]],
                ends=figures["total"]["ends"])
        """,
        loop=loop,
    )
    assert (said["text"], said["status"], said["cookie"], said["sent"]) == ("hello", 200, "1", ["a=1"])
    assert 0 < said["wait"] < said["time"]
    assert said["reused"] is True
    assert said["rows"] == [["GET", "/do?echo=1", 1, 1], ["GET", "home", 1, 1]]
    assert said["ends"]["succeeded"] == said["ends"]["started"] == 2


REQUESTS = [
    ("get", "/a?b=c#d", {}),
    ("get", "/", {"params": {"q": "ä b", "n": [1, 2]}}),
    ("get", "/", {"headers": {"X-Own": "1", "User-Agent": "me", "Accept": None}}),
    ("get", "/", {"cookies": {"one": "1", "two": "zwei"}}),
    ("get", "/", {"auth": ["user", "pass"]}),
    ("get", "/", {"timeout": 5}),
    ("get", "/count/3", {}),
    ("get", "/count/3", {"allow_redirects": False}),
    ("head", "/count/2", {}),
    ("options", "/x", {}),
    ("delete", "/x", {}),
    ("post", "/x", {}),
    ("post", "/x", {"data": {"a": "1", "b": "ü &"}}),
    ("post", "/x", {"data": "text"}),
    ("post", "/x", {"json": {"a": [1, None, "ü"]}}),
    ("post", "/count/1", {"json": [1]}),
    ("post", "/x", {"json": [1], "headers": {"Content-Type": "application/odd"}}),
    ("post", "/x", {"data": {"a": "1"}, "files": {"f": ["f.txt", "inside"]}}),
    ("put", "/x", {"data": {"a": "1"}}),
    ("patch", "/x", {"json": {}}),
    ("request", "/x", {"method": "BREW"}),
]


def test_what_goes_out_is_what_an_http_user_sends(program, server):
    """Byte for byte, connection for connection."""
    asked = [
        (method, path, {k: tuple(v) if k == "auth" else v for k, v in arguments.items()})
        for method, path, arguments in REQUESTS
    ]
    backend = Backend("stock", server.url)
    session = backend.http()
    statuses = []
    for method, path, arguments in asked:
        files = {name: tuple(file) for name, file in arguments.get("files", {}).items()}
        more = {**arguments, **({"files": files} if files else {})}
        statuses.append(getattr(session, method)(url=path, **more).status_code)
    backend.close()
    stock = observe.wire(server.take())
    [said] = program(
        """
        statuses = []
        async with ln.AsyncSession(url) as s:
            for method, path, arguments in more["asked"]:
                for name, file in arguments.get("files", {}).items():
                    arguments["files"][name] = tuple(file)
                if "auth" in arguments:
                    arguments["auth"] = tuple(arguments["auth"])
                statuses.append((await getattr(s, method)(url=path, **arguments)).status_code)
        say(statuses=statuses)
        """,
        asked=REQUESTS,
    )
    assert said["statuses"] == statuses
    assert observe.wire(server.take()) == stock


def test_failures_are_those_of_an_http_user(program, server, free_port):
    paths = [
        do(status=404),
        do(status=500, reason="Odd"),
        do(fault="close"),
        do(fault="garbage"),
        do(fault="cut", size=100),
        do(hex="1f8b00", header="Content-Encoding:gzip"),
        f"http://127.0.0.1:{free_port}/",
        "http://no.such.host.invalid/",
    ]
    backend = Backend("stock", server.url)
    session = backend.http()
    answers = [session.get(path) for path in paths]
    stock = [
        (answer.status_code, event["name"], repr(event["exception"]))
        for answer, event in zip(answers, backend.events, strict=True)
    ]
    backend.close()
    [said] = program(
        """
        seen = []
        async with ln.AsyncSession(url) as s:
            for path in more["paths"]:
                r = await s.get(path)
                figures = s.statistics.figures()
                [row] = [row for row in figures["rows"] if row["requests"]]
                failures = [failure["error"] for failure in figures["failures"]]
                s.statistics.reset()
                assert r.ok is not bool(failures)
                seen.append((r.status_code, row["name"], failures[0] if failures else "None"))
        say(seen=seen)
        """,
        paths=paths,
    )
    assert [tuple(each) for each in said["seen"]] == stock


def test_what_is_printed_says_what_failed(program, free_port):
    [said] = program(
        """
        statistics = ln.Statistics()
        async with ln.AsyncSession(f"http://127.0.0.1:{more['port']}", statistics=statistics) as s:
            before = str(statistics)
            for _ in range(3):
                await s.get("/", name="home")
        say(before=before, text=str(statistics), page=statistics._repr_html_())
        """,
        port=free_port,
    )
    assert said["before"] == "<Statistics: 0 requests, 0 failures>"
    assert said["text"].startswith("<Statistics: ⚠ 3 of 3 requests failed: GET home: ")
    assert "Connection refused" in said["text"]
    assert "⚠ 3 of 3 requests failed: GET home: " in said["page"]


def test_an_error_is_raised_where_it_is_asked_for(program, free_port):
    said = program(
        """
        import requests
        async with ln.AsyncSession(f"http://127.0.0.1:{more['port']}") as s:
            r = await s.get("/")
            try:
                r.raise_for_status()
            except requests.ConnectionError as error:
                say(error=str(error), same=error is r.error, repr=repr(r), ok=r.ok, true=bool(r))
        """,
        port=free_port,
    )
    assert said[0]["same"] is True
    assert "Connection refused" in said[0]["error"]
    assert said[0]["repr"].startswith("<Response [0] ConnectionError: ")
    assert not said[0]["ok"]
    assert not said[0]["true"]


def test_the_caller_judges(program):
    [said] = program(
        """
        async with ln.AsyncSession(url) as s:
            async with s.get("/do?body=no", name="a", catch_response=True) as r:
                if r.text != "yes":
                    r.failure("not yes")
            async with s.get("/do?status=404", name="b", catch_response=True) as r:
                r.success()
            async with s.get("/do?status=404", name="c", catch_response=True) as r:
                pass
            async with s.get("/do", name="d", catch_response=True) as r:
                pass
            try:
                async with s.get("/do", name="e", catch_response=True) as r:
                    assert r.text == "yes", "not yes"
            except AssertionError as error:
                raised = str(error)
            async with s.get("/do?status=500", name="f") as r:
                pass
            await s.get("/do", name="g", catch_response=True)   # and nobody judges it
            del r
            await asyncio.sleep(0)              # until then, its answer is being handed out
            import gc; gc.collect()
            figures = s.statistics.figures()
            rows = {row["name"]: [row["ends"]["succeeded"], row["ends"]["failed"]] for row in figures["rows"]}
            say(raised=raised, rows=rows,
                errors={each["name"]: each["error"] for each in figures["failures"]}, ends=figures["total"]["ends"])
        """
    )
    assert said["raised"].startswith("not yes")
    passed, failed = [1, 0], [0, 1]
    assert said["rows"] == {
        "a": failed,
        "b": passed,
        "c": failed,
        "d": passed,
        "e": failed,
        "f": failed,  # and nothing was ever reported of g
    }
    assert said["errors"]["a"] == "not yes"
    assert said["errors"]["e"].startswith("AssertionError('not yes")
    assert said["errors"]["c"].startswith("HTTPError('404 Client Error")
    assert said["ends"]["unreported"] == 1
    assert sum(said["ends"].values()) == 2 * said["ends"]["started"]


@pytest.mark.parametrize("loop", LOOPS)
def test_cancelling_gives_the_request_up(program, loop):
    """By the task, by a time-out, by the future itself: each closes its connection."""
    [said] = program(
        """
        async with ln.AsyncSession(url) as s:
            task = asyncio.create_task(s.get("/do?hold=1"))
            waiting = asyncio.ensure_future(s.get("/do?hold=1"))
            async def asks():
                await s.get("/do?hold=1")
            inner = asyncio.create_task(asks())
            while s.statistics.figures()["total"]["ends"]["in_flight"] < 3:
                await asyncio.sleep(0.01)
            outcomes = []
            task.cancel(); waiting.cancel("why"); inner.cancel()
            for each in (task, waiting, inner):
                try:
                    await each
                except asyncio.CancelledError as error:
                    outcomes.append(str(error))
            try:
                async with asyncio.timeout(0.05):
                    await s.get("/do?hold=1")
            except TimeoutError:
                outcomes.append("timeout")
            try:
                await asyncio.wait_for(s.get("/do?hold=1"), 0.05)
            except TimeoutError:
                outcomes.append("wait_for")
            still = await s.get("/do?body=still")
            import psutil
            def connected():
                return sum(each.status == "ESTABLISHED" for each in psutil.Process().net_connections("tcp"))
            while connected() > 1:      # the one that has just asked; or never
                await asyncio.sleep(0.01)
            say(outcomes=outcomes, waiting=waiting.cancelled(), text=still.text,
                ends=s.statistics.figures()["total"]["ends"])
        """,
        loop=loop,
    )
    assert said["outcomes"] == ["", "why", "", "timeout", "wait_for"]
    assert said["waiting"] is True
    assert said["text"] == "still"
    assert said["ends"]["cut_off"] == 5
    assert said["ends"]["succeeded"] == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_what_asyncio_does_with_futures(program, loop):
    [said] = program(
        """
        import contextvars
        async with ln.AsyncSession(url) as s:
            both = await asyncio.gather(s.get("/do?body=1"), s.get("/do?body=2"))
            done, _ = await asyncio.wait([asyncio.ensure_future(s.get("/do?body=3"))])
            shielded = await asyncio.shield(s.get("/do?body=4"))
            first = [(await each).text for each in asyncio.as_completed([s.get("/do?body=5")])]
            async with asyncio.TaskGroup() as group:
                task = group.create_task(s.get("/do?body=6"))
            reply = s.get("/do?body=7")
            try:
                reply.result()
            except asyncio.InvalidStateError as error:
                early = str(error)
            told, told_too = [], []
            variable = contextvars.ContextVar("variable", default="outside")
            context = contextvars.copy_context()
            context.run(variable.set, "inside")
            reply.add_done_callback(lambda it: told.append((variable.get(), it is reply)), context=context)
            reply.add_done_callback(told_too.append)
            assert reply.remove_done_callback(told_too.append) == 1
            twice = [(await reply).text, (await reply).text]
            await asyncio.sleep(0)
            reply.add_done_callback(lambda it: told.append((variable.get(), it is reply)))
            await asyncio.sleep(0)
            assert asyncio.iscoroutine(reply)
            say(both=[r.text for r in both], done=[r.result().text for r in done], shielded=shielded.text, first=first,
                task=task.result().text, early=early, twice=twice, told=told, told_too=len(told_too),
                exception=reply.exception(), repr=repr(reply), cancel=reply.cancel())
        """,
        loop=loop,
    )
    assert said["both"] == ["1", "2"]
    assert said["done"] == ["3"]
    assert (said["shielded"], said["first"], said["task"]) == ("4", ["5"], "6")
    assert said["early"] == "Result is not set."
    assert said["twice"] == ["7", "7"]
    assert said["told"] == [["inside", True], ["outside", True]]
    assert said["told_too"] == 0
    assert said["exception"] is None
    assert said["repr"].endswith("/do?body=7, answered>")
    assert said["cancel"] is False


def test_thousands_of_users(program, server):
    server.counts()
    [said] = program(
        """
        statistics = ln.Statistics()
        async def user(number):
            async with ln.AsyncSession(url, statistics=statistics) as s:
                return sum([(await s.get("/count/0", name="page")).status_code == 200 for _ in range(3)])
        good = sum(await asyncio.gather(*map(user, range(2000))))
        total = statistics.figures()["total"]
        say(good=good, ends=total["ends"], new=total["connections"]["new"])
        """
    )
    assert said["good"] == said["ends"]["started"] == said["ends"]["succeeded"] == 6000
    assert said["new"] == 2000
    assert server.counts() == {"GET /count/0": 6000}


def test_several_loops_and_threads(program):
    """One session, one statistics: each loop is told of its own requests, also of a loop that comes after another."""
    [said] = program(
        """
        import threading
        session = ln.AsyncSession(url)
        texts = []
        async def asks(name):
            rs = await asyncio.gather(*[session.get(f"/do?body={name}", name="page") for _ in range(50)])
            texts.append((name, {r.text for r in rs} == {name}, threading.current_thread().name))
        def thread(name):
            for turn in range(3):
                asyncio.run(asks(f"{name}{turn}"))
        threads = [threading.Thread(target=thread, args=(name,)) for name in "abc"]
        for each in threads: each.start()
        await asks("here")
        for each in threads: await asyncio.to_thread(each.join)
        say(texts=texts, ends=session.statistics.figures()["total"]["ends"])
        """
    )
    assert len(said["texts"]) == 10
    assert all(right for _, right, _ in said["texts"])
    assert said["ends"]["succeeded"] == said["ends"]["started"] == 500


def test_a_loop_that_ends_leaves_nothing_behind(program):
    [said] = program(
        """
        import gc, os
        session = ln.AsyncSession(url)
        def once():
            async def asks():
                async with ln.AsyncSession(url) as s:
                    await s.get("/do")
                    s.get("/do?hold=1")        # nobody waits for it
            asyncio.run(asks())
        def descriptors():
            gc.collect()
            return len(os.listdir("/proc/self/fd"))
        await asyncio.to_thread(once)
        before = descriptors()
        for _ in range(20):
            await asyncio.to_thread(once)
        while descriptors() > before:           # those of what was under way are closed on the I/O thread; or never
            await asyncio.sleep(0.01)
        say(good=True)
        """
    )
    assert said["good"]


def test_a_fork_begins_anew(program):
    [said] = program(
        """
        import os
        s = ln.AsyncSession(url)
        await s.get("/do?body=parent")
        def child():
            async def asks():
                return (await s.get("/do?body=child")).text
            return asyncio.Runner().run(asks())
        read, write = os.pipe()
        import warnings; warnings.simplefilter("ignore")      # of forking beside threads
        if os.fork() == 0:
            import threading
            def work():
                os.write(write, child().encode())
            thread = threading.Thread(target=work); thread.start(); thread.join(10)
            os._exit(0)
        os.close(write)
        answer = await asyncio.to_thread(os.read, read, 100)
        os.close(read)
        os.wait()
        say(child=answer.decode(), parent=(await s.get("/do?body=still")).text)
        """
    )
    assert said == {"child": "child", "parent": "still"}


def test_answers_do_not_keep_the_loop(program):
    """A task that needs the processor for each answer: timers have their turn between the answers of a batch."""
    [said] = program(
        """
        latest = [0.0]
        async def clock():
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                latest[0] = max(latest[0], now - last)
                last = now
        async with ln.AsyncSession(url) as s:
            await s.get("/do")
            ticking = asyncio.create_task(clock())
            async def user():
                await s.get("/do?hold=1&size=1")
                end = time.perf_counter() + 0.005
                while time.perf_counter() < end: pass
            users = [asyncio.create_task(user()) for _ in range(100)]
            await s.get("/_control/wait?held=100", name="release")
            latest[0], begun = 0.0, time.perf_counter()
            await s.get("/_control/release", name="release")
            await asyncio.gather(*users)
            whole = time.perf_counter() - begun
            ticking.cancel()
            lag = s.statistics.figures()["generator"]["lag"]
        say(latest=latest[0], whole=whole, lag=lag["max"])
        """
    )
    assert said["latest"] < said["whole"] / 2  # which is half a second at least
    assert said["lag"] > 100  # and the last answers waited for that


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (
            "s.get('/', stream=True)",
            "NotImplementedError",
            "AsyncSession cannot do this natively: stream=True",
        ),
        ("s.get('/', hooks={'response': print})", "NotImplementedError", "response hooks"),
        ("s.get('/', cert='x')", "NotImplementedError", "a TLS client certificate"),
        ("s.get('/', auth=lambda r: r)", "NotImplementedError", "auth by function"),
        ("s.get('/', data=iter([b'x']))", "NotImplementedError", "a streamed request body"),
        ("s.get('/', nonsense=1)", "TypeError", "unexpected keyword argument 'nonsense'"),
        ("s.get('http://')", "InvalidURL", "Invalid URL 'http://': No host supplied"),
        ("s.get('/', headers={'a': 1})", "InvalidHeader", "Header part (1)"),
        (
            "s.get('/', timeout='soon')",
            "ValueError",
            "timeout: 'soon' is neither a number of seconds above 0",
        ),
        ("s.get('/', timeout=-1)", "ValueError", "timeout: -1 is neither"),
        ("s.get('/', verify='/no/such.pem')", "FileNotFoundError", "/no/such.pem"),
        ("ln.AsyncSession(url, timeout=0)", "ValueError", "timeout: 0 is neither"),
        ("ln.AsyncSession('/x').get('/')", "MissingSchema", "Invalid URL '/x/'"),
    ],
)
def test_what_it_cannot_do_it_says(program, call, kind, words):
    [said] = program(
        f"""
        async with ln.AsyncSession(url) as s:
            try:
                await {call}
            except Exception as error:
                say(kind=type(error).__name__, text=str(error), ends=s.statistics.figures()["total"]["ends"])
        """
    )
    assert said["kind"] == kind
    assert words in said["text"]
    assert "\n" not in said["text"]
    assert said["ends"]["started"] == 0


def test_outside_a_loop_it_says_so(program):
    [said] = program(
        """
        def plain():
            try:
                ln.AsyncSession(url).get("/")
            except RuntimeError as error:
                return str(error)
        say(text=await asyncio.to_thread(plain))
        """
    )
    assert said["text"] == (
        "no running event loop: an AsyncSession is used inside one, as in asyncio.run(main())"
    )


def test_a_session_keeps_what_it_was_given(program, server):
    [said] = program(
        """
        s = ln.AsyncSession(url.replace("//", "//me:secret@"), headers={"X-Own": "1"}, cookies={"c": "d"}, timeout=1)
        echo = (await s.get("/do?echo=1")).json()["fields"]
        late = await s.get("/do?delay=6000")
        own = await s.get("/do?delay=1500", timeout=20)
        say(headers=[pair for pair in echo if pair[0] in ("x-own", "cookie", "authorization")],
            late=type(late.error).__name__, text=str(late.error), own=own.status_code)
        """
    )
    assert said["headers"] == [["x-own", "1"], ["cookie", "c=d"], ["authorization", "Basic bWU6c2VjcmV0"]]
    assert said["late"] == "ReadTimeout"
    assert "(read timeout=1)" in said["text"]
    assert said["own"] == 200


def test_tls(program, server):
    [said] = program(
        """
        import warnings; warnings.simplefilter("always")
        async with ln.AsyncSession(more["tls"], verify=more["bundle"]) as s:
            good = await s.get("/do?body=safe")
            refused = await s.get("/do", verify=True)
            with warnings.catch_warnings(record=True) as caught:
                trusting = await s.get("/do?body=trusting", verify=False)
        say(good=good.text, refused=type(refused.error).__name__, trusting=trusting.text,
            warned=[str(w.message)[:33] for w in caught], handshake=good.timings.handshake)
        """,
        tls=server.tls_url,
        bundle=str(server.authority),
    )
    assert said == {
        "good": "safe",
        "refused": "SSLError",
        "trusting": "trusting",
        "warned": ["Unverified HTTPS request is being"],
        "handshake": "full",
    }


def test_importing_it_brings_neither_gevent_nor_locust(program):
    [said] = program(
        """
        say(modules=sorted({"pandas", "matplotlib", "geventhttpclient", "locust", "gevent"} & sys.modules.keys()))
        """
    )
    assert said["modules"] == []
