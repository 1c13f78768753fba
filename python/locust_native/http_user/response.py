"""What an ``HttpUser`` gets: a ``requests.Response`` and Locust's ResponseContextManager in one."""

from __future__ import annotations

from typing import Any

from locust.clients import ResponseContextManager

from .. import _core
from .lazy_response import Answered, Lazy, Redirect


def meta_of(
    exchange: Any, tracker: Any, url: str, context: dict[str, Any], response: Any = None
) -> dict[str, Any]:
    """The arguments of the ``request`` event, as they are before anybody has judged the response."""
    return {
        "request_type": tracker.method,
        "response_time": exchange.time_ms if exchange is not None else 0.0,
        "name": tracker.name,
        "context": context,
        "response": response,
        "exception": None,
        "start_time": tracker.start_time,
        "url": url,
        "response_length": exchange.length if exchange is not None else 0,
    }


#: What takes part in the judgement of a response, and in telling of it, once somebody has touched it.
_JUDGED = frozenset(("error", "raise_for_status", "request_meta", "_request_event", "_report_request"))


class Response(Lazy, ResponseContextManager):
    """The response of an ``HttpUser``; also the context manager of ``catch_response=True``."""

    _entered = False
    _manual_result = None
    _request_event: Any = Answered(lambda r: r._session.request_event)
    request_meta: Any = Answered(lambda r: meta_of(r._exchange, r._begun, r._sent_to, r._context, r))

    def __init__(
        self,
        exchange: Any,
        session: Any,
        tracker: Any,
        sent: _core.PreparedRequest,
        url: str,
        context: dict[str, Any],
        catch_response: bool,
        unfollowed: bool,
    ) -> None:
        self._exchange = exchange
        self._session = session
        self._begun = tracker
        self._sent = sent
        self._sent_to = url
        self._context = context
        self._catch_response = catch_response
        self._unfollowed = unfollowed
        self.status_code = exchange.status

    def __exit__(self, exc: Any, value: Any, traceback: Any) -> Any:
        """As stock's; where nothing is to be judged, and nobody but the statistics listens, without its detours."""
        said = self._manual_result
        if (
            exc is None
            and (said is True or (said is None and self.status_code < 400))
            and _JUDGED.isdisjoint(self.__dict__)
            and self._session._count(self._session.request_event, self._begun, self._exchange)
        ):
            return True
        return super().__exit__(exc, value, traceback)

    def _report_request(self, exc: Any = None) -> None:
        self._session._report(self._request_event, self.request_meta, self._begun)


# What a locustfile prints begins with the name of the class, and an attribute's absence names it.
Response.__name__ = "ResponseContextManager"
Redirect.__name__ = "Response"
