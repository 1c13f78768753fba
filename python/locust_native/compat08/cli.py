"""The command line of Locust 0.8 to 0.14 in today's words."""

import argparse
import re
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any

import gevent
import locust
from locust import argument_parser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import LocalRunner, MasterRunner

LIMIT = "--num-request"

RENAMED = {
    "--no-web": "--headless",
    "-c": "-u",
    "--clients": "--users",
    "--hatch-rate": "--spawn-rate",
    "-n": LIMIT,
    "--num-requests": LIMIT,
    LIMIT: LIMIT,
    "--slave": "--worker",
    "--expect-slaves": "--expect-workers",
    "--port": "--web-port",
    "--csv-base-name": "--csv",
}
"""Old flag → today's. `--num-request` has no successor, so we bring it back (see `limit_requests`)."""

DROPPED = {
    "--no-reset-stats": (False, "statistics are kept during ramp-up unless --reset-stats is given"),
    "--heartbeat-liveness": (True, "it can no longer be set"),
    "--heartbeat-interval": (True, "it can no longer be set"),
}
"""Old flag → whether a value follows it, and why it is not needed."""

FLAG = re.compile(r"(?P<flag>--[a-z][a-z-]*)(?P<value>=\S*)?|(?P<short>-[cn])(?P<number>\d+)?")


def translate(argv: Sequence[str], taken: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Today's arguments for these, and one line for each old flag among them.

    Flags in `taken` are left alone: the locustfile has defined them itself. So is all after `--`.
    """
    out: list[str] = []
    messages: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*out, word, *rest], messages
        match = FLAG.fullmatch(word)
        flag = match and (match["flag"] or match["short"])
        if match is None or flag in taken:
            out.append(word)
        elif flag in DROPPED:
            has_value, reason = DROPPED[flag]
            if has_value and not match["value"] and rest:
                rest.pop(0)
            messages.append(f"{flag} is deprecated and ignored: {reason}")
        elif flag in RENAMED:
            today = RENAMED[flag]
            out.append(today + (match["value"] or ""))
            if match["number"]:
                out.append(match["number"])
            if today == LIMIT:
                messages.append(f"{flag} is deprecated: use -t/--run-time to end a run")
            else:
                messages.append(f"{flag} is deprecated: use {today}")
        else:
            out.append(word)
    return out, list(dict.fromkeys(messages))


def parser_with_old_flags(
    get_parser: Callable[..., argparse.ArgumentParser],
) -> Callable[..., argparse.ArgumentParser]:
    """Locust's `get_parser`, whose parser takes the old flags too; the locustfile is loaded by then."""

    def get_parser_with_old_flags(*args: Any, **kwargs: Any) -> argparse.ArgumentParser:
        parser = get_parser(*args, **kwargs)
        parse_args = parser.parse_args

        def parse(args: Sequence[str] | None = None, *more: Any, **named: Any) -> argparse.Namespace:
            if args is not None:  # from a program, not from a person with an old command in their fingers
                return parse_args(args, *more, **named)
            today, messages = translate(sys.argv[1:], taken=own_flags(parser))
            if not messages:
                return parse_args(args, *more, **named)
            for message in messages:
                warn(f"{parser.prog}: {message}")
            if any(word.partition("=")[0] == LIMIT for word in today):
                allow_limit(parser)
            return parse_args(today, *more, **named)

        parser.parse_args = parse
        return parser

    return get_parser_with_old_flags


def own_flags(parser: argparse.ArgumentParser) -> set[str]:
    """The parser's flags without Locust's tombstones: an old flag among them is the locustfile's own."""
    stock = {"--slave", "--expect-slaves"}
    return {flag for action in parser._actions for flag in action.option_strings} - stock


_warned: set[str] = set()


def warn(line: str) -> None:
    """Print a line on stderr, once: Locust's web page parses the command line again and again."""
    if line not in _warned:
        _warned.add(line)
        print(line, file=sys.stderr, flush=True)


# --- `-n`: end the run after so many requests -------------------------------------------------------------


def allow_limit(parser: argparse.ArgumentParser) -> None:
    """Let the parser take `--num-request`, and end the run when there have been as many."""
    parser.add_argument(
        LIMIT, dest="num_request", type=positive, help=argparse.SUPPRESS, include_in_web_ui=False
    )
    if limit_requests not in locust.events.init._handlers:
        locust.events.init.add_listener(limit_requests)


def positive(text: str) -> int:
    """A number of requests. Raises ArgumentTypeError for anything below 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests above 0")
    return int(text)


def limit_requests(environment: Environment, runner: Any, **_arguments: Any) -> None:
    """Count requests, and end the run at `--num-request` of them.

    As in 0.8, a request that other users have in flight then may still be counted. A master sees the
    counts of its workers only when they report, so it ends the run up to three seconds late.
    """
    limit = environment.parsed_options.num_request
    done = 0

    def end() -> None:
        gevent.spawn(runner.quit if environment.parsed_options.headless else runner.stop)

    def on_test_start(**_arguments: Any) -> None:
        nonlocal done
        done = 0

    def on_request(**_arguments: Any) -> None:
        nonlocal done
        done += 1
        if done == limit:
            end()
        if done >= limit:
            raise StopUser("Maximum number of requests reached")

    def on_worker_report(**_arguments: Any) -> None:
        nonlocal done
        if done < limit <= environment.stats.total.num_requests:
            done = limit
            end()

    environment.events.test_start.add_listener(on_test_start)
    if isinstance(runner, LocalRunner):
        environment.events.request.add_listener(on_request)
    elif isinstance(runner, MasterRunner):
        environment.events.worker_report.add_listener(on_worker_report)


get_parser = parser_with_old_flags(argument_parser.get_parser)
