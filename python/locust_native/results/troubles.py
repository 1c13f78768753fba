"""Troubles: what went wrong in a run, in sentences: exceptions and failures, the most frequent with their texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from .rows import plain, title

#: Kinds of failures or exceptions that are named, and characters of a text that are shown.
MOST = 3
_LONGEST = 160
_FRAME = re.compile(r'^  File "(.+)", line (\d+), in ', re.MULTILINE)
#: Code that a person did not write for this test.
_INSTALLED = re.compile(r"[/\\](site-packages|dist-packages|lib[/\\]python3\.\d+)[/\\]|^<frozen ")


def troubles(figures: dict[str, Any]) -> Iterator[str]:
    """Sentences on the exceptions and the failures of a run, or on why nothing was measured; none if all went well."""
    for sentence in (nothing_measured(figures) or exceptions(figures), failures(figures)):
        if sentence is not None:
            yield sentence


def exceptions(figures: dict[str, Any]) -> str | None:
    """How many exceptions users have let out of their tasks, the most frequent ones, and where they come from."""
    found = sorted(figures.get("exceptions") or [], key=lambda each: -each.get("count", 0))
    count = sum(each.get("count", 0) for each in found)
    if not count:
        return None
    if len(found) == 1:
        return f"{_many(count, 'exception')}: {_exception(found[0])}"
    texts = [f"{_exception(each)}, {each.get('count', 0):,} times" for each in found[:MOST]]
    return f"{_many(count, 'exception')}: {_listed(texts, len(found))}"


def failures(figures: dict[str, Any]) -> str | None:
    """How many requests failed, of how many, and the most frequent reasons."""
    total = figures["total"]
    if not total["failures"]:
        return None
    said = f"{total['failures']:,} of {_many(total['requests'], 'request')} failed"
    found = sorted(figures.get("failures") or [], key=lambda each: -each.get("occurrences", 0))
    texts = [
        f"{title({'method': '', 'name': '', **each})}: {_short(each.get('error', ''))}, "
        f"{each.get('occurrences', 0):,} times"
        for each in found[:MOST]
    ]
    return f"{said}: {_listed(texts, len(found))}" if texts else said


def nothing_measured(figures: dict[str, Any]) -> str | None:
    """Why a test without a single finished request is no test; None if there was one."""
    total = figures["total"]
    if total["requests"]:
        return None
    ends = total.get("ends") or {}
    waiting = ends.get("in_flight", 0) + ends.get("cut_off", 0)
    why = exceptions(figures)
    if unreported := ends.get("unreported", 0):
        said = f"no request was counted: {unreported:,} were answered and never reported"
        said += " (catch_response=True without with)"
    elif waiting:
        said = f"no request was answered: {waiting:,} waited for an answer when the test ended"
    else:
        said = "no request was made"
    return f"{said}; {why}" if why else said


def _exception(each: dict[str, Any]) -> str:
    """The text of an exception, and the line of the test's own code that it comes from."""
    text = _short(each.get("message", "")) or "without a text"
    frames = _FRAME.findall(str(each.get("traceback", "")))
    own = [frame for frame in frames if not _INSTALLED.search(frame[0])] or frames
    if not own:
        return text
    file, line = own[-1]
    return f"{text} ({PurePath(file).name}, line {line})"


def _short(text: object) -> str:
    line = plain(" ".join(str(text).split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _listed(texts: list[str], all_of_them: int) -> str:
    more = all_of_them - len(texts)
    return "; ".join([*texts, f"{more:,} others"] if more else texts)
